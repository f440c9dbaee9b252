// Who is admitted and what refuses: every refusal code, in the order in which they are asked.

import { describe, expect, test } from 'vitest'

import { dayMs, hourMs, minuteMs, secondMs } from '#core/clock.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit, extend } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { callCostMaxNanoUsd, capture } from './charges.ts'
import type { AccountSettings, Budget } from './account-commands.ts'
import type { Admit, AdmitRefused } from './call-commands.ts'
import { credit } from './credits.ts'
import { admitOf, callAt, captureOf, dollar, grantOf, keyOf } from './example-commands.ts'
import { release } from './holds.ts'
import { putKey, revokeKey } from './keys.ts'
import { changeSettings } from './settings.ts'

function ask(account: Simulator, changes: Partial<Admit> = {}) {
  const command = admitOf(changes.callId ?? account.newCall(), changes)
  return account.ask((draft) => admit(draft, command))
}

function set(account: Simulator, settings: Partial<AccountSettings>): void {
  const reference = JSON.stringify([settings, account.live.headSeq])
  account.ask((draft) => changeSettings(draft, { reference, settings, reason: '', actor: '' }))
}

function withBudgets(account: Simulator, budgets: readonly Budget[]): void {
  account.ask((draft) => putKey(draft, keyOf(2, { budgets })))
}

const two = { keyNumber: keyNumber(2) }

describe('an admission', () => {
  test('holds the money and says what is left of it and of every limit', () => {
    const account = Simulator.opened(10)
    expect(ask(account)).toMatchObject({
      ok: true,
      heldNanoUsd: dollar,
      availableNanoUsd: 9 * dollar,
      rate: {
        requests: { limit: 50, remaining: 49, resetMs: minuteMs },
        tokens: { limit: 2_000_000, remaining: 1_999_900 },
        inFlight: { limit: 50, remaining: 49 },
      },
    })
    expect(account.live).toMatchObject({ heldNanoUsd: dollar, postedNanoUsd: 10 * dollar })
  })

  test('asked again says what is true now and neither holds nor counts twice', () => {
    const account = Simulator.opened(10)
    const callId = account.newCall()
    ask(account, { callId })
    expect(ask(account, { callId })).toMatchObject({
      ok: true,
      heldNanoUsd: dollar,
      availableNanoUsd: 9 * dollar,
    })
    expect(account.live.rate.requests).toBe(1)
    account.ask((draft) => capture(draft, captureOf(callId, 5)))
    expect(ask(account, { callId })).toMatchObject({ ok: false, code: 'call_resolved' })
  })

  test('that comes after its own release or capture is refused', () => {
    const account = Simulator.opened(10)
    const [released, captured] = [account.newCall(), account.newCall()]
    account.ask((draft) => release(draft, { callId: released, reason: 'test' }))
    account.ask((draft) => capture(draft, captureOf(captured, 5)))
    expect(ask(account, { callId: released })).toMatchObject({ code: 'call_resolved' })
    expect(ask(account, { callId: captured })).toMatchObject({ code: 'call_resolved' })
    expect(account.live.heldNanoUsd).toBe(0)
  })

  test('under an id of another time is refused: its end may be forgotten already', () => {
    const account = Simulator.opened(10)
    expect(ask(account, { callId: callAt(account.nowMs - 2 * hourMs, 1) })).toMatchObject({
      code: 'call_resolved',
    })
    expect(ask(account, { callId: callAt(account.nowMs + 2 * hourMs, 1) })).toMatchObject({
      code: 'call_resolved',
    })
  })

  test('of a free call needs no money, but no debt either', () => {
    const account = Simulator.opened(0)
    expect(ask(account, { holdNanoUsd: nanoUsd(0) })).toMatchObject({ ok: true })
    account.ask((draft) => credit(draft, grantOf(-1, { kind: 'adjustment' })))
    expect(ask(account, { holdNanoUsd: nanoUsd(0) })).toMatchObject({ code: 'insufficient_credits' })
  })
})

describe('a refusal names its one reason', () => {
  test('invalid_api_key for an unknown number and for another secret', () => {
    const account = Simulator.opened(10)
    expect(ask(account, two)).toMatchObject({ ok: false, code: 'invalid_api_key' })
    expect(ask(account, { secretHash: 'f'.repeat(64) })).toMatchObject({ code: 'invalid_api_key' })
  })

  // Cases: billing-bugs 31
  test('key_disabled at once for a key that was revoked, also for a call that is asked again', () => {
    const account = Simulator.opened(10)
    const callId = account.newCall()
    ask(account, { callId })
    account.ask((draft) => revokeKey(draft, { reference: 'r', keyNumber: keyNumber(1) }))
    expect(ask(account)).toMatchObject({ code: 'key_disabled' })
    expect(ask(account, { callId })).toMatchObject({ code: 'key_disabled' })
  })

  test('account_suspended for a frozen account', () => {
    const account = Simulator.opened(10)
    set(account, { isFrozen: true })
    expect(ask(account)).toMatchObject({ code: 'account_suspended' })
    set(account, { isFrozen: false })
    expect(ask(account)).toMatchObject({ ok: true })
  })

  test('model_not_allowed for a model outside the list of the key', () => {
    const account = Simulator.opened(10)
    account.ask((draft) => putKey(draft, keyOf(2, { allowedModels: ['a'] })))
    expect(ask(account, two)).toMatchObject({ code: 'model_not_allowed' })
    expect(ask(account, { ...two, model: 'a' })).toMatchObject({ ok: true })
  })

  // Cases: billing-bugs 31
  test('rate_limit_exceeded for requests per minute, with the time until one fits', () => {
    const account = Simulator.opened(10, { rpm: 2 })
    ask(account)
    account.nowMs += 20 * secondMs
    ask(account)
    expect(ask(account)).toMatchObject({
      code: 'rate_limit_exceeded',
      limitSource: 'rpm',
      resetMs: 40 * secondMs,
      rate: { requests: { limit: 2, remaining: 0, resetMs: minuteMs } },
    })
    account.nowMs += 40 * secondMs - 1
    expect(ask(account)).toMatchObject({ limitSource: 'rpm', resetMs: 1 })
    account.nowMs += 1
    expect(ask(account)).toMatchObject({ ok: true })
    set(account, { rpm: 1 })
    expect(ask(account)).toMatchObject({ limitSource: 'rpm' })
  })

  test('rate_limit_exceeded for tokens per minute, by what was used once that is known', () => {
    const account = Simulator.opened(10, { tpm: 1_000 })
    const callId = account.newCall()
    ask(account, { callId, expectedTokens: 900 })
    expect(ask(account, { expectedTokens: 200 })).toMatchObject({ limitSource: 'tpm', resetMs: minuteMs })
    account.ask((draft) => capture(draft, captureOf(callId, 5, { tokens: 800 })))
    expect(ask(account, { expectedTokens: 200 })).toMatchObject({ ok: true })
    expect(ask(account, { expectedTokens: 1_001 })).not.toHaveProperty('resetMs')
  })

  test('rate_limit_exceeded for calls in flight', () => {
    const account = Simulator.opened(10, { inFlight: 1 })
    const callId = account.newCall()
    ask(account, { callId })
    expect(ask(account)).toMatchObject({ code: 'rate_limit_exceeded', limitSource: 'in_flight' })
    account.ask((draft) => release(draft, { callId, reason: 'test' }))
    expect(ask(account)).toMatchObject({ ok: true })
  })

  // Cases: billing-bugs 26
  test.each(['day', 'week', 'month', 'lifetime'] as const)(
    'key_limit_exceeded for the budget of a %s',
    (window) => {
      const account = Simulator.opened(10)
      withBudgets(account, [{ window, amountNanoUsd: nanoUsd(2 * dollar) }])
      const callId = account.newCall()
      ask(account, { ...two, callId })
      expect(ask(account, { ...two, holdNanoUsd: nanoUsd(dollar + 1) })).toMatchObject({
        code: 'key_limit_exceeded',
        limitSource: `key_${window}`,
        limitNanoUsd: 2 * dollar,
        remainingNanoUsd: dollar,
      })
      account.ask((draft) => capture(draft, captureOf(callId, 5, two)))
      expect(ask(account, { ...two, holdNanoUsd: nanoUsd(dollar + 1) })).toMatchObject({ ok: true })
      expect(ask(account)).toMatchObject({ ok: true })
    },
  )

  // Cases: billing-bugs 26
  test('a budget of a day is whole again the next day; a call of yesterday does not spend it', () => {
    const account = Simulator.opened(10)
    withBudgets(account, [{ window: 'day', amountNanoUsd: dollar }])
    const yesterday = account.newCall()
    ask(account, { ...two, callId: yesterday })
    const refused = ask(account, two)
    expect(refused).toMatchObject({ limitSource: 'key_day', resetMs: 61 * minuteMs })
    account.nowMs += 61 * minuteMs
    account.ask((draft) => capture(draft, captureOf(yesterday, 700_000_000, two)))
    expect(ask(account, two)).toMatchObject({ ok: true })
  })

  test('monthly_spend_limit_reached for the month of the account, whichever key spends', () => {
    const account = Simulator.opened(10, { monthlySpendLimitNanoUsd: nanoUsd(2 * dollar) })
    withBudgets(account, [])
    ask(account)
    ask(account, two)
    expect(ask(account)).toMatchObject({ code: 'monthly_spend_limit_reached', limitSource: 'account_month' })
    account.nowMs += 13 * dayMs
    expect(ask(account)).toMatchObject({ ok: true })
  })

  // Requirements: 5, 48, 53
  test('insufficient_credits when there is not enough even with nothing held', () => {
    const account = Simulator.opened(1)
    ask(account, { holdNanoUsd: nanoUsd(dollar / 2) })
    const refused = { code: 'insufficient_credits', limitSource: 'balance', availableNanoUsd: dollar / 2 }
    expect(ask(account, { holdNanoUsd: nanoUsd(dollar + 1) })).toMatchObject({
      ...refused,
      requiredNanoUsd: dollar + 1,
      heldNanoUsd: dollar / 2,
    })
  })

  test('in_flight_budget_exhausted when the money is there but running calls hold it', () => {
    const account = Simulator.opened(1)
    const callId = account.newCall()
    ask(account, { callId, holdNanoUsd: nanoUsd(dollar / 2) })
    expect(ask(account)).toMatchObject({ code: 'in_flight_budget_exhausted', limitSource: 'balance' })
    account.ask((draft) => release(draft, { callId, reason: 'test' }))
    expect(ask(account)).toMatchObject({ ok: true, availableNanoUsd: 0 })
  })

  test('internal, and nothing more is admitted, once an invariant was broken; captures go on', () => {
    const account = Simulator.opened(10)
    const callId = account.newCall()
    ask(account, { callId })
    account.live.heldNanoUsd = nanoUsd(5)
    account.ask(() => true)
    expect(ask(account)).toMatchObject({ code: 'internal' })
    expect(account.store.entries.at(-1)).toMatchObject({ kind: 'finding' })
    expect(account.ask((draft) => capture(draft, captureOf(callId, 7)))).toMatchObject({ state: 'settled' })
  })
})

// Cases: billing-bugs 30
test.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53, '5', null, undefined])(
  'an admission or extension of %s holds nothing and writes nothing',
  (value) => {
    const account = Simulator.opened(10)
    const callId = account.newCall()
    ask(account, { callId })
    const before = account.store.rowsWritten
    const broken = { holdNanoUsd: value, expectedTokens: value } as unknown as Partial<Admit>
    expect(ask(account, { holdNanoUsd: broken.holdNanoUsd } as Partial<Admit>)).toMatchObject({
      code: 'internal',
    })
    expect(ask(account, { expectedTokens: broken.expectedTokens } as Partial<Admit>)).toMatchObject({
      code: 'internal',
    })
    const extension = { callId, totalNanoUsd: value, leastNanoUsd: 0 } as unknown as Parameters<
      typeof extend
    >[1]
    expect(account.ask((draft) => extend(draft, extension))).toEqual({ ok: false, code: 'internal' })
    expect(account.store.rowsWritten).toBe(before)
    expect(account.live.heldNanoUsd).toBe(dollar)
  },
)

describe('an extension', () => {
  const raise = (account: Simulator, callId: Admit['callId'], total: number) =>
    account.ask((draft) =>
      extend(draft, { callId, totalNanoUsd: nanoUsd(total), leastNanoUsd: nanoUsd(total) }),
    )

  test('raises the hold to a total, never lowers it, and repeats without effect', () => {
    const account = Simulator.opened(10)
    const callId = account.newCall()
    ask(account, { callId })
    expect(raise(account, callId, 3 * dollar)).toEqual({ ok: true, heldNanoUsd: 3 * dollar })
    expect(raise(account, callId, 3 * dollar)).toEqual({ ok: true, heldNanoUsd: 3 * dollar })
    expect(raise(account, callId, dollar)).toEqual({ ok: true, heldNanoUsd: 3 * dollar })
    expect(account.live.heldNanoUsd).toBe(3 * dollar)
    account.crash()
    expect(account.live.heldNanoUsd).toBe(3 * dollar)
  })

  test('to what is held already writes no row', () => {
    const account = Simulator.opened(10)
    const callId = account.newCall()
    ask(account, { callId })
    const { rowsWritten } = account.store
    raise(account, callId, dollar)
    raise(account, callId, dollar / 2)
    expect(account.store.rowsWritten).toBe(rowsWritten)
  })

  test('stands under the same budgets and the same money as an admission', () => {
    const account = Simulator.opened(4)
    withBudgets(account, [{ window: 'day', amountNanoUsd: nanoUsd(2 * dollar) }])
    const [own, limited] = [account.newCall(), account.newCall()]
    ask(account, { callId: own })
    ask(account, { ...two, callId: limited })
    expect(raise(account, limited, 2 * dollar + 1)).toMatchObject({ code: 'key_limit_exceeded' })
    expect(raise(account, own, 3 * dollar + 1)).toMatchObject({ code: 'in_flight_budget_exhausted' })
    expect(raise(account, own, 9 * dollar)).toMatchObject({ code: 'insufficient_credits' })
    set(account, { monthlySpendLimitNanoUsd: nanoUsd(2 * dollar) })
    expect(raise(account, own, 2 * dollar)).toMatchObject({ code: 'monthly_spend_limit_reached' })
    expect(account.live.heldNanoUsd).toBe(2 * dollar)
  })

  test('of a call that is over or unknown changes nothing', () => {
    const account = Simulator.opened(10)
    const callId = account.newCall()
    expect(raise(account, callId, dollar)).toMatchObject({ code: 'unknown_call' })
    account.ask((draft) => release(draft, { callId, reason: 'test' }))
    expect(raise(account, callId, dollar)).toMatchObject({ code: 'resolved' })
  })
})

test('of the most that one call may cost is refused for money, of more as a broken owner', () => {
  const account = Simulator.opened(10)
  expect(ask(account, { holdNanoUsd: callCostMaxNanoUsd })).toMatchObject({ code: 'insufficient_credits' })
  const more = nanoUsd(callCostMaxNanoUsd + 1)
  expect(ask(account, { holdNanoUsd: more })).toMatchObject({ code: 'internal' })
})

describe('parallel dispatch', () => {
  const grant = (account: Simulator) => {
    const answer = ask(account, { holdNanoUsd: nanoUsd(1) })
    return answer.ok ? answer.parallel : undefined
  }
  const none = { calls: 0, exposureNanoUsd: 0 }
  const full = { calls: 4, exposureNanoUsd: 50_000_000 }

  function proven(): Simulator {
    const account = Simulator.opened(10, { rpm: 1_000, inFlight: 1_000 })
    account.ask((draft) => capture(draft, captureOf(account.newCall(), 5)))
    return account
  }

  const tooMuch = (account: Simulator, isDispatched: boolean) =>
    ask(account, {
      holdNanoUsd: nanoUsd(99 * dollar),
      isDispatched,
      exposureNanoUsd: nanoUsd(777),
    }) as AdmitRefused

  // Requirements: 55
  test('is granted to an account that has been charged before, and to no new one', () => {
    const account = Simulator.opened(10)
    expect(grant(account)).toEqual(none)
    account.ask((draft) => capture(draft, captureOf(account.newCall(), 5)))
    expect(grant(account)).toEqual(full)
    account.crash()
    expect(grant(account)).toEqual(full)
  })

  test('ends for five minutes with any refusal', () => {
    const account = proven()
    tooMuch(account, false)
    expect(grant(account)).toEqual(none)
    account.nowMs += 5 * minuteMs
    expect(grant(account)).toEqual(full)
  })

  test('ends for a day with three refusals of dispatched calls within an hour, each booked with its exposure', () => {
    const account = proven()
    for (let n = 0; n < 3; n += 1) {
      tooMuch(account, true)
      account.nowMs += 10 * minuteMs
      account.crash()
    }
    expect(grant(account)).toEqual(none)
    const findings = account.store.entries.filter(({ kind }) => kind === 'finding')
    expect(findings.map(({ detail, amountNanoUsd }) => [detail, amountNanoUsd])).toMatchObject(
      Array.from({ length: 3 }, () => [{ what: 'refused_after_dispatch', exposureNanoUsd: 777 }, 0]),
    )
    account.nowMs += dayMs - 11 * minuteMs
    expect(grant(account)).toEqual(none)
    account.nowMs += 2 * minuteMs
    expect(grant(account)).toEqual(full)
  })

  test('comes with the spending of the last minutes', () => {
    const account = proven()
    account.ask((draft) => capture(draft, captureOf(account.newCall(), 95)))
    expect(ask(account)).toMatchObject({ burnNanoUsdPerMinute: 100 })
    account.nowMs += 3 * minuteMs
    expect(ask(account)).toMatchObject({ burnNanoUsdPerMinute: 0 })
  })
})
