// A request that goes on from a kept response, read with the earlier items before its own: they are input like any other, and
// priced as such. Read when a request first names one.

import { type Refusal, refuse } from '#core/errors.ts'
import { type AccountId, type CallId, readCallId } from '#core/ids.ts'
import type { AskedCall, ClientFormat } from '#dialects/dialect.ts'
import { continuedRequest, type EarlierResponse, previousIdOf } from '#dialects/openai-responses-continued.ts'
import { bodyBytesMax } from './body.ts'

/** The kept response of that id, of this account alone. */
export type FindEarlier = (
  accountId: AccountId,
  callId: CallId,
) => Promise<{ ok: true; earlier: EarlierResponse | undefined } | Refusal>

/** `bytes` is what was read in the end. */
export type AskedRequest = { ok: true; call: AskedCall; bytes: Uint8Array } | Refusal

const responsePrefix = 'resp_'
const decoder = new TextDecoder()

/** Which call a response's id names. */
export function callIdOfResponse(id: string | undefined): CallId | undefined {
  return id?.startsWith(responsePrefix) === true ? readCallId(id.slice(responsePrefix.length)) : undefined
}

/** `notFound` is what the request gets where its id names nothing. */
export async function readContinued(
  bytes: Uint8Array,
  notFound: Refusal,
  { dialect, accountId, find }: { dialect: ClientFormat; accountId: AccountId; find: FindEarlier },
): Promise<AskedRequest> {
  const text = decoder.decode(bytes)
  const id = previousIdOf(text)
  const callId = callIdOfResponse(id)
  if (id === undefined || callId === undefined) return notFound
  const found = await find(accountId, callId)
  if (!found.ok) return found
  const { earlier } = found
  if (earlier === undefined) return notFound
  const continued = continuedRequest(text, earlier)
  if (!continued.ok) return continued
  const joined = new TextEncoder().encode(continued.text)
  if (joined.length > bodyBytesMax)
    return refuse('body_too_large', {
      message: `The request is larger than ${bodyBytesMax / 1024 / 1024} MiB with the items of ${id} before its own.`,
    })
  const read = dialect.read(joined)
  return read.ok ? { ok: true, call: { ...read.call, previousResponseId: id }, bytes: joined } : read
}
