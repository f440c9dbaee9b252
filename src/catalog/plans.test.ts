import { describe, expect, test } from 'vitest'
import { nanoUsd, picoUsd, zeroNanoUsd } from '#core/money.ts'
import { type Plan, loadPlans, plans } from './plans.ts'

const plan: Plan = {
  id: 'basic',
  name: 'Basic',
  monthlyPrice: '5.00',
  included: { tokens: 1_000, emails: 10 },
  overage: { emails: picoUsd(1_000_000_000) },
  monthlyCreditNanoUsd: zeroNanoUsd,
}

describe('the plans', () => {
  test('that are offered include a free tier', () => {
    expect(plans.get('free')?.monthlyPrice).toBe('0.00')
    expect(plans.list().length).toBeGreaterThan(1)
  })

  test.each<[string, Partial<Plan>]>([
    ['a short word', { id: 'Big Plan' }],
    ['name is empty', { name: '' }],
    ['included.tokens', { included: { tokens: 0 } }],
    ['included.tokens', { included: { tokens: 1.5 } }],
    ['included.tokens', { included: { tokens: Number.MAX_SAFE_INTEGER } }],
    ['overage.sms is missing', { included: { sms: 1 } }],
    ['overage.sms is 0', { overage: { emails: picoUsd(1), sms: picoUsd(0) } }],
    ['monthlyCreditNanoUsd', { monthlyCreditNanoUsd: nanoUsd(-1) }],
  ])('with a fault (%s) stop the start', (fault, change) => {
    expect(() => loadPlans([{ ...plan, ...change }])).toThrow(fault)
  })

  test('with one id twice stop the start', () => {
    expect(() => loadPlans([plan, plan])).toThrow('used twice')
  })

  test('with something that nobody counts stop the start', () => {
    const strange = { ...plan, included: { ...plan.included, bananas: 1 } }
    expect(() => loadPlans([strange])).toThrow('bananas is no consumable')
  })
})
