// Which keys may be dispatched in parallel with their admission, as this isolate knows it. The account object grants, this
// file only spends the grant: DESIGN's rule "a revoked key or an empty balance never gets another byte, a rich account
// never waits for the check, and a burst cannot make the operator pay".

import { type Millis, addMillis } from '#core/clock.ts'
import type { AccountId, KeyNumber } from '#core/ids.ts'
import { type NanoUsd, addNanoUsd, subtractNanoUsd, timesNanoUsd } from '#core/money.ts'
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
  /** Under an Idempotency-Key: it may turn out to have run already. */
  isClaimed: boolean
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

/** A dispatch whose admission is not answered yet. */
type Unanswered = { name: string; exposureNanoUsd: NanoUsd; forgottenAt: Millis }

export class Standing {
  readonly #goodForMs: number
  readonly #grants = new Map<string, Grant>()
  readonly #unanswered = new Map<AccountId, readonly Unanswered[]>()

  constructor(goodForMs: number) {
    this.#goodForMs = goodForMs
  }

  /** Takes a place for a parallel dispatch; false means: ask first. A place taken is given back by `answered`. */
  takeParallel(dispatch: Dispatch, now: Millis): boolean {
    if (dispatch.isClaimed) return false
    const grant = this.#grants.get(nameOf(dispatch))
    if (grant === undefined || now >= grant.until) return false
    const unanswered = this.#unansweredOf(dispatch.accountId, now)
    // One per key: a key that has just been revoked costs at most one.
    if (unanswered.some(({ name }) => name === nameOf(dispatch))) return false
    const exposureNanoUsd = addNanoUsd(
      dispatch.exposureNanoUsd,
      ...unanswered.map((other) => other.exposureNanoUsd),
    )
    if (!isCovered(grant, dispatch) || !isWithinRate(grant, dispatch)) return false
    if (unanswered.length >= grant.calls || exposureNanoUsd > grant.exposureNanoUsd) return false
    grant.availableNanoUsd = subtractNanoUsd(grant.availableNanoUsd, dispatch.holdNanoUsd)
    grant.requestsLeft -= 1
    grant.tokensLeft -= dispatch.tokens
    grant.inFlightLeft -= 1
    const taken = {
      name: nameOf(dispatch),
      exposureNanoUsd: dispatch.exposureNanoUsd,
      forgottenAt: addMillis(now, this.#goodForMs),
    }
    this.#unanswered.set(dispatch.accountId, [...unanswered, taken])
    return true
  }

  /** Gives the place of a parallel dispatch back, whatever the answer was, a fault included. */
  answered(dispatch: Dispatch): void {
    const name = nameOf(dispatch)
    const others = (this.#unanswered.get(dispatch.accountId) ?? []).filter((one) => one.name !== name)
    if (others.length === 0) this.#unanswered.delete(dispatch.accountId)
    else this.#unanswered.set(dispatch.accountId, others)
  }

  /** An invocation that was ended between its dispatch and the answer never gives its place back: it is forgotten. */
  #unansweredOf(accountId: AccountId, now: Millis): readonly Unanswered[] {
    return (this.#unanswered.get(accountId) ?? []).filter(({ forgottenAt }) => now < forgottenAt)
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
