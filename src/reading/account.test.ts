// The figures that an account shows of itself.

import { describe, expect, test } from 'vitest'
import { asMillis } from '#core/clock.ts'
import { readAccountId } from '#core/ids.ts'
import { nanoUsd, picoUsd, zeroNanoUsd } from '#core/money.ts'
import type { AccountView, KeyView } from '#ledger/account-views.ts'
import { noRisk } from '#ledger/payment-risk.ts'
import { keyViewOf } from '#ledger/example-views.ts'
import { accountBody, creditsBody, keyBody } from './account.ts'

const accountId = readAccountId('acct_e00000000000000')
if (accountId === undefined) throw new Error('the test has no account id')

const now = asMillis(Date.UTC(2026, 10, 20))

const view: AccountView = {
  accountId,
  name: 'Ada',
  epoch: 1,
  postedNanoUsd: nanoUsd(12_500_000_000),
  heldNanoUsd: nanoUsd(1),
  availableNanoUsd: nanoUsd(12_499_999_999),
  debtNanoUsd: zeroNanoUsd,
  buckets: [],
  openHolds: 1,
  monthUsedNanoUsd: nanoUsd(1),
  suggestedCreditLimitNanoUsd: zeroNanoUsd,
  lifetimeAdded: '20.00',
  lifetimeBonus: '0.50',
  lifetimeSpent: '8.00',
  lifetimeUsage: '8.00',
  plan: null,
  allowances: [],
  settings: {
    rpm: 50,
    tpm: 2_000_000,
    inFlight: 50,
    keysMax: 50,
    monthlySpendLimitNanoUsd: null,
    lowBalanceThresholdNanoUsd: nanoUsd(1_000_000_000),
    isFrozen: false,
    freezesOnDispute: false,
    mode: 'prepaid',
    creditLimitNanoUsd: zeroNanoUsd,
    invoiceDueDays: 30,
    invoiceGraceDays: 7,
    endUserBudgets: [],
  },
  risk: noRisk,
  isSuspended: false,
  rate: {
    requests: { limit: 50, remaining: 50, resetMs: 0 },
    tokens: { limit: 2_000_000, remaining: 2_000_000, resetMs: 0 },
    inFlight: { limit: 50, remaining: 50 },
  },
  marks: { head: 4, sent: 4, confirmed: 3 },
  recent: [],
}

const key = keyViewOf({ name: 'laptop', usedNanoUsd: nanoUsd(3_000_000_000) })

describe('the account as it shows itself', () => {
  // Cases: billing-bugs 41
  test('a balance below zero is shown as it is', () => {
    const debt = nanoUsd(-250_000_000)
    const body = accountBody(
      {
        ...view,
        postedNanoUsd: debt,
        heldNanoUsd: zeroNanoUsd,
        availableNanoUsd: debt,
      },
      now,
    )
    expect(body).toMatchObject({ current_balance: '-0.25', available: '-0.25', low_balance: true })
  })

  test('a balance is low from its threshold downwards', () => {
    const at = accountBody({ ...view, postedNanoUsd: nanoUsd(1_000_000_000) }, now)
    const above = accountBody({ ...view, postedNanoUsd: nanoUsd(1_000_000_001) }, now)
    expect([at['low_balance'], above['low_balance']]).toEqual([true, false])
  })

  // Requirements: 77, 81
  test('an allowance shows its unit, what is used, what exceeds it costs and when it renews', () => {
    const allowances = [
      {
        consumable: 'sms',
        included: 10,
        used: 3,
        overagePicoUsd: picoUsd(10_000_000_000),
        resetsInMs: 1_000,
      },
    ] as const
    expect(accountBody({ ...view, allowances }, now)['allowances']).toEqual([
      {
        consumable: 'sms',
        unit: 'message',
        included: 10,
        used: 3,
        overage_price: '0.01',
        resets_at: '2026-11-20T00:00:01.000Z',
      },
    ])
  })

  test('credits are everything added, bonus included, against everything spent', () => {
    expect(creditsBody(view)).toEqual({ total_credits: 20.5, total_usage: 8 })
  })

  test('lifetime totals beyond one amount stay exact to the cent', () => {
    const large = { lifetimeAdded: '12345678.91', lifetimeBonus: '0.09', lifetimeSpent: '0.00' }
    expect(creditsBody(large)).toEqual({ total_credits: 12_345_679, total_usage: 0 })
  })

  test("a key's limit is the one with least left, and never less than nothing", () => {
    const budgets: KeyView['budgets'] = [
      {
        window: 'month',
        amountNanoUsd: nanoUsd(10_000_000_000),
        usedNanoUsd: nanoUsd(3_000_000_000),
        resetMs: 5,
      },
      {
        window: 'day',
        amountNanoUsd: nanoUsd(1_000_000_000),
        usedNanoUsd: nanoUsd(1_500_000_000),
        resetMs: 1,
      },
    ]
    expect(keyBody({ ...key, budgets }, view)).toMatchObject({
      limit: 1,
      limit_remaining: 0,
      limit_reset: 'daily',
      usage: 3,
      usage_daily: 1.5,
      usage_weekly: null,
      usage_monthly: 3,
    })
  })

  test('a key without limits has none', () => {
    expect(keyBody(key, view)).toMatchObject({ limit: null, limit_remaining: null, limit_reset: null })
  })
})
