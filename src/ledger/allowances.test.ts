// What a plan includes and what of it is used, on plain values; how it is read from an entry, and what is no plan at all.

import { describe, expect, test } from 'vitest'

import {
  type Allowances,
  afterTaking,
  includedOf,
  leftOf,
  noAllowances,
  readTaken,
  periodAfter,
  takenDetail,
  usedOf,
} from './allowances.ts'
import { exampleTerms } from './example-commands.ts'
import { termsDetail } from './plan-details.ts'
import { afterGrant, afterPlan } from './plans-replay.ts'

const onPlan: Allowances = {
  ...noAllowances,
  plan: { terms: exampleTerms, anchorDay: 5 },
  period: { startMs: 1_000, endMs: 2_000 },
  used: { sms: 4 },
}

describe('of an allowance', () => {
  test('what is left is what is included less what is used and pinned, and never below nothing', () => {
    expect([includedOf(onPlan, 'sms'), usedOf(onPlan, 'sms'), leftOf(onPlan, 'sms')]).toEqual([10, 4, 6])
    expect([leftOf(onPlan, 'sms', 5), leftOf(onPlan, 'sms', 7)]).toEqual([1, 0])
    expect([includedOf(noAllowances, 'sms'), leftOf(noAllowances, 'sms')]).toEqual([0, 0])
  })

  test('units count in the period that they were taken in, and in no other', () => {
    const taken = { consumable: 'sms' as const, units: 3, periodStartMs: 1_000 }
    expect(afterTaking(onPlan, taken).used).toEqual({ sms: 7 })
    expect(afterTaking(onPlan, { ...taken, consumable: 'tokens' }).used).toEqual({ sms: 4, tokens: 3 })
    expect(afterTaking(onPlan, { ...taken, periodStartMs: 999 })).toBe(onPlan)
    expect(afterTaking(noAllowances, taken)).toBe(noAllowances)
  })
})

describe('an entry tells of units', () => {
  const taken = { consumable: 'sms' as const, units: -3, periodStartMs: 1_000 }

  test('as they were taken or given back', () => {
    expect(readTaken(takenDetail(taken))).toEqual(taken)
  })

  test('not at all where there are none', () => {
    expect([takenDetail(null), takenDetail({ ...taken, units: 0 })]).toEqual([{}, {}])
  })

  test.each([
    ['nothing', {}],
    ['no object', { allowance: 3 }],
    ['an unknown consumable', { allowance: { ...taken, consumable: 'gold' } }],
    ['half a unit', { allowance: { ...taken, units: 0.5 } }],
    ['no period', { allowance: { ...taken, periodStartMs: null } }],
  ])('and with %s of none', (_, detail) => {
    expect(readTaken(detail)).toBeUndefined()
  })
})

describe('an entry that tells no whole', () => {
  const terms = termsDetail(exampleTerms)

  test.each([
    ['plan without terms', { anchorDay: 5 }],
    ['plan without its day', { terms }],
    ['plan on day zero', { terms, anchorDay: 0 }],
  ])('%s changes no plan', (_, detail) => {
    expect(afterPlan(noAllowances, detail)).toBe(noAllowances)
  })

  test.each([
    ['grant without an end', { startMs: 1 }],
    ['grant without a start', { endMs: 1 }],
  ])('%s begins no period', (_, detail) => {
    expect(afterGrant(onPlan, detail)).toBe(onPlan)
  })
})

test('a plan and its grant are read as they were agreed, and a new period begins unused', () => {
  const agreed = afterPlan(noAllowances, { terms: termsDetail(exampleTerms), anchorDay: 1 })
  expect(agreed).toEqual({ ...noAllowances, plan: { terms: exampleTerms, anchorDay: 1 } })
  const granted = afterGrant({ ...agreed, used: { sms: 3 } }, { startMs: 1, endMs: 2 })
  expect(granted).toEqual({ ...agreed, period: { startMs: 1, endMs: 2 }, used: {} })
})

test.each([
  [
    'a first period on the anchor’s own day ends a month later',
    null,
    '2026-11-21',
    '2026-11-21',
    '2026-12-21',
  ],
  [
    'a period begins at the very moment of its anchor',
    '2026-12-21',
    '2027-04-21',
    '2027-04-21',
    '2027-05-21',
  ],
  ['a period begins with its anchor in this month', '2026-12-21', '2027-04-25', '2027-04-21', '2027-05-21'],
])('%s', (_, before, ...days) => {
  const at = (day: string) => Date.parse(`${day}T00:00Z`)
  const period = before === null ? null : { startMs: 0, endMs: at(before) }
  const [now = 0, startMs, endMs] = days.map((day) => at(day ?? ''))
  expect(periodAfter(period, 21, now)).toEqual({ startMs, endMs })
})
