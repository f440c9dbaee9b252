// Why one try to have a call answered did not, and whether another host may be asked. Pure: the table of decision 0019.

import { isObject, readJson, readString } from '#core/readers.ts'

export type LegFailure =
  | { kind: 'status'; status: number; headers: Headers }
  /** `unreachable` nothing listens there · `lost` the line broke after the request may have been read. */
  | { kind: 'unreachable' | 'lost' | 'timeout' | 'provider_cap' }
  /** An error as a stream's very first event, before any of its answer. */
  | { kind: 'error_event'; data: string }

/**
 * `limited` this credential's quota · `overloaded` the host has no room · `credential` the host will not serve our
 * credential · `unreachable` no connection · `capped` the operator's own cap, nothing was sent · `erred` an error instead of the
 * first event · `refused` the request itself · `failed` it may have run, and be billed.
 */
export type Verdict =
  | 'limited'
  | 'overloaded'
  | 'credential'
  | 'unreachable'
  | 'capped'
  | 'erred'
  | 'refused'
  | 'failed'

/** Who may be asked next: nobody, where the upstream may have billed or the request is at fault. */
const nextOf: Readonly<Record<Verdict, 'any' | 'other_provider' | 'none'>> = {
  limited: 'any',
  credential: 'any',
  capped: 'any',
  overloaded: 'other_provider',
  unreachable: 'other_provider',
  erred: 'other_provider',
  refused: 'none',
  failed: 'none',
}

export function mayBeAskedAfter(verdict: Verdict): 'any' | 'other_provider' | 'none' {
  return nextOf[verdict]
}

export function verdictOf(failure: LegFailure): Verdict {
  switch (failure.kind) {
    case 'status':
      return verdictOfStatus(failure.status)
    case 'error_event':
      return verdictOfEvent(failure.data)
    case 'unreachable':
      return 'unreachable'
    case 'provider_cap':
      return 'capped'
    case 'lost':
    case 'timeout':
      return 'failed'
  }
}

const statuses: ReadonlyMap<number, Verdict> = new Map([
  // Refused before anything ran: a key that was revoked, a prepaid account that is empty.
  [401, 'credential'],
  [402, 'credential'],
  [429, 'limited'],
  [503, 'overloaded'],
  [529, 'overloaded'],
  // Cloudflare's own words for an origin that it has no connection to: down, without a route, without TLS, without a name.
  [521, 'unreachable'],
  [523, 'unreachable'],
  [525, 'unreachable'],
  [526, 'unreachable'],
  [530, 'unreachable'],
])

function verdictOfStatus(status: number): Verdict {
  return statuses.get(status) ?? (status < 500 ? 'refused' : 'failed')
}

const words: readonly (readonly [RegExp, Verdict])[] = [
  [/rate_?limit|too_many_requests|quota_exceeded/, 'limited'],
  [/overloaded|unavailable|capacity|slow_down/, 'overloaded'],
  [/authentication|insufficient_quota|billing|invalid_api_key/, 'credential'],
  [/invalid_request|not_found|permission|too_large|context_length|unsupported|content_policy/, 'refused'],
]

/** By the names that the vendors give their errors; one without such a name is the host's own trouble. */
function verdictOfEvent(data: string): Verdict {
  const parsed = readJson(data)
  const error = isObject(parsed) ? (parsed['error'] ?? parsed) : undefined
  if (!isObject(error)) return 'erred'
  const status = error['status'] ?? error['code']
  if (typeof status === 'number' && status >= 400) {
    const verdict = verdictOfStatus(status)
    return verdict === 'failed' ? 'erred' : verdict
  }
  const names = `${readString(error['type']) ?? ''} ${readString(error['code']) ?? ''}`
  return words.find(([pattern]) => pattern.test(names))?.[1] ?? 'erred'
}
