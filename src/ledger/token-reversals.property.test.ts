// Random lives of calls on a plan: admitted, lost, ended late, given back in parts. Whatever comes in whatever order, the
// tokens that are used are what the entries say, never below 0, and a restart and a rebuild change nothing.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayMs, minuteMs } from '#core/clock.ts'
import type { CallId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { admitOf, captureOf, planOf } from './example-commands.ts'
import { beat } from './holds.ts'
import { setPlan } from './plans.ts'
import { reverse } from './reversals.ts'

const hold = 100_000_000
const slot = fc.constantFrom(0, 0, 0, 1)
const cost = fc.nat({ max: hold })

const step = fc.oneof(
  fc.record({ do: fc.constant('admit' as const), slot, bound: fc.constantFrom(10, 300, 1_500), cost }),
  fc.record({ do: fc.constant('capture' as const), slot, tokens: fc.constantFrom(0, 5, 200, 1_500), cost }),
  fc.record({
    do: fc.constant('reverse' as const),
    slot,
    amount: fc.option(fc.integer({ min: 1, max: hold / 4 }), { freq: 2 }),
    reference: fc.nat({ max: 20 }),
  }),
  fc.record({
    do: fc.constant('wait' as const),
    ms: fc.constantFrom(1, 2 * minuteMs, 2 * minuteMs, 2 * minuteMs, 2 * minuteMs, 32 * dayMs),
  }),
)

type Step = typeof step extends fc.Arbitrary<infer Of> ? Of : never

const seen = new Set<string>()

function take(account: Simulator, next: Step, calls: Map<number, CallId>): void {
  if (next.do === 'wait') {
    account.nowMs += next.ms
    return
  }
  if (next.do === 'admit') {
    const callId = account.newCall()
    calls.set(next.slot, callId)
    const tokenBounds = { bound: next.bound, usual: next.bound, floor: 1 }
    account.ask((draft) => admit(draft, admitOf(callId, { tokenBounds, holdNanoUsd: nanoUsd(hold) })))
    account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: nanoUsd(next.cost) }))
    return
  }
  const callId = calls.get(next.slot)
  if (callId === undefined) return
  if (next.do === 'capture') {
    const command = captureOf(callId, next.cost, { tokens: next.tokens })
    const answer = account.ask((draft) => capture(draft, command))
    seen.add(answer.ok ? answer.state : answer.code)
    return
  }
  giveBack(account, callId, next)
}

function giveBack(account: Simulator, callId: CallId, next: Step & { do: 'reverse' }): void {
  // What is due by itself is done first.
  account.ask(() => true)
  const used = () => account.live.allowances.used.tokens ?? 0
  const before = used()
  const amountNanoUsd = next.amount === null ? null : nanoUsd(next.amount)
  const command = { reference: `reverse ${next.reference}`, callId, amountNanoUsd, reason: '', actor: '' }
  const answer = account.ask((draft) => reverse(draft, command))
  expect(used()).toBeLessThanOrEqual(before)
  if (answer.ok && used() < before) seen.add(answer.amountNanoUsd > 0 ? 'money and tokens' : 'tokens')
}

test(
  'tokens go back with their charges, in whatever order, and never more than were taken',
  { timeout: 60_000 },
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 4, maxLength: 30 }), (steps) => {
        const account = Simulator.opened(1, { rpm: 1_000 })
        account.ask((draft) => setPlan(draft, planOf('plan')))
        const calls = new Map<number, CallId>()
        for (const next of steps) {
          take(account, next, calls)
          account.check()
          account.checkRestart()
        }
        checkRebuild(account)
      }),
      { numRuns: 500 },
    )
    // In mutation tests the runs are too short for what is rare.
    if (process.env['PROPERTY_RUNS'] !== undefined) return
    for (const what of ['settled', 'late', 'repeat', 'tokens', 'money and tokens'])
      expect([...seen]).toContain(what)
  },
)
