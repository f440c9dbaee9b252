// What a receipt says of its payment, and what it does when the payment provider is away.

import { expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import type { NewNotice } from './causes.ts'
import { type DescribePayment, withPayment } from './receipt-figures.ts'

const atMs = Date.UTC(2026, 10, 21)
const minutesMs = 60_000

function told(
  describe: DescribePayment,
  { type = 'receipt', paymentId = 'pi_1', nowMs = atMs }: Changes = {},
) {
  const notice: NewNotice = { cause: 'purchase:ord_1', type, figures: { amount: '10.00' }, atMs }
  const entry = {
    epoch: 1,
    seq: 7,
    kind: 'purchase',
    reference: 'ord_1',
    amountNanoUsd: nanoUsd(10_000_000_000),
    balanceAfterNanoUsd: nanoUsd(10_000_000_000),
    createdAtMs: atMs,
    keyNumber: null,
    detail: { payment: { paymentId } },
  }
  return withPayment(notice, { entry }, { describe, nowMs })
}

type Changes = { type?: NewNotice['type']; paymentId?: string | null; nowMs?: number }

const card: DescribePayment = async () => ({ method: 'visa', last4: '4242', statement: 'SLUICE' })
const away: DescribePayment = async () => 'unknown'

test('a receipt says by what was paid, and how the statement names it', async () => {
  const figures = { amount: '10.00', method: 'visa', last4: '4242', statement: 'SLUICE' }
  expect(await told(card)).toMatchObject({ figures })
  expect(await told(card, { type: 'credit_auto_recharge_triggered' })).toMatchObject({ figures })
})

test('waits for a provider that is away, and after a quarter of an hour goes without', async () => {
  await expect(told(away)).rejects.toThrow('cannot say yet')
  await expect(told(away, { nowMs: atMs + 15 * minutesMs - 1 })).rejects.toThrow('cannot say yet')
  expect(await told(away, { nowMs: atMs + 15 * minutesMs })).toMatchObject({ figures: { amount: '10.00' } })
})

test('asks nobody for a payment that came past the provider, or for what is no receipt', async () => {
  const nobody: DescribePayment = () => Promise.reject(new Error('asked'))
  expect(await told(nobody, { paymentId: null })).toMatchObject({ figures: { amount: '10.00' } })
  expect(await told(nobody, { type: 'refund' })).toMatchObject({ figures: { amount: '10.00' } })
})
