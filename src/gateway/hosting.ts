// Where a call runs: here, or in the Relay object, which may run on long after its client has gone. Decided before anything is
// sent, because nobody can hand an open connection over.

import { longDurationMs } from '#catalog/duration.ts'
import type { CancellationPolicy, Model } from '#catalog/model.ts'
import { secondMs } from '#core/clock.ts'
import type { AccountId, CallId, RequestId } from '#core/ids.ts'
import type { AskedCall } from '#dialects/dialect.ts'
import { thinkingOf } from './thinking.ts'

/** A request on its way to the object that will read, admit and run it. */
export type RelayedRequest = {
  accountId: AccountId
  callId: CallId
  requestId: RequestId
  /** As its client wrote it: the path is the dialect's own. */
  url: string
  headers: Headers
  /** With the items of an answer that it goes on from. */
  body: Uint8Array
  previousResponseId: string | undefined
}

/** Undefined where the object has no place for one more: then it runs here. */
export type RunInRelay = (request: RelayedRequest) => Promise<Response | undefined>

/** What the Worker can surely end: the platform gives it 30 s after its client has left. */
const endsHereWithinMs = 25 * secondMs

type Asking = {
  policy: CancellationPolicy
  isFinishAsked: boolean
  model: Model
  asked: AskedCall
  outputTokens: number
}

/** Only what is owed to its end, or paid for already, needs a host: a call that stops with its client never outlives it. */
export function wantsRelay({ policy, isFinishAsked, model, asked, outputTokens }: Asking): boolean {
  if (policy !== 'finish' && policy !== 'accept') return false
  if (isFinishAsked || asked.isStored === true) return true
  return longDurationMs(model, { outputTokens, thinking: thinkingOf(asked.body) }) > endsHereWithinMs
}
