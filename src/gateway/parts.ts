// What the hot path needs from the outside, in its own words. The root hands in the real things.

import type { CountTokens } from '#calls/count-tokens.ts'
import type { Catalog } from '#catalog/catalog.ts'
import type { ProviderId } from '#catalog/provider-table.ts'
import type { Clock } from '#core/clock.ts'
import type { Random } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import type { AccountPorts } from '#ledger/account-port.ts'
import type { Timings } from '#ledger/timings.ts'
import type { Fetch } from '#providers/dispatch.ts'
import type { Provider } from '#providers/provider.ts'
import type { Routing } from '#providers/routing.ts'
import type { UpstreamTimings } from '#providers/upstream-timings.ts'
import type { AnswerRecord } from './answer-record.ts'
import type { AuthenticateParts } from './authenticate.ts'
import type { CaptureQueue } from './capture.ts'
import type { FindEarlier, FindItems } from './continued-call.ts'
import type { RunInRelay } from './hosting.ts'
import type { ProviderCap } from './provider-cap.ts'
import type { RefusalMemory } from './refusal-memory.ts'
import type { Standing } from './standing.ts'

export type GatewayParts = AuthenticateParts & {
  clock: Clock
  random: Random
  log: Log
  timings: Timings
  upstreamTimings: UpstreamTimings
  catalog: Catalog
  accounts: AccountPorts
  captures: CaptureQueue
  /** Runs what may have to outlive its client; undefined in the Relay object itself. */
  relay?: RunInRelay
  /** Finds the kept answer that a request goes on from; undefined in the Relay object, which gets requests that are whole. */
  earlier?: FindEarlier
  /** Items of stored responses, for requests that only name them; absent where there are none. */
  storedItems?: FindItems
  /** Keeps the answer of the one call that these parts run; only the Relay object has it. */
  record?: AnswerRecord
  /** Undefined while the operator has not set the provider's key. */
  provider: (id: ProviderId) => Provider | undefined
  /** The same with each of its credentials; none while it is not configured. */
  credentials: (id: ProviderId) => readonly Provider[]
  /** Made when the first call comes that more than one host or credential may answer. */
  routing: () => Promise<Routing>
  fetch: Fetch
  /** Resolves in the next turn of the event loop: what was sent in this one has then left. */
  nextTurn: () => Promise<void>
  /** Undefined where the operator has set no cap: then no call asks. */
  providerCap: ProviderCap | undefined
  /** Counts text exactly; made when it is first asked for, because few calls ever need it. */
  countO200k: () => Promise<CountTokens>
  /** What this isolate remembers between requests; lost with it, and nothing is lost by that. */
  standing: Standing
  refusals: RefusalMemory
}
