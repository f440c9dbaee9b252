// What a customer hears of an invoice: that it can be paid, and that it was not.

import { expect, test } from 'vitest'
import { zeroNanoUsd } from '#core/money.ts'
import type { Json } from '#core/errors.ts'
import { noticeOf } from './causes.ts'

const dueAtMs = Date.UTC(2026, 11, 31)

function toldOf(detail: Json) {
  const figures = { amountNanoUsd: zeroNanoUsd, balanceAfterNanoUsd: zeroNanoUsd, keyNumber: null }
  const entry = {
    epoch: 1,
    seq: 9,
    kind: 'invoice',
    reference: 'inv_1',
    createdAtMs: dueAtMs,
    ...figures,
    detail,
  }
  return noticeOf({ entry })
}

test('an invoice that can be paid is told with its period, its date and where', () => {
  const period = { periodStartMs: Date.UTC(2026, 10, 1), periodEndMs: Date.UTC(2026, 11, 1) }
  const url = 'https://pay.example/1'
  const detail = { what: 'issued', amountNanoUsd: 12_340_000_000, dueAtMs, url, ...period }
  expect(toldOf(detail)).toMatchObject({
    type: 'invoice_issued',
    figures: { amount: '12.34', due_on: '2026-12-31', period: '2026-11-01 to 2026-11-30', pay_at: url },
  })
})

test('an overdue one is told with the day on which calls are refused', () => {
  expect(toldOf({ what: 'overdue', amountNanoUsd: 12_340_000_000, dueAtMs, graceDays: 7 })).toMatchObject({
    type: 'invoice_overdue',
    cause: 'invoice:inv_1:invoice_overdue',
    figures: { amount: '12.34', suspended_on: '2027-01-07' },
  })
})

test.each(['cut', 'carried', 'closed'])('nobody hears of a line that says "%s"', (what) => {
  expect(toldOf({ what })).toBe(undefined)
})
