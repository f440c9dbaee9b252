// The hot path's parts from the environment: the same for whoever hosts a call.

import { lazyO200k } from '#calls/o200k-table.ts'
import { loadCatalog } from '#catalog/catalog.ts'
import { models } from '#catalog/models.ts'
import { durationsDividedBy } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import { regionOf } from '#core/regions.ts'
import { KnownKeys } from '#gateway/authenticate.ts'
import type { GatewayParts } from '#gateway/parts.ts'
import { providerCap } from '#gateway/provider-cap.ts'
import { RefusalMemory } from '#gateway/refusal-memory.ts'
import { Standing } from '#gateway/standing.ts'
import type { AccountPort, AccountPorts } from '#ledger/account-port.ts'
import { timings } from '#ledger/timings.ts'
import { credentialsOf, providerOf } from '#providers/provider.ts'
import type { Routing } from '#providers/routing.ts'
import { upstreamTimings } from '#providers/upstream-timings.ts'
import type { Env } from './env.ts'
import { clock, log, random, nextTurn } from './platform.ts'

export function gatewayParts(env: Env): GatewayParts {
  const scale = timeScaleOf(env)
  const scaledTimings = durationsDividedBy(timings, scale)
  return {
    clock,
    random,
    log,
    timings: scaledTimings,
    upstreamTimings: durationsDividedBy(upstreamTimings, scale),
    catalog: loadCatalog(models),
    accounts: accountPorts(env),
    captures: { park: async (message) => void (await env.CAPTURES_QUEUE.send(message)) },
    provider: (id) => providerOf(id, env),
    credentials: (id) => credentialsOf(id, env),
    routing: lazyRouting(env),
    fetch: (url, init) => fetch(url, init),
    nextTurn,
    providerCap: providerCap(env, { clock, log }),
    countO200k: lazyO200k(),
    standing: new Standing(scaledTimings.goodStandingMs),
    refusals: new RefusalMemory(),
    keyring: { prefix: env.KEY_PREFIX, keySecrets: [env.KEY_SECRET, env.KEY_SECRET_PREVIOUS].filter(isSet) },
    knownKeys: new KnownKeys(),
    authFailures: { allows: async (address) => (await env.AUTH_FAILURES.limit({ key: address })).success },
  }
}

function lazyRouting({ PROVIDER_ORDER: providerOrder }: Env): () => Promise<Routing> {
  let made: Promise<Routing> | undefined
  return () =>
    (made ??= import('#providers/routing.ts').then(({ Routing }) => new Routing({ providerOrder }, log)))
}

/** Ids of accounts that an isolate remembers; each is a hash of its name. */
const accountIdsMax = 10_000

function accountPorts(env: Env): AccountPorts {
  const ids = new Map<AccountId, DurableObjectId>()
  const idOf = (accountId: AccountId) => {
    const known = ids.get(accountId)
    if (known !== undefined) return known
    if (ids.size >= accountIdsMax) ids.clear()
    const id = env.ACCOUNT.idFromName(accountId)
    ids.set(accountId, id)
    return id
  }
  return (accountId) => {
    const locationHint = regionOf(accountId)
    const hint = locationHint === undefined ? {} : { locationHint }
    // The platform's RPC types recurse through JSON without end, so the stub is given the type that its class implements.
    const stub: unknown = env.ACCOUNT.get(idOf(accountId), hint)
    return stub as AccountPort
  }
}

/** Every duration is divided by it; never in production. */
export function timeScaleOf({ ENVIRONMENT, TIME_SCALE }: Env): number {
  return ENVIRONMENT === 'production' ? 1 : Math.max(1, Number(TIME_SCALE ?? '1') || 1)
}

export function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}
