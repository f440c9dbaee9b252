// Stripe's stand-in and the product in one world: what happens there reaches the product's webhook, signed, until it is taken.

import { expect, test } from 'vitest'
import { sharedWorld } from '../world/shared-world.ts'
import { stripeOf } from '../world/stripe.ts'

const world = sharedWorld()
const { control } = world.stripe

test('an event of Stripe’s reaches the product and is acknowledged', async () => {
  const { customers } = stripeOf(world)
  const customer = await customers.create({}, { idempotencyKey: 'stripe-events-create' })
  await customers.update(customer.id, { name: 'A' }, { idempotencyKey: 'stripe-events-update' })
  await control.deliveriesSettled()
  const [updated] = await control.events({ types: ['customer.updated'], mentions: customer.id })
  const deliveries = await control.deliveries({ eventId: updated?.id ?? '' })
  expect(deliveries).toMatchObject([{ url: `${world.baseUrl}/webhooks/stripe`, status: 200 }])
})

test('one that nobody has signed is refused', async () => {
  const response = await fetch(`${world.baseUrl}/webhooks/stripe`, { method: 'POST', body: '{}' })
  expect(response.status).toBe(400)
})
