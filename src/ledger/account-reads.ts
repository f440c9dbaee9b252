// What may be looked at in an account object: nothing here decides or writes. The object with its commands is account.ts.

import { DurableObject } from 'cloudflare:workers'

import type { InvoiceId, OrderId } from '#core/ids.ts'
import type { CheckKey, CheckKeyAnswer } from './account-commands.ts'
import { AccountEngine, type LedgerEnv } from './account-engine.ts'
import type { AccountView, HoldView, KeyView } from './account-views.ts'
import type { AutoTopUpView } from './auto-top-up-commands.ts'
import { autoTopUpView } from './auto-top-up-terms.ts'
import type { Draft } from './draft.ts'
import type { Entry } from './entry.ts'
import type { Customer, OrderView } from './order-commands.ts'
import type { InvoicePage, InvoiceView, InvoicesView } from './invoice-commands.ts'
import { isInvoicingDue } from './invoices.ts'
import { invoiceFrom, invoicesView } from './invoice-views.ts'
import { orderFrom, waitingOrders } from './orders.ts'
import * as keys from './keys.ts'
import { readListenQuestion } from './listening.ts'
import type { PaymentView } from './payment-commands.ts'
import { isRenewalDue } from './plans.ts'
import type { Pulse } from './pulse.ts'
import type { State } from './state.ts'
import type { PlanView } from './subscription-commands.ts'
import { planView } from './subscriptions.ts'
import { paymentViewOf } from './told-facts.ts'
import { accountView, holdView, keyView } from './views.ts'

const readLimitMax = 1_000
const recentEntries = 5

/** Where there is no account. */
export const noAccount = { ok: false, code: 'no_such_account' } as const

export class AccountReads extends DurableObject<LedgerEnv> {
  protected readonly engine: AccountEngine

  constructor(ctx: DurableObjectState, env: LedgerEnv) {
    super(ctx, env)
    this.engine = new AccountEngine(ctx, env, () => Date.now())
  }

  /** Since this instance began: rows of tables and alarms, as the platform bills them. */
  get rowsWritten(): number {
    return this.engine.store.rowsWritten
  }

  async checkKey(command: CheckKey): Promise<CheckKeyAnswer> {
    return this.engine.state === null
      ? noAccount
      : keys.checkKey(this.engine.state, command, this.engine.now())
  }

  async view(): Promise<AccountView | null> {
    const state = await this.#renewed()
    if (state === null) return null
    return accountView(
      state,
      this.engine.store.entriesBefore(state.headSeq + 1, recentEntries),
      this.engine.now(),
    )
  }

  pulse(): Promise<Pulse | null> {
    return this.engine.pulse()
  }

  /** A listener: an upgrade to a WebSocket that the platform keeps while the object sleeps. */
  override async fetch(request: Request): Promise<Response> {
    const question = readListenQuestion(request)
    const state = await this.#renewed()
    if (question === undefined || state === null)
      return Response.json({ code: noAccount.code }, { status: 404 })
    return this.engine.listeners.open(state, question)
  }

  async autoTopUp(): Promise<AutoTopUpView | null> {
    const { state } = this.engine
    return state === null ? null : autoTopUpView(state, this.engine.now())
  }

  async keyView(number: number): Promise<KeyView | null> {
    const { state } = this.engine
    const key = [...(state?.keys.values() ?? [])].find(({ keyNumber }) => keyNumber === number)
    return state === null || key === undefined ? null : keyView(state, key, this.engine.now())
  }

  async keys(): Promise<readonly KeyView[]> {
    const { state } = this.engine
    return state === null ? [] : [...state.keys.values()].map((key) => keyView(state, key, this.engine.now()))
  }

  /** Null for one that was never placed. */
  async order(orderId: OrderId): Promise<OrderView | null> {
    return this.engine.state === null ? null : (orderFrom(orderId, this.engine.store.lookup) ?? null)
  }

  /** What waits for its money. */
  async orders(): Promise<readonly OrderView[]> {
    return this.engine.state === null ? [] : waitingOrders(this.engine.state, this.engine.store.lookup)
  }

  /** Null for one that was never cut. */
  async invoice(invoiceId: InvoiceId): Promise<InvoiceView | null> {
    return invoiceFrom(invoiceId, this.engine.store.lookup, this.engine.now()) ?? null
  }

  async invoices(page: InvoicePage): Promise<InvoicesView | null> {
    const state = await this.#renewed()
    return state === null ? null : invoicesView(state, this.engine.store.lookup, page, this.engine.now())
  }

  /** The plan with what is paid for it. */
  async plan(): Promise<PlanView | null> {
    const state = await this.#renewed()
    return state === null ? null : planView(state)
  }

  async customer(): Promise<Customer | null> {
    return this.engine.state?.customer ?? null
  }

  async holds(): Promise<readonly HoldView[]> {
    return [...(this.engine.state?.holds.values() ?? [])].map((hold) => holdView(hold, this.engine.now()))
  }

  async entriesAfter(afterSeq: number, limit: number): Promise<readonly Entry[]> {
    if (this.engine.state === null) return []
    return this.engine.store.entriesAfter(afterSeq, Math.min(limit, readLimitMax))
  }

  async entriesBefore(beforeSeq: number, limit: number): Promise<readonly Entry[]> {
    if (this.engine.state === null) return []
    return this.engine.store.entriesBefore(beforeSeq, Math.min(limit, readLimitMax))
  }

  async entriesOfCall(callId: string): Promise<readonly Entry[]> {
    return this.engine.state === null ? [] : this.engine.store.entriesOfCall(callId)
  }

  async paymentView(payment: string): Promise<PaymentView | null> {
    const creditAt = (seq: number) => this.engine.store.entriesAfter(seq - 1, 1)[0]
    const view = (draft: Draft) => paymentViewOf(draft, payment, creditAt)
    return this.engine.imagine<PaymentView | null>(view, null)
  }

  /** Looking is a touch like any other: whoever looks after the period's end sees the new one. */
  async #renewed(): Promise<State | null> {
    const { state } = this.engine
    const nowMs = this.engine.now()
    if (isRenewalDue(state, nowMs) || isInvoicingDue(state, nowMs))
      await this.engine.ask<boolean>(() => true, false, false)
    return this.engine.state
  }
}
