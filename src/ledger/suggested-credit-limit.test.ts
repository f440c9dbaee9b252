// The credit that a history would justify, and the history that purchases make.

import { describe, expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import { Simulator } from './book.simulator.ts'
import { credit } from './credits.ts'
import { dollar, grantOf } from './example-commands.ts'
import { afterPayment, billedMonths, type PaidMonths, paidMonthsMax } from './paid-months.ts'
import { refund } from './refunds.ts'
import { type BilledMonth, suggestedCreditLimit } from './suggested-credit-limit.ts'
import { accountView } from './views.ts'

const monthAt = (month: number) => Date.UTC(2026, month, 1)

/** `p100` paid $100, `o` open, `d` overdue; oldest first. */
function historyOf(text: string): readonly BilledMonth[] {
  const states = { p: 'paid', o: 'open', d: 'overdue' } as const
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word, at) => {
      const letter = word[0]
      const state = letter === 'p' || letter === 'o' || letter === 'd' ? states[letter] : 'open'
      return { startMs: monthAt(at), amountNanoUsd: nanoUsd(Number(word.slice(1)) * dollar), state }
    })
}

describe('the suggested credit limit', () => {
  test.each([
    ['', 0],
    ['p100 p100', 0],
    ['p100 p100 o100', 0],
    ['p100 p200 p300', 100],
    ['p900 p100 p200 p300', 100],
    ['p100 p200 p300 o900', 100],
    ['p100 p200 o900 p300', 100],
    ['p100 p200 p300 d50', 0],
    ['d50 p100 p200 p300', 0],
    ['p0 p0 p0', 0],
    ['p0 p0 p6', 1],
  ])('after %j is $%d', (history, limit) => {
    expect(suggestedCreditLimit(historyOf(history))).toBe(limit * dollar)
    expect(suggestedCreditLimit(historyOf(history).toReversed())).toBe(limit * dollar)
  })

  test('is rounded down to a whole nano-dollar', () => {
    const history = [1, 1, 3].map((amount, at) => ({
      startMs: monthAt(at),
      amountNanoUsd: nanoUsd(amount),
      state: 'paid' as const,
    }))
    expect(suggestedCreditLimit(history)).toBe(0)
  })
})

describe('the history that purchases make', () => {
  test('is the months that are over and brought something, a year of them', () => {
    let months: PaidMonths = []
    for (let month = 0; month < 15; month += 1)
      for (const part of [1, 2]) months = afterPayment(months, nanoUsd(part * dollar), monthAt(month) + part)
    months = afterPayment(months, nanoUsd(-3 * dollar), monthAt(14) + 9)
    expect(months).toHaveLength(paidMonthsMax)
    expect(billedMonths(months, monthAt(14) + 10)).toHaveLength(paidMonthsMax - 1)
    expect(billedMonths(months, monthAt(15))).toHaveLength(paidMonthsMax - 1)
  })

  test('is shown as a suggestion, and changes no limit', () => {
    const simulator = Simulator.opened(50)
    for (let month = 0; month < 3; month += 1) {
      simulator.nowMs = monthAt(month + 12)
      const purchase = grantOf(60 * dollar, { reference: `p${month}`, kind: 'purchase' })
      simulator.ask((draft) => credit(draft, purchase))
    }
    const suggestion = () => accountView(simulator.live, [], simulator.nowMs).suggestedCreditLimitNanoUsd
    expect(suggestion()).toBe(0)
    simulator.nowMs = monthAt(15)
    expect(suggestion()).toBe(30 * dollar)
    expect(simulator.live.settings.creditLimitNanoUsd).toBe(0)
    const amountNanoUsd = nanoUsd(60 * dollar)
    const command = { reference: 'r', payment: 'p2', amountNanoUsd, reason: '', actor: '' }
    simulator.ask((draft) => refund(draft, command))
    expect(suggestion()).toBe(30 * dollar)
    simulator.checkRestart()
    simulator.check()
  })
})
