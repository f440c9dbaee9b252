// How an invoice stands in the log and in its reference rows: the writer and the reader for both.

import { nanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import type { InvoiceEnd, InvoiceTerms, IssuedTerms } from './invoice-commands.ts'

const ends: readonly InvoiceEnd[] = ['void', 'uncollectible']

/** A JSON object of the same fields in the same order for the same terms. */
export function invoiceDetail(terms: InvoiceTerms) {
  const { number, periodStartMs, periodEndMs, fromSeq, throughSeq, amountNanoUsd, dueDays } = terms
  return { number, periodStartMs, periodEndMs, fromSeq, throughSeq, amountNanoUsd, dueDays }
}

export function readInvoiceTerms(value: unknown): InvoiceTerms | undefined {
  if (!isObject(value)) return undefined
  const number = readWhole(value['number'], 1)
  const periodStartMs = readWhole(value['periodStartMs'])
  const periodEndMs = readWhole(value['periodEndMs'])
  const fromSeq = readWhole(value['fromSeq'])
  const throughSeq = readWhole(value['throughSeq'])
  const amount = readWhole(value['amountNanoUsd'], 1)
  const dueDays = readWhole(value['dueDays'])
  if (number === undefined || periodStartMs === undefined || periodEndMs === undefined) return undefined
  if (fromSeq === undefined || throughSeq === undefined) return undefined
  if (amount === undefined || dueDays === undefined) return undefined
  return { number, periodStartMs, periodEndMs, fromSeq, throughSeq, amountNanoUsd: nanoUsd(amount), dueDays }
}

export function issuedDetail({ providerId, isLive, dueAtMs, url }: IssuedTerms) {
  return { providerId, isLive, dueAtMs, url }
}

export function readIssued(value: unknown): IssuedTerms | undefined {
  if (!isObject(value)) return undefined
  const providerId = readString(value['providerId'])
  const dueAtMs = readWhole(value['dueAtMs'])
  const url = value['url'] === null ? null : readString(value['url'])
  const { isLive } = value
  if (providerId === undefined || dueAtMs === undefined || url === undefined) return undefined
  return typeof isLive === 'boolean' ? { providerId, isLive, dueAtMs, url } : undefined
}

export function readInvoiceEnd(value: unknown): InvoiceEnd | undefined {
  return ends.find((end) => end === value)
}
