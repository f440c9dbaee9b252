// What a subscription at Stripe's stand-in is made of: its items with their periods, and what no request changes.

import type Stripe from 'stripe'
import type { StripeState } from './stripe-state.ts'

export function newItem(
  state: StripeState,
  subscription: Stripe.Subscription,
  { price, quantity, start }: { price: Stripe.Price; quantity: number; start: number },
): Stripe.SubscriptionItem {
  return {
    id: state.newId('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: state.now(),
    current_period_end: periodEnd(start, price),
    current_period_start: start,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(price),
    price,
    quantity,
    subscription: subscription.id,
    tax_rates: [],
  }
}

/** The old name of a recurring price, which still stands beside it. */
export function planOf(price: Stripe.Price): Stripe.Plan {
  return {
    id: price.id,
    object: 'plan',
    active: true,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: 'per_unit',
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: {},
    meter: null,
    nickname: null,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  }
}

/** The same day of the next month, or its last where it has no such day. */
export function periodEnd(start: number, { recurring }: Stripe.Price): number {
  const count = recurring?.interval_count ?? 1
  const at = new Date(start * 1_000)
  const interval = recurring?.interval ?? 'month'
  if (interval === 'day' || interval === 'week') {
    at.setUTCDate(at.getUTCDate() + count * (interval === 'week' ? 7 : 1))
  } else {
    const day = at.getUTCDate()
    at.setUTCDate(1)
    at.setUTCMonth(at.getUTCMonth() + count * (interval === 'year' ? 12 : 1))
    const lastDay = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate()
    at.setUTCDate(Math.min(day, lastDay))
  }
  return Math.floor(at.getTime() / 1_000)
}

export function lineParent(
  subscription: Stripe.Subscription,
  item: Stripe.SubscriptionItem,
  isProration: boolean,
): Stripe.InvoiceLineItem.Parent {
  return {
    invoice_item_details: null,
    subscription_item_details: {
      invoice_item: null,
      proration: isProration,
      proration_details: null,
      subscription: subscription.id,
      subscription_item: item.id,
    },
    type: 'subscription_item_details',
  }
}

/** What no request of the product changes. */
export function plainSubscription() {
  return {
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: null, type: 'classic' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    customer_account: null,
    days_until_due: null,
    default_source: null,
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    status: 'incomplete',
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' },
    },
    trial_start: null,
  } satisfies Partial<Stripe.Subscription>
}
