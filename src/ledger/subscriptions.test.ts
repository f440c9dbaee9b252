// A plan that is paid for: what its invoices grant, what they leave alone, and where the account falls back to.

import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { renewalGraceMs } from './allowances.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator, startOfTime } from './book.simulator.ts'
import { credit } from './credits.ts'
import type { Entry } from './entry.ts'
import {
  dollar,
  exampleTerms,
  grantOf,
  invoiceOf,
  meterOf,
  planOf,
  subscriptionOf,
} from './example-commands.ts'
import { meter } from './meter.ts'
import { setPlan } from './plans.ts'
import { rebook } from './rebook.ts'
import type { TellSubscription } from './subscription-commands.ts'
import { askForPlan, dropPage, planView, tellSubscription, toldInvoicesMax } from './subscriptions.ts'
import { accountView } from './views.ts'

const money = { ...exampleTerms, id: 'money', monthlyCreditNanoUsd: nanoUsd(10 * dollar) }
const large = {
  ...exampleTerms,
  id: 'large',
  included: { sms: 110, tokens: 1_000, emails: 60 },
  monthlyCreditNanoUsd: nanoUsd(40 * dollar),
}

const tell = (account: Simulator, ...told: Parameters<typeof subscriptionOf>) =>
  account.ask((draft) => tellSubscription(draft, subscriptionOf(...told)))
const touch = (account: Simulator) => account.ask(() => true)
const useSms = (account: Simulator, n: number, quantity: number) =>
  account.ask((draft) => meter(draft, meterOf(n, quantity)))

const linesOf = (account: Simulator, wanted: Entry['kind']) =>
  account.store.entries.filter(({ kind }) => kind === wanted)
const grantsOf = (account: Simulator) => linesOf(account, 'allowance').map(({ reference }) => reference)
const stepsOf = (account: Simulator) =>
  linesOf(account, 'plan').flatMap(({ detail }) => Object(detail).step ?? [])
const findingsOf = (account: Simulator) =>
  linesOf(account, 'finding').map(({ detail }) => Object(detail).what)
const planOn = (account: Simulator) => account.live.allowances.plan?.terms.id ?? null

function smsOf(account: Simulator): { included: number; used: number } | undefined {
  const view = accountView(account.live, [], account.nowMs)
  return view.allowances.find(({ consumable }) => consumable === 'sms')
}

/** Restarted and rebuilt, it is the same account. */
function checked(account: Simulator): Simulator {
  account.check()
  account.checkRestart()
  checkRebuild(account)
  account.crash()
  return account
}

const day = (text: string) => Date.parse(`${text}Z`)

describe('a paid period', () => {
  // Cases: payments 48; billing-bugs 43
  test('is granted once, however often and in whatever order its invoice is told', () => {
    const account = Simulator.opened(0)
    const first = invoiceOf('in_1', startOfTime)
    const second = invoiceOf('in_2', first.endMs)
    for (let time = 0; time < 3; time += 1) tell(checked(account), [first])
    useSms(account, 1, 7)
    account.nowMs = first.endMs + hourMs
    for (const invoices of [[first, second], [second], [first], [first, second]])
      for (let time = 0; time < 3; time += 1) tell(checked(account), invoices)
    expect(grantsOf(account)).toEqual([`allow:basic:${first.startMs}`, `allow:basic:${second.startMs}`])
    expect(smsOf(account)).toMatchObject({ included: 10, used: 0 })
  })

  // Cases: payments 48
  test('that begins on the 20th brings nothing on the 1st, whatever plan the account had before', () => {
    const account = Simulator.opened(0)
    account.nowMs = day('2026-12-01T00:00')
    account.ask((draft) => setPlan(draft, planOf('free', { anchorDay: 1 })))
    expect(grantsOf(account)).toHaveLength(1)
    account.nowMs = day('2026-12-20T12:00')
    useSms(account, 1, 4)
    const invoice = invoiceOf('in_1', account.nowMs, { terms: large })
    tell(account, [invoice])
    expect(smsOf(account)).toMatchObject({ included: 110, used: 0 })
    for (const at of ['2027-01-01T00:00', '2027-01-02T00:00']) {
      account.nowMs = day(at)
      touch(account)
    }
    expect(grantsOf(checked(account))).toHaveLength(2)
    // Then its own month again, once, with its own day.
    tell(account, [invoice], { isEnding: true })
    account.nowMs = invoice.endMs
    touch(account)
    touch(account)
    expect([planOn(account), smsOf(account)]).toMatchObject(['basic', { included: 10, used: 0 }])
    expect(grantsOf(checked(account)).at(-1)).toBe(`allowance:${day('2027-01-01T00:00')}`)
    expect(grantsOf(account)).toHaveLength(3)
  })

  // Cases: payments 48
  test('takes what the one before has left, and nothing else', () => {
    const account = Simulator.opened(3)
    const first = invoiceOf('in_1', startOfTime, { terms: money })
    tell(account, [first])
    account.ask((draft) => credit(draft, grantOf(dollar, { kind: 'purchase', reference: 'paid' })))
    account.ask((draft) =>
      credit(draft, grantOf(2 * dollar, { bucket: 'allowance', expiresInMs: 90 * dayMs })),
    )
    const lots = () =>
      account.live.lots.map(({ bucket, remainingNanoUsd }) => [bucket, remainingNanoUsd / dollar])
    const rest = [
      ['promotional', 3],
      ['paid', 1],
    ]
    expect(lots()).toEqual([['allowance', 10], ['allowance', 2], ...rest])
    // Told before the clock of the account has come to it: it begins with its payment.
    tell(account, [first, invoiceOf('in_2', first.endMs, { terms: money })])
    expect(lots()).toEqual([['allowance', 10], ['allowance', 2], ...rest])
    expect(linesOf(checked(account), 'expiry')).toHaveLength(1)
  })

  test('of nothing, of a plan that nobody knows or of a time that is over grants nothing', () => {
    const account = Simulator.opened(0)
    const start = startOfTime
    tell(account, [
      invoiceOf('in_0', start, { totalNanoUsd: nanoUsd(0) }),
      invoiceOf('in_1', start, { totalNanoUsd: nanoUsd(-1) }),
      invoiceOf('in_2', start - 31 * dayMs),
      invoiceOf('in_3', start, { terms: null, planId: 'gone' }),
    ])
    expect([grantsOf(account), planOn(account), findingsOf(account)]).toEqual([[], null, ['unknown_plan']])
    tell(account, [invoiceOf('in_4', start)])
    expect(grantsOf(account)).toHaveLength(1)
    // What is not offered any more goes on as it was.
    tell(account, [invoiceOf('in_5', start + 30 * dayMs, { terms: null, planId: 'basic' })])
    expect(grantsOf(checked(account))).toHaveLength(2)
  })
})

describe('a plan that is changed for a dearer one', () => {
  test('grants the share of the difference that is left of the period, once', () => {
    const account = Simulator.opened(0)
    const first = invoiceOf('in_1', startOfTime, { terms: money })
    tell(account, [first])
    useSms(account, 1, 6)
    account.nowMs += 15 * dayMs
    const change = invoiceOf('in_up', account.nowMs, { kind: 'change', terms: large, endMs: first.endMs })
    for (let time = 0; time < 3; time += 1) tell(checked(account), [first, change])
    // 10 and half of the 100 that the larger one has on top; $10 and half of $30.
    expect(smsOf(account)).toMatchObject({ included: 60, used: 6 })
    expect(account.live.postedNanoUsd).toBe(25 * dollar)
    expect(account.live.allowances.plan?.terms.included).toEqual({ sms: 60, tokens: 1_000, emails: 30 })
    expect(grantsOf(account)).toEqual([`allow:money:${startOfTime}`, `allow:large:${startOfTime}:up:in_up`])
    account.nowMs = first.endMs + hourMs
    tell(account, [first, change, invoiceOf('in_2', first.endMs, { terms: large })])
    expect(smsOf(account)).toMatchObject({ included: 110, used: 0 })
    expect(checked(account).live.postedNanoUsd).toBe(40 * dollar)
  })

  test('waits for the period that it is a part of, and takes nothing away', () => {
    const account = Simulator.opened(0)
    const first = invoiceOf('in_1', startOfTime, { terms: large })
    const half = { kind: 'change' as const, endMs: first.endMs }
    const smaller = invoiceOf('in_down', startOfTime + dayMs, { ...half, terms: exampleTerms })
    tell(account, [smaller])
    expect(grantsOf(account)).toEqual([])
    tell(account, [first, smaller, invoiceOf('in_same', startOfTime + dayMs, half)])
    expect([planOn(account), smsOf(account)]).toMatchObject(['basic', { included: 110 }])
    const beyond = invoiceOf('in_late', first.endMs, { ...half, terms: large, endMs: first.endMs + 1 })
    tell(account, [beyond])
    expect(grantsOf(checked(account))).toHaveLength(2)
  })
})

describe('a payment that fails', () => {
  test('is told once and grants nothing; the plan stands until what is paid for is over', () => {
    const account = Simulator.opened(0)
    const first = invoiceOf('in_1', startOfTime)
    tell(account, [first])
    const failed = invoiceOf('in_2', first.endMs, { state: 'failed' })
    account.nowMs = first.endMs - hourMs
    for (let time = 0; time < 3; time += 1) tell(account, [first, failed], { state: 'unpaid' })
    expect([planOn(account), stepsOf(account)]).toEqual(['basic', ['payment_failed', 'followed']])
    account.nowMs = first.endMs
    touch(account)
    expect([planOn(checked(account)), grantsOf(account).length]).toEqual([null, 1])
    // Its card was changed a week later.
    account.nowMs += 7 * dayMs
    tell(account, [first, { ...failed, state: 'paid' }])
    expect([planOn(checked(account)), smsOf(account)]).toMatchObject(['basic', { included: 10, used: 0 }])
  })

  test('or that is only late leaves the plan in force for some hours, and grants nothing for them', () => {
    const account = Simulator.opened(0)
    const first = invoiceOf('in_1', startOfTime, { terms: money })
    tell(account, [first])
    useSms(account, 1, 4)
    account.nowMs = first.endMs + renewalGraceMs - 1
    expect(useSms(account, 2, 3)).toMatchObject({ ok: true, allowanceUsed: 3 })
    expect([planOn(account), account.live.postedNanoUsd]).toEqual(['money', 0])
    account.nowMs += 1
    touch(account)
    touch(account)
    expect([planOn(checked(account)), stepsOf(account)]).toEqual([null, ['over']])
  })
})

describe('a subscription that has ended', () => {
  test('before its time takes its plan and its money with it, and never begins again', () => {
    const account = Simulator.opened(1)
    account.ask((draft) => setPlan(draft, planOf('free')))
    useSms(account, 1, 3)
    const first = invoiceOf('in_1', startOfTime + 7, { terms: money })
    tell(account, [first])
    for (let time = 0; time < 2; time += 1) tell(checked(account), [first], { state: 'ended' })
    expect([planOn(account), smsOf(account)]).toMatchObject(['basic', { used: 3 }])
    expect([account.live.postedNanoUsd, stepsOf(account)]).toEqual([dollar, ['ended']])
    tell(account, [first])
    expect(grantsOf(checked(account))).toHaveLength(2)
    // Another one begins as the first did.
    tell(account, [invoiceOf('in_9', startOfTime + 9)], { subscriptionId: 'sub_2' })
    expect(grantsOf(checked(account))).toHaveLength(3)
  })

  test('begins nothing where all of it is told at once', () => {
    const account = Simulator.opened(0)
    tell(account, [invoiceOf('in_1', startOfTime)], { state: 'ended' })
    expect([grantsOf(account), stepsOf(account)]).toEqual([[], []])
  })
})

describe('a second subscription', () => {
  test('is a finding and grants nothing while the first one runs', () => {
    const account = Simulator.opened(0)
    tell(account, [invoiceOf('in_1', startOfTime)])
    const other = { subscriptionId: 'sub_2' }
    for (let time = 0; time < 2; time += 1)
      expect(tell(account, [invoiceOf('in_2', startOfTime + 5, { terms: large })], other)).toEqual({
        ok: false,
        code: 'other_subscription',
      })
    expect(tell(account, [], { ...other, state: 'unpaid' })).toMatchObject({ ok: true })
    expect([findingsOf(checked(account)), grantsOf(account).length]).toEqual([['second_subscription'], 1])
  })
})

describe('what is told', () => {
  test.each([
    ['mismatch', { accountId: 'acct_w00000000000000' }],
    ['mismatch', { accountId: null }],
    ['invalid_command', { subscriptionId: '' }],
    ['invalid_command', { subscriptionId: 'x'.repeat(201) }],
    ['invalid_command', { invoices: [invoiceOf('', startOfTime)] }],
    ['invalid_command', { invoices: [invoiceOf('in_1', 1.5)] }],
    ['invalid_command', { invoices: [invoiceOf('in_1', startOfTime, { endMs: startOfTime })] }],
    ['invalid_command', { invoices: [invoiceOf('in_1', startOfTime, { planId: 'large' })] }],
    [
      'invalid_command',
      { invoices: Array.from({ length: toldInvoicesMax + 1 }, (_, n) => invoiceOf(`in_${n}`, startOfTime)) },
    ],
  ] satisfies [string, Partial<TellSubscription>][])('and is not sound is refused as %s', (code, changes) => {
    const account = Simulator.opened(0)
    const before = account.store.entries.length
    expect(tell(account, [invoiceOf('in_1', startOfTime)], changes)).toEqual({ ok: false, code })
    expect(account.store.entries).toHaveLength(before)
  })

  test('again from a closed epoch is granted again where it was lost, and only there', () => {
    const lost = Simulator.opened(0)
    const first = invoiceOf('in_1', startOfTime, { terms: money })
    const change = invoiceOf('in_up', startOfTime + dayMs, {
      kind: 'change',
      terms: large,
      endMs: first.endMs,
    })
    lost.nowMs = startOfTime + dayMs
    tell(lost, [first, change])
    const account = Simulator.opened(0)
    account.nowMs = lost.nowMs
    account.live.epoch = 2
    for (const entry of [...linesOf(lost, 'allowance'), ...linesOf(lost, 'allowance')])
      account.ask((draft) => rebook(draft, { entry }))
    expect(grantsOf(account)).toEqual(grantsOf(lost))
    expect(account.live.allowances.plan).toEqual(lost.live.allowances.plan)
  })
})

describe('what the operator agrees', () => {
  test('with an account that pays for a plan waits until that has ended', () => {
    const account = Simulator.opened(0)
    const first = invoiceOf('in_1', startOfTime)
    tell(account, [first])
    account.ask((draft) => setPlan(draft, planOf('later', { terms: large, anchorDay: 3 })))
    expect([planOn(account), grantsOf(account).length]).toEqual(['basic', 1])
    tell(account, [first], { isEnding: true })
    account.nowMs = first.endMs
    touch(account)
    expect([planOn(checked(account)), grantsOf(account).length]).toEqual(['large', 2])
  })
})

test('the page on which somebody subscribes is known until it is paid or dropped', () => {
  const account = Simulator.opened(0)
  const ask = { checkoutId: 'cs_1', planId: 'basic' }
  for (let time = 0; time < 2; time += 1) account.ask((draft) => askForPlan(draft, ask))
  expect(planView(account.live)).toMatchObject({ asked: ask, subscription: null })
  account.ask((draft) => dropPage(draft, { checkoutId: 'cs_0' }))
  account.ask((draft) => askForPlan(draft, { ...ask, checkoutId: 'cs_2' }))
  account.ask((draft) => dropPage(draft, { checkoutId: 'cs_1' }))
  expect(planView(checked(account).live).asked).toMatchObject({ checkoutId: 'cs_2' })
  account.ask((draft) => dropPage(draft, { checkoutId: 'cs_2' }))
  expect(planView(account.live).asked).toBeNull()
  account.ask((draft) => askForPlan(draft, ask))
  tell(account, [invoiceOf('in_1', startOfTime)])
  expect(planView(checked(account).live)).toMatchObject({ asked: null, plan: { id: 'basic' } })
  expect(account.ask((draft) => askForPlan(draft, { ...ask, planId: '' }))).toMatchObject({ ok: false })
})
