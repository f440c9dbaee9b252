// What Stripe holds: pages, payments, refunds, disputes, invoices, in the shapes of its API, and how they change. The truth that
// the account's books are held against. Says of every change which event tells of it.

export type Metadata = { readonly [name: string]: string }
type Thing = { readonly id: string; readonly object: string }

export type Customer = Thing & { readonly metadata: Metadata; email: string | null }

export type Told = Thing & {
  readonly type: string
  readonly created: number
  readonly data: { readonly object: object }
}

export type Intent = Thing & {
  readonly metadata: Metadata
  readonly customer: string
  readonly livemode: false
  readonly currency: 'usd'
  readonly amount: number
  readonly created: number
  readonly client_secret: string
  status: 'processing' | 'succeeded' | 'requires_payment_method'
  amount_received: number
  last_payment_error: { readonly code: string; readonly decline_code: string } | null
  /** Of the world, not of Stripe's API: when the money came, and what of it an invoice asked for. */
  paidAtMs: number
  invoice: string | null
}

export type Session = Thing & {
  readonly metadata: Metadata
  readonly client_reference_id: string
  readonly customer: string
  readonly livemode: false
  readonly currency: 'usd'
  readonly amount_total: number
  readonly total_details: { readonly amount_tax: number }
  readonly client_secret: string
  readonly url: null
  readonly payment_metadata: Metadata
  status: 'open' | 'complete' | 'expired'
  payment_status: 'unpaid' | 'paid'
  payment_intent: string | null
}

export type Refund = Thing & {
  readonly payment_intent: string
  readonly amount: number
  readonly metadata: Metadata
  status: 'pending' | 'succeeded' | 'failed'
}

export type Dispute = Thing & {
  readonly payment_intent: string
  readonly amount: number
  status: string
  balance_transactions: readonly { readonly amount: number }[]
}

export type Warning = Thing & { readonly payment_intent: string; actionable: boolean }

export type Invoice = Thing & {
  readonly metadata: Metadata
  readonly customer: string
  readonly livemode: false
  readonly currency: 'usd'
  readonly days_until_due: number
  readonly created: number
  total: number
  total_excluding_tax: number
  status: 'draft' | 'open' | 'paid' | 'void' | 'uncollectible'
  due_date: number | null
  hosted_invoice_url: string
  payments: { data: { status: string; payment: { payment_intent: string } }[] }
}

export type Tell = (type: string, object: Thing, previous?: object) => void

const secondMs = 1_000
const daySeconds = 86_400

export class StripeBooks {
  readonly customers = new Map<string, Customer>()
  /** Of invoices alone. */
  readonly events: Told[] = []
  readonly sessions = new Map<string, Session>()
  readonly intents = new Map<string, Intent>()
  readonly refunds = new Map<string, Refund>()
  readonly disputes = new Map<string, Dispute>()
  readonly warnings = new Map<string, Warning>()
  readonly invoices = new Map<string, Invoice>()
  /** Of a payment: when what has become of it changed last. */
  readonly changedAtMs = new Map<string, number>()
  readonly #nowMs: () => number
  readonly #tell: Tell
  #made = 0

  constructor(nowMs: () => number, tell: Tell) {
    this.#nowMs = nowMs
    this.#tell = tell
  }

  id(prefix: string): string {
    this.#made += 1
    return `${prefix}_${this.#made}`
  }

  get nowSeconds(): number {
    return Math.floor(this.#nowMs() / secondMs)
  }

  paid(): readonly Intent[] {
    return [...this.intents.values()].filter(({ status }) => status === 'succeeded')
  }

  // ── Payments ───────────────────────────────────────────────────────────────────────────────────────────────────

  makeIntent(made: Pick<Intent, 'metadata' | 'customer' | 'amount'>, invoice: string | null = null): Intent {
    const id = this.id('pi')
    const intent: Intent = {
      id,
      object: 'payment_intent',
      ...made,
      livemode: false,
      currency: 'usd',
      created: this.nowSeconds,
      client_secret: `${id}_secret`,
      status: 'requires_payment_method',
      amount_received: 0,
      last_payment_error: null,
      paidAtMs: 0,
      invoice,
    }
    this.intents.set(id, intent)
    return intent
  }

  succeed(intent: Intent): void {
    intent.status = 'succeeded'
    intent.amount_received = intent.amount
    intent.last_payment_error = null
    intent.paidAtMs = this.#nowMs()
    this.#tell('payment_intent.succeeded', intent)
  }

  process(intent: Intent): void {
    intent.status = 'processing'
    this.#tell('payment_intent.processing', intent)
  }

  decline(intent: Intent): void {
    intent.status = 'requires_payment_method'
    intent.last_payment_error = { code: 'card_declined', decline_code: 'insufficient_funds' }
    this.#tell('payment_intent.payment_failed', intent)
  }

  // ── Pages ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The person is done; the money is there or under way. */
  complete(session: Session, isPaid: boolean): void {
    const { payment_metadata: metadata, customer, amount_total: amount } = session
    const intent = this.makeIntent({ metadata, customer, amount })
    session.payment_intent = intent.id
    session.status = 'complete'
    if (isPaid) this.succeed(intent)
    else this.process(intent)
    if (isPaid) session.payment_status = 'paid'
    this.#tell('checkout.session.completed', session)
  }

  /** What was under way arrives, or does not. */
  arrive(session: Session, isPaid: boolean): void {
    const intent = this.intents.get(session.payment_intent ?? '')
    if (intent?.status !== 'processing') return
    if (isPaid) this.succeed(intent)
    else this.decline(intent)
    if (isPaid) session.payment_status = 'paid'
    this.#tell(`checkout.session.async_payment_${isPaid ? 'succeeded' : 'failed'}`, session)
  }

  /** `isPaidAfter`: what was begun in its last moment succeeds once it is over. */
  expire(session: Session, isPaidAfter: boolean): void {
    if (session.status !== 'open') return
    session.status = 'expired'
    this.#tell('checkout.session.expired', session)
    if (!isPaidAfter) return
    const { payment_metadata: metadata, customer, amount_total: amount } = session
    const intent = this.makeIntent({ metadata, customer, amount })
    session.payment_intent = intent.id
    this.succeed(intent)
  }

  // ── What becomes of a payment ──────────────────────────────────────────────────────────────────────────────────

  /** What may still go back of it through Stripe. */
  leftOf(intent: Intent): number {
    const refunded = [...this.refunds.values()]
      .filter(({ payment_intent: of, status }) => of === intent.id && status !== 'failed')
      .reduce((sum, { amount }) => sum + amount, 0)
    return intent.amount_received - refunded
  }

  refund(intent: Intent, amount: number, metadata: Metadata, status: Refund['status']): Refund {
    const refund: Refund = {
      id: this.id('re'),
      object: 'refund',
      payment_intent: intent.id,
      amount,
      metadata,
      status,
    }
    this.refunds.set(refund.id, refund)
    this.#changed(intent.id)
    this.#tell('refund.created', refund)
    if (status === 'succeeded') this.#tellRefunded(intent)
    return refund
  }

  endRefund(refund: Refund, status: 'succeeded' | 'failed'): void {
    refund.status = status
    this.#changed(refund.payment_intent)
    this.#tell(status === 'failed' ? 'refund.failed' : 'refund.updated', refund)
    const intent = this.intents.get(refund.payment_intent)
    if (status === 'succeeded' && intent !== undefined) this.#tellRefunded(intent)
  }

  #tellRefunded({ id }: Intent): void {
    const charge = { id: `ch_${id}`, object: 'charge', payment_intent: id }
    this.#tell('charge.refunded', charge)
  }

  dispute(intent: Intent, amount: number, status: string): Dispute {
    const dispute: Dispute = {
      id: this.id('du'),
      object: 'dispute',
      payment_intent: intent.id,
      amount,
      status,
      balance_transactions: [],
    }
    this.disputes.set(dispute.id, dispute)
    this.#changed(intent.id)
    this.#tell('charge.dispute.created', dispute)
    return dispute
  }

  /** The funds leave, or come back. */
  moveFunds(dispute: Dispute, amount: number): void {
    dispute.balance_transactions = [...dispute.balance_transactions, { amount }]
    this.#changed(dispute.payment_intent)
    this.#tell(`charge.dispute.funds_${amount < 0 ? 'withdrawn' : 'reinstated'}`, dispute)
  }

  endDispute(dispute: Dispute, status: string): void {
    dispute.status = status
    this.#changed(dispute.payment_intent)
    this.#tell('charge.dispute.closed', dispute)
  }

  warn(intent: Intent): Warning {
    const warning: Warning = {
      id: this.id('issfr'),
      object: 'radar.early_fraud_warning',
      payment_intent: intent.id,
      actionable: true,
    }
    this.warnings.set(warning.id, warning)
    this.#changed(intent.id)
    this.#tell('radar.early_fraud_warning.created', warning)
    return warning
  }

  settleWarning(warning: Warning): void {
    warning.actionable = false
    this.#changed(warning.payment_intent)
    this.#tell('radar.early_fraud_warning.updated', warning)
  }

  #changed(paymentId: string): void {
    this.changedAtMs.set(paymentId, this.#nowMs())
  }

  // ── Invoices ───────────────────────────────────────────────────────────────────────────────────────────────────

  finalise(invoice: Invoice): void {
    invoice.status = 'open'
    invoice.due_date = this.nowSeconds + invoice.days_until_due * daySeconds
    this.#tellOf('invoice.finalized', invoice)
  }

  /** `isThroughStripe`: else the operator marks it as paid. */
  payInvoice(invoice: Invoice, isThroughStripe: boolean): void {
    if (invoice.status !== 'open' && invoice.status !== 'uncollectible') return
    invoice.status = 'paid'
    if (isThroughStripe) {
      const { customer, total: amount, id } = invoice
      const intent = this.makeIntent({ metadata: {}, customer, amount }, id)
      this.succeed(intent)
      invoice.payments.data.push({ status: 'paid', payment: { payment_intent: intent.id } })
    }
    this.#tellOf('invoice.paid', invoice)
  }

  endInvoice(invoice: Invoice, status: 'void' | 'uncollectible'): void {
    if (invoice.status !== 'open' && invoice.status !== 'uncollectible') return
    invoice.status = status
    this.#tellOf(status === 'void' ? 'invoice.voided' : 'invoice.marked_uncollectible', invoice)
  }

  #tellOf(type: string, object: Invoice): void {
    const id = `told_${this.events.length}`
    this.events.push({ id, object: 'event', type, created: this.nowSeconds, data: { object } })
    this.#tell(type, object)
  }
}
