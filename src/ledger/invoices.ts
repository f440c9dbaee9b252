// Invoices of a postpaid account: at the end of a month its books are cut, and what it owes and nobody has asked for yet is
// asked for. The cut is a chore (book.ts): it refuses nothing and waits for nobody; what is booked later is for the next one.

import { assert } from '#core/assert.ts'
import type { Json } from '#core/errors.ts'
import { type InvoiceId, invoiceIdOf, readInvoiceId } from '#core/ids.ts'
import { type NanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { isObject } from '#core/readers.ts'
import { bookCredit } from './credits.ts'
import { textCharactersMax } from './detail.ts'
import { type Draft, append, find, keepReference, mayDo, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import type {
  CutInvoice,
  CutInvoiceAnswer,
  EndInvoice,
  EndInvoiceAnswer,
  InvoiceView,
  IssueInvoice,
  IssueInvoiceAnswer,
  PayInvoice,
  PayInvoiceAnswer,
} from './invoice-commands.ts'
import {
  invoiceDetail,
  issuedDetail,
  readInvoiceEnd,
  readInvoiceTerms,
  readIssued,
} from './invoice-details.ts'
import { rebookAsk, referencesOfAsk } from './invoice-asks.ts'
import { invoiceFrom } from './invoice-views.ts'
import { type OpenInvoice, owedOf } from './invoices-replay.ts'
import type { PaymentFacts } from './order-commands.ts'
import type { ReferenceRow } from './rows.ts'
import type { State } from './state.ts'
import { msUntilWindowEnds, windowStart } from './windows.ts'

/** The least that payment providers collect: 50 cents. What is less is carried into the next period. */
export const invoiceMinNanoUsd = nanoUsd(500_000_000)
/** One cent: documents know nothing smaller, so the rest of a cent stays owed. */
const centNanoUsd = 10_000_000
/** Five years of unpaid months; what is owed beyond them is carried. */
export const openInvoicesMax = 60

// ── What the account does by itself ──────────────────────────────────────────────────────────────────────────────────

/** For reading: a group of commands would write a line now. */
export function isInvoicingDue(state: State | null, nowMs: number): boolean {
  return state !== null && (isPeriodOver(state, nowMs) || lateInvoices(state, nowMs).length > 0)
}

/** When the account must wake by itself: a month in which something is owed ends, or an invoice becomes overdue. */
export function nextInvoicingAt(state: State): number | undefined {
  const { sinceMs, open } = state.invoicing
  const times = open.flatMap(({ dueAtMs, isOverdue }) => (dueAtMs === null || isOverdue ? [] : [dueAtMs]))
  if (sinceMs !== null && owedOf(state) >= invoiceMinNanoUsd)
    times.push(sinceMs + (msUntilWindowEnds('month', sinceMs) ?? 0))
  return times.length === 0 ? undefined : times.reduce((first, time) => Math.min(first, time))
}

/** Before every group of commands. */
export function keepInvoices(draft: Draft): void {
  const { state } = draft
  if (isPeriodOver(state, state.nowMs) && mayDo(draft, 'invoice'))
    cut(draft, windowStart('month', state.nowMs), { actor: 'period' })
  for (const { invoiceId, amountNanoUsd, dueAtMs, url } of lateInvoices(state, state.nowMs)) {
    if (!mayDo(draft, `overdue:${invoiceId}`)) continue
    const graceDays = state.settings.invoiceGraceDays
    appendInvoice(draft, invoiceId, { what: 'overdue', amountNanoUsd, dueAtMs, graceDays, url })
  }
}

function isPeriodOver({ invoicing: { sinceMs } }: State, nowMs: number): boolean {
  return sinceMs !== null && windowStart('month', nowMs) > sinceMs
}

function lateInvoices({ invoicing }: State, nowMs: number): readonly OpenInvoice[] {
  return invoicing.open.filter(({ dueAtMs, isOverdue }) => !isOverdue && dueAtMs !== null && nowMs >= dueAtMs)
}

type Cause = { readonly actor: string; readonly reason?: string; readonly command?: string }

/** Null where all is carried: the entry says so, or the next group would cut in the middle of the new period. */
function cut(draft: Draft, periodEndMs: number, cause: Cause): InvoiceId | null {
  const { state } = draft
  const { invoicing, settings, accountId } = state
  const { sinceMs: periodStartMs, fromSeq } = invoicing
  assert(periodStartMs !== null, 'only a period that runs is cut')
  const owedNanoUsd = owedOf(state)
  const amountNanoUsd = wholeCentsRoundedDown(owedNanoUsd)
  if (amountNanoUsd < invoiceMinNanoUsd || invoicing.open.length >= openInvoicesMax) {
    const detail = { what: 'carried', periodStartMs, periodEndMs, owedNanoUsd, ...cause }
    appendInvoice(draft, `carried:${periodEndMs}`, detail)
    return null
  }
  const number = nextNumber(draft)
  const invoiceId = invoiceIdOf(accountId, number)
  const terms = {
    number,
    periodStartMs,
    periodEndMs,
    fromSeq,
    throughSeq: state.headSeq,
    amountNanoUsd,
    dueDays: settings.invoiceDueDays,
  }
  const entry = appendInvoice(draft, invoiceId, {
    what: 'cut',
    ...invoiceDetail(terms),
    owedNanoUsd,
    ...cause,
  })
  keepReference(draft, rowOfCut(entry, JSON.stringify(invoiceDetail(terms))))
  return invoiceId
}

/** A rebuilt account may know of a payment for an invoice whose own line was lost: that number is taken. */
function nextNumber(draft: Draft): number {
  const { accountId, invoicing } = draft.state
  let number = invoicing.count + 1
  while (referenceOf(draft, 'credit', invoiceIdOf(accountId, number)) !== undefined) number += 1
  return number
}

function wholeCentsRoundedDown(amount: NanoUsd): NanoUsd {
  return amount <= 0 ? zeroNanoUsd : nanoUsd(amount - (amount % centNanoUsd))
}

// ── What is said to it ───────────────────────────────────────────────────────────────────────────────────────────────

export function cutInvoice(draft: Draft, { reference, reason, actor }: CutInvoice): CutInvoiceAnswer {
  const earlier = referenceOf(draft, 'invoice_cut', reference)
  if (earlier !== undefined)
    return { ok: true, invoiceId: readInvoiceId(earlier.said) ?? null, isRepeat: true }
  if (reference === '' || reference.length > textCharactersMax) return { ok: false, code: 'invalid_command' }
  if (draft.state.invoicing.sinceMs === null) return { ok: false, code: 'not_postpaid' }
  const invoiceId = cut(draft, draft.state.nowMs, { actor, reason, command: reference })
  const said = invoiceId ?? ''
  keepReference(draft, { scope: 'invoice_cut', reference, seq: draft.state.headSeq, said })
  return { ok: true, invoiceId, isRepeat: false }
}

/** The first document stands. */
export function issueInvoice(draft: Draft, { invoiceId, issued }: IssueInvoice): IssueInvoiceAnswer {
  const invoice = invoiceOf(draft, invoiceId)
  if (invoice === undefined) return { ok: false, code: 'no_such_invoice' }
  if (invoice.issued !== null) return { ok: true, invoice }
  if (invoice.state !== 'cut') return { ok: false, code: 'invoice_closed' }
  const read = readIssued(issued)
  if (read === undefined || read.providerId === '' || JSON.stringify(read).length > issuedCharactersMax)
    return { ok: false, code: 'invalid_command' }
  const { amountNanoUsd, periodStartMs, periodEndMs } = invoice.terms
  const { seq } = appendInvoice(draft, invoiceId, {
    what: 'issued',
    ...issuedDetail(read),
    // For whoever tells the customer.
    amountNanoUsd,
    periodStartMs,
    periodEndMs,
  })
  keepReference(draft, rowOfIssued(invoiceId, seq, read))
  return { ok: true, invoice: knownInvoice(draft, invoiceId) }
}

/** Addresses of documents are long, and no longer than this. */
const issuedCharactersMax = 2_000

/** Credits what was asked for, whatever became of the invoice meanwhile: the money is here. */
export function payInvoice(draft: Draft, { invoiceId, facts }: PayInvoice): PayInvoiceAnswer {
  const invoice = invoiceOf(draft, invoiceId)
  if (invoice === undefined) return { ok: false, code: 'no_such_invoice' }
  const { state } = draft
  if (invoice.state === 'paid')
    return { ok: true, invoice, balanceNanoUsd: state.postedNanoUsd, isRepeat: true }
  const differs = differencesOf(state, invoice, facts)
  if (differs.length > 0) {
    find(draft, `invoice_mismatch:${invoiceId}`, {
      what: 'invoice_mismatch',
      invoiceId,
      differs,
      facts: { ...facts },
    })
    return { ok: false, code: 'mismatch' }
  }
  const { paymentId, receivedNanoUsd, taxNanoUsd } = facts
  bookCredit(draft, {
    kind: 'purchase',
    reference: invoiceId,
    amountNanoUsd: invoice.terms.amountNanoUsd,
    reason: '',
    actor: 'payment',
    payment: { paymentId, receivedNanoUsd, taxNanoUsd, bonusNanoUsd: zeroNanoUsd },
  })
  const paid = knownInvoice(draft, invoiceId)
  return { ok: true, invoice: paid, balanceNanoUsd: state.postedNanoUsd, isRepeat: false }
}

export function endInvoice(draft: Draft, { invoiceId, end, wrong }: EndInvoice): EndInvoiceAnswer {
  const invoice = invoiceOf(draft, invoiceId)
  if (invoice === undefined) return { ok: false, code: 'no_such_invoice' }
  if (wrong !== undefined)
    find(draft, `invoice_wrong:${invoiceId}`, { what: 'invoice_wrong', invoiceId, ...wrong })
  // What was given up may still be made void; the other way round nothing is left to give up.
  const isOver = invoice.state === 'paid' || invoice.state === 'void' || invoice.state === end
  if (!isOver) {
    const { seq } = appendInvoice(draft, invoiceId, { what: 'closed', end })
    keepReference(draft, {
      scope: end === 'void' ? 'invoice_void' : 'invoice_end',
      reference: invoiceId,
      seq,
      said: end,
    })
  }
  return { ok: true, invoice: knownInvoice(draft, invoiceId) }
}

/** What of a payment is not as it was asked for. */
function differencesOf({ accountId }: State, { terms, issued }: InvoiceView, facts: PaymentFacts) {
  const differs = {
    account: facts.accountId !== accountId,
    mode: issued !== null && facts.isLive !== issued.isLive,
    currency: facts.currency !== 'usd',
    amount: facts.netNanoUsd !== terms.amountNanoUsd,
    received: facts.receivedNanoUsd < facts.netNanoUsd + facts.taxNanoUsd,
  }
  return Object.entries(differs).flatMap(([name, isDifferent]) => (isDifferent ? [name] : []))
}

// ── As rows, and from a closed epoch ─────────────────────────────────────────────────────────────────────────────────

/** The rows that an entry of this kind brought, for a rebuild. */
export function referencesOfInvoice(entry: Entry): readonly ReferenceRow[] {
  const { reference, seq } = entry
  const detail: { readonly [name: string]: unknown } = isObject(entry.detail) ? entry.detail : {}
  const { command } = detail
  if (detail['what'] === 'asked') return referencesOfAsk(entry)
  const isCut = detail['what'] === 'cut'
  const asked: ReferenceRow[] =
    typeof command === 'string'
      ? [{ scope: 'invoice_cut', reference: command, seq, said: isCut ? reference : '' }]
      : []
  const terms = readInvoiceTerms(detail)
  const issued = readIssued(detail)
  const end = readInvoiceEnd(detail['end'])
  if (isCut && terms !== undefined) return [rowOfCut(entry, JSON.stringify(invoiceDetail(terms))), ...asked]
  if (issued !== undefined) return [rowOfIssued(reference, seq, issued)]
  if (end !== undefined)
    return [{ scope: end === 'void' ? 'invoice_void' : 'invoice_end', reference, seq, said: end }]
  return asked
}

/** A line of a closed epoch that came too late. What the account does by itself it does again. */
export function rebookInvoice(draft: Draft, entry: Entry): boolean {
  const { reference, detail } = entry
  const invoiceId = readInvoiceId(reference)
  const said: { readonly [name: string]: unknown } = isObject(detail) ? detail : {}
  const issued = readIssued(said)
  const end = readInvoiceEnd(said['end'])
  if (invoiceId === undefined) return false
  if (said['what'] === 'asked') return rebookAsk(draft, entry)
  if (issued !== undefined) return issueInvoice(draft, { invoiceId, issued }).ok
  return end !== undefined && endInvoice(draft, { invoiceId, end }).ok
}

function rowOfCut({ reference, seq }: Entry, said: string): ReferenceRow {
  return { scope: 'invoice', reference, seq, said }
}

function rowOfIssued(
  reference: string,
  seq: number,
  issued: NonNullable<InvoiceView['issued']>,
): ReferenceRow {
  return { scope: 'invoice_issue', reference, seq, said: JSON.stringify(issuedDetail(issued)) }
}

function invoiceOf(draft: Draft, invoiceId: InvoiceId): InvoiceView | undefined {
  const lookup = {
    reference: (scope: ReferenceRow['scope'], text: string) => referenceOf(draft, scope, text),
  }
  return invoiceFrom(invoiceId, lookup, draft.state.nowMs)
}

function knownInvoice(draft: Draft, invoiceId: InvoiceId): InvoiceView {
  const invoice = invoiceOf(draft, invoiceId)
  assert(invoice !== undefined, 'an invoice that was cut is known')
  return invoice
}

function appendInvoice(draft: Draft, reference: string, detail: Json): Entry {
  return append(draft, { kind: 'invoice', reference, amountNanoUsd: zeroNanoUsd, keyNumber: null, detail })
}
