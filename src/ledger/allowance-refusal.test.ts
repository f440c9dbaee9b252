// When a refusal speaks of the allowance, and what it says is left of it.

import { expect, test } from 'vitest'

import { assert } from '#core/assert.ts'
import { admit } from './admission.ts'
import { exhausted } from './allowance-refusal.ts'
import { Simulator } from './book.simulator.ts'
import { admitOf, exampleTerms, meterOf, planOf } from './example-commands.ts'
import { meter } from './meter.ts'
import { setPlan } from './plans.ts'

const poor = { code: 'insufficient_credits' as const }

function onPlan(included = exampleTerms.included) {
  const account = Simulator.opened(0)
  account.ask((draft) => setPlan(draft, planOf('plan', { terms: { ...exampleTerms, included } })))
  const { period } = account.live.allowances
  assert(period !== null, 'a plan begins with a period')
  return { account, endMs: period.endMs }
}

test('too little credit is told as the allowance that ran out, with what is left and when it renews', () => {
  const { account, endMs } = onPlan()
  account.ask((draft) => meter(draft, meterOf(1, 4)))
  expect(exhausted(account.live, 'sms', poor)).toEqual({
    code: 'allowance_exhausted',
    limitSource: 'allowance',
    resetMs: endMs - account.nowMs,
    allowance: { consumable: 'sms', included: 10, left: 6 },
  })
})

test('of tokens what running calls keep is not left, of others it does not matter', () => {
  const { account } = onPlan()
  const tokenBounds = { bound: 400, usual: 400, floor: 400 }
  account.ask((draft) => admit(draft, admitOf(account.newCall(), { tokenBounds })))
  expect(exhausted(account.live, 'tokens', poor)).toMatchObject({ allowance: { left: 600 } })
  expect(exhausted(account.live, 'sms', poor)).toMatchObject({ allowance: { left: 10 } })
})

test('another refusal stays what it is, and so does one without a plan for what is asked', () => {
  const limit = { code: 'key_limit_exceeded' as const }
  expect(exhausted(onPlan().account.live, 'sms', limit)).toBe(limit)
  expect(exhausted(onPlan({ sms: 10 }).account.live, 'tokens', poor)).toBe(poor)
  expect(exhausted(Simulator.opened(0).live, 'sms', poor)).toBe(poor)
  const { live } = onPlan().account
  const unbegun = { ...live, allowances: { ...live.allowances, period: null } }
  expect(exhausted(unbegun, 'sms', poor)).toBe(poor)
})
