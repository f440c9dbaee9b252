// Which event of Stripe's is about what: its type, and who looks after it. An event is a hint that something has changed;
// whoever is told looks at the present state of what it names. What is not listed is acknowledged and left alone.

import { settleOrderOf } from './order-events.ts'
import type { EventHandler } from './payment-event.ts'

export const eventTable: { readonly [type: string]: EventHandler } = {
  'checkout.session.completed': settleOrderOf,
  'checkout.session.async_payment_succeeded': settleOrderOf,
  'checkout.session.async_payment_failed': settleOrderOf,
  'checkout.session.expired': settleOrderOf,
  'payment_intent.succeeded': settleOrderOf,
  'payment_intent.processing': settleOrderOf,
  'payment_intent.payment_failed': settleOrderOf,
  'payment_intent.canceled': settleOrderOf,
}
