// Ledger lines as the movements that a customer reads.

import { describe, expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import type { Entry } from '#ledger/entry.ts'
import { transactionBody, transactionType } from './transactions.ts'

describe('ledger lines as movements of money', () => {
  test.each([
    ['purchase', 5, 'purchase'],
    ['auto_top_up', 5, 'auto_top_up'],
    ['bonus', 5, 'bonus'],
    ['grant', 5, 'grant'],
    ['adjustment', -5, 'adjustment'],
    ['usage', -5, 'consumption'],
    ['late', -5, 'consumption'],
    ['late', 5, 'reversal'],
  ] as const)('%s of %i is shown as %s', (kind, amount, type) => {
    expect(transactionType({ kind, amountNanoUsd: nanoUsd(amount) })).toBe(type)
  })

  test('a movement carries its amount, the balance after it and where it came from', () => {
    const entry: Entry = {
      epoch: 1,
      seq: 7,
      kind: 'grant',
      reference: 'grant:welcome',
      amountNanoUsd: nanoUsd(5_000_000_000),
      balanceAfterNanoUsd: nanoUsd(-1),
      createdAtMs: Date.parse('2026-11-01T00:00:00Z'),
      keyNumber: null,
      detail: { bucket: 'promotional' },
    }
    expect(transactionBody(entry)).toEqual({
      id: 'txn_1_7',
      type: 'grant',
      amount: '5.00',
      running_balance: '-0.000000001',
      bucket: 'promotional',
      reference: 'grant:welcome',
      key: null,
      created_at: '2026-11-01T00:00:00.000Z',
    })
  })
})
