// Stripe's API as the shipped files call it, over what Stripe holds (stripe-books.ts): what each request makes or shows.

import Stripe from 'stripe'

import type { Customer, Intent, Invoice, Metadata, Session, StripeBooks } from './stripe-books.ts'
import { type Options, type StripeLine, copied, missing, refused } from './stripe-line.ts'

const pageMax = 100
const taxPercent = 20

export class StripeApi {
  readonly #books: StripeBooks
  readonly #line: StripeLine
  readonly #hasTax: boolean

  constructor(books: StripeBooks, line: StripeLine, hasTax: boolean) {
    this.#books = books
    this.#line = line
    this.#hasTax = hasTax
  }

  /** What the shipped files take for the SDK. */
  readonly sdk = {
    customers: {
      create: (params: { metadata: Metadata }, options: Options) =>
        this.#line.post('customers', params, options, () => this.#makeCustomer(params)),
      retrieve: (id: string) => this.#line.get(() => this.#books.customers.get(id)),
      update: (id: string, params: { email: string }, options: Options) =>
        this.#line.post(`customers/${id}`, params, options, () => this.#address(id, params)),
    },
    checkout: {
      sessions: {
        create: (params: SessionParams, options: Options) =>
          this.#line.post('sessions', params, options, () => this.#makeSession(params)),
        retrieve: (id: string) => this.#line.get(() => this.#expanded(this.#books.sessions.get(id))),
      },
    },
    paymentIntents: {
      create: (params: IntentParams, options: Options) =>
        this.#line.post('payment_intents', params, options, () => this.#makeIntent(params)),
      retrieve: (id: string) => this.#line.get(() => this.#books.intents.get(id)),
      list: (params: { customer?: string; created?: { gte: number; lt: number } }) =>
        this.#line.get(() => listOf([...this.#books.intents.values()].filter((one) => isAsked(one, params)))),
    },
    refunds: {
      create: (params: RefundParams, options: Options) =>
        this.#line.post('refunds', params, options, () => this.#makeRefund(params)),
      list: (params: OfPayment) => this.#list(() => this.#books.refunds, params),
    },
    disputes: { list: (params: OfPayment) => this.#list(() => this.#books.disputes, params) },
    events: {
      list: ({ types, created }: { types: readonly string[]; created: { gte: number } }) =>
        this.#line.get(() =>
          listOf(this.#books.events.filter((one) => types.includes(one.type) && one.created >= created.gte)),
        ),
    },
    radar: {
      earlyFraudWarnings: { list: (params: OfPayment) => this.#list(() => this.#books.warnings, params) },
    },
    invoicePayments: {
      list: ({ payment }: { payment: OfPayment }) =>
        this.#line.get(() => {
          const isOfInvoice = (this.#books.intents.get(payment.payment_intent)?.invoice ?? null) !== null
          return listOf(isOfInvoice ? [{ id: 'inpay' }] : [])
        }),
    },
    invoices: {
      create: (params: InvoiceParams, options: Options) =>
        this.#line.post('invoices', params, options, () => this.#makeInvoice(params)),
      retrieve: (id: string) => this.#line.get(() => this.#books.invoices.get(id)),
      finalizeInvoice: (id: string, params: object, options: Options) =>
        this.#line.post(`invoices/${id}/finalize`, params, options, () => this.#finalise(id)),
      sendInvoice: (id: string, params: object, options: Options) =>
        this.#line.post(`invoices/${id}/send`, params, options, () => this.#invoice(id)),
      voidInvoice: (id: string, params: object, options: Options) =>
        this.#line.post(`invoices/${id}/void`, params, options, () => this.#void(id)),
      del: (id: string) => this.#line.send(() => this.#delete(id)),
      list: ({ customer }: { customer: string }) =>
        this.#line.get(() =>
          listOf([...this.#books.invoices.values()].filter((one) => one.customer === customer)),
        ),
    },
    invoiceItems: {
      create: (params: { invoice: string; amount: number }, options: Options) =>
        this.#line.post('invoiceitems', params, options, () => this.#addLine(params)),
    },
  }

  #list<Item extends OfPayment>(all: () => ReadonlyMap<string, Item>, { payment_intent: id }: OfPayment) {
    return this.#line.get(() => listOf([...all().values()].filter((one) => one.payment_intent === id)))
  }

  // ── What they make ─────────────────────────────────────────────────────────────────────────────────────────────

  #makeCustomer({ metadata }: { metadata: Metadata }) {
    const customer: Customer = { id: this.#books.id('cus'), object: 'customer', metadata, email: null }
    this.#books.customers.set(customer.id, customer)
    return customer
  }

  #address(id: string, { email }: { email: string }): Customer {
    const customer = this.#books.customers.get(id)
    if (customer === undefined) throw missing
    customer.email = email
    return customer
  }

  #makeSession(params: SessionParams): Session {
    const { customer, metadata, client_reference_id: account, line_items: items } = params
    const id = this.#books.id('cs')
    const net = items[0]?.price_data.unit_amount ?? 0
    const tax = this.#hasTax ? Math.floor((net * taxPercent) / 100) : 0
    const session: Session = {
      id,
      object: 'checkout.session',
      metadata,
      client_reference_id: account,
      customer,
      livemode: false,
      currency: 'usd',
      amount_total: net + tax,
      total_details: { amount_tax: tax },
      client_secret: `${id}_secret`,
      url: null,
      payment_metadata: params.payment_intent_data.metadata,
      status: 'open',
      payment_status: 'unpaid',
      payment_intent: null,
    }
    this.#books.sessions.set(id, session)
    return session
  }

  #expanded(session: Session | undefined) {
    const intent = this.#books.intents.get(session?.payment_intent ?? '')
    return session === undefined ? undefined : { ...session, payment_intent: intent ?? null }
  }

  #makeIntent({ amount, customer, metadata }: IntentParams): Intent {
    const { dice, faults } = this.#line.parts
    const intent = this.#books.makeIntent({ amount, customer, metadata })
    const fate = dice.pick(['succeeded', 'succeeded', 'processing', 'declined', 'declined'] as const)
    faults.fired(fate === 'declined' ? 'charge_declined' : 'charge_made')
    if (fate === 'succeeded') this.#books.succeed(intent)
    else if (fate === 'processing') this.#arriveLater(intent)
    else this.#books.decline(intent)
    if (fate === 'declined') throw declined(intent)
    return intent
  }

  #arriveLater(intent: Intent): void {
    const { scheduler, platform, dice } = this.#line.parts
    this.#books.process(intent)
    scheduler.after(dice.between(1_000, 90_000), platform, () => this.#books.succeed(intent))
  }

  #makeRefund({ payment_intent: id, amount, metadata }: RefundParams) {
    const { scheduler, platform, dice, faults } = this.#line.parts
    const intent = this.#books.intents.get(id)
    if (intent === undefined) throw missing
    if (amount > this.#books.leftOf(intent)) throw refused
    const fate = dice.pick(['succeeded', 'succeeded', 'pending', 'failing', 'failed'] as const)
    const isOver = fate === 'succeeded' || fate === 'failed'
    if (fate === 'failed' || fate === 'failing') faults.fired('refund_failed')
    const refund = this.#books.refund(intent, amount, metadata, isOver ? fate : 'pending')
    if (!isOver)
      scheduler.after(dice.between(1_000, 120_000), platform, () =>
        this.#books.endRefund(refund, fate === 'failing' ? 'failed' : 'succeeded'),
      )
    return refund
  }

  #makeInvoice({ metadata, customer, days_until_due: days }: InvoiceParams): Invoice {
    const id = this.#books.id('in')
    const invoice: Invoice = {
      id,
      object: 'invoice',
      metadata,
      customer,
      livemode: false,
      currency: 'usd',
      days_until_due: days,
      created: this.#books.nowSeconds,
      total: 0,
      total_excluding_tax: 0,
      status: 'draft',
      due_date: null,
      hosted_invoice_url: `https://invoice.test/${id}`,
      payments: { data: [] },
    }
    this.#books.invoices.set(id, invoice)
    return invoice
  }

  #invoice(id: string): Invoice {
    const invoice = this.#books.invoices.get(id)
    if (invoice === undefined) throw missing
    return invoice
  }

  #addLine({ invoice: id, amount }: { invoice: string; amount: number }) {
    const invoice = this.#invoice(id)
    if (invoice.status !== 'draft') throw refused
    invoice.total += amount
    invoice.total_excluding_tax += amount
    return { id: this.#books.id('ii'), object: 'invoiceitem' }
  }

  #finalise(id: string): Invoice {
    const invoice = this.#invoice(id)
    if (invoice.status !== 'draft') throw refused
    this.#books.finalise(invoice)
    return invoice
  }

  #void(id: string): Invoice {
    const invoice = this.#invoice(id)
    if (invoice.status !== 'open' && invoice.status !== 'uncollectible') throw refused
    this.#books.endInvoice(invoice, 'void')
    return invoice
  }

  #delete(id: string) {
    if (this.#invoice(id).status !== 'draft') throw refused
    this.#books.invoices.delete(id)
    return { id, object: 'invoice', deleted: true }
  }
}

type OfPayment = { readonly payment_intent: string }
type SessionParams = {
  readonly customer: string
  readonly metadata: Metadata
  readonly client_reference_id: string
  readonly line_items: readonly { readonly price_data: { readonly unit_amount: number } }[]
  readonly payment_intent_data: { readonly metadata: Metadata }
}
type IntentParams = { readonly amount: number; readonly customer: string; readonly metadata: Metadata }
type RefundParams = OfPayment & { readonly amount: number; readonly metadata: Metadata }
type InvoiceParams = {
  readonly metadata: Metadata
  readonly customer: string
  readonly days_until_due: number
}

/** As the SDK throws it, with the payment. */
function declined(intent: Intent): Error {
  const raw = { type: 'card_error', code: 'card_declined', statusCode: 402, payment_intent: copied(intent) }
  return new Stripe.errors.StripeCardError(raw as never)
}

function isAsked(
  { customer, created }: Intent,
  asked: { customer?: string; created?: { gte: number; lt: number } },
): boolean {
  const isWithin = asked.created === undefined || (created >= asked.created.gte && created < asked.created.lt)
  return isWithin && (asked.customer === undefined || asked.customer === customer)
}

/** Newest first. */
function listOf<Item>(items: readonly Item[]) {
  return { object: 'list' as const, data: items.toReversed().slice(0, pageMax), has_more: false }
}
