// Random lives of an account on plans: changed, metered, restarted, around the ends of periods. After every step the counters
// are what the entries say, no period is granted twice, and a restart changes nothing.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayMs, hourMs, minuteMs } from '#core/clock.ts'
import { nanoUsd, picoUsd } from '#core/money.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { credit } from './credits.ts'
import { dollar, exampleTerms, grantOf, meterOf, planOf } from './example-commands.ts'
import { meter } from './meter.ts'
import { setPlan } from './plans.ts'

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
      n: fc.nat({ max: 15 }),
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
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('vain' as const), quantity: fc.integer({ min: 1, max: 9 }) }),
  },
)

const seen = new Set<string>()

function take(account: Simulator, next: Step): void {
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

// Cases: billing-bugs 43, 45
test(
  'whatever is asked of an account on a plan, in whatever order, each period brings one grant and no unit is used twice',
  { timeout: 60_000 },
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
        const account = Simulator.opened(1, { rpm: 1_000 })
        for (const next of steps) {
          take(account, next)
          account.check()
          account.checkRestart()
        }
        expect(account.live.debtNanoUsd).toBe(0)
        checkRebuild(account)
      }),
      { numRuns: 300 },
    )
    // In mutation tests the runs are too short for what is rare.
    if (process.env['PROPERTY_RUNS'] !== undefined) return
    for (const what of ['plan true', 'metered true false', 'metered false false', 'metered true true'])
      expect([...seen]).toContain(what)
    for (const code of [
      'allowance_exhausted',
      'unpriced_consumable',
      'reference_reused',
      'insufficient_credits',
    ])
      expect([...seen]).toContain(code)
  },
)
