// Plans as Stripe's subscriptions. Nothing has to be set up there: a plan's product is made when it is first sold, under a name
// that follows from the plan's, and prices come with each request. The product's name is how a paid line says its plan.

import type Stripe from 'stripe'

import type { PaymentConfig } from './config.ts'
import type { ProviderAnswer, Subscriptions } from './provider.ts'
import { askStripe, askStripeList } from './stripe-call.ts'
import { centsOf, nanoUsdOfCents, openCheckoutOf } from './stripe-checkouts.ts'
import { billedPeriod, planIdOf, productOf } from './stripe-plan-lines.ts'
import type {
  NewPlanPage,
  OfferedPlan,
  PlanChange,
  PlanPage,
  SubscriptionState,
} from './subscription-state.ts'

/** A year and some changes. */
const invoicesMax = 20
const runningMax = 10
const secondMs = 1_000

export function stripeSubscriptions(sdk: Stripe, config: PaymentConfig): Subscriptions {
  const { subscriptions } = sdk
  const { sessions } = sdk.checkout
  /** One request less for each plan that this isolate has sold before. */
  const known = new Set<string>()
  const withProduct = async <Value>(plan: OfferedPlan, ask: () => Promise<ProviderAnswer<Value>>) => {
    const { id } = plan.terms
    const made = known.has(id) ? undefined : await ensureProduct(sdk, plan)
    if (made?.ok === false) return made
    known.add(id)
    return ask()
  }
  return {
    openPage: (asked) =>
      withProduct(asked.plan, () =>
        askStripe(
          'checkout.session',
          () => sessions.create(pageOf(asked, config), { idempotencyKey: asked.key }),
          planPageOf,
        ),
      ),
    lookAtPage: (checkoutId) =>
      askStripe('checkout.session', () => sessions.retrieve(checkoutId), planPageOf),
    closePage: ({ key, checkoutId }) =>
      askStripe(
        'checkout.session',
        () => sessions.expire(checkoutId, {}, { idempotencyKey: key }),
        planPageOf,
      ),
    look: (subscriptionId) => look(sdk, subscriptionId),
    // Without a status Stripe leaves out what has ended.
    running: (customerId) =>
      askStripeList(
        () => subscriptions.list({ customer: customerId, limit: runningMax }),
        ({ data }) => data.map(nameOf),
      ),
    change: (asked) =>
      withProduct(asked.plan, () =>
        askStripe(
          'subscription',
          () =>
            subscriptions.update(asked.subscriptionId, changeOf(asked, config), {
              idempotencyKey: asked.key,
            }),
          nameOf,
        ),
      ),
    setEnding: ({ key, subscriptionId, isEnding }) =>
      askStripe(
        'subscription',
        () =>
          subscriptions.update(subscriptionId, { cancel_at_period_end: isEnding }, { idempotencyKey: key }),
        nameOf,
      ),
    end: ({ key, subscriptionId }) =>
      askStripe(
        'subscription',
        () => subscriptions.cancel(subscriptionId, {}, { idempotencyKey: key }),
        nameOf,
      ),
    paidBy: (paymentId) => paidBy(sdk, paymentId),
  }
}

/** Two at once make one: under the same key, and the second name is refused. */
async function ensureProduct(sdk: Stripe, { terms }: OfferedPlan): Promise<ProviderAnswer<string>> {
  const id = productOf(terms.id)
  const look = () => askStripe('product', () => sdk.products.retrieve(id), nameOfProduct)
  const there = await look()
  if (there.ok || there.code !== 'gone') return there
  const made = await askStripe(
    'product',
    () => sdk.products.create({ id, name: terms.name }, { idempotencyKey: `product:${id}` }),
    nameOfProduct,
  )
  return made.ok || made.code === 'unknown' ? made : look()
}

const nameOfProduct = ({ id }: Stripe.Product) => id

/** Everything that Stripe is told; the same for the same cause, since it goes under the same key. */
function pageOf(asked: NewPlanPage, config: PaymentConfig): Stripe.Checkout.SessionCreateParams {
  const { accountId, customerId, plan, page, origin } = asked
  const metadata = { account_id: accountId, plan_id: plan.terms.id }
  const back = `${origin}/plan`
  return {
    mode: 'subscription',
    customer: customerId,
    client_reference_id: accountId,
    metadata,
    line_items: [{ quantity: 1, price_data: priceOf(plan, config) }],
    // On every invoice of it as well.
    subscription_data: { metadata: { account_id: accountId } },
    ...(config.hasAutomaticTax && {
      automatic_tax: { enabled: true },
      customer_update: { address: 'auto', name: 'auto' },
      billing_address_collection: 'required',
      tax_id_collection: { enabled: true },
    }),
    ...(page === 'embedded'
      ? { ui_mode: 'embedded_page' as const, return_url: back }
      : { ui_mode: 'hosted_page' as const, success_url: back, cancel_url: back }),
  }
}

function priceOf({ terms, priceNanoUsd }: OfferedPlan, { hasAutomaticTax }: PaymentConfig) {
  return {
    currency: 'usd',
    product: productOf(terms.id),
    unit_amount: centsOf(priceNanoUsd),
    recurring: { interval: 'month' as const },
    ...(hasAutomaticTax && { tax_behavior: 'exclusive' as const }),
  }
}

/** A dearer plan is charged for at once, or not taken; whoever changes wants it to go on. */
function changeOf(asked: PlanChange, config: PaymentConfig): Stripe.SubscriptionUpdateParams {
  return {
    items: [{ id: asked.itemId, price_data: priceOf(asked.plan, config) }],
    cancel_at_period_end: false,
    ...(asked.isInvoiced
      ? { proration_behavior: 'always_invoice', payment_behavior: 'error_if_incomplete' }
      : { proration_behavior: 'none' }),
  }
}

const ended = ['complete', 'expired'] as const

function planPageOf(session: Stripe.Checkout.Session): PlanPage {
  const { status, subscription } = session
  return {
    ...openCheckoutOf(session),
    status: ended.find((name) => name === status) ?? 'open',
    accountId: session.metadata?.['account_id'] ?? null,
    subscriptionId: idOf(subscription),
  }
}

async function look(sdk: Stripe, subscriptionId: string): Promise<ProviderAnswer<SubscriptionState>> {
  const [subscription, invoices] = await Promise.all([
    askStripe('subscription', () => sdk.subscriptions.retrieve(subscriptionId), stateOf),
    askStripeList(
      () => sdk.invoices.list({ subscription: subscriptionId, limit: invoicesMax }),
      ({ data }) => data.map((one) => ({ createdAt: one.created, billed: billedPeriod(one) })),
    ),
  ])
  if (!subscription.ok) return subscription
  if (!invoices.ok) return invoices
  // Newest first as listed: two of one second stay in their order.
  const oldestFirst = invoices.value.toReversed().sort((a, b) => a.createdAt - b.createdAt)
  return {
    ok: true,
    value: { ...subscription.value, invoices: oldestFirst.flatMap(({ billed }) => billed ?? []) },
  }
}

function stateOf(subscription: Stripe.Subscription): Omit<SubscriptionState, 'invoices'> {
  const { id, metadata, livemode, items, cancel_at: cancelAt } = subscription
  const [item] = items.data
  const endsAt = subscription.cancel_at_period_end ? (cancelAt ?? item?.current_period_end) : cancelAt
  return {
    subscriptionId: id,
    accountId: metadata['account_id'] ?? null,
    isLive: livemode,
    status: statuses[subscription.status] ?? 'unpaid',
    planId: planIdOf(idOf(item?.price.product ?? null) ?? ''),
    priceNanoUsd: nanoUsdOfCents(item?.price.unit_amount ?? 0),
    itemId: item?.id ?? '',
    endsAtMs: endsAt === null || endsAt === undefined ? null : endsAt * secondMs,
    cardId: idOf(subscription.default_payment_method),
  }
}

const statuses: { readonly [status: string]: SubscriptionState['status'] } = {
  active: 'active',
  trialing: 'active',
  canceled: 'ended',
  incomplete_expired: 'ended',
}

function nameOf({ id }: Stripe.Subscription): { subscriptionId: string } {
  return { subscriptionId: id }
}

async function paidBy(sdk: Stripe, paymentId: string): Promise<Awaited<ReturnType<Subscriptions['paidBy']>>> {
  const payment = { type: 'payment_intent' as const, payment_intent: paymentId }
  const listed = await askStripeList(
    () => sdk.invoicePayments.list({ payment, limit: 1 }),
    ({ data: [paid] }) => idOf(paid?.invoice ?? null),
  )
  if (!listed.ok) return listed
  const { value: invoiceId } = listed
  if (invoiceId === null) return { ok: true, value: null }
  return askStripe(
    'invoice',
    () => sdk.invoices.retrieve(invoiceId),
    ({ parent }) => {
      const details = parent?.subscription_details
      return details ? { accountId: details.metadata?.['account_id'] ?? null, invoiceId } : null
    },
  )
}

function idOf(thing: string | { id: string } | null): string | null {
  return typeof thing === 'string' ? thing : (thing?.id ?? null)
}
