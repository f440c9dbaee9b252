// What orders, invoices and automatic top-up say in the log, at the edges of what is read as such: whatever was written is read
// again, and what has one field wrong is none.

import { describe, expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import {
  methodAsJson,
  readAutoTopUpTerms,
  readId,
  readMethod,
  readPauseReason,
  termsAsJson,
} from './auto-top-up-details.ts'
import {
  invoiceDetail,
  issuedDetail,
  readInvoiceEnd,
  readInvoiceTerms,
  readIssued,
} from './invoice-details.ts'
import { readOrderTerms, readPaymentDetail, readPlaced, saidOfPlaced, termsDetail } from './order-details.ts'

const cent = 10_000_000
const order = {
  kind: 'purchase',
  netNanoUsd: nanoUsd(1),
  bonusNanoUsd: nanoUsd(0),
  isLive: false,
  page: 'hosted',
  origin: 'https://shop.example',
  savesCard: true,
} as const
const payment = { paymentId: 'pay_1', receivedNanoUsd: 0, taxNanoUsd: 0, bonusNanoUsd: 0 }
const invoice = {
  number: 1,
  periodStartMs: 0,
  periodEndMs: 0,
  fromSeq: 0,
  throughSeq: 0,
  amountNanoUsd: nanoUsd(1),
  dueDays: 0,
}
const issued = { providerId: 'in_1', isLive: true, dueAtMs: 0, url: 'https://pay.example' }
const topUp = {
  isEnabled: false,
  thresholdNanoUsd: nanoUsd(5 * cent),
  amountNanoUsd: nanoUsd(5 * cent),
  monthlyCapNanoUsd: nanoUsd(5 * cent),
}
const method = { id: 'pm_1', customerId: 'cus_1', fingerprint: 'f' }

/** A missing field, one of another kind, and one below what it may be. */
const wrong = (...names: readonly string[]) =>
  names.flatMap((name) => [undefined, {}, -1, 0.5].map((value) => [name, value] as const))
const flag = (name: string) => [undefined, null, 'true', 1].map((value) => [name, value] as const)

type Kind = {
  name: string
  read: (value: unknown) => unknown
  good: object
  goodChanges: readonly object[]
  wrongFields: readonly (readonly [string, unknown])[]
}

const kinds: readonly Kind[] = [
  {
    name: "an order's terms",
    read: readOrderTerms,
    good: order,
    goodChanges: [{ kind: 'auto_top_up' }, { page: null }, { page: 'embedded' }, { savesCard: false }],
    wrongFields: [
      ...wrong('kind', 'netNanoUsd', 'bonusNanoUsd', 'page', 'origin'),
      ['netNanoUsd', 0],
      ...flag('isLive'),
      ...flag('savesCard'),
    ],
  },
  {
    name: "a payment's figures",
    read: readPaymentDetail,
    good: payment,
    goodChanges: [{ paymentId: null }, { taxNanoUsd: 7 }],
    wrongFields: wrong('paymentId', 'receivedNanoUsd', 'taxNanoUsd', 'bonusNanoUsd'),
  },
  {
    name: "an invoice's terms",
    read: readInvoiceTerms,
    good: invoice,
    goodChanges: [{ dueDays: 30 }],
    wrongFields: [...wrong(...Object.keys(invoice)), ['number', 0], ['amountNanoUsd', 0]],
  },
  {
    name: 'an issued invoice',
    read: readIssued,
    good: issued,
    goodChanges: [{ url: null }, { isLive: false }],
    wrongFields: [...wrong('providerId', 'dueAtMs', 'url'), ...flag('isLive')],
  },
  {
    name: 'the terms of automatic top-up',
    read: readAutoTopUpTerms,
    good: topUp,
    goodChanges: [
      { isEnabled: true },
      { thresholdNanoUsd: 0 },
      { monthlyCapNanoUsd: null },
      { amountNanoUsd: 10_000_000 * cent, monthlyCapNanoUsd: null },
    ],
    wrongFields: [
      ...wrong('thresholdNanoUsd', 'amountNanoUsd', 'monthlyCapNanoUsd'),
      ...flag('isEnabled'),
      ['amountNanoUsd', 0],
      ['amountNanoUsd', 4 * cent],
      ['amountNanoUsd', 5 * cent + 1],
      ['thresholdNanoUsd', 5 * cent - 1],
      ['amountNanoUsd', 6 * cent],
      ['monthlyCapNanoUsd', 0],
      ['monthlyCapNanoUsd', 5 * cent - 1],
    ],
  },
  {
    name: 'a saved method',
    read: readMethod,
    good: method,
    goodChanges: [{ id: 'p'.repeat(200) }],
    wrongFields: Object.keys(method).flatMap((name) =>
      [undefined, 3, '', 'x'.repeat(201)].map((value) => [name, value] as const),
    ),
  },
]

describe.each(kinds)('$name', ({ read, good, goodChanges, wrongFields }) => {
  test.each([{}, ...goodChanges])('is read with %j', (changes) => {
    expect(read({ ...good, ...changes })).toEqual({ ...good, ...changes })
  })

  test.each(wrongFields)('is none where %s is %j', (name, value) => {
    expect(read({ ...good, [name]: value })).toBeUndefined()
  })

  test.each([null, undefined, 3, 'text', []])('is not %j', (value) => {
    expect(read(value)).toBeUndefined()
  })
})

test('an amount of more than $100,000 is none, even without a cap', () => {
  const amountNanoUsd = 10_000_001 * cent
  expect(readAutoTopUpTerms({ ...topUp, amountNanoUsd, monthlyCapNanoUsd: null })).toBeUndefined()
})

test('what is written is read, and nothing else of it is written', () => {
  const more = { note: 'not of it' }
  expect(termsDetail({ ...order, ...more })).toEqual(order)
  expect(invoiceDetail({ ...invoice, ...more })).toEqual(invoice)
  expect(issuedDetail({ ...issued, ...more })).toEqual(issued)
  expect(termsAsJson({ ...topUp, ...more })).toEqual(topUp)
  expect(methodAsJson({ ...method, ...more })).toEqual(method)
})

test('the row of a placed order says when and on what terms', () => {
  const said = saidOfPlaced(order, { createdAtMs: 17 })
  expect(readPlaced(said)).toEqual({ placedAtMs: 17, terms: order })
  expect(readPlaced(said.replace('17', 'x'))).toBeUndefined()
  expect(readPlaced(said.replace('purchase', 'gift'))).toBeUndefined()
  expect(readPlaced('17')).toBeUndefined()
})

test('only what is in its list is an end, a reason or an id', () => {
  expect(['void', 'uncollectible', 'paid', null].map(readInvoiceEnd)).toEqual([
    'void',
    'uncollectible',
    undefined,
    undefined,
  ])
  const reasons = ['declined', 'card', 'needs_action', 'mismatch', 'tired', null]
  expect(reasons.map(readPauseReason)).toEqual([...reasons.slice(0, 4), undefined, undefined])
  expect(['', 'a', 'a'.repeat(200), 'a'.repeat(201), 7].map(readId)).toEqual([
    undefined,
    'a',
    'a'.repeat(200),
    undefined,
    undefined,
  ])
})
