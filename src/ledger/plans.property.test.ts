// Random lives of an account on plans: changed, metered, restarted, around the ends of periods. After every step the counters
// are what the entries say, no period is granted twice, and a restart changes nothing.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayMs, hourMs, minuteMs } from '#core/clock.ts'
import { nanoUsd, picoUsd } from '#core/money.ts'
import { isObject } from '#core/readers.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { credit } from './credits.ts'
import {
  dollar,
  exampleTerms,
  grantOf,
  invoiceOf,
  meterOf,
  planOf,
  subscriptionOf,
} from './example-commands.ts'
import { meter } from './meter.ts'
import { setPlan } from './plans.ts'
import type { SubscriptionInvoice, TellSubscription } from './subscription-commands.ts'
import { readPaidBy } from './subscription-details.ts'
import { tellSubscription, toldInvoicesMax } from './subscriptions.ts'

const plansOfTest = [
  exampleTerms,
  { ...exampleTerms, id: 'large', included: { sms: 100, tokens: 50_000 } },
  { ...exampleTerms, id: 'money', included: {}, monthlyCreditNanoUsd: nanoUsd(2 * dollar) },
  { ...exampleTerms, id: 'small', included: { sms: 2 }, overage: { sms: picoUsd(1) } },
]

type Step =
  | { do: 'plan'; plan: number; anchorDay: number | null; reference: number }
  | { do: 'meter'; n: number; quantity: number; isSms: boolean }
  | { do: 'credit'; amount: number }
  | { do: 'bill'; sub: number; plan: number; what: 'renew' | 'change' | 'fail' | 'pay' }
  | { do: 'tell'; sub: number; known: number; state: TellSubscription['state']; isEnding: boolean }
  | { do: 'wait'; ms: number }
  | { do: 'toEnd'; before: number }
  | { do: 'crash' }
  | { do: 'vain'; quantity: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('plan' as const),
      plan: fc.nat({ max: plansOfTest.length - 1 }),
      anchorDay: fc.constantFrom(null, null, 28),
      // Few, so that a repeat of the very same command is no rarity.
      reference: fc.nat({ max: 1 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('meter' as const),
      n: fc.nat({ max: 11 }),
      quantity: fc.constantFrom(1, 2, 5, 900),
      isSms: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('credit' as const), amount: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, minuteMs, 12 * hourMs, 15 * dayMs, 28 * dayMs, 31 * dayMs, 70 * dayMs),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('toEnd' as const), before: fc.constantFrom(0, 0, 1) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('bill' as const),
      sub: fc.constantFrom(0, 0, 1),
      plan: fc.nat({ max: plansOfTest.length - 1 }),
      what: fc.constantFrom('renew', 'renew', 'change', 'fail', 'pay'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('tell' as const),
      sub: fc.constantFrom(0, 0, 1),
      // Mostly all of them; whoever has looked earlier knows fewer.
      known: fc.constantFrom(99, 99, 1, 2),
      state: fc.constantFrom('active', 'active', 'active', 'active', 'unpaid', 'ended'),
      isEnding: fc.constantFrom(false, false, true),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('vain' as const), quantity: fc.integer({ min: 1, max: 9 }) }),
  },
)

const seen = new Set<string>()

/** So long ago no period of the calendar has begun: a period is known by the millisecond in which it begins. */
const oddMs = 3 * dayMs + 1_234_567

/** What the payment provider has of an account's subscriptions. */
class Provider {
  readonly invoices = new Map<number, SubscriptionInvoice[]>()
  #billed = 0

  of(sub: number): readonly SubscriptionInvoice[] {
    return this.invoices.get(sub) ?? []
  }

  bill({ sub, plan, what }: Step & { do: 'bill' }, nowMs: number): void {
    const all = this.invoices.get(sub) ?? []
    this.invoices.set(sub, all)
    this.#billed += 1
    const invoiceId = `in_${this.#billed}`
    const terms = plansOfTest[plan] ?? exampleTerms
    const last = all.findLast(({ kind }) => kind === 'period')
    const failed = all.findIndex(({ state }) => state === 'failed')
    const open = all[failed]
    if (what === 'pay' && open !== undefined) all[failed] = { ...open, state: 'paid' }
    if (what === 'change' && last !== undefined)
      all.push(invoiceOf(invoiceId, nowMs, { kind: 'change', terms, endMs: nowMs + dayMs }))
    if (what === 'renew' || what === 'fail') {
      const startMs =
        last === undefined || last.endMs < nowMs - 40 * dayMs ? nowMs - oddMs - this.#billed : last.endMs
      all.push(invoiceOf(invoiceId, startMs, { terms, state: what === 'fail' ? 'failed' : 'paid' }))
    }
  }
}

function take(account: Simulator, provider: Provider, next: Step): void {
  switch (next.do) {
    case 'plan': {
      const { anchorDay, reference } = next
      const terms = plansOfTest[next.plan] ?? exampleTerms
      const answer = account.ask((draft) => setPlan(draft, planOf(`plan ${reference}`, { terms, anchorDay })))
      seen.add(answer.ok ? `plan ${answer.isRepeat}` : answer.code)
      return
    }
    case 'meter': {
      const consumable = next.isSms ? 'sms' : 'tokens'
      const before = account.live.postedNanoUsd
      const answer = account.ask((draft) => meter(draft, meterOf(next.n, next.quantity, { consumable })))
      if (answer.ok && !answer.isRepeat) {
        expect(answer.allowanceUsed + answer.chargedQuantity).toBe(next.quantity)
        expect(account.live.postedNanoUsd).toBe(answer.balanceNanoUsd)
      }
      if (!answer.ok) expect(account.live.postedNanoUsd).toBeGreaterThanOrEqual(before - 2 * dollar)
      seen.add(answer.ok ? `metered ${answer.allowanceUsed > 0} ${answer.isRepeat}` : answer.code)
      return
    }
    case 'credit': {
      const reference = `credit ${account.store.entries.length}`
      account.ask((draft) => credit(draft, grantOf(next.amount * dollar, { reference })))
      return
    }
    case 'bill':
      return provider.bill(next, account.nowMs)
    case 'tell': {
      const { sub, known, state, isEnding } = next
      const told = { subscriptionId: `sub_${sub}`, state, isEnding }
      const invoices = provider.of(sub).slice(0, known).slice(-toldInvoicesMax)
      const answer = account.ask((draft) => tellSubscription(draft, subscriptionOf(invoices, told)))
      seen.add(answer.ok ? `told ${account.live.allowances.subscription !== null}` : answer.code)
      return
    }
    case 'wait':
      account.nowMs += next.ms
      return
    case 'toEnd': {
      const { period } = account.live.allowances
      if (period !== null) account.nowMs = Math.max(account.nowMs, period.endMs - next.before)
      account.ask(() => true)
      return
    }
    case 'crash':
      return account.crash()
    case 'vain':
      return account.askInVain((draft) => meter(draft, meterOf(99, next.quantity)))
  }
}

/** Each invoice grants once; a plan that is paid for stands in the books with its invoice, and for no longer than its period. */
function checkPaid({ store, live, nowMs }: Simulator): void {
  const paid = store.entries.flatMap(({ kind, detail }) =>
    kind === 'allowance' && isObject(detail) ? (readPaidBy(detail) ?? []) : [],
  )
  expect(new Set(paid.map(({ invoiceId }) => invoiceId)).size).toBe(paid.length)
  const { subscription, period, plan } = live.allowances
  if (subscription === null || subscription.isOver) return
  expect(paid.some(({ subscriptionId }) => subscriptionId === subscription.id)).toBe(true)
  expect([period, plan?.terms.id]).toEqual([subscription.period, subscription.terms.id])
  seen.add(`in force ${nowMs < subscription.period.endMs}`)
}

// Cases: billing-bugs 43, 45
test(
  'whatever is asked of an account on a plan, in whatever order, each period brings one grant and no unit is used twice',
  { timeout: 60_000 },
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
        const account = Simulator.opened(1, { rpm: 1_000 })
        const provider = new Provider()
        for (const next of steps) {
          take(account, provider, next)
          account.check()
          checkPaid(account)
          account.checkRestart()
        }
        expect(account.live.debtNanoUsd).toBe(0)
        checkRebuild(account)
      }),
      { numRuns: 600 },
    )
    // In mutation tests the runs are too short for what is rare.
    if (process.env['PROPERTY_RUNS'] !== undefined) return
    for (const what of [
      'plan true',
      'metered true false',
      'metered false false',
      'metered true true',
      'told true',
    ])
      expect([...seen]).toContain(what)
    for (const code of [
      'allowance_exhausted',
      'unpriced_consumable',
      'reference_reused',
      'insufficient_credits',
      'other_subscription',
      'in force true',
      'in force false',
    ])
      expect([...seen]).toContain(code)
  },
)
