// A call that the Relay object runs, from the Worker's side: handed over once, its answer passed on.

import { refuse } from '#core/errors.ts'
import type { RelayedRequest } from './hosting.ts'
import type { GatewayParts } from './parts.ts'
import type { PreparedCall } from './prepared-call.ts'
import { refusalResponse } from './refusal-response.ts'

/** Undefined where it has to run here after all: there is no place for it, or nobody to ask. */
export async function hostedAnswer(
  relayed: RelayedRequest,
  call: PreparedCall,
  { relay, log }: Pick<GatewayParts, 'relay' | 'log'>,
): Promise<Response | undefined> {
  if (relay === undefined) return undefined
  const { callId, requestId, dialect, asked, caller } = call
  const facts = { requestId, callId }
  try {
    const answer = await relay(relayed)
    // What may outlive its client by hours cannot run where it lives for seconds.
    if (answer === undefined && asked.isBackground === true)
      return refusalResponse(
        refuse('rate_limit_exceeded', {
          message: 'Too many long requests of this account are running. Nothing was charged. Try again.',
          retryAfterSeconds: 5,
        }),
        facts,
        dialect.error,
      )
    if (answer?.ok !== true || asked.isAcknowledged !== true) return answer
    return (await import('./acknowledged-response.ts')).acknowledgedResponse(answer, call)
  } catch (fault) {
    // It may have been admitted, so it is not run a second time: its own hold and heartbeat settle it.
    log.error('relay_failed', { request: requestId, account: caller.accountId }, fault)
    const message = `The process that ran this call was lost. What was kept of its answer is at GET /v1/generations/${callId}/stream.`
    return refusalResponse(refuse('internal', { message }), facts, dialect.error)
  }
}
