// Tokens first, then money: which calls are shortened to the tokens that are left, and which are not.

import { expect, test } from 'vitest'

import { hourMs, minuteMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import type { Admit } from './call-commands.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { admitOf, captureOf, dollar, grantOf, meterOf, planOf } from './example-commands.ts'
import { beat } from './holds.ts'
import { meter } from './meter.ts'
import { setPlan } from './plans.ts'

/** 1,000 tokens a month. */
function onPlan(dollars: number, anchorDay: number | null = null): Simulator {
  const account = Simulator.opened(0)
  if (dollars > 0) account.ask((draft) => credit(draft, grantOf(dollars * dollar)))
  account.ask((draft) => setPlan(draft, planOf('plan', { anchorDay })))
  return account
}

function admitted(account: Simulator, changes: Partial<Admit>) {
  const callId = account.newCall()
  const answer = account.ask((draft) => admit(draft, admitOf(callId, changes)))
  return { callId, answer, hold: account.live.holds.get(callId) }
}

const boundsOf = (bound: number, usual = bound, floor = usual) => ({ tokenBounds: { bound, usual, floor } })

test('a call whose rest is paid for is not shortened', () => {
  const { hold } = admitted(onPlan(2), boundsOf(2_000, 500, 100))
  expect(hold?.heldNanoUsd).toBe(dollar / 2)
  expect(hold?.cover).toMatchObject({ units: 1_000, bound: 2_000, coversNanoUsd: dollar })
})

test('a call of a fixed length may cost less where there is less money', () => {
  const floorNanoUsd = nanoUsd(dollar / 10)
  const { hold } = admitted(onPlan(0.1), { ...boundsOf(2_000), floorNanoUsd, usualNanoUsd: floorNanoUsd })
  expect(hold?.heldNanoUsd).toBe(dollar / 10)
  expect(hold?.cover).toMatchObject({ units: 1_000, bound: 2_000, coversNanoUsd: dollar / 5 })
})

test.each([
  ['whose least is just what is left', 0, boundsOf(9_000, 2_000, 1_000)],
  [
    'whose usual length is just what is left, though money could lengthen it,',
    0.5,
    {
      ...boundsOf(9_000, 1_000, 100),
      floorNanoUsd: nanoUsd(dollar / 10),
      usualNanoUsd: nanoUsd(dollar / 10),
    },
  ],
])('a call %s runs on tokens alone', (_, dollars, bounds) => {
  const { answer, hold } = admitted(onPlan(dollars), bounds)
  expect(answer).toMatchObject({ ok: true, tokensBound: 1_000, heldNanoUsd: dollar })
  expect([hold?.heldNanoUsd, hold?.cover?.units]).toEqual([0, 1_000])
})

test('a call that was sent already is not shortened any more', () => {
  const { answer } = admitted(onPlan(0), { ...boundsOf(9_000, 1_000, 100), isDispatched: true })
  expect(answer).toMatchObject({ ok: false, code: 'allowance_exhausted' })
})

test('where the tokens are used up a call rests on money alone', () => {
  const account = onPlan(2)
  account.ask((draft) => meter(draft, meterOf(1, 1_000, { consumable: 'tokens' })))
  const { hold } = admitted(account, boundsOf(500))
  expect([hold?.heldNanoUsd, hold?.cover]).toEqual([dollar, null])
})

test('a late end of a period that is over takes no token from the next one', () => {
  const account = onPlan(5, 19)
  const { callId } = admitted(account, boundsOf(1_000))
  account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: nanoUsd(dollar / 2) }))
  account.nowMs += 2 * minuteMs
  account.ask(() => true)
  expect(account.live.allowances.used).toEqual({ tokens: 500 })
  account.nowMs += 2 * hourMs
  account.ask((draft) => capture(draft, captureOf(callId, dollar, { tokens: 1_000 })))
  expect([account.live.allowances.used, account.live.postedNanoUsd]).toEqual([{}, 4.5 * dollar])
})
