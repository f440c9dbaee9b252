// Which keys may be dispatched in parallel with their admission, as this isolate knows it. The account object grants, this
// file only spends the grant: DESIGN's rule "a revoked key or an empty balance never gets another byte, a rich account
// never waits for the check, and a burst cannot make the operator pay".

import { type Millis, addMillis } from '#core/clock.ts'
import type { AccountId, KeyNumber } from '#core/ids.ts'
import { type NanoUsd, addNanoUsd, subtractNanoUsd, timesNanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { Admitted } from '#ledger/call-commands.ts'

/** A balance of fewer holds than this is checked first. */
const holdsCovered = 20
/** Keys remembered per isolate; the oldest grant is forgotten beyond it. */
const keysMax = 10_000

export type Dispatch = {
  accountId: AccountId
  keyNumber: KeyNumber
  holdNanoUsd: NanoUsd
  exposureNanoUsd: NanoUsd
  tokens: number
}

type Grant = {
  until: Millis
  calls: number
  exposureNanoUsd: NanoUsd
  availableNanoUsd: NanoUsd
  burnNanoUsdPerMinute: NanoUsd
  requestsLeft: number
  tokensLeft: number
  inFlightLeft: number
}

type Unanswered = { calls: number; exposureNanoUsd: NanoUsd }

export class Standing {
  readonly #goodForMs: number
  readonly #grants = new Map<string, Grant>()
  readonly #unanswered = new Map<AccountId, Unanswered>()
  /** One unanswered dispatch per key: a key that has just been revoked costs at most one. */
  readonly #asking = new Set<string>()

  constructor(goodForMs: number) {
    this.#goodForMs = goodForMs
  }

  /** Takes a place for a parallel dispatch; false means: ask first. A place taken is given back by `answered`. */
  takeParallel(dispatch: Dispatch, now: Millis): boolean {
    const grant = this.#grants.get(nameOf(dispatch))
    if (grant === undefined || now >= grant.until || this.#asking.has(nameOf(dispatch))) return false
    const unanswered = this.#unanswered.get(dispatch.accountId) ?? { calls: 0, exposureNanoUsd: zeroNanoUsd }
    const exposureNanoUsd = addNanoUsd(unanswered.exposureNanoUsd, dispatch.exposureNanoUsd)
    if (!isCovered(grant, dispatch) || !isWithinRate(grant, dispatch)) return false
    if (unanswered.calls >= grant.calls || exposureNanoUsd > grant.exposureNanoUsd) return false
    this.#asking.add(nameOf(dispatch))
    grant.availableNanoUsd = subtractNanoUsd(grant.availableNanoUsd, dispatch.holdNanoUsd)
    grant.requestsLeft -= 1
    grant.tokensLeft -= dispatch.tokens
    grant.inFlightLeft -= 1
    this.#unanswered.set(dispatch.accountId, { calls: unanswered.calls + 1, exposureNanoUsd })
    return true
  }

  /** Gives the place of a parallel dispatch back, whatever the answer was, a fault included. */
  answered(dispatch: Dispatch): void {
    this.#asking.delete(nameOf(dispatch))
    const unanswered = this.#unanswered.get(dispatch.accountId)
    if (unanswered === undefined) return
    const calls = unanswered.calls - 1
    if (calls <= 0) this.#unanswered.delete(dispatch.accountId)
    else {
      const exposureNanoUsd = subtractNanoUsd(unanswered.exposureNanoUsd, dispatch.exposureNanoUsd)
      this.#unanswered.set(dispatch.accountId, { calls, exposureNanoUsd })
    }
  }

  /** The object said yes to this key: what it granted is good from now on. */
  admitted(dispatch: Dispatch, answer: Admitted, now: Millis): void {
    const name = nameOf(dispatch)
    this.#grants.delete(name)
    if (answer.parallel.calls === 0) return
    this.#grants.set(name, {
      until: addMillis(now, this.#goodForMs),
      calls: answer.parallel.calls,
      exposureNanoUsd: answer.parallel.exposureNanoUsd,
      availableNanoUsd: answer.availableNanoUsd,
      burnNanoUsdPerMinute: answer.burnNanoUsdPerMinute,
      requestsLeft: answer.rate.requests.remaining,
      tokensLeft: answer.rate.tokens.remaining,
      inFlightLeft: answer.rate.inFlight.remaining,
    })
    const oldest = this.#grants.keys().next()
    if (this.#grants.size > keysMax && !oldest.done) this.#grants.delete(oldest.value)
  }

  /** Any refusal or fault ends the key's grant in this isolate. */
  refused(dispatch: Dispatch): void {
    this.#grants.delete(nameOf(dispatch))
  }
}

function nameOf(dispatch: Dispatch): string {
  return `${dispatch.accountId}/${dispatch.keyNumber}`
}

function isCovered(grant: Grant, dispatch: Dispatch): boolean {
  return (
    grant.availableNanoUsd >= timesNanoUsd(dispatch.holdNanoUsd, holdsCovered) &&
    grant.availableNanoUsd >= grant.burnNanoUsdPerMinute
  )
}

function isWithinRate(grant: Grant, dispatch: Dispatch): boolean {
  return grant.requestsLeft >= 1 && grant.tokensLeft >= dispatch.tokens && grant.inFlightLeft >= 1
}
