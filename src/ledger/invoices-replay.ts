// What the state keeps of invoices, and how it follows from the log (replay.ts): the period that runs, and the invoices that
// still ask for money. All others are known by their reference rows (invoices.ts).

import { type InvoiceId, readInvoiceId } from '#core/ids.ts'
import { type NanoUsd, addNanoUsd, subtractNanoUsd } from '#core/money.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type { AccountMode } from './account-commands.ts'
import type { Entry } from './entry.ts'
import { readInvoiceEnd, readInvoiceTerms, readIssued } from './invoice-details.ts'

export type Invoicing = {
  /** Since when the present period runs; null where no invoice is written. */
  readonly sinceMs: number | null
  /** The newest entry that needs no line on the next invoice. */
  readonly fromSeq: number
  /** The number of the newest invoice. */
  readonly count: number
  /** Those that ask for money, oldest first. */
  readonly open: readonly OpenInvoice[]
}

export type OpenInvoice = {
  readonly invoiceId: InvoiceId
  readonly amountNanoUsd: NanoUsd
  /** Null until it is issued. */
  readonly dueAtMs: number | null
  readonly url: string | null
  /** The line that says so stands in the log. */
  readonly isOverdue: boolean
  /** Given up by the operator: it still counts as asked for. */
  readonly isUncollectible: boolean
}

export const noInvoicing: Invoicing = { sinceMs: null, fromSeq: 0, count: 0, open: [] }

/** What is owed and no invoice asks for yet; below zero where more is asked for than is owed. */
export function owedOf({ debtNanoUsd, invoicing }: { debtNanoUsd: NanoUsd; invoicing: Invoicing }): NanoUsd {
  return subtractNanoUsd(debtNanoUsd, addNanoUsd(...invoicing.open.map(({ amountNanoUsd }) => amountNanoUsd)))
}

/** A period begins with the arrangement. It ends with an invoice, also where the account is prepaid by then. */
export function afterMode(invoicing: Invoicing, mode: AccountMode, { seq, createdAtMs }: Entry): Invoicing {
  if (mode !== 'postpaid' || invoicing.sinceMs !== null) return invoicing
  return { ...invoicing, sinceMs: createdAtMs, fromSeq: seq }
}

export function afterInvoice(
  invoicing: Invoicing,
  mode: AccountMode,
  { reference, detail }: Pick<Entry, 'reference' | 'detail'>,
): Invoicing {
  const said: { readonly [name: string]: unknown } = isObject(detail) ? detail : {}
  switch (said['what']) {
    case 'carried':
      return { ...invoicing, sinceMs: nextSinceMs(mode, readWhole(said['periodEndMs'])) }
    case 'cut':
      return afterCut(invoicing, mode, reference, said)
    case 'issued': {
      const { dueAtMs, url } = readIssued(said) ?? { dueAtMs: null, url: null }
      return withChanged(invoicing, reference, { dueAtMs, url })
    }
    case 'overdue':
      return withChanged(invoicing, reference, { isOverdue: true })
    case 'closed':
      return readInvoiceEnd(said['end']) === 'uncollectible'
        ? withChanged(invoicing, reference, { isUncollectible: true })
        : withoutInvoice(invoicing, reference)
    default:
      return invoicing
  }
}

/** It is paid, or void. */
export function withoutInvoice(invoicing: Invoicing, reference: string): Invoicing {
  return invoicing.open.some(({ invoiceId }) => invoiceId === reference)
    ? { ...invoicing, open: invoicing.open.filter(({ invoiceId }) => invoiceId !== reference) }
    : invoicing
}

function afterCut(
  invoicing: Invoicing,
  mode: AccountMode,
  reference: string,
  said: { readonly [name: string]: unknown },
): Invoicing {
  const invoiceId = readInvoiceId(reference)
  const terms = readInvoiceTerms(said)
  if (invoiceId === undefined || terms === undefined) return invoicing
  const { number, amountNanoUsd, periodEndMs, throughSeq } = terms
  const cut = { invoiceId, amountNanoUsd, dueAtMs: null, url: null }
  return {
    sinceMs: nextSinceMs(mode, periodEndMs),
    fromSeq: throughSeq,
    count: number,
    open: [...invoicing.open, { ...cut, isOverdue: false, isUncollectible: false }],
  }
}

function nextSinceMs(mode: AccountMode, periodEndMs: number | undefined): number | null {
  return mode === 'postpaid' ? (periodEndMs ?? null) : null
}

function withChanged(invoicing: Invoicing, reference: string, change: Partial<OpenInvoice>): Invoicing {
  const open = invoicing.open.map((one) => (one.invoiceId === reference ? { ...one, ...change } : one))
  return { ...invoicing, open }
}
