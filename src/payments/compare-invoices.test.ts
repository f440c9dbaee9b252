// How a document of the provider's and the invoice in the books are held against each other.

import { expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import type { InvoiceState, InvoiceTerms } from '#ledger/invoice-commands.ts'
import { differenceOf } from './compare-invoices.ts'
import type { InvoiceDocument } from './provider.ts'

const amountNanoUsd = nanoUsd(5_000_000_000)
const terms: InvoiceTerms = {
  number: 1,
  periodStartMs: 0,
  periodEndMs: 1,
  fromSeq: 1,
  throughSeq: 2,
  amountNanoUsd,
  dueDays: 30,
}

const compared = (status: InvoiceDocument['status'], state: InvoiceState, changes: object = {}) =>
  differenceOf({ status, netNanoUsd: amountNanoUsd, currency: 'usd', ...changes }, { state, terms })

// Cases: payments 57
test.each([
  ['open', 'issued', undefined],
  ['open', 'overdue', undefined],
  ['open', 'cut', 'invoice_differs'],
  ['open', 'void', 'invoice_differs'],
  ['open', 'uncollectible', 'invoice_differs'],
  ['open', 'paid', 'invoice_not_paid'],
  ['paid', 'paid', undefined],
  ['paid', 'issued', 'invoice_not_credited'],
  ['paid', 'overdue', 'invoice_not_credited'],
  ['paid', 'void', 'invoice_not_credited'],
  ['void', 'void', undefined],
  ['void', 'issued', 'invoice_differs'],
  ['void', 'overdue', 'invoice_differs'],
  ['void', 'paid', 'invoice_not_paid'],
  ['uncollectible', 'uncollectible', undefined],
  ['uncollectible', 'void', undefined],
  ['uncollectible', 'issued', 'invoice_differs'],
  ['uncollectible', 'paid', 'invoice_not_paid'],
] as const)('a document that is %s and an invoice that is %s: %s', (status, state, kind) => {
  expect(compared(status, state)).toBe(kind)
})

test.each([{ netNanoUsd: nanoUsd(4_990_000_000) }, { currency: 'eur' }])(
  'a document with %j asks for another sum, whether it is paid or not',
  (changes) => {
    expect(compared('open', 'issued', changes)).toBe('invoice_differs')
    expect(compared('paid', 'paid', changes)).toBe('invoice_differs')
    expect(compared('void', 'void', changes)).toBeUndefined()
  },
)
