// What may be asked about invoices: what a postpaid account owes, asked for by a document of the payment provider's. The
// account's object cuts them by itself; who acts outside says what became of each.

import type { InvoiceId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { PaymentFacts } from './order-commands.ts'

/** As it was cut: it stays what it is, whatever is booked later. */
export type InvoiceTerms = {
  /** Among the account's, from 1. */
  number: number
  periodStartMs: number
  periodEndMs: number
  /** The entries behind this one and up to `throughSeq` are what it is about. */
  fromSeq: number
  throughSeq: number
  /** Whole cents. */
  amountNanoUsd: NanoUsd
  /** Days that the customer has to pay. */
  dueDays: number
}

/** As the payment provider has sent it. */
export type IssuedTerms = {
  /** The provider's name for it. */
  providerId: string
  isLive: boolean
  dueAtMs: number
  /** Where it can be looked at and paid; null where the provider shows none. */
  url: string | null
}

/** Ended without money. `void`: what it asked for is owed again. `uncollectible`: asked for, and given up. */
export type InvoiceEnd = 'void' | 'uncollectible'

export type InvoiceState = 'cut' | 'issued' | 'overdue' | 'paid' | InvoiceEnd

export type InvoiceView = {
  invoiceId: InvoiceId
  terms: InvoiceTerms
  issued: IssuedTerms | null
  state: InvoiceState
  /** The entry of its credit. */
  creditSeq: number | null
}

/** The newest first, from the one before a number on. */
export type InvoicePage = { beforeNumber: number; limit: number }

export type InvoicesView = {
  invoices: readonly InvoiceView[]
  /** Since when the present period runs; null where no invoices are written. */
  periodStartMs: number | null
  /** Owed, and not yet asked for. */
  owedNanoUsd: NanoUsd
  /** For which calls are refused; null where none is. */
  suspendedBy: InvoiceId | null
}

type Refused<Code extends string> = { ok: false; code: Code | 'no_such_account' | 'internal' }

/** Closes the present period now, and not at the end of the month. */
export type CutInvoice = { reference: string; reason: string; actor: string }
export type CutInvoiceAnswer =
  /** Null: too little is owed for an invoice, so all of it is carried. */
  { ok: true; invoiceId: InvoiceId | null; isRepeat: boolean } | Refused<'not_postpaid' | 'invalid_command'>

/** What the operator wants of the provider: it was paid past it, or it shall ask for nothing any more. */
export type InvoiceAsk = 'pay_outside' | 'void'

export type AskOfInvoice = {
  invoiceId: InvoiceId
  ask: InvoiceAsk
  reference: string
  reason: string
  actor: string
}
export type AskOfInvoiceAnswer =
  | { ok: true; isRepeat: boolean }
  /** `not_issued`: the provider has no document of it yet. */
  | Refused<'no_such_invoice' | 'invoice_closed' | 'not_issued' | 'reference_reused' | 'invalid_command'>

export type IssueInvoice = { invoiceId: InvoiceId; issued: IssuedTerms }
export type IssueInvoiceAnswer =
  | { ok: true; invoice: InvoiceView }
  | Refused<'no_such_invoice' | 'invoice_closed' | 'invalid_command'>

/** Told by everybody who learns of the payment, in whatever way it came. */
export type PayInvoice = { invoiceId: InvoiceId; facts: PaymentFacts }
export type PayInvoiceAnswer =
  | { ok: true; invoice: InvoiceView; balanceNanoUsd: NanoUsd; isRepeat: boolean }
  /** `mismatch`: nothing was credited; a finding says what differs. */
  | Refused<'no_such_invoice' | 'mismatch'>

/** `wrong`: what the provider made of it, where that differs from what was cut; it becomes a finding. */
export type EndInvoice = {
  invoiceId: InvoiceId
  end: InvoiceEnd
  wrong?: { [name: string]: string | number }
}
export type EndInvoiceAnswer =
  /** As it stands: what was paid stays paid. */
  { ok: true; invoice: InvoiceView } | Refused<'no_such_invoice'>
