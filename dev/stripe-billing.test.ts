// Invoices, subscriptions and bank transfers at Stripe's stand-in, driven by Stripe's own released package.

import Stripe from 'stripe'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStripe, type StripeStandIn } from './stripe.ts'
import { idOf } from './stripe-state.ts'

let standIn: StripeStandIn
let stripe: Stripe

beforeAll(async () => {
  standIn = await startStripe()
  const { hostname, port } = new URL(standIn.url)
  const address = { host: hostname, port, protocol: 'http' as const }
  stripe = new Stripe(standIn.secretKey, { ...address, maxNetworkRetries: 0, telemetry: false })
})

afterAll(() => standIn.stop())

const days = (count: number) => ({ seconds: count * 86_400 })
const eventsAbout = (id: string) => standIn.control.events({ mentions: id }).map(({ type }) => type)

async function customerWithCard(magic = 'pm_card_visa'): Promise<string> {
  const { id } = await stripe.customers.create({ email: 'buyer@example.com' })
  const method = await stripe.paymentMethods.attach(magic, { customer: id })
  await stripe.customers.update(id, { invoice_settings: { default_payment_method: method.id } })
  return id
}

async function openInvoice(cents: readonly number[]): Promise<Stripe.Invoice> {
  const customer = await customerWithCard()
  const draft = await stripe.invoices.create({
    customer,
    collection_method: 'send_invoice',
    days_until_due: 30,
    auto_advance: false,
    pending_invoice_items_behavior: 'exclude',
    metadata: { period: '2026-11' },
  })
  for (const amount of cents)
    await stripe.invoiceItems.create({
      customer,
      invoice: draft.id,
      amount,
      currency: 'usd',
      description: 'A model',
    })
  return stripe.invoices.finalizeInvoice(draft.id)
}

describe('invoices', () => {
  test('lines add up, the invoice is due in 30 days, overdue after them, and paid past Stripe', async () => {
    const invoice = await openInvoice([1_250, 30])
    expect(invoice).toMatchObject({
      status: 'open',
      total: 1_280,
      amount_due: 1_280,
      metadata: { period: '2026-11' },
    })
    expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([1_250, 30])
    expect(await stripe.invoices.sendInvoice(invoice.id)).toMatchObject({ status: 'open' })
    standIn.control.advanceClock(days(31))
    expect(eventsAbout(invoice.id)).toContain('invoice.overdue')
    standIn.control.payInvoice({ invoiceId: invoice.id })
    const paid = await stripe.invoices.retrieve(invoice.id)
    expect(paid).toMatchObject({ status: 'paid', amount_paid: 1_280, amount_remaining: 0 })
    expect(eventsAbout(invoice.id).filter((type) => type === 'invoice.paid')).toHaveLength(1)
  })

  test('one paid by card lists its payment, and can be paid no second time', async () => {
    const invoice = await openInvoice([900])
    await stripe.invoices.pay(invoice.id, { payment_method: 'pm_card_visa' })
    const paid = await stripe.invoices.retrieve(invoice.id, {
      expand: ['payments.data.payment.payment_intent'],
    })
    expect(paid.payments?.data[0]?.payment.payment_intent).toMatchObject({ amount_received: 900 })
    await expect(stripe.invoices.pay(invoice.id)).rejects.toMatchObject({ code: 'invoice_already_paid' })
  })

  test('a declined card leaves it open and says so', async () => {
    const invoice = await openInvoice([900])
    const pay = stripe.invoices.pay(invoice.id, { payment_method: 'pm_card_chargeDeclined' })
    await expect(pay).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' })
    expect(await stripe.invoices.retrieve(invoice.id)).toMatchObject({ status: 'open', attempt_count: 1 })
    expect(eventsAbout(invoice.id)).toContain('invoice.payment_failed')
  })

  test('less than 50 cents counts as paid and is carried in the balance at Stripe', async () => {
    const invoice = await openInvoice([31])
    expect(invoice).toMatchObject({ status: 'paid', amount_due: 0, total: 31 })
    expect(await stripe.customers.retrieve(idOf(invoice.customer) ?? '')).toMatchObject({ balance: 31 })
  })

  test('drafts go, open ones are voided, and neither can be changed afterwards', async () => {
    const invoice = await openInvoice([900])
    expect(await stripe.invoices.voidInvoice(invoice.id)).toMatchObject({ status: 'void' })
    await expect(stripe.invoices.del(invoice.id)).rejects.toMatchObject({ code: 'invoice_not_editable' })
  })
})

describe('subscriptions', () => {
  const plan = (cents: number) =>
    stripe.prices.create({
      currency: 'usd',
      unit_amount: cents,
      product: 'prod_plan',
      recurring: { interval: 'month' },
    })
  const invoicesOf = async (subscription: string) => {
    const all = await stripe.invoices.list({ limit: 100 })
    return all.data
      .filter(({ parent }) => parent?.subscription_details?.subscription === subscription)
      .reverse()
  }

  test('each period has one paid invoice that names it', async () => {
    const customer = await customerWithCard()
    const price = await plan(2_000)
    const made = await stripe.subscriptions.create({
      customer,
      items: [{ price: price.id }],
      metadata: { plan: 'pro' },
    })
    expect(made.status).toBe('active')
    standIn.control.advanceClock(days(32))
    const [first, second] = await invoicesOf(made.id)
    expect([first?.billing_reason, second?.billing_reason]).toEqual([
      'subscription_create',
      'subscription_cycle',
    ])
    expect([first?.status, second?.status]).toEqual(['paid', 'paid'])
    expect(second?.lines.data[0]?.period.start).toBe(first?.lines.data[0]?.period.end)
    expect(first?.parent?.subscription_details?.metadata).toEqual({ plan: 'pro' })
  })

  test('a renewal that is declined leaves it past due', async () => {
    const customer = await customerWithCard()
    const { id } = await stripe.subscriptions.create({ customer, items: [{ price: (await plan(2_000)).id }] })
    const [method] = (await stripe.customers.listPaymentMethods(customer)).data
    const behaviour = { does: 'decline', decline: 'expired_card' } as const
    standIn.control.setCard({ paymentMethodId: method?.id ?? '', behaviour })
    standIn.control.advanceClock(days(32))
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('past_due')
    expect((await invoicesOf(id)).map(({ status }) => status)).toEqual(['paid', 'open'])
  })

  test('an upgrade in the middle is invoiced at once for what is left', async () => {
    const customer = await customerWithCard()
    const made = await stripe.subscriptions.create({ customer, items: [{ price: (await plan(2_000)).id }] })
    standIn.control.advanceClock(days(15))
    const item = { id: made.items.data[0]?.id ?? '', price: (await plan(10_000)).id }
    await stripe.subscriptions.update(made.id, { items: [item], proration_behavior: 'always_invoice' })
    const [, upgrade] = await invoicesOf(made.id)
    expect(upgrade).toMatchObject({ billing_reason: 'subscription_update', status: 'paid' })
    expect(upgrade?.total).toBeGreaterThan(3_000)
    expect(upgrade?.total).toBeLessThan(5_000)
  })

  test('one cancelled at the end of its period ends then, without another invoice', async () => {
    const customer = await customerWithCard()
    const { id } = await stripe.subscriptions.create({ customer, items: [{ price: (await plan(2_000)).id }] })
    await stripe.subscriptions.update(id, { cancel_at_period_end: true })
    standIn.control.advanceClock(days(32))
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('canceled')
    expect(await invoicesOf(id)).toHaveLength(1)
    expect(eventsAbout(id)).toContain('customer.subscription.deleted')
  })

  test('a dearer price that cannot be paid at once changes nothing where that was asked for', async () => {
    const customer = await customerWithCard()
    const before = await plan(2_000)
    const made = await stripe.subscriptions.create({ customer, items: [{ price: before.id }] })
    const [method] = (await stripe.customers.listPaymentMethods(customer)).data
    const behaviour = { does: 'decline', decline: 'insufficient_funds' } as const
    standIn.control.setCard({ paymentMethodId: method?.id ?? '', behaviour })
    const dearer = stripe.subscriptions.update(made.id, {
      items: [{ id: made.items.data[0]?.id ?? '', price: (await plan(10_000)).id }],
      proration_behavior: 'always_invoice',
      payment_behavior: 'error_if_incomplete',
    })
    await expect(dearer).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' })
    const now = await stripe.subscriptions.retrieve(made.id)
    expect([now.status, now.items.data[0]?.price.id]).toEqual(['active', before.id])
    const { data } = await stripe.invoices.list({ subscription: made.id })
    expect(data.map(({ status }) => status)).toEqual(['void', 'paid'])
  })

  test('one that is past due is active again when its invoice is paid', async () => {
    const customer = await customerWithCard()
    const { id } = await stripe.subscriptions.create({ customer, items: [{ price: (await plan(2_000)).id }] })
    const [method] = (await stripe.customers.listPaymentMethods(customer)).data
    const behaviour = { does: 'decline', decline: 'expired_card' } as const
    standIn.control.setCard({ paymentMethodId: method?.id ?? '', behaviour })
    standIn.control.renew({ subscriptionId: id })
    const { status, latest_invoice: open } = await stripe.subscriptions.retrieve(id)
    expect(status).toBe('past_due')
    await stripe.invoices.pay(idOf(open) ?? '', { payment_method: 'pm_card_visa' })
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('active')
  })

  test('the customer that is deleted takes its subscriptions along', async () => {
    const customer = await customerWithCard()
    const { id } = await stripe.subscriptions.create({ customer, items: [{ price: (await plan(2_000)).id }] })
    await stripe.customers.del(customer)
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('canceled')
    expect(eventsAbout(id)).toContain('customer.subscription.deleted')
  })

  test('a checkout begins one, and a declined card does not', async () => {
    const { id: customer } = await stripe.customers.create({})
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      customer,
      success_url: 'https://shop.example/ok',
      line_items: [{ price: (await plan(2_000)).id, quantity: 1 }],
      subscription_data: { metadata: { plan: 'pro' } },
    })
    const declined = standIn.control.pay({ sessionId: session.id, method: 'pm_card_chargeDeclined' })
    expect(declined.is).toBe('declined')
    standIn.control.pay({ sessionId: session.id, method: 'pm_card_visa' })
    const done = await stripe.checkout.sessions.retrieve(session.id, { expand: ['subscription'] })
    expect(done).toMatchObject({ status: 'complete', payment_status: 'paid' })
    expect(done.subscription).toMatchObject({ status: 'active', metadata: { plan: 'pro' } })
    expect((await stripe.subscriptions.list({ customer })).data).toHaveLength(1)
  })
})

describe('bank transfers', () => {
  const pending = async () => {
    const { id: customer } = await stripe.customers.create({})
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      customer,
      ui_mode: 'embedded_page',
      return_url: 'https://shop.example/back',
      line_items: [
        {
          price_data: { currency: 'usd', unit_amount: 5_000, product_data: { name: 'Credit' } },
          quantity: 1,
        },
      ],
    })
    standIn.control.pay({ sessionId: session.id, method: 'pm_bankTransfer' })
    const unpaid = await stripe.checkout.sessions.retrieve(session.id)
    expect(unpaid).toMatchObject({ status: 'complete', payment_status: 'unpaid' })
    return { sessionId: session.id, paymentIntentId: idOf(unpaid.payment_intent) ?? '' }
  }
  const paidOf = async (id: string) => (await stripe.checkout.sessions.retrieve(id)).payment_status

  test('too little waits for the rest', async () => {
    const { sessionId, paymentIntentId } = await pending()
    standIn.control.transfer({ paymentIntentId, amount: 2_000 })
    expect(await paidOf(sessionId)).toBe('unpaid')
    expect(eventsAbout(paymentIntentId)).toContain('payment_intent.partially_funded')
    standIn.control.transfer({ paymentIntentId, amount: 3_000 })
    expect(await paidOf(sessionId)).toBe('paid')
  })

  test('too much pays what was asked for, and the rest stays at Stripe', async () => {
    const { sessionId, paymentIntentId } = await pending()
    expect(standIn.control.transfer({ paymentIntentId, amount: 6_000 })).toEqual({
      status: 'succeeded',
      excess: 1_000,
    })
    expect(await paidOf(sessionId)).toBe('paid')
    const paid = await stripe.paymentIntents.retrieve(paymentIntentId)
    expect(paid).toMatchObject({ amount_received: 5_000 })
    const cash = async () =>
      (await stripe.customers.retrieve(idOf(paid.customer) ?? '', {
        expand: ['cash_balance'],
      })) as Stripe.Customer
    expect((await cash()).cash_balance?.available).toEqual({ usd: 1_000 })
    expect(standIn.control.transfer({ paymentIntentId, amount: 500 })).toEqual({
      status: 'succeeded',
      excess: 500,
    })
    expect((await cash()).cash_balance?.available).toEqual({ usd: 1_500 })
  })
})

describe('pages for people', () => {
  const post = (url: string, body: string) =>
    fetch(url, { method: 'POST', body: new URLSearchParams(body), redirect: 'manual' })

  test('a payment that asked for 3-D Secure off session is passed on session: the same intent', async () => {
    const customer = await customerWithCard('pm_card_authenticationRequired')
    const [method] = (await stripe.customers.listPaymentMethods(customer)).data
    const charge = { customer, amount: 2_000, currency: 'usd', off_session: true, confirm: true } as const
    const error: unknown = await stripe.paymentIntents
      .create({ ...charge, payment_method: method?.id ?? '', error_on_requires_action: true })
      .catch((reason: unknown) => reason)
    if (!(error instanceof Stripe.errors.StripeCardError)) throw new Error('it was not declined')
    const id = error.payment_intent?.id ?? ''
    const asked = await post(
      `${standIn.url}/confirm/${id}?return_url=https://shop.example/back`,
      `method=${method?.id}`,
    )
    expect(asked.headers.get('location')).toBe(`${standIn.url}/authenticate/${id}`)
    const done = await post(asked.headers.get('location') ?? '', 'answer=complete')
    expect(done.headers.get('location')).toContain('https://shop.example/back')
    expect((await stripe.paymentIntents.retrieve(id)).status).toBe('succeeded')
  })

  test('the start page lists payments, and refunds and disputes them', async () => {
    const customer = await customerWithCard()
    const [method] = (await stripe.customers.listPaymentMethods(customer)).data
    const charge = {
      customer,
      payment_method: method?.id ?? '',
      amount: 2_000,
      currency: 'usd',
      confirm: true,
    }
    const { id } = await stripe.paymentIntents.create(charge)
    expect(await (await fetch(standIn.url)).text()).toContain(id)
    for (const action of ['half', 'dispute'])
      expect((await post(standIn.url, `do=${action} ${id}`)).status).toBe(303)
    expect((await stripe.refunds.list({ payment_intent: id })).data).toMatchObject([{ amount: 1_000 }])
    expect((await stripe.disputes.list({ payment_intent: id })).data).toMatchObject([{ amount: 1_000 }])
  })

  test('the portal removes a saved card, and adds one that becomes the usual one', async () => {
    const customer = await customerWithCard()
    const portal = await stripe.billingPortal.sessions.create({
      customer,
      return_url: 'https://shop.example',
    })
    const [method] = (await stripe.customers.listPaymentMethods(customer)).data
    expect(await (await fetch(portal.url)).text()).toContain('4242')
    await post(portal.url, `do=remove ${method?.id}`)
    expect((await stripe.customers.listPaymentMethods(customer)).data).toEqual([])
    await post(portal.url, 'do=add pm_card_mastercard')
    const [added] = (await stripe.customers.listPaymentMethods(customer)).data
    expect(added?.card?.brand).toBe('mastercard')
    const found = await stripe.customers.retrieve(customer)
    expect(found).toMatchObject({ invoice_settings: { default_payment_method: added?.id } })
  })

  test('the portal lists invoices, ends a plan and takes that back, and gives it the new card', async () => {
    const customer = await customerWithCard()
    const price = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 2_000,
      product: 'prod_plan',
      recurring: { interval: 'month' },
    })
    const [first] = (await stripe.customers.listPaymentMethods(customer)).data
    const { id } = await stripe.subscriptions.create({
      customer,
      default_payment_method: first?.id ?? '',
      items: [{ price: price.id }],
    })
    const portal = await stripe.billingPortal.sessions.create({ customer })
    expect(await (await fetch(portal.url)).text()).toMatch(
      /invoice\/in_[^"]+">LOCAL-\d+<\/a> 20.00 USD, paid/,
    )
    const isEnding = async () => (await stripe.subscriptions.retrieve(id)).cancel_at_period_end
    await post(portal.url, `do=cancel ${id}`)
    expect(await isEnding()).toBe(true)
    await post(portal.url, `do=keep ${id}`)
    expect(await isEnding()).toBe(false)
    await post(portal.url, 'do=add pm_card_mastercard')
    const { default_payment_method: card } = await stripe.subscriptions.retrieve(id)
    expect([idOf(card) === null, idOf(card) === first?.id]).toEqual([false, false])
  })

  test('an invoice is paid on its page', async () => {
    const invoice = await openInvoice([900])
    await post(invoice.hosted_invoice_url ?? '', '')
    expect((await stripe.invoices.retrieve(invoice.id)).status).toBe('paid')
  })
})
