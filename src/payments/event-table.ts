// Which event of Stripe's is about what: its type, and who looks after it. An event is a hint that something has changed;
// whoever is told looks at the present state of what it names. What is not listed is acknowledged and left alone.

import {
  attemptEvent,
  cardKept,
  cardRemoved,
  cardSaved,
  customerDeleted,
  isAttemptPayment,
} from './auto-top-up-events.ts'
import { tellFactsOf } from './fact-events.ts'
import { settleInvoiceOf } from './invoice-events.ts'
import { settleOrderOf } from './order-events.ts'
import type { EventHandler } from './payment-event.ts'
import {
  isPlanInvoice,
  isPlanPage,
  planInvoiceEvent,
  planPageEvent,
  subscriptionEvent,
  usualCardChanged,
} from './subscription-events.ts'

/** Of an order that a person pays, or of an attempt of the account's own. */
const paymentEvent: EventHandler = (event, parts) =>
  isAttemptPayment(event.object) ? attemptEvent(event, parts) : settleOrderOf(event, parts)

/** Of a top-up, or of a plan. */
const pageEvent: EventHandler = (event, parts) =>
  isPlanPage(event.object) ? planPageEvent(event, parts) : settleOrderOf(event, parts)

/** Of a plan, or of what a postpaid account owes. */
const invoiceEvent: EventHandler = (event, parts) =>
  isPlanInvoice(event.object) ? planInvoiceEvent(event, parts) : settleInvoiceOf(event, parts)

export const eventTable: { readonly [type: string]: EventHandler } = {
  'checkout.session.completed': pageEvent,
  'checkout.session.async_payment_succeeded': pageEvent,
  'checkout.session.async_payment_failed': pageEvent,
  'checkout.session.expired': pageEvent,
  'payment_intent.succeeded': paymentEvent,
  'payment_intent.processing': paymentEvent,
  'payment_intent.payment_failed': paymentEvent,
  'payment_intent.canceled': paymentEvent,
  'setup_intent.succeeded': cardSaved,
  'payment_method.attached': cardKept,
  'payment_method.automatically_updated': cardKept,
  'payment_method.detached': cardRemoved,
  'invoice.finalized': invoiceEvent,
  'invoice.finalization_failed': invoiceEvent,
  'invoice.paid': invoiceEvent,
  'invoice.payment_failed': invoiceEvent,
  'invoice.overdue': invoiceEvent,
  'invoice.voided': invoiceEvent,
  'invoice.marked_uncollectible': invoiceEvent,
  'customer.subscription.created': subscriptionEvent,
  'customer.subscription.updated': subscriptionEvent,
  'customer.subscription.deleted': subscriptionEvent,
  'customer.updated': usualCardChanged,
  'customer.deleted': customerDeleted,
  'charge.refunded': tellFactsOf,
  'refund.created': tellFactsOf,
  'refund.updated': tellFactsOf,
  'refund.failed': tellFactsOf,
  'charge.dispute.created': tellFactsOf,
  'charge.dispute.updated': tellFactsOf,
  'charge.dispute.closed': tellFactsOf,
  'charge.dispute.funds_withdrawn': tellFactsOf,
  'charge.dispute.funds_reinstated': tellFactsOf,
  'radar.early_fraud_warning.created': tellFactsOf,
  'radar.early_fraud_warning.updated': tellFactsOf,
}
