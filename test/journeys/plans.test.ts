// Plans, allowances and what is metered beside the models: as customers and the operator see them.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { sharedWorld } from '../world/shared-world.ts'

describe('the plans', () => {
  // Requirements: 81
  test('are open to everybody, with a free tier and what each unit beyond the allowance costs', async () => {
    const response = await fetch(`${sharedWorld().baseUrl}/v1/plans`)
    expect(response.status).toBe(200)
    const body: unknown = await response.json()
    expect(valueAt(body, 'data', 0)).toMatchObject({ id: 'free', monthly_price: '0.00' })
    const allowances = valueAt(body, 'data', 1, 'allowances')
    expect(allowances).toContainEqual({
      consumable: 'tokens',
      unit: 'token',
      included: 5_000_000,
      overage_price: null,
    })
    expect(allowances).toContainEqual({
      consumable: 'sms',
      unit: 'message',
      included: 100,
      overage_price: '0.01',
    })
    expect(valueAt(body, 'standard_prices')).toContainEqual({
      consumable: 'sms',
      unit: 'message',
      price: '0.02',
    })
  })
})
