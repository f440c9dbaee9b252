// Subscriptions at Stripe's stand-in, as far as plans need them: begun, paid period by period, changed, cancelled.

import type Stripe from 'stripe'
import { StripeRefusal } from './stripe-error.ts'
import {
  booleanIn,
  type Form,
  formIn,
  formsIn,
  integerIn,
  metadataIn,
  requiredText,
  textIn,
  wordIn,
} from './stripe-form.ts'
import { finalizeInvoice, payByMethod } from './stripe-invoice-payment.ts'
import { addLine, makeInvoice } from './stripe-invoices.ts'
import { priceOf } from './stripe-prices.ts'
import { idOf, known, knownCustomer, type StripeState } from './stripe-state.ts'
import { lineParent, newItem, periodEnd, plainSubscription, planOf } from './stripe-subscription-items.ts'

export type SubscriptionPlan = {
  customer: string
  prices: readonly { price: Stripe.Price; quantity: number }[]
  metadata: { [name: string]: string }
  method: string | null
}

export function createSubscription(state: StripeState, form: Form): Stripe.Subscription {
  const { id: customer } = knownCustomer(state, requiredText(form, 'customer'), 'customer')
  return startSubscription(state, {
    customer,
    prices: pricesIn(state, form),
    metadata: metadataIn(form),
    method: textIn(form, 'default_payment_method'),
  })
}

function pricesIn(state: StripeState, form: Form): SubscriptionPlan['prices'] {
  return formsIn(form, 'items').map((item) => ({
    price: priceIn(state, item),
    quantity: integerIn(item, 'quantity') ?? 1,
  }))
}

function priceIn(state: StripeState, item: Form): Stripe.Price {
  const id = textIn(item, 'price')
  return id === null
    ? priceOf(state, formIn(item, 'price_data'))
    : known(state.prices, 'price', id, 'items[0][price]')
}

export function startSubscription(state: StripeState, plan: SubscriptionPlan): Stripe.Subscription {
  const id = state.newId('sub')
  const now = state.now()
  const subscription: Stripe.Subscription = {
    ...plainSubscription(),
    id,
    billing_cycle_anchor: now,
    created: now,
    currency: plan.prices[0]?.price.currency ?? 'usd',
    customer: plan.customer,
    default_payment_method: plan.method,
    items: { object: 'list', data: [], has_more: false, url: `/v1/subscription_items?subscription=${id}` },
    metadata: plan.metadata,
    start_date: now,
  }
  for (const { price, quantity } of plan.prices)
    subscription.items.data.push(newItem(state, subscription, { price, quantity, start: now }))
  state.subscriptions.set(id, subscription)
  state.emit('customer.subscription.created', subscription)
  bill(state, subscription, 'subscription_create')
  renewLater(state, subscription)
  return subscription
}

/** One invoice for the period of its items; what is not paid says so by the subscription's status. */
function bill(
  state: StripeState,
  subscription: Stripe.Subscription,
  reason: 'subscription_create' | 'subscription_cycle',
): void {
  const [first] = subscription.items.data
  if (first === undefined) return
  const period = { start: first.current_period_start, end: first.current_period_end }
  const invoice = newInvoice(state, subscription, reason)
  for (const item of subscription.items.data)
    addLine(state, invoice, {
      amount: (item.price.unit_amount ?? 0) * (item.quantity ?? 1),
      description: `${item.quantity ?? 1} × ${nameOf(state, item.price)}`,
      metadata: { ...subscription.metadata },
      period,
      quantity: item.quantity ?? 1,
      parent: lineParent(subscription, item, false),
      price: item.price,
      subscription: subscription.id,
    })
  collect(state, subscription, invoice)
}

function nameOf(state: StripeState, { product }: Stripe.Price): string {
  const id = idOf(product) ?? ''
  return state.products.get(id)?.name ?? id
}

function newInvoice(
  state: StripeState,
  subscription: Stripe.Subscription,
  reason: Stripe.Invoice.BillingReason,
): Stripe.Invoice {
  const invoice = makeInvoice(state, {
    customer: idOf(subscription.customer) ?? '',
    currency: subscription.currency,
    reason,
    collection: 'charge_automatically',
    dueAt: null,
    metadata: {},
    subscription: subscription.id,
  })
  invoice.auto_advance = true
  const details = invoice.parent?.subscription_details
  if (details) details.metadata = { ...subscription.metadata }
  invoice.default_payment_method = idOf(subscription.default_payment_method)
  subscription.latest_invoice = invoice.id
  return invoice
}

/** By the card that is there; a decline is the subscription's news, never the request's. */
function collect(state: StripeState, subscription: Stripe.Subscription, invoice: Stripe.Invoice): void {
  const before = subscription.status
  const wasPaid = before === 'active' || before === 'past_due'
  try {
    finalizeInvoice(state, invoice.id)
    if (invoice.status === 'open') payByMethod(state, invoice.id, null)
    subscription.status = 'active'
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error
    subscription.status = wasPaid ? 'past_due' : 'incomplete'
  }
  if (subscription.status !== before)
    state.emit('customer.subscription.updated', subscription, { status: before })
}

/** Without a status those that have not ended. */
export function subscriptionsAsked(state: StripeState, form: Form): readonly Stripe.Subscription[] {
  const customer = textIn(form, 'customer')
  const status = textIn(form, 'status')
  return [...state.subscriptions.values()].filter((one) => {
    if (customer !== null && idOf(one.customer) !== customer) return false
    return status === null ? one.status !== 'canceled' : status === 'all' || one.status === status
  })
}

function renewLater(state: StripeState, subscription: Stripe.Subscription): void {
  const end = subscription.items.data[0]?.current_period_end
  if (end !== undefined) state.later((end - state.now()) * 1_000, { do: 'renew', id: subscription.id })
}

/** Its period is over by the clock. */
export function renewIfDue(state: StripeState, id: string): void {
  const end = state.subscriptions.get(id)?.items.data[0]?.current_period_end
  if (end !== undefined && end <= state.now()) renewSubscription(state, id)
}

/** The next period begins, whatever the clock says. */
export function renewSubscription(state: StripeState, id: string): void {
  const subscription = known(state.subscriptions, 'subscription', id)
  if (subscription.status === 'canceled') return
  if (subscription.cancel_at_period_end) return void end(state, subscription)
  for (const item of subscription.items.data) {
    item.current_period_start = item.current_period_end
    item.current_period_end = periodEnd(item.current_period_start, item.price)
  }
  state.emit('customer.subscription.updated', subscription)
  bill(state, subscription, 'subscription_cycle')
  renewLater(state, subscription)
}

export function updateSubscription(state: StripeState, id: string, form: Form): Stripe.Subscription {
  const subscription = known(state.subscriptions, 'subscription', id)
  subscription.metadata = metadataIn(form, subscription.metadata)
  const atEnd = booleanIn(form, 'cancel_at_period_end')
  const previous = { cancel_at_period_end: subscription.cancel_at_period_end }
  if (atEnd !== null) {
    subscription.cancel_at_period_end = atEnd
    subscription.cancel_at = atEnd ? (subscription.items.data[0]?.current_period_end ?? null) : null
  }
  const method = textIn(form, 'default_payment_method')
  if (method !== null) subscription.default_payment_method = method
  const isAllOrNothing = textIn(form, 'payment_behavior') === 'error_if_incomplete'
  const behaviour =
    wordIn(form, 'proration_behavior', ['always_invoice', 'create_prorations', 'none']) ?? 'create_prorations'
  for (const change of formsIn(form, 'items')) {
    const item =
      subscription.items.data.find((one) => one.id === textIn(change, 'id')) ?? subscription.items.data[0]
    if (item !== undefined && ('price' in change || 'price_data' in change))
      changePrice(state, subscription, {
        item,
        price: priceIn(state, change),
        isInvoiced: behaviour === 'always_invoice',
        isAllOrNothing,
      })
  }
  state.emit('customer.subscription.updated', subscription, previous)
  return subscription
}

/** As a customer does in the portal, and takes back there. */
export function setEnding(state: StripeState, id: string, isEnding: boolean): void {
  const subscription = known(state.subscriptions, 'subscription', id)
  const previous = { cancel_at_period_end: subscription.cancel_at_period_end }
  subscription.cancel_at_period_end = isEnding
  subscription.cancel_at = isEnding ? (subscription.items.data[0]?.current_period_end ?? null) : null
  state.emit('customer.subscription.updated', subscription, previous)
}

/** The rest of the period at the new price, less what was paid for it at the old one. */
function changePrice(
  state: StripeState,
  subscription: Stripe.Subscription,
  {
    item,
    price,
    isInvoiced,
    isAllOrNothing,
  }: {
    item: Stripe.SubscriptionItem
    price: Stripe.Price
    isInvoiced: boolean
    isAllOrNothing: boolean
  },
): void {
  const now = state.now()
  const { current_period_start: start, current_period_end: endsAt } = item
  const shareOf = (amount: number) => Math.round((amount * (endsAt - now)) / Math.max(1, endsAt - start))
  const period = { start: now, end: endsAt }
  const before = item.price
  item.price = price
  item.plan = planOf(price)
  if (!isInvoiced) return
  const invoice = newInvoice(state, subscription, 'subscription_update')
  for (const [amount, of, words] of [
    [-shareOf(before.unit_amount ?? 0), before, 'Unused time on'],
    [shareOf(price.unit_amount ?? 0), price, 'Remaining time on'],
  ] as const)
    addLine(state, invoice, {
      amount,
      description: `${words} ${nameOf(state, of)}`,
      metadata: { ...subscription.metadata },
      period,
      quantity: 1,
      parent: lineParent(subscription, item, true),
      price: of,
      subscription: subscription.id,
    })
  if (!isAllOrNothing) return collect(state, subscription, invoice)
  try {
    finalizeInvoice(state, invoice.id)
    if (invoice.status === 'open') payByMethod(state, invoice.id, null)
  } catch (error) {
    // Nothing has changed, and the invoice asks for nothing.
    item.price = before
    item.plan = planOf(before)
    invoice.status = 'void'
    throw error
  }
}

export function cancelSubscription(state: StripeState, id: string): Stripe.Subscription {
  return end(state, known(state.subscriptions, 'subscription', id))
}

function end(state: StripeState, subscription: Stripe.Subscription): Stripe.Subscription {
  subscription.status = 'canceled'
  subscription.canceled_at = state.now()
  subscription.ended_at = state.now()
  state.emit('customer.subscription.deleted', subscription)
  return subscription
}
