// Invoices of a postpaid account: when its books are cut, what is asked for, what a payment brings, and when calls are refused.

import { describe, expect, test } from 'vitest'
import { dayMs } from '#core/clock.ts'
import { type InvoiceId, invoiceIdOf } from '#core/ids.ts'
import { addNanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { AccountSettings } from './account-commands.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { openDraft } from './draft.ts'
import { admitOf, captureOf, dollar, grantOf, meterOf } from './example-commands.ts'
import type { InvoiceView, IssuedTerms } from './invoice-commands.ts'
import { invoiceFrom, invoicesView } from './invoice-views.ts'
import { cutInvoice, endInvoice, isInvoicingDue, issueInvoice, keepInvoices, payInvoice } from './invoices.ts'
import { meter } from './meter.ts'
import type { PaymentFacts } from './order-commands.ts'
import { changeSettings } from './settings.ts'
import { timings } from './timings.ts'
import { nextDueAt } from './alarm.ts'

const at = (text: string) => Date.parse(`${text}Z`)
const cents = (count: number) => nanoUsd(count * 10_000_000)

/** Commits a group of nothing: what is due happens. */
const touch = (account: Simulator) => account.ask(() => true)

function opened(settings: Partial<AccountSettings> = {}, dollars = 0): Simulator {
  const account = Simulator.opened(dollars, {
    mode: 'postpaid',
    creditLimitNanoUsd: nanoUsd(100 * dollar),
    ...settings,
  })
  account.nowMs = at('2026-11-20T10:00')
  return account
}

/** A call that costs so much, from beginning to end. */
function spend(account: Simulator, costNanoUsd: number): void {
  const callId = account.newCall()
  const holdNanoUsd = nanoUsd(costNanoUsd)
  expect(account.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd })))).toMatchObject({ ok: true })
  account.ask((draft) => capture(draft, captureOf(callId, costNanoUsd)))
}

const idOf = (account: Simulator, number = 1): InvoiceId => invoiceIdOf(account.store.accountId, number)
const linesOf = (account: Simulator) => account.store.entries.filter(({ kind }) => kind === 'invoice')
const asked = (account: Simulator) => account.live.invoicing.open.map(({ amountNanoUsd }) => amountNanoUsd)
const view = (account: Simulator, number = 1): InvoiceView | undefined =>
  invoiceFrom(idOf(account, number), account.store.lookup, account.nowMs)

function issuedOf(account: Simulator, changes: Partial<IssuedTerms> = {}): IssuedTerms {
  const dueAtMs = account.nowMs + 30 * dayMs
  return { providerId: 'in_1', isLive: false, dueAtMs, url: 'https://pay.example/1', ...changes }
}

const issue = (account: Simulator, changes: Partial<IssuedTerms> = {}) =>
  account.ask((draft) =>
    issueInvoice(draft, { invoiceId: idOf(account), issued: issuedOf(account, changes) }),
  )

function factsOf(account: Simulator, changes: Partial<PaymentFacts> = {}): PaymentFacts {
  const netNanoUsd = changes.netNanoUsd ?? view(account)?.terms.amountNanoUsd ?? zeroNanoUsd
  return {
    accountId: account.store.accountId,
    isLive: false,
    currency: 'usd',
    netNanoUsd,
    taxNanoUsd: zeroNanoUsd,
    receivedNanoUsd: addNanoUsd(netNanoUsd, changes.taxNanoUsd ?? zeroNanoUsd),
    paymentId: 'pi_1',
    ...changes,
  }
}

const pay = (account: Simulator, changes: Partial<PaymentFacts> = {}) =>
  account.ask((draft) => payInvoice(draft, { invoiceId: idOf(account), facts: factsOf(account, changes) }))

/** With one invoice over $12.34, cut at the end of November. */
function asking(settings: Partial<AccountSettings> = {}): Simulator {
  const account = opened(settings)
  spend(account, cents(1_234))
  account.nowMs = at('2026-12-01T00:00')
  touch(account)
  return account
}

describe('the cut', () => {
  test('comes with the first touch after the end of the month, and once', () => {
    const account = opened()
    spend(account, cents(1_234))
    account.nowMs = at('2026-11-30T23:59:59')
    touch(account)
    expect(linesOf(account)).toEqual([])
    account.nowMs = at('2026-12-01T00:00')
    touch(account)
    touch(account)
    expect(linesOf(account)).toMatchObject([{ reference: idOf(account), amountNanoUsd: 0 }])
    expect(view(account)).toMatchObject({
      state: 'cut',
      terms: {
        number: 1,
        periodEndMs: at('2026-12-01T00:00'),
        throughSeq: account.live.headSeq - 1,
        amountNanoUsd: cents(1_234),
        dueDays: 30,
      },
    })
  })

  // Cases: payments 44
  test('asks for whole cents and leaves the rest of a cent as debt', () => {
    const account = opened()
    spend(account, 1_239_999_999)
    account.nowMs = at('2026-12-01T00:00')
    touch(account)
    expect(asked(account)).toEqual([cents(123)])
    pay(account)
    expect(account.live.debtNanoUsd).toBe(9_999_999)
    spend(account, dollar)
    account.nowMs = at('2027-01-01T00:00')
    touch(account)
    expect(asked(account)).toEqual([cents(100)])
  })

  // Cases: payments 47
  test('asks for nothing below 50 cents, and for all of it when there is more', () => {
    const account = opened()
    spend(account, cents(31))
    account.nowMs = at('2026-12-01T00:00')
    touch(account)
    expect(asked(account)).toEqual([])
    expect(linesOf(account)).toMatchObject([{ detail: { what: 'carried', owedNanoUsd: cents(31) } }])
    spend(account, cents(19))
    touch(account)
    expect(asked(account)).toEqual([])
    account.nowMs = at('2027-01-01T00:00')
    touch(account)
    expect(asked(account)).toEqual([cents(50)])
    // Both months are behind it.
    const [first] = account.store.entries.filter(({ kind }) => kind === 'usage')
    expect(view(account)?.terms.fromSeq).toBeLessThan(first?.seq ?? 0)
  })

  // Cases: payments 45
  test('leaves what is settled after it to the next one', () => {
    const account = opened()
    const callId = account.newCall()
    spend(account, dollar)
    account.nowMs = at('2026-11-30T23:59:50')
    const late = account.newCall()
    account.ask((draft) => admit(draft, admitOf(late)))
    account.nowMs = at('2026-12-01T00:00:01')
    account.ask((draft) => capture(draft, captureOf(late, dollar)))
    expect(callId).not.toBe(late)
    expect(asked(account)).toEqual([dollar])
    const charge = account.store.entries.find(({ reference }) => reference === late)
    expect(view(account)?.terms.throughSeq).toBeLessThan(charge?.seq ?? 0)
    account.nowMs = at('2027-01-01T00:00')
    touch(account)
    expect(asked(account)).toEqual([dollar, dollar])
    expect(view(account, 2)?.terms).toMatchObject({ fromSeq: view(account)?.terms.throughSeq })
  })

  test('never asks twice for the same debt, nor for what credits have paid', () => {
    const account = asking()
    account.nowMs = at('2027-01-01T00:00')
    touch(account)
    expect(asked(account)).toEqual([cents(1_234)])
    account.ask((draft) => credit(draft, grantOf(5 * dollar, { kind: 'purchase', reference: 'top up' })))
    spend(account, 6 * dollar)
    account.nowMs = at('2027-02-01T00:00')
    touch(account)
    // $6 more, of which the top-up has paid $5 of the older debt.
    expect(asked(account)).toEqual([cents(1_234), dollar])
  })

  test('is due for an account that nobody touches, by its alarm, and only while it owes', () => {
    const account = opened()
    const dueAt = () => {
      const { live } = account
      const marks = { ...live.marks, sentSeq: live.headSeq, confirmedSeq: live.headSeq }
      return nextDueAt({ ...live, marks }, timings)
    }
    touch(account)
    expect(dueAt()).toBe(undefined)
    spend(account, dollar)
    expect(dueAt()).toBe(at('2026-12-01T00:00'))
    expect(isInvoicingDue(account.live, at('2026-11-30T23:59'))).toBe(false)
    expect(isInvoicingDue(account.live, at('2026-12-01T00:00'))).toBe(true)
  })

  test('refuses and blocks nothing: a call at the end of the month is admitted by the group that cuts', () => {
    const account = opened()
    spend(account, dollar)
    account.nowMs = at('2026-12-01T00:00')
    const callId = account.newCall()
    expect(account.ask((draft) => admit(draft, admitOf(callId)))).toMatchObject({ ok: true })
    expect(asked(account)).toEqual([dollar])
  })

  test('waits where it was put off, and nothing else does', () => {
    const account = opened()
    spend(account, dollar)
    account.nowMs = at('2026-12-01T00:00')
    const context = { ...account.context(), mayDo: (chore: string) => chore !== 'invoice' }
    const draft = openDraft(account.live, context)
    keepInvoices(draft)
    expect(draft.entries).toEqual([])
  })

  test('of an account that is prepaid by then is its last', () => {
    const account = opened()
    spend(account, dollar)
    account.ask((draft) =>
      changeSettings(draft, { reference: 's', settings: { mode: 'prepaid' }, reason: '', actor: '' }),
    )
    account.nowMs = at('2026-12-01T00:00')
    touch(account)
    expect(asked(account)).toEqual([dollar])
    expect(account.live.invoicing.sinceMs).toBe(null)
    account.nowMs = at('2027-01-01T00:00')
    touch(account)
    expect(linesOf(account)).toHaveLength(1)
  })

  test('may be asked for by the operator, once per reference', () => {
    const account = opened()
    spend(account, dollar)
    const command = { reference: 'cut 1', reason: 'the arrangement ends', actor: 'operator' }
    const first = account.ask((draft) => cutInvoice(draft, command))
    expect(first).toEqual({ ok: true, invoiceId: idOf(account), isRepeat: false })
    expect(account.ask((draft) => cutInvoice(draft, command))).toEqual({ ...first, isRepeat: true })
    expect(account.ask((draft) => cutInvoice(draft, { ...command, reference: 'cut 2' }))).toEqual({
      ok: true,
      invoiceId: null,
      isRepeat: false,
    })
    spend(account, 2 * dollar)
    account.nowMs = at('2026-12-01T00:00')
    touch(account)
    expect(asked(account)).toEqual([dollar, 2 * dollar])
    const prepaid = Simulator.opened(1)
    expect(prepaid.ask((draft) => cutInvoice(draft, command))).toEqual({ ok: false, code: 'not_postpaid' })
    expect(account.ask((draft) => cutInvoice(draft, { ...command, reference: '' }))).toMatchObject({
      ok: false,
    })
  })
})

// Cases: payments 43
// Requirements: 50, 57
test('at its credit limit calls are refused, and at its monthly limit until the next period begins', () => {
  const account = opened({ creditLimitNanoUsd: dollar })
  const call = (holdNanoUsd = dollar) =>
    account.ask((draft) => admit(draft, admitOf(account.newCall(), { holdNanoUsd })))
  spend(account, dollar)
  expect(call()).toMatchObject({ ok: false, code: 'credit_limit_reached' })
  const settings = { creditLimitNanoUsd: nanoUsd(9 * dollar), monthlySpendLimitNanoUsd: dollar }
  account.ask((draft) => changeSettings(draft, { reference: 's', settings, reason: '', actor: '' }))
  expect(call()).toMatchObject({ ok: false, code: 'monthly_spend_limit_reached' })
  account.nowMs = at('2026-12-01T00:00')
  expect(call()).toMatchObject({ ok: true })
  expect(account.live.invoicing.sinceMs).toBe(account.nowMs)
})

describe('a payment', () => {
  // Cases: payments 46
  test('credits what was asked for, once, whoever tells of it and however it came', () => {
    const account = asking()
    issue(account)
    expect(pay(account)).toMatchObject({ ok: true, isRepeat: false, invoice: { state: 'paid' } })
    expect(account.live.postedNanoUsd).toBe(0)
    expect(pay(account, { paymentId: null })).toMatchObject({ ok: true, isRepeat: true })
    expect(account.live.postedNanoUsd).toBe(0)
    expect(account.store.entries.find(({ kind }) => kind === 'purchase')).toMatchObject({
      kind: 'purchase',
      reference: idOf(account),
      detail: { payment: { paymentId: 'pi_1' } },
    })
    expect(account.live.invoicing.open).toEqual([])
  })

  test('with tax brings what was asked for without it', () => {
    const account = asking()
    expect(pay(account, { taxNanoUsd: dollar })).toMatchObject({ ok: true })
    expect(account.live.postedNanoUsd).toBe(0)
  })

  test.each<[string, Partial<PaymentFacts>]>([
    ['account', { accountId: 'acct_other' }],
    ['mode', { isLive: true }],
    ['currency', { currency: 'eur' }],
    ['amount', { netNanoUsd: dollar }],
    ['received', { receivedNanoUsd: dollar }],
  ])('that differs in its %s credits nothing and is a finding', (name, changes) => {
    const account = asking()
    issue(account)
    expect(pay(account, changes)).toEqual({ ok: false, code: 'mismatch' })
    const finding = account.store.entries.find(({ kind }) => kind === 'finding')
    expect(finding?.detail).toMatchObject({ what: 'invoice_mismatch' })
    expect(JSON.stringify(finding?.detail)).toContain(`"${name}"`)
    expect(asked(account)).toEqual([cents(1_234)])
  })

  test('of an invoice that was never cut is not known', () => {
    const account = opened()
    expect(pay(account)).toEqual({ ok: false, code: 'no_such_invoice' })
    expect(issue(account)).toEqual({ ok: false, code: 'no_such_invoice' })
    expect(account.ask((draft) => endInvoice(draft, { invoiceId: idOf(account), end: 'void' }))).toEqual({
      ok: false,
      code: 'no_such_invoice',
    })
  })
})

describe('an unpaid invoice', () => {
  const call = (account: Simulator) => account.ask((draft) => admit(draft, admitOf(account.newCall())))

  // Cases: payments 46
  test('refuses calls when its days of grace are over, with its figure and where to pay; a payment ends that', () => {
    const account = asking({ invoiceGraceDays: 5 })
    issue(account)
    account.nowMs = at('2026-12-31T00:00') + 5 * dayMs - 1
    expect(call(account)).toMatchObject({ ok: true })
    expect(view(account)?.state).toBe('overdue')
    account.nowMs += 1
    const invoice = { invoiceId: idOf(account), amountNanoUsd: cents(1_234), url: 'https://pay.example/1' }
    expect(call(account)).toMatchObject({ ok: false, code: 'account_suspended', invoice })
    expect(account.ask((draft) => meter(draft, meterOf(1, 1)))).toMatchObject({
      code: 'account_suspended',
      invoice,
    })
    expect(invoicesView(account.live, account.store.lookup, { beforeNumber: 9, limit: 9 }, 0)).toMatchObject({
      suspendedBy: idOf(account),
    })
    pay(account)
    expect(call(account)).toMatchObject({ ok: true })
  })

  test('lets the calls run on that were admitted before', () => {
    const account = asking({ invoiceGraceDays: 0 })
    issue(account, { dueAtMs: account.nowMs + 1_000 })
    const callId = account.newCall()
    account.ask((draft) => admit(draft, admitOf(callId)))
    account.nowMs += 1_000
    expect(account.ask((draft) => admit(draft, admitOf(callId)))).toMatchObject({ ok: true })
    expect(account.ask((draft) => capture(draft, captureOf(callId, dollar)))).toMatchObject({ ok: true })
  })

  test('becomes overdue by one line, for which the account wakes', () => {
    const account = asking()
    issue(account)
    const marks = { ...account.live.marks, sentSeq: account.live.headSeq, confirmedSeq: account.live.headSeq }
    expect(nextDueAt({ ...account.live, marks }, timings)).toBe(at('2026-12-31T00:00'))
    account.nowMs = at('2026-12-31T00:00')
    touch(account)
    touch(account)
    expect(linesOf(account).map(({ detail }) => detail)).toMatchObject([
      { what: 'cut' },
      { what: 'issued', dueAtMs: at('2026-12-31T00:00') },
      { what: 'overdue' },
    ])
  })

  test('that is made void is asked for again with the next one', () => {
    const account = asking()
    issue(account)
    const end = { invoiceId: idOf(account), end: 'void' } as const
    expect(account.ask((draft) => endInvoice(draft, end))).toMatchObject({ invoice: { state: 'void' } })
    account.ask((draft) => endInvoice(draft, end))
    expect(account.live.debtNanoUsd).toBe(cents(1_234))
    expect(asked(account)).toEqual([])
    account.nowMs = at('2027-01-01T00:00')
    touch(account)
    expect(asked(account)).toEqual([cents(1_234)])
    expect(view(account, 2)?.terms.number).toBe(2)
  })

  test('that is given up stays debt, is never asked for again, and still refuses calls', () => {
    const account = asking({ invoiceGraceDays: 0 })
    issue(account)
    const end = { invoiceId: idOf(account), end: 'uncollectible' } as const
    expect(account.ask((draft) => endInvoice(draft, end))).toMatchObject({
      invoice: { state: 'uncollectible' },
    })
    expect(issue(account)).toMatchObject({ ok: true, invoice: { state: 'uncollectible' } })
    account.nowMs = at('2027-01-01T00:00')
    expect(call(account)).toMatchObject({ code: 'account_suspended' })
    expect(asked(account)).toEqual([cents(1_234)])
    expect(pay(account)).toMatchObject({ ok: true })
    expect(call(account)).toMatchObject({ ok: true })
  })

  test('whose document was wrong is void, and the operator is told what was wrong', () => {
    const account = asking()
    const wrong = { total: 1_233, providerId: 'in_1' }
    account.ask((draft) => endInvoice(draft, { invoiceId: idOf(account), end: 'void', wrong }))
    expect(account.store.entries.find(({ kind }) => kind === 'finding')?.detail).toMatchObject({
      what: 'invoice_wrong',
      total: 1_233,
    })
    expect(issue(account)).toEqual({ ok: false, code: 'invoice_closed' })
  })
})

test('a document is issued once, and only a sound one', () => {
  const account = asking()
  expect(issue(account, { providerId: '' })).toEqual({ ok: false, code: 'invalid_command' })
  expect(issue(account, { url: 'x'.repeat(3_000) })).toEqual({ ok: false, code: 'invalid_command' })
  expect(issue(account)).toMatchObject({
    ok: true,
    invoice: { state: 'issued', issued: { providerId: 'in_1' } },
  })
  expect(issue(account, { providerId: 'in_2' })).toMatchObject({
    invoice: { issued: { providerId: 'in_1' } },
  })
})

test('invoices are listed newest first, page by page, with what is owed beside', () => {
  const account = asking()
  spend(account, 2 * dollar)
  account.nowMs = at('2027-01-01T00:00')
  touch(account)
  spend(account, dollar)
  const page = (beforeNumber: number, limit: number) =>
    invoicesView(account.live, account.store.lookup, { beforeNumber, limit }, account.nowMs)
  const all = page(1_000, 10)
  expect(all.invoices.map(({ terms }) => terms.number)).toEqual([2, 1])
  expect(all).toMatchObject({
    owedNanoUsd: dollar,
    periodStartMs: at('2027-01-01T00:00'),
    suspendedBy: null,
  })
  expect(page(1_000, 1).invoices.map(({ terms }) => terms.number)).toEqual([2])
  expect(page(2, 1).invoices.map(({ terms }) => terms.number)).toEqual([1])
})
