// What the product asks Stripe: as Stripe's own package types it, in the version that it pins, under keys that a repeat repeats.

import { expect, test } from 'vitest'
import { stripeApiVersion } from '../../dev/stripe-state.ts'
import { stripeFaults } from '../conform/stripe-requests.ts'
import { newBuyer } from '../world/buying.ts'
import { sharedWorld } from '../world/shared-world.ts'

const { control } = sharedWorld().stripe
const sessions = '/v1/checkout/sessions'

// Cases: payments 54
test('every request of a purchase fits Stripe’s types, names its version and a key that a retry repeats', async () => {
  const buyer = await newBuyer(sharedWorld())
  // The line breaks after Stripe has made the session: whoever asks again must ask the same.
  await control.plantFault({
    kind: 'cut_after_commit',
    method: 'POST',
    path: sessions,
    mentions: buyer.accountId,
  })
  const bought = await buyer.buy('10.00')
  await control.pay({ sessionId: bought.sessionId, method: 'pm_card_visa' })
  await control.deliveriesSettled()
  expect(await buyer.balance()).toBe('10.00')

  const opened = await control.requests({ method: 'POST', path: sessions, mentions: buyer.accountId })
  expect(opened.map(({ status, isReplay }) => [status, isReplay])).toEqual([
    [0, false],
    [200, true],
  ])
  const [first, second] = opened
  expect([second?.idempotencyKey, second?.params]).toEqual([first?.idempotencyKey, first?.params])
  expect(first?.idempotencyKey).toContain(bought.orderId)

  const looked = await control.requests({ method: 'GET', path: `${sessions}/${bought.sessionId}` })
  const made = await control.requests({ method: 'POST', path: '/v1/customers', mentions: buyer.accountId })
  expect([looked.length > 0, made.length]).toEqual([true, 1])
  for (const request of [...opened, ...looked, ...made]) {
    expect(request.apiVersion).toBe(stripeApiVersion)
    expect(stripeFaults(request, stripeApiVersion)).toEqual([])
  }
})
