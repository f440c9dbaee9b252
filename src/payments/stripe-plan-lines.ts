// What an invoice of a subscription is for, read from its lines: the plan by its product, the time by the line's own period (an
// invoice's period is the one before).

import type Stripe from 'stripe'

import { nanoUsdOfCents } from './stripe-checkouts.ts'
import type { BilledPeriod } from './subscription-state.ts'

const productPrefix = 'sluice_plan_'
const secondMs = 1_000

export function productOf(planId: string): string {
  return `${productPrefix}${planId}`
}

/** A product of somebody else's is a plan that nobody offers. */
export function planIdOf(product: string): string {
  return product.startsWith(productPrefix) ? product.slice(productPrefix.length) : product
}

/** Undefined for one that is neither paid nor tried, and for what is no period of a plan. */
export function billedPeriod(invoice: Stripe.Invoice): BilledPeriod | undefined {
  const kind = kinds[invoice.billing_reason ?? '']
  const state = stateOf(invoice)
  if (kind === undefined || state === undefined) return undefined
  const lines = invoice.lines.data.filter((line) => isOfPlan(line, kind))
  const line = lines.at(-1)
  if (line === undefined) return undefined
  return {
    invoiceId: invoice.id,
    kind,
    state,
    planId: planIdOf(line.pricing?.price_details?.product ?? ''),
    startMs: line.period.start * secondMs,
    endMs: line.period.end * secondMs,
    totalNanoUsd: nanoUsdOfCents(invoice.total),
  }
}

const kinds: { readonly [reason: string]: BilledPeriod['kind'] } = {
  subscription_create: 'period',
  subscription_cycle: 'period',
  subscription_update: 'change',
}

function stateOf({ status, attempt_count: attempts }: Stripe.Invoice): BilledPeriod['state'] | undefined {
  if (status === 'paid') return 'paid'
  const isTriedInVain = (status === 'open' && attempts > 0) || status === 'uncollectible'
  return isTriedInVain ? 'failed' : undefined
}

/** Of a change the line that adds: the other gives back what was paid for the plan before. */
function isOfPlan({ parent, amount }: Stripe.InvoiceLineItem, kind: BilledPeriod['kind']): boolean {
  const item = parent?.subscription_item_details
  return item !== null && item !== undefined && item.proration === (kind === 'change') && amount > 0
}
