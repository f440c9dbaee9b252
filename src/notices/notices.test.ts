// Every notice as a customer reads it, and which entry brings it about.

import { describe, expect, test } from 'vitest'

import { readAccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { Task } from '#ledger/tasks.ts'
import { noticeOf } from './causes.ts'
import { expiryNotice } from './expiring-card.ts'
import { mailOf } from './mailer.ts'
import { noticeId } from './notice-rows.ts'
import { isMailed, noticeTypeNames, noticeWords } from './notice-types.ts'

const accountId = readAccountId('acct_w00000000000001')
if (accountId === undefined) throw new Error('an account id has this form')

const atMs = Date.UTC(2026, 10, 21)

function entryOf(kind: string, changes: Partial<Task['entry']> = {}): Pick<Task, 'entry'> {
  const entry = {
    epoch: 1,
    seq: 7,
    kind,
    reference: 'ord_1',
    amountNanoUsd: nanoUsd(10_000_000_000),
    balanceAfterNanoUsd: nanoUsd(12_500_000_000),
    createdAtMs: atMs,
    keyNumber: null,
    detail: null,
    ...changes,
  }
  return { entry }
}

const attempt = (detail: { readonly [name: string]: string | number | boolean }) =>
  entryOf('attempt', { amountNanoUsd: nanoUsd(0), detail })

const level = (now: string, before: string) =>
  entryOf('level', {
    reference: 'level:1:7',
    amountNanoUsd: nanoUsd(0),
    detail: { level: now, before, balanceNanoUsd: -5_000_000, thresholdNanoUsd: 1_000_000_000 },
  })

describe('an entry', () => {
  // Requirements: 17, 23, 74, 75, 76
  test.each([
    ['a purchase', entryOf('purchase'), 'receipt', { amount: '10.00', balance: '12.50', reference: 'ord_1' }],
    [
      'a purchase with a bonus and tax',
      entryOf('purchase', {
        detail: { payment: { bonusNanoUsd: 5e8, taxNanoUsd: 2e9, receivedNanoUsd: 12e9 } },
      }),
      'receipt',
      { amount: '10.00', bonus: '0.50', tax: '2.00', paid: '12.00', balance: '13.00' },
    ],
    [
      'a purchase that its bank has turned down',
      entryOf('order', { detail: { what: 'closed', end: 'failed', kind: 'purchase', netNanoUsd: 5e9 } }),
      'credit_purchase_failed',
      { amount: '5.00', reference: 'ord_1' },
    ],
    [
      'a declined attempt that is tried again',
      attempt({ step: 'declined', code: 'card_declined', amountNanoUsd: 2e10, retryAtMs: atMs }),
      'credit_purchase_failed',
      { amount: '20.00', why: 'card_declined', is_paused: false, next_try_at: '2026-11-21T00:00:00.000Z' },
    ],
    [
      'an attempt after which nothing is tried',
      attempt({ step: 'paused', why: 'card', code: 'stolen_card', amountNanoUsd: 2e10 }),
      'credit_purchase_failed',
      { amount: '20.00', why: 'stolen_card', is_paused: true },
    ],
    [
      'an attempt that waits for its owner',
      attempt({ step: 'paused', why: 'needs_action', amountNanoUsd: 2e10 }),
      'payment_action_required',
      { amount: '20.00' },
    ],
    [
      'a monthly cap that is reached',
      attempt({ step: 'capped', amountNanoUsd: 2e10, monthlyCapNanoUsd: 3e10, chargedNanoUsd: 2e10 }),
      'auto_top_up_capped',
      { amount: '20.00', cap: '30.00', charged: '20.00' },
    ],
    ['a card that is gone', attempt({ step: 'method_gone', isEnabled: true }), 'saved_card_gone', {}],
    [
      'a refund that takes its bonus along',
      entryOf('refund', {
        amountNanoUsd: nanoUsd(-2_100_000_000),
        detail: { paidNanoUsd: 2e9, bonusNanoUsd: 1e8 },
      }),
      'refund',
      { amount: '2.00', bonus: '0.10' },
    ],
    [
      'a refund that has failed',
      entryOf('refund', { detail: { paidNanoUsd: -1e10 } }),
      'refund_failed',
      { amount: '10.00' },
    ],
    [
      'a dispute that takes money',
      entryOf('dispute', { amountNanoUsd: nanoUsd(-1e10) }),
      'dispute_opened',
      { amount: '10.00' },
    ],
    ['a dispute that gives it back', entryOf('dispute'), 'dispute_closed', { amount: '10.00' }],
    ['an automatic top-up', entryOf('auto_top_up'), 'credit_auto_recharge_triggered', { amount: '10.00' }],
    [
      'a refund',
      entryOf('refund', { amountNanoUsd: nanoUsd(-2_000_000_000) }),
      'refund',
      { amount: '2.00', balance: '12.50' },
    ],
    ['a level that falls to low', level('low', 'ok'), 'credit_balance_low', { threshold: '1.00' }],
    [
      'a level that falls to nothing',
      level('depleted', 'low'),
      'credit_balance_depleted',
      { balance: '-0.005' },
    ],
  ])('%s tells its customer', (_what, task, type, figures) => {
    expect(noticeOf(task)).toMatchObject({ type, figures, atMs })
  })

  test('of a limit says whose, how much of it and until when', () => {
    const detail = { step: 80, limit: 'key_month', limitNanoUsd: 5e9, spentNanoUsd: 4e9, endsAtMs: atMs }
    expect(noticeOf(entryOf('limit_reached', { detail, reference: 'limit:x' }))).toEqual({
      cause: 'limit_reached:limit:x:spend_limit_reached',
      type: 'spend_limit_reached',
      figures: {
        percent: 80,
        limit: 'key_month',
        limit_amount: '5.00',
        spent: '4.00',
        resets_at: '2026-11-21T00:00:00.000Z',
      },
      atMs,
    })
  })

  test.each([
    ['a level that rises to low', level('low', 'depleted')],
    ['a level that is well again', level('ok', 'low')],
    ['a charge', entryOf('usage')],
    ['an order that is placed', entryOf('order', { detail: { what: 'placed' } })],
    [
      'a page that nobody used',
      entryOf('order', { detail: { what: 'closed', end: 'expired', kind: 'purchase' } }),
    ],
    ['an attempt that begins', attempt({ step: 'started', amountNanoUsd: 1 })],
    ['a payment that is not as asked for', attempt({ step: 'paused', why: 'mismatch' })],
    ['a card that was not charged', attempt({ step: 'method_gone', isEnabled: false })],
    ['an inquiry that takes nothing', entryOf('dispute', { amountNanoUsd: nanoUsd(0) })],
    ['a kind of a newer version', entryOf('toString')],
  ])('of %s tells nobody anything', (_what, task) => {
    expect(noticeOf(task)).toBeUndefined()
  })

  test('tells under one cause whatever its number, so that a rebuilt account tells nothing twice', async () => {
    const causes = [entryOf('purchase'), entryOf('purchase', { seq: 9, epoch: 2 })].map(
      (task) => noticeOf(task)?.cause ?? '',
    )
    expect(causes[0]).toBe(causes[1])
    expect(await noticeId(accountId, 'a')).toMatch(/^ntc_[0-9a-f]{32}$/)
    expect(await noticeId(accountId, 'a')).not.toBe(await noticeId(accountId, 'b'))
  })
})

describe('a notice', () => {
  const figures = {
    amount: '20.00',
    bonus: '1.00',
    balance: '-0.50',
    threshold: '1.00',
    reference: 'ord_1',
    why: 'card_declined',
    is_paused: true,
    next_try_at: '2026-11-21T01:00:00.000Z',
    card: 'visa 4242',
    expires: '12/2026',
    number: 'INV-1',
    period: '2026-11',
    due_on: '2026-12-01',
    suspended_on: '2026-12-08',
    percent: 100,
    limit: 'key_lifetime',
    limit_amount: '5.00',
    spent: '5.00',
    key: 3,
    resets_at: '2026-12-01T00:00:00.000Z',
    endpoint: 'we_1',
    tax: '2.00',
    paid: '22.00',
    method: 'visa',
    last4: '4242',
    statement: 'SLUICE CREDIT',
    date: '2026-11-21',
    pay_at: 'https://pay.example/1',
    cap: '50.00',
    charged: '40.00',
  }

  test.each([...noticeTypeNames])('%s says what happened with its figures and what to do', (type) => {
    const { subject, lines, next } = noticeWords(type, figures)
    const all = [subject, ...lines, next]
    expect(all.every((line) => line.trim() === line && line !== '')).toBe(true)
    expect(all.join(' ')).not.toMatch(/undefined|\$ |\(\)|\$\$/)
    expect([...lines, next].every((line) => line.endsWith('.'))).toBe(true)
    expect(noticeWords(type, {}).lines.length).toBeGreaterThan(0)
  })

  // Requirements: 23
  test('that is a receipt holds what a bookkeeper asks for', () => {
    const { lines } = noticeWords('receipt', { ...figures, seller: 'Example Ltd, 1 Street, VAT 123' })
    expect(lines).toEqual([
      'Your payment has arrived: $20.00 is on your balance.',
      'A bonus of $1.00 comes with it.',
      'Paid: $22.00 by visa ending in 4242, of which $2.00 is tax.',
      'Your statement shows it as SLUICE CREDIT.',
      'Balance now: -$0.50.',
      'Date: 2026-11-21.',
      'Reference: ord_1.',
      'Seller: Example Ltd, 1 Street, VAT 123.',
    ])
    const { lines: automatic } = noticeWords('credit_auto_recharge_triggered', figures)
    expect(automatic.slice(1)).toEqual(lines.slice(1, -1))
  })

  test('of a balance below zero shows the minus before the dollars', () => {
    expect(noticeWords('credit_balance_depleted', figures).lines).toEqual([
      'Your balance is -$0.50. Requests that cost money are refused with 402.',
    ])
  })

  test('about end users is mailed to nobody: they come by the thousand', () => {
    expect(isMailed('spend_limit_reached', { limit: 'end_user_day' })).toBe(false)
    expect(isMailed('spend_limit_reached', { limit: 'key_day' })).toBe(true)
    expect(
      noticeWords('spend_limit_reached', { ...figures, limit: 'account_month', percent: 80 }).subject,
    ).toBe('80 % of the monthly spend limit is used')
    expect(noticeWords('spend_limit_reached', figures).lines[0]).toBe(
      '$5.00 of $5.00 is spent: 100 % of the limit of key 3 in all.',
    )
  })

  test('becomes a mail in plain text and in HTML that no figure can break', () => {
    const notice = { id: 'ntc_1', type: 'receipt', figures: { ...figures, reference: '<b>"&' } } as const
    const mail = mailOf(notice, ['a@b.example'])
    expect(mail).toMatchObject({ to: ['a@b.example'], idempotencyKey: 'ntc_1' })
    expect(mail.text).toContain('A bonus of $1.00 comes with it.')
    expect(mail.text).toContain('Reference: <b>"&.')
    expect(mail.html).toContain('<p>Reference: &lt;b&gt;&quot;&amp;.</p>')
  })
})

test('a figure that holds a line break begins no header of the mail', () => {
  const figures = { number: '1\r\nBcc: eve@customer.com', amount: '1.00' }
  const { subject } = mailOf({ id: 'ntc_1', type: 'invoice_issued', figures }, ['a@b.example'])
  expect(subject).toBe('Invoice 1 Bcc: eve@customer.com: $1.00')
})

describe('a saved card', () => {
  const card = { cardId: 'pm_1', expiresMonth: 12, expiresYear: 2026 }

  test('is told once in its last 45 days, to the end of its month', () => {
    const end = Date.UTC(2027, 0, 1)
    const days = 24 * 3_600_000
    expect(expiryNotice(card, end - 45 * days - 1)).toBeUndefined()
    expect(expiryNotice(card, end - 45 * days)).toMatchObject({
      cause: 'card:pm_1:12/2026',
      type: 'card_expiring',
      figures: { expires: '12/2026' },
    })
    expect(expiryNotice(card, end - 1)?.cause).toBe('card:pm_1:12/2026')
    expect(expiryNotice(card, end)).toBeUndefined()
    expect(expiryNotice({ ...card, expiresMonth: 1, expiresYear: 2027 }, end)?.cause).toBe(
      'card:pm_1:01/2027',
    )
  })
})
