// Calls draw the tokens of a plan before money, and never more of either than they were admitted with.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { minuteMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import type { Admit } from './call-commands.ts'
import { capture } from './charges.ts'
import { admitOf, captureOf, dollar, meterOf, planOf } from './example-commands.ts'
import { beat, release } from './holds.ts'
import { meter } from './meter.ts'
import { pinnedTokens } from './pinned-tokens.ts'
import { setPlan } from './plans.ts'
import { payableOf, shareOf } from './token-cover.ts'

/** 1,000 tokens a month. */
function onPlan(dollars: number): Simulator {
  const account = Simulator.opened(dollars, { rpm: 1_000 })
  account.ask((draft) => setPlan(draft, planOf('plan')))
  return account
}

const boundOf = (bound: number, usual = bound, floor = bound) => ({ tokenBounds: { bound, usual, floor } })

function admitted(account: Simulator, changes: Partial<Admit>) {
  const callId = account.newCall()
  return { callId, answer: account.ask((draft) => admit(draft, admitOf(callId, changes))) }
}

const used = (account: Simulator) => account.live.allowances.used.tokens ?? 0

test('a charge stays within the hold for every usage within the bound', () => {
  const whole = fc.integer({ min: 0, max: 1_000_000_000_000 })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2_000_000 }),
      fc.tuple(fc.nat(), fc.nat(), fc.nat()),
      whole,
      (bound, [pinnedSeed, tokensSeed, costSeed], mostCost) => {
        const units = 1 + (pinnedSeed % bound)
        const tokens = tokensSeed % (bound + 1)
        const cost = nanoUsd(costSeed % (mostCost + 1))
        const most = nanoUsd(mostCost)
        const cover = { units, bound, coversNanoUsd: most, periodStartMs: 0 }
        const { costNanoUsd, taken } = payableOf(cover, { costNanoUsd: cost, tokens })
        expect(costNanoUsd).toBeLessThanOrEqual(shareOf(most, cover))
        expect(taken?.units).toBe(Math.min(tokens, units))
      },
    ),
    { numRuns: 2_000 },
  )
})

describe('a call on a plan', () => {
  // Requirements: 77
  test('uses the tokens of the plan first, and only the share beyond them costs credit', () => {
    const account = onPlan(5)
    const first = admitted(account, boundOf(800))
    expect(first.answer).toMatchObject({ ok: true, heldNanoUsd: dollar })
    expect(account.live.heldNanoUsd).toBe(0)
    expect(pinnedTokens(account.live)).toBe(800)
    const second = admitted(account, boundOf(800))
    expect(account.live.heldNanoUsd).toBe(0.75 * dollar)
    account.checkRestart()
    account.ask((draft) => capture(draft, captureOf(first.callId, 500_000_000, { tokens: 600 })))
    expect([used(account), pinnedTokens(account.live), account.live.postedNanoUsd]).toEqual([
      600,
      200,
      5 * dollar,
    ])
    const answer = account.ask((draft) =>
      capture(draft, captureOf(second.callId, 400_000_000, { tokens: 400 })),
    )
    expect(answer).toMatchObject({ ok: true, chargedNanoUsd: 200_000_000 })
    expect(used(account)).toBe(800)
    expect(account.store.entries.at(-1)?.detail).toMatchObject({
      allowance: { consumable: 'tokens', units: 200 },
      costNanoUsd: 200_000_000,
    })
    account.check()
    account.checkRestart()
  })

  test('gives back what it pinned when it is released', () => {
    const account = onPlan(0)
    const { callId } = admitted(account, boundOf(1_000))
    account.crash()
    expect(pinnedTokens(account.live)).toBe(1_000)
    expect(admitted(account, boundOf(1)).answer).toMatchObject({ code: 'allowance_exhausted' })
    account.ask((draft) => release(draft, { callId, reason: 'test' }))
    expect([pinnedTokens(account.live), used(account)]).toEqual([0, 0])
    expect(admitted(account, boundOf(1_000)).answer.ok).toBe(true)
  })

  test('whose owner went silent takes its checkpoint’s share of the tokens, and a late end the difference', () => {
    const account = onPlan(0)
    const { callId } = admitted(account, boundOf(1_000))
    account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: nanoUsd(dollar / 4) }))
    account.nowMs += 5 * minuteMs
    account.ask(() => true)
    expect([used(account), account.live.postedNanoUsd]).toEqual([250, 0])
    account.crash()
    account.ask((draft) => capture(draft, captureOf(callId, dollar / 2, { tokens: 400 })))
    expect([used(account), account.live.postedNanoUsd]).toEqual([400, 0])
    account.check()
    account.checkRestart()
  })

  test('without credit runs on the tokens that are left, with a shorter answer where it is of open length', () => {
    const account = onPlan(0)
    const open = admitted(account, boundOf(9_000, 2_000, 100))
    expect(open.answer).toMatchObject({ ok: true, tokensBound: 1_000, heldNanoUsd: dollar })
    account.ask((draft) => capture(draft, captureOf(open.callId, dollar / 2, { tokens: 950 })))
    expect([used(account), account.live.postedNanoUsd]).toEqual([950, 0])
    expect(admitted(account, boundOf(9_000, 2_000, 100)).answer).toMatchObject({
      code: 'allowance_exhausted',
      allowance: { consumable: 'tokens', included: 1_000, left: 50 },
    })
    expect(admitted(account, boundOf(9_000)).answer).toMatchObject({ code: 'allowance_exhausted' })
  })

  test('that ends after its period takes nothing from the next one', () => {
    const account = onPlan(0)
    const endMs = account.live.allowances.period?.endMs ?? 0
    account.nowMs = endMs - 1_000
    const { callId } = admitted(account, boundOf(1_000))
    account.nowMs = endMs
    account.ask(() => true)
    expect(pinnedTokens(account.live)).toBe(0)
    account.ask((draft) => capture(draft, captureOf(callId, dollar, { tokens: 1_000 })))
    expect([used(account), account.live.postedNanoUsd]).toEqual([0, 0])
    account.checkRestart()
  })
})

type Step =
  | { do: 'admit'; bound: number; hold: number; least: number }
  | { do: 'capture'; call: number; tokens: number; cost: number }
  | { do: 'release' | 'beat'; call: number; cost: number }
  | { do: 'meter'; quantity: number }
  | { do: 'wait'; ms: number }
  | { do: 'crash' }

const call = fc.nat({ max: 8 })
const share = fc.nat({ max: 100 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('admit' as const),
    bound: fc.integer({ min: 1, max: 900 }),
    hold: fc.nat({ max: dollar }),
    least: fc.constantFrom(1, 3, 10),
  }),
  fc.record({ do: fc.constant('capture' as const), call, tokens: share, cost: share }),
  fc.record({ do: fc.constantFrom('release' as const, 'beat' as const), call, cost: share }),
  fc.record({ do: fc.constant('meter' as const), quantity: fc.integer({ min: 1, max: 60 }) }),
  fc.record({
    do: fc.constant('wait' as const),
    ms: fc.constantFrom(1_000, 2 * minuteMs, 31 * 24 * 60 * minuteMs),
  }),
  fc.record({ do: fc.constant('crash' as const) }),
)

test('pins and counters never pass what the plan includes, whatever calls do, with restarts between', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 50 }), (steps) => {
      const account = onPlan(2)
      const calls: { callId: ReturnType<Simulator['newCall']>; bound: number; hold: number }[] = []
      let n = 0
      for (const next of steps) {
        const known = 'call' in next ? calls[next.call % Math.max(1, calls.length)] : undefined
        if (next.do === 'admit') {
          const least = Math.ceil(next.bound / next.least)
          const hold = nanoUsd(next.hold)
          const { callId, answer } = admitted(account, {
            holdNanoUsd: hold,
            floorNanoUsd: nanoUsd(Math.floor(hold / next.least)),
            usualNanoUsd: hold,
            ...boundOf(next.bound, next.bound, least),
          })
          const covered = answer.ok ? answer.heldNanoUsd : 0
          if (answer.ok) calls.push({ callId, bound: answer.tokensBound ?? next.bound, hold: covered })
        } else if (next.do === 'capture' && known !== undefined) {
          const tokens = Math.floor((known.bound * next.tokens) / 100)
          const cost = Math.floor((known.hold * next.cost) / 100)
          const held = account.live.holds.get(known.callId)?.heldNanoUsd
          const answer = account.ask((draft) => capture(draft, captureOf(known.callId, cost, { tokens })))
          if (held !== undefined && answer.ok && answer.state === 'settled')
            expect(answer.chargedNanoUsd).toBeLessThanOrEqual(held)
        } else if (next.do === 'beat' && known !== undefined) {
          const costNanoUsd = nanoUsd(Math.floor((known.hold * next.cost) / 100))
          account.ask((draft) => beat(draft, { callId: known.callId, n: (n += 1), costNanoUsd }))
        } else if (next.do === 'release' && known !== undefined) {
          account.ask((draft) => release(draft, { callId: known.callId, reason: 'test' }))
        } else if (next.do === 'meter') {
          const command = meterOf((n += 1), next.quantity, { consumable: 'tokens' })
          account.ask((draft) => meter(draft, command))
        } else if (next.do === 'wait') {
          account.nowMs += next.ms
          account.ask(() => true)
        } else if (next.do === 'crash') account.crash()
        account.check()
        account.checkRestart()
        expect(used(account) + pinnedTokens(account.live)).toBeLessThanOrEqual(1_000)
      }
      account.checkRest()
      expect(pinnedTokens(account.live)).toBe(0)
    }),
    { numRuns: 300 },
  )
})
