// Whoever moves money through Stripe: persons who buy, the operator who gives back, banks that dispute, customers who pay their
// invoices. Asks the shipped code as its routes do.

import { settleOrder } from '#payments/settle-order.ts'
import { beginTopUp } from '#payments/top-ups.ts'
import { addNanoUsd, nanoUsd, negateNanoUsd } from '#core/money.ts'
import { readOrderId } from '#core/ids.ts'
import { Dice } from './dice.ts'
import type { FactPlan, OrderPlan, PostpaidPlan } from './money-in-plan.ts'
import type { MoneyWorkers } from './money-workers.ts'
import type { Setting } from './setting.ts'
import type { Dispute, Intent, Invoice, Session, StripeBooks } from './stripe-books.ts'
import { tell } from './tell.ts'

const origin = 'https://sluice.test'
const personRetriesMs = 2_000
const reinstatedAfterMs = 20_000
const centNanoUsd = 10_000_000

export class Till {
  readonly #world: Setting
  readonly #books: StripeBooks
  readonly #workers: MoneyWorkers
  #postpaid: PostpaidPlan | undefined

  constructor(world: Setting, books: StripeBooks, workers: MoneyWorkers) {
    this.#world = world
    this.#books = books
    this.#workers = workers
  }

  // ── Orders ─────────────────────────────────────────────────────────────────────────────────────────────────────

  order(plan: OrderPlan, tries = 1): void {
    const { accountId, scheduler, outside, faults } = this.#world
    const { orderId, netNanoUsd } = plan
    if (tries === 1) faults.fired('order_begun')
    const asked = {
      accountId,
      orderId,
      netNanoUsd,
      savesCard: false,
      page: 'embedded' as const,
      origin,
      actor: 'person',
    }
    this.#workers.run(
      `${plan.name}.${tries}`,
      (process) => beginTopUp(asked, this.#workers.ready(process)),
      (answer) => {
        if (answer?.ok === true) return this.#shown(plan, answer.page?.checkoutId)
        if (tries >= plan.tries) return faults.fired('order_given_up')
        scheduler.after(personRetriesMs, outside, () => this.order(plan, tries + 1))
      },
    )
  }

  /** A person is at the page. */
  #shown(plan: OrderPlan, checkoutId: string | undefined): void {
    const session = this.#books.sessions.get(checkoutId ?? '')
    if (session === undefined) return
    this.#later(plan.paysAfterMs, () => {
      if (session.status !== 'open') return
      this.#act(plan, session)
      if (plan.comesBack) this.#return(plan)
    })
  }

  #act({ fate, arrivesAfterMs, comesBack }: OrderPlan, session: Session): void {
    const { faults } = this.#world
    switch (fate) {
      case 'pays':
        faults.fired('order_paid')
        return this.#books.complete(session, true)
      case 'sends':
      case 'bounces': {
        const isPaid = fate === 'sends'
        faults.fired(isPaid ? 'order_paid_later' : 'order_not_paid')
        this.#books.complete(session, false)
        return this.#later(arrivesAfterMs, () => this.#books.arrive(session, isPaid))
      }
      case 'leaves':
      case 'last_moment':
        faults.fired('order_expired')
        return this.#books.expire(session, fate === 'last_moment' && comesBack)
    }
  }

  #return({ name, orderId }: OrderPlan): void {
    const { accountId } = this.#world
    this.#workers.run(`${name} returns`, (process) =>
      settleOrder({ accountId, orderId }, this.#workers.ready(process)),
    )
  }

  // ── What becomes of payments ───────────────────────────────────────────────────────────────────────────────────

  fact(plan: FactPlan): void {
    const paid = this.#books.paid().filter(({ metadata }) => readOrderId(metadata['order_id']) !== undefined)
    const intent = paid[plan.which % Math.max(1, paid.length)]
    if (intent === undefined) return
    switch (plan.kind) {
      case 'refund':
        return this.#refund(plan, intent)
      case 'refund_at_stripe':
        return this.#refundAtStripe(plan, intent)
      case 'dispute':
      case 'inquiry':
        return this.#dispute(plan, intent)
      case 'warning':
        return this.#warn(plan, intent)
    }
  }

  /** As the operator's route does it (ops/operator-refunds.ts). */
  #refund(plan: FactPlan, { metadata, amount }: Intent): void {
    const { scheduler, outside, faults } = this.#world
    const payment = metadata['order_id'] ?? ''
    const orderId = readOrderId(payment)
    const percent = plan.percent ?? (plan.isBeyondBalance ? 100 : null)
    const amountNanoUsd = percent === null ? null : nanoUsd(Math.ceil((amount * centNanoUsd * percent) / 100))
    const command = {
      reference: `refund:${plan.name}`,
      payment,
      amountNanoUsd,
      reason: 'test',
      actor: 'operator',
    }
    faults.fired('refund_asked_for')
    const say = () =>
      tell(this.#world, async (port) => {
        const view = orderId === undefined ? null : await port.paymentView(orderId)
        if (view === null || view.creditedNanoUsd === null) return true
        const isThroughProvider = view.paymentId !== null
        const { receivedNanoUsd } = view
        const isPaidOut = plan.isBeyondBalance
        const answer = await port.refund({ ...command, isThroughProvider, receivedNanoUsd, isPaidOut })
        return answer.ok || (answer.code !== 'internal' && answer.code !== 'no_such_account')
      })
    for (const ms of [0, ...plan.repeatsAfterMs]) scheduler.after(ms, outside, say)
  }

  #refundAtStripe({ percent, isGood, movesAfterMs, endsAfterMs }: FactPlan, intent: Intent): void {
    const left = this.#books.leftOf(intent)
    const amount = Math.min(left, Math.ceil((left * (percent ?? 100)) / 100))
    if (amount <= 0) return
    this.#world.faults.fired('refund_at_stripe')
    const end = isGood ? 'succeeded' : 'failed'
    const isSlow = movesAfterMs > 0
    if (!isGood) this.#world.faults.fired('refund_failed')
    const refund = this.#books.refund(intent, amount, {}, isSlow ? 'pending' : end)
    if (isSlow) this.#later(endsAfterMs, () => this.#books.endRefund(refund, end))
  }

  #dispute({ kind, percent, isGood, movesAfterMs, endsAfterMs }: FactPlan, intent: Intent): void {
    const amount = Math.min(
      intent.amount_received,
      Math.ceil((intent.amount_received * (percent ?? 100)) / 100),
    )
    const { faults } = this.#world
    faults.fired('payment_in_dispute')
    const isInquiry = kind === 'inquiry'
    const dispute = this.#books.dispute(
      intent,
      amount,
      isInquiry ? 'warning_needs_response' : 'needs_response',
    )
    if (isInquiry && isGood)
      return this.#later(endsAfterMs, () => this.#books.endDispute(dispute, 'warning_closed'))
    if (isInquiry) dispute.status = 'needs_response'
    this.#later(movesAfterMs, () => this.#books.moveFunds(dispute, -amount))
    this.#later(movesAfterMs + endsAfterMs, () => this.#decide(dispute, isGood))
  }

  #decide(dispute: Dispute, isWon: boolean): void {
    this.#world.faults.fired(isWon ? 'dispute_won' : 'dispute_lost')
    this.#books.endDispute(dispute, isWon ? 'won' : 'lost')
    // The money follows the word.
    if (isWon) this.#later(reinstatedAfterMs, () => this.#books.moveFunds(dispute, dispute.amount))
  }

  #warn({ endsAfterMs, isGood }: FactPlan, intent: Intent): void {
    this.#world.faults.fired('fraud_warned')
    const warning = this.#books.warn(intent)
    if (isGood) this.#later(endsAfterMs, () => this.#books.settleWarning(warning))
  }

  // ── Months that are paid for later ─────────────────────────────────────────────────────────────────────────────

  postpaid(plan: PostpaidPlan): void {
    const { name, owedNanoUsd, dueDays, graceDays, cutsAtMs } = plan
    const { plan: world, faults, oracle, scheduler, outside } = this.#world
    this.#postpaid = plan
    faults.fired('postpaid_agreed')
    const settings = {
      mode: 'postpaid' as const,
      creditLimitNanoUsd: nanoUsd(200_000_000_000),
      invoiceDueDays: dueDays,
      invoiceGraceDays: graceDays,
    }
    const said = { reason: 'test', actor: 'operator' }
    tell(this.#world, async (port) => (await port.changeSettings({ reference: name, settings, ...said })).ok)
    const amountNanoUsd = negateNanoUsd(addNanoUsd(world.balanceNanoUsd, owedNanoUsd))
    const reference = `${name} owes`
    oracle.askedCredits.set(reference, amountNanoUsd)
    tell(
      this.#world,
      async (port) => (await port.credit({ reference, kind: 'adjustment', amountNanoUsd, ...said })).ok,
    )
    if (cutsAtMs === null) return
    scheduler.after(cutsAtMs, outside, () =>
      tell(this.#world, async (port) => {
        const answer = await port.cutInvoice({ reference: `${name} cut`, ...said })
        return answer.ok || answer.code !== 'internal'
      }),
    )
  }

  /** A customer has been sent an invoice. */
  sent(invoice: Invoice): void {
    const { plan, faults } = this.#world
    const { fate, paysAfterMs } = this.#postpaid ?? { fate: 'never' as const, paysAfterMs: 0 }
    const dice = new Dice(`${invoice.id} ${plan.seed}`)
    const ms = paysAfterMs + dice.between(0, 5_000)
    const lateMs = 2 * 24 * 3_600_000 - 4 * 3_600_000
    faults.fired('invoice_sent')
    switch (fate) {
      case 'pays':
      case 'pays_past_stripe':
        return this.#later(ms, () => this.#books.payInvoice(invoice, fate === 'pays'))
      case 'pays_late':
        return this.#later(lateMs, () => this.#books.payInvoice(invoice, true))
      case 'void':
      case 'uncollectible':
        return this.#later(ms, () => this.#books.endInvoice(invoice, fate))
      case 'never':
    }
  }

  #later(ms: number, run: () => void): void {
    this.#world.scheduler.after(ms, this.#world.outside, run)
  }
}
