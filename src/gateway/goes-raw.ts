// Whether a stream goes raw: decided once it is admitted, since only then it is known what is held.

import type { Admitted } from '#ledger/call-commands.ts'
import type { GatewayParts } from './parts.ts'
import type { PreparedCall } from './prepared-call.ts'

/** These state usage in every stream; in the others it comes in a frame that their clients have to ask for. */
const alwaysStated: ReadonlySet<string> = new Set(['responses', 'messages'])

type Decided = {
  call: PreparedCall
  admitted: Pick<Admitted, 'heldNanoUsd'>
  parts: Pick<GatewayParts, 'record'>
}

/** Nothing to add, to rename, to withhold, to pace or to keep: then nobody has to touch the stream on its way. */
export function goesRaw({ call, admitted, parts }: Decided): boolean {
  const { asked, dialect, upstream, model, quote, claim, isCostOmitted } = call
  if (!isCostOmitted || claim !== null || call.ownFields !== undefined) return false
  // A hosted answer is kept as it goes, and its client reads from what is kept.
  if (parts.record !== undefined || asked.isStored === true) return false
  if (upstream.dialect.id !== dialect.id || model.upstreamId !== model.id) return false
  // Nobody waits at the edge of a hold here, so the hold has to be as large as the call can get.
  if (quote.isCapped || admitted.heldNanoUsd < quote.ceilingNanoUsd) return false
  return asked.includeUsage === true || alwaysStated.has(dialect.id)
}
