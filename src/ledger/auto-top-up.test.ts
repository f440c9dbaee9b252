// Automatic top-up, step by step: what starts an attempt and what does not, what each answer of the provider leads to, and
// what ends a pause.

import { describe, expect, test } from 'vitest'

import { hourMs, minuteMs } from '#core/clock.ts'
import { type AccountId, orderIdOfEntry } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { nextDueAt } from './alarm.ts'
import { topUpDueAt } from './auto-top-up-due.ts'
import type { AttemptOutcome, AutoTopUpTerms, SavedMethod } from './auto-top-up-commands.ts'
import { attemptsPerDayMax } from './auto-top-up-state.ts'
import { autoTopUpView, setAutoTopUp } from './auto-top-up-terms.ts'
import { beginAttempt, loseMethod, reportAttempt } from './auto-top-up.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import type { Draft } from './draft.ts'
import {
  admitOf,
  captureOf,
  dollar,
  exampleMethod,
  grantOf,
  paymentOf,
  meterOf,
  planOf,
  topUpOf,
} from './example-commands.ts'
import { meter } from './meter.ts'
import type { PaymentFacts } from './order-commands.ts'
import { setPlan } from './plans.ts'
import { changeSettings } from './settings.ts'
import { refund } from './refunds.ts'
import { tellFacts } from './told-facts.ts'
import { timings } from './timings.ts'

const declined = (code: string, adviceCode: string | null = null): AttemptOutcome => ({
  state: 'declined',
  code,
  adviceCode,
  intentId: 'pi_1',
})
const paid = (dollars: number, changes: Partial<PaymentFacts> = {}): AttemptOutcome => ({
  state: 'succeeded',
  facts: paymentOf(dollars, changes),
})

/** A bank's warning about some payment of the account's. */
const warned = (version: number, isOpen: boolean) => (draft: Draft) => {
  const warning = { id: 'issfr_1', kind: 'fraud_warning' as const, version, takenNanoUsd: nanoUsd(0), isOpen }
  return tellFacts(draft, { payment: 'purchase 1', receivedNanoUsd: null, facts: [warning] })
}

const otherCard: SavedMethod = { ...exampleMethod, id: 'pm_2', fingerprint: 'card two' }

class Account extends Simulator {
  static filled(dollars: number, terms: Partial<AutoTopUpTerms> = {}): Account {
    const account = new Account()
    Object.assign(account, Simulator.opened(0, { rpm: 100_000, inFlight: 100_000 }))
    if (dollars > 0) account.pay(dollars)
    account.ask((draft) => setAutoTopUp(draft, topUpOf('first', terms)))
    return account
  }

  /** By its owner's hand. */
  pay(dollars: number): void {
    const reference = `purchase ${this.store.entries.length}`
    this.ask((draft) => credit(draft, grantOf(dollars * dollar, { kind: 'purchase', reference })))
  }

  spend(dollars: number): void {
    const callId = this.newCall()
    this.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: nanoUsd(0) })))
    this.ask((draft) => capture(draft, captureOf(callId, dollars * dollar)))
  }

  wait(ms: number): void {
    this.nowMs += ms
    this.ask(() => true)
  }

  /** The orders that were ever started. */
  get orders(): readonly string[] {
    return this.steps('started').map(({ reference }) => reference)
  }

  get order(): string {
    return this.orders.at(-1) ?? 'none'
  }

  steps(step: string) {
    return this.store.entries.filter(
      ({ kind, detail }) => kind === 'attempt' && JSON.stringify(detail).includes(`"step":"${step}"`),
    )
  }

  begin(orderId = this.order) {
    return this.ask((draft) => beginAttempt(draft, { orderId }))
  }

  report(outcome: AttemptOutcome, orderId = this.order) {
    return this.ask((draft) => reportAttempt(draft, { orderId, outcome }))
  }

  set(reference: string, terms: Partial<AutoTopUpTerms>, method?: SavedMethod) {
    return this.ask((draft) => setAutoTopUp(draft, topUpOf(reference, terms, method)))
  }

  get view() {
    return autoTopUpView(this.live, this.nowMs)
  }

  get dollars(): number {
    return this.live.postedNanoUsd / dollar
  }
}

/** With an attempt that somebody is asking the provider about. */
function charging(): Account {
  const account = Account.filled(10)
  account.spend(1)
  account.begin()
  return account
}

describe('an attempt is started', () => {
  // Requirements: 12
  test('by a charge that leaves the balance below the threshold, and not by one that leaves it there', () => {
    const account = Account.filled(11)
    account.spend(1)
    expect([account.dollars, account.orders.length]).toEqual([10, 0])
    account.spend(0.01)
    expect([account.orders.length, account.view.state]).toEqual([1, 'charging'])
  })

  test('in the commit of the charge, with all that its task has to know', () => {
    const account = Account.filled(10)
    const before = account.store.entries.length
    const callId = account.newCall()
    account.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: nanoUsd(0) })))
    account.askInVain((draft) => capture(draft, captureOf(callId, dollar)))
    expect(account.store.entries).toHaveLength(before)
    account.ask((draft) => capture(draft, captureOf(callId, dollar)))
    expect(account.store.entries.slice(before).map(({ kind }) => kind)).toEqual([
      'usage',
      'finding',
      'attempt',
    ])
    expect(account.store.entries.at(-1)).toMatchObject({
      reference: expect.stringMatching(/^ord_[0-9A-Za-z]{22}$/),
      amountNanoUsd: 0,
      detail: { step: 'started', amountNanoUsd: 20 * dollar, method: exampleMethod, failures: 0 },
    })
  })

  test('by what is metered', () => {
    const account = Account.filled(10)
    account.ask((draft) => meter(draft, meterOf(1, 1)))
    expect(account.orders).toHaveLength(1)
  })

  test('by its owner, who enables it below the threshold', () => {
    expect(Account.filled(9).orders).toHaveLength(1)
    expect(Account.filled(10).orders).toHaveLength(0)
  })

  // Cases: payments 23; billing-bugs 37
  test('once by a thousand charges, together or one by one', () => {
    const account = Account.filled(1_000)
    const calls = Array.from({ length: 1_000 }, () => account.newCall())
    account.askTogether(
      calls.map((callId) => (draft: Draft) => {
        admit(draft, admitOf(callId, { holdNanoUsd: nanoUsd(0) }))
      }),
    )
    account.askTogether(
      calls.slice(0, 995).map((callId) => (draft: Draft) => {
        capture(draft, captureOf(callId, dollar))
      }),
    )
    for (const callId of calls.slice(995)) account.ask((draft) => capture(draft, captureOf(callId, dollar)))
    expect([account.dollars, account.orders.length]).toEqual([0, 1])
  })

  // Cases: billing-bugs 38
  test('again by the charges of its own flight only if what comes will not be enough', () => {
    const account = charging()
    account.spend(8)
    account.report(paid(20))
    account.wait(minuteMs)
    expect([account.dollars, account.orders.length]).toEqual([21, 1])
    const other = charging()
    other.spend(9)
    other.spend(1)
    other.spend(0.5)
    other.report(paid(20))
    other.spend(10)
    expect(other.orders).toHaveLength(1)
    // Not sooner than a minute after the last one, and then by itself.
    expect(nextDueAt(other.live, timings)).toBeLessThanOrEqual(other.nowMs + minuteMs)
    other.wait(minuteMs)
    expect(other.orders).toHaveLength(2)
  })
})

describe('no attempt is started', () => {
  const causes: readonly [string, (draft: Draft) => unknown][] = [
    [
      'by a refund',
      (draft) =>
        refund(draft, {
          reference: 'back',
          payment: null,
          amountNanoUsd: nanoUsd(5 * dollar),
          reason: '',
          actor: '',
        }),
    ],
    ['by a correction', (draft) => credit(draft, grantOf(-5 * dollar, { kind: 'adjustment' }))],
    ['by a hold', (draft) => admit(draft, admitOf('x' as never, { holdNanoUsd: nanoUsd(5 * dollar) }))],
    ['by an allowance', (draft) => setPlan(draft, planOf('plan'))],
  ]

  // Cases: payments 34
  test.each(causes)('%s', (_, question) => {
    const account = Account.filled(10)
    const callId = account.newCall()
    account.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: nanoUsd(9 * dollar) })))
    account.ask(question)
    account.wait(30 * 1_000)
    expect([account.orders, account.view.state]).toEqual([[], 'idle'])
  })

  test('by what expires', () => {
    const account = Account.filled(9.99, { isEnabled: false })
    account.ask((draft) => credit(draft, grantOf(5 * dollar, { expiresInMs: hourMs })))
    account.set('on', {})
    account.wait(2 * hourMs)
    expect([account.dollars, account.orders]).toEqual([9.99, []])
  })

  // Requirements: 72
  test('before somebody has enabled it', () => {
    const account = Object.assign(new Account(), Simulator.opened(1))
    account.spend(1)
    expect([account.orders, account.view.state]).toEqual([[], 'off'])
  })

  test.each([
    ['a frozen account', { isFrozen: true }],
    ['an account that pays afterwards', { mode: 'postpaid' as const }],
  ])('for %s', (_, settings) => {
    const account = Account.filled(10)
    account.ask((draft) => changeSettings(draft, { reference: 's', settings, reason: '', actor: '' }))
    const callId = account.newCall()
    account.ask((draft) => capture(draft, captureOf(callId, dollar)))
    expect(account.orders).toEqual([])
    expect(nextDueAt(account.live, timings)).toBeGreaterThan(account.nowMs)
  })

  // Cases: payments 42
  test('while a payment is said to be fraudulent, whatever its customer says', () => {
    const account = Account.filled(10)
    account.ask(warned(1, true))
    account.spend(1)
    account.set('again', {})
    expect([account.orders, account.view.state, account.view.why]).toEqual([[], 'paused', 'payment_in_doubt'])
    account.ask(warned(2, false))
    expect(account.orders).toHaveLength(1)
  })

  test('without a saved card', () => {
    const account = Object.assign(new Account(), Simulator.opened(1))
    const { method: _, ...command } = topUpOf('first')
    expect(account.ask((draft) => setAutoTopUp(draft, command))).toEqual({
      ok: false,
      code: 'no_saved_method',
    })
  })

  test(`more than ${attemptsPerDayMax} times a day`, () => {
    const account = Account.filled(10)
    for (let n = 0; n < 15; n += 1) {
      account.spend(15)
      account.begin()
      account.report(paid(20), account.order)
      account.wait(2 * minuteMs)
      account.spend(10)
    }
    expect(account.orders).toHaveLength(attemptsPerDayMax)
    account.wait(24 * hourMs)
    expect(account.orders).toHaveLength(attemptsPerDayMax + 1)
  })

  // Cases: payments 32
  test('above the monthly cap, of which its owner is told once; the next month has its own', () => {
    const account = Account.filled(10, { monthlyCapNanoUsd: nanoUsd(50 * dollar) })
    for (let n = 0; n < 6; n += 1) {
      account.spend(15)
      account.begin()
      account.report(paid(20), account.order)
      account.wait(2 * minuteMs)
    }
    expect(account.orders).toHaveLength(2)
    expect(account.steps('capped').map(({ detail }) => detail)).toEqual([
      {
        step: 'capped',
        monthlyCapNanoUsd: 50 * dollar,
        amountNanoUsd: 20 * dollar,
        chargedNanoUsd: 40 * dollar,
      },
    ])
    account.nowMs = Date.UTC(2026, 11, 1)
    account.wait(0)
    expect([account.orders.length, account.view.chargedThisMonthNanoUsd]).toEqual([3, 20 * dollar])
  })
})

describe('an attempt that succeeds', () => {
  test('is credited once, whoever says so and how often', () => {
    const account = charging()
    expect(account.report(paid(20))).toEqual({ ok: true, isBooked: true })
    expect(account.report(paid(20))).toEqual({ ok: true, isBooked: false })
    expect([account.dollars, account.view.state]).toEqual([29, 'idle'])
    expect(account.begin()).toEqual({ ok: true, todo: 'nothing' })
  })

  test('stays under way while the provider says that it is processing', () => {
    const account = charging()
    account.report({ state: 'processing', intentId: 'pi_1' })
    account.report({ state: 'processing', intentId: 'pi_1' })
    expect(account.steps('processing')).toHaveLength(1)
    expect(account.begin()).toMatchObject({ todo: 'look_up', attempt: { intentId: 'pi_1' } })
    account.report(paid(20))
    expect(account.dollars).toBe(29)
  })

  // Cases: payments 33
  test('after its owner has disabled it is credited all the same, and no other follows', () => {
    const account = charging()
    account.set('off', { isEnabled: false })
    expect([account.view.state, account.begin()]).toMatchObject(['charging', { todo: 'look_up' }])
    account.report(paid(20))
    account.spend(25)
    expect([account.dollars, account.orders.length, account.view.state]).toEqual([4, 1, 'off'])
  })

  // Cases: payments 15
  test.each<[string, AttemptOutcome]>([
    ['another amount', paid(21)],
    ['another currency', paid(20, { currency: 'eur' })],
    ['less than it says', paid(20, { receivedNanoUsd: nanoUsd(19 * dollar) })],
    ['the name of another account', paid(20, { accountId: 'acct_wAAAAAAAAAAAAAA' })],
  ])('with %s than was asked for is not credited but found', (_, outcome) => {
    const account = charging()
    expect(account.report(outcome)).toEqual({ ok: false, code: 'mismatch' })
    expect([account.dollars, account.view.why]).toEqual([9, 'mismatch'])
    const found = `attempt_mismatch:${account.order}`
    expect(account.store.entries.some(({ reference }) => reference === found)).toBe(true)
    // A purchase by hand says nothing about what was wrong.
    account.pay(1)
    expect(account.view.state).toBe('paused')
  })

  // Cases: payments 22
  test('is credited without the tax that its owner paid on top', () => {
    const account = charging()
    const tax = { taxNanoUsd: nanoUsd(4 * dollar), receivedNanoUsd: nanoUsd(24 * dollar) }
    account.report(paid(20, tax))
    expect(account.dollars).toBe(29)
  })

  test('of an object that was lost before its line was sent is credited, of another account not', () => {
    const account = Account.filled(10)
    const lost = orderIdOfEntry(account.live.accountId, 1, 99)
    expect(account.report(paid(20), lost)).toEqual({ ok: true, isBooked: true })
    expect(account.report(paid(20), orderIdOfEntry('acct_wAAAAAAAAAAAAAA' as AccountId, 1, 99))).toEqual({
      ok: false,
      code: 'no_such_attempt',
    })
    expect(account.dollars).toBe(30)
  })
})

describe('an attempt that has not begun', () => {
  test.each<[string, (account: Account) => void]>([
    ['its owner disables', (account) => account.set('off', { isEnabled: false })],
    [
      'loses its card',
      (account) => account.ask((draft) => loseMethod(draft, { methodId: exampleMethod.id })),
    ],
    [
      'loses its customer',
      (account) => account.ask((draft) => loseMethod(draft, { customerId: exampleMethod.customerId })),
    ],
    ['is said to be fraudulent', (account) => account.ask(warned(1, true))],
    [
      'is frozen',
      (account) =>
        account.ask((draft) =>
          changeSettings(draft, { reference: 's', settings: { isFrozen: true }, reason: '', actor: '' }),
        ),
    ],
    ['is overtaken by a purchase', (account) => account.pay(50)],
  ])('when it %s never begins', (_, happen) => {
    const account = Account.filled(10)
    account.spend(1)
    happen(account)
    expect(account.begin()).toEqual({ ok: true, todo: 'nothing' })
    expect(account.view.chargedThisMonthNanoUsd).toBe(0)
  })

  // Cases: payments 58
  test('is not followed by another one without a card; a new card starts one', () => {
    const account = Account.filled(10)
    account.ask((draft) => loseMethod(draft, { customerId: 'cus_other' }))
    account.ask((draft) => loseMethod(draft, { customerId: exampleMethod.customerId }))
    account.spend(1)
    expect([account.orders, account.view.state, account.view.why]).toEqual([[], 'paused', 'method_gone'])
    account.ask((draft) =>
      setAutoTopUp(draft, { reference: 'card', method: otherCard, reason: '', actor: 'customer' }),
    )
    expect(account.steps('started').at(-1)?.detail).toMatchObject({ method: otherCard })
  })
})

describe('a decline', () => {
  // Cases: payments 27
  test('that may pass is tried again after 1, 4 and 24 hours, then never by itself', () => {
    const account = Account.filled(10)
    account.spend(1)
    for (const [tries, hours] of [1, 4, 24].entries()) {
      account.begin()
      account.report(declined('insufficient_funds'))
      account.wait(hours * hourMs - 1)
      expect(account.orders).toHaveLength(tries + 1)
      account.wait(1)
      expect(account.orders).toHaveLength(tries + 2)
    }
    account.begin()
    account.report(declined('insufficient_funds'))
    expect([account.view.state, account.view.why, account.orders.length]).toEqual(['paused', 'declined', 4])
    const lines = account.store.entries.filter(({ kind }) => kind === 'attempt').length
    for (let n = 0; n < 100; n += 1) account.spend(0.0001)
    account.wait(40 * 24 * hourMs)
    expect(account.orders).toHaveLength(4)
    expect(account.store.entries.filter(({ kind }) => kind === 'attempt')).toHaveLength(lines)
  })

  // Cases: payments 29
  test.each(['stolen_card', 'lost_card', 'expired_card', 'pickup_card', 'fraudulent'])(
    'that is final (%s) pauses at once',
    (code) => {
      const account = charging()
      account.report(declined(code))
      expect([account.view.state, account.view.why]).toEqual(['paused', 'card'])
    },
  )

  test('that the network advises never to repeat pauses at once', () => {
    const account = charging()
    account.report(declined('generic_decline', 'do_not_try_again'))
    expect(account.view.why).toBe('card')
  })

  // Cases: payments 28
  test('that asks for the card’s owner pauses, and the same payment confirmed by them is credited and resumes', () => {
    const account = charging()
    account.report({ state: 'needs_action', intentId: 'pi_1' })
    expect(account.view).toMatchObject({
      state: 'paused',
      why: 'needs_action',
      attempt: { orderId: account.order, intentId: 'pi_1' },
    })
    account.spend(1)
    expect(account.orders).toHaveLength(1)
    account.report(paid(20))
    expect([account.dollars, account.view.state]).toEqual([28, 'idle'])
  })

  test('told twice counts once', () => {
    const account = charging()
    account.report(declined('insufficient_funds'))
    account.report(declined('insufficient_funds'))
    expect([account.view.failures, account.view.state]).toEqual([1, 'waiting'])
  })

  test('whose payment comes after all is credited and ends the wait', () => {
    const account = charging()
    account.report(declined('insufficient_funds'))
    account.report(paid(20))
    expect([account.dollars, account.view.state, account.view.failures]).toEqual([29, 'idle', 0])
    expect(account.view.chargedThisMonthNanoUsd).toBe(20 * dollar)
  })
})

describe('a pause ends', () => {
  const paused = (): Account => {
    const account = charging()
    account.report(declined('stolen_card'))
    return account
  }
  const add = (account: Account, method: SavedMethod) =>
    account.ask((draft) =>
      setAutoTopUp(draft, { reference: method.id, method, reason: '', actor: 'customer' }),
    )

  // Cases: payments 31
  test('with another card, not with the same one under a new number', () => {
    const account = paused()
    account.wait(minuteMs)
    add(account, { ...exampleMethod, id: 'pm_again' })
    expect([account.view.state, account.orders.length]).toEqual(['paused', 1])
    add(account, otherCard)
    expect([account.view.state, account.orders.length]).toEqual(['charging', 2])
  })

  test('when its owner pays by hand', () => {
    const account = paused()
    account.pay(5)
    expect(account.view.state).toBe('idle')
  })

  test('when its owner enables it again, and not by disabling alone', () => {
    const account = paused()
    account.set('off', { isEnabled: false })
    expect(account.view.state).toBe('off')
    account.wait(minuteMs)
    account.set('on', {})
    expect(account.orders).toHaveLength(2)
  })

  test('not by what the operator gives', () => {
    const account = paused()
    account.ask((draft) => credit(draft, grantOf(1)))
    expect(account.view.state).toBe('paused')
  })
})

describe('an attempt without an answer', () => {
  // Cases: payments 24, 30
  test('is asked for again under the same order, and counts as no decline', () => {
    const account = charging()
    expect(account.begin()).toMatchObject({ todo: 'create', attempt: { orderId: account.order } })
    expect([account.view.failures, account.steps('begun').length, account.orders.length]).toEqual([0, 1, 1])
  })

  // Cases: payments 25
  test('is looked up and never created again once the provider may have forgotten its key', () => {
    const account = charging()
    account.wait(23 * hourMs - 1)
    expect(account.begin()).toMatchObject({ todo: 'create' })
    account.wait(1)
    expect(account.begin()).toMatchObject({ todo: 'look_up' })
    account.report({ state: 'not_found' })
    expect([account.steps('dropped').length, account.orders.length]).toEqual([1, 2])
  })

  test('is not given up while somebody may still be asking', () => {
    const account = charging()
    account.set('off', { isEnabled: false })
    expect(account.report({ state: 'not_found' })).toEqual({ ok: true, isBooked: false })
    account.wait(31 * minuteMs)
    expect(account.report({ state: 'not_found' })).toEqual({ ok: true, isBooked: true })
    expect([account.view.state, account.orders.length]).toEqual(['off', 1])
  })

  test('is told to the queue again after a quarter of an hour, then ever more rarely, up to once a day', () => {
    const account = charging()
    const told: number[] = []
    const from = account.nowMs
    for (let n = 0; n < 10; n += 1) {
      account.nowMs = topUpDueAt(account.live) ?? 0
      account.ask(() => true)
      told.push((account.nowMs - from) / minuteMs)
    }
    expect(account.steps('reminded')).toHaveLength(10)
    expect(told.slice(0, 4)).toEqual([15, 45, 105, 225])
    expect((told.at(-1) ?? 0) - (told.at(-2) ?? 0)).toBe(24 * 60)
  })
})

describe('terms', () => {
  const amounts = (threshold: number, amount: number, cap: number | null = null) => ({
    thresholdNanoUsd: nanoUsd(threshold),
    amountNanoUsd: nanoUsd(amount),
    monthlyCapNanoUsd: cap === null ? null : nanoUsd(cap),
  })
  test.each([
    ['an amount below the threshold', amounts(20 * dollar, 10 * dollar)],
    ['an amount that is not whole cents', amounts(0, dollar + 1)],
    ['no amount', amounts(0, 0)],
    ['a cap below the amount', amounts(0, 10 * dollar, 5 * dollar)],
    ['more than $100,000', amounts(0, 100_001 * dollar)],
    ['a threshold below zero', amounts(-1 * dollar, 10 * dollar)],
  ])('with %s are refused', (_, terms) => {
    const account = Object.assign(new Account(), Simulator.opened(1))
    expect(account.set('x', terms)).toEqual({ ok: false, code: 'invalid_command' })
  })

  test('are set once per reference', () => {
    const account = Account.filled(50)
    account.set('a', amounts(5 * dollar, 10 * dollar))
    account.set('b', amounts(6 * dollar, 12 * dollar))
    expect(account.set('a', amounts(5 * dollar, 10 * dollar))).toMatchObject({ ok: true, isRepeat: true })
    expect(account.view.terms.thresholdNanoUsd).toBe(6 * dollar)
  })
})
