// The Relay object as its callers see it, without the platform's types: where a call runs that may have to outlive its client,
// and where its answer waits for whoever comes back. Account and call id alone name the object; nothing is looked up.

import type { AccountId, CallId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { RunInRelay } from '#gateway/hosting.ts'

/**
 * For folders above this one (the gateway itself knows `run` alone, as GatewayParts.relay). Every method but `run` may be
 * called twice, and answers the same for what never was, what was forgotten and what belongs to another account.
 *
 * How a call says that it wants to be hosted: AskedCall.isBackground and isStored (dialects/dialect.ts). The client of a
 * background call that is not streamed is answered as soon as the call is admitted, with 202 and a `RunningAnswer`; the same
 * call refused gets its refusal. Of a stored call the request's text is kept beside the answer (`state().request`), and both
 * are kept for longer (relay-timings.ts).
 */
export type RelayPort = {
  run: RunInRelay
  /** The answer from its beginning, and live while it runs; null where there is none. */
  collect(accountId: AccountId, callId: CallId, how: CollectHow): Promise<Response | null>
  state(accountId: AccountId, callId: CallId): Promise<GenerationState | null>
  /** Items of the account's stored responses by their ids, as JSON texts; whatever object has them. */
  items(accountId: AccountId, ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Hangs up on the upstream; the call is charged by the settle table's `cancel`. One that is over stays as it is. */
  cancel(accountId: AccountId, callId: CallId): Promise<GenerationState | null>
  /** Deletes what was kept. False where there was nothing, and of a call that still runs: cancel that first. */
  forget(accountId: AccountId, callId: CallId): Promise<boolean>
}

export type CollectHow = {
  /** Of a stream: the whole events that the client has already; it gets what comes after them. */
  startingAfter?: number
}

/** `lost`: the process that ran it died; what was kept of it can be collected and ends with an error. */
export type GenerationStatus = 'running' | 'completed' | 'failed' | 'cancelled' | 'lost'

export type GenerationState = {
  callId: CallId
  status: GenerationStatus
  isStreamed: boolean
  isBackground: boolean
  /** The path it was asked at: /v1/responses … */
  route: string
  model: string
  startedAtMs: number
  endedAtMs: number | null
  /** So far, or the charge. */
  costNanoUsd: NanoUsd
  /** Bytes of the answer so far. */
  bytes: number
  /** What kind of answer it is: the HTTP status under which it is collected. */
  httpStatus: number
  /** Of a stored call: its request as its client wrote it, unless that was too long (requestBytesMax). */
  request: string | null
}

/** What a client is told of an answer in one piece that is not there yet, with status 202. */
export type RunningAnswer = {
  id: CallId
  object: 'generation'
  status: 'running'
  model: string
  created_at: number
  cost: number
}

/** Objects per account: a busy account's calls share the memory and the connections of one object with few others. */
export const relayShards = 16

/** The object of a call: whoever has the id and the account's key can name it. */
export function relayNameOf(accountId: AccountId, callId: CallId): string {
  // Thirty-one is the usual small prime: the ids' tails are random, so any spread will do.
  let hash = 0
  for (const character of callId) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 65_521
  return nameOf(accountId, hash % relayShards)
}

/** All of an account's objects, for what says itself nowhere where it is. */
export function relayNamesOf(accountId: AccountId): readonly string[] {
  return Array.from({ length: relayShards }, (_, shard) => nameOf(accountId, shard))
}

function nameOf(accountId: AccountId, shard: number): string {
  return `${accountId}/${shard}`
}
