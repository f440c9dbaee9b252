// What the operator asks of an invoice: written down once with who and why, and what comes of it is another matter.

import { describe, expect, test } from 'vitest'
import { dayMs } from '#core/clock.ts'
import { type InvoiceId, invoiceIdOf } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { credit } from './credits.ts'
import { dollar, grantOf } from './example-commands.ts'
import { askOfInvoice } from './invoice-asks.ts'
import type { AskOfInvoice } from './invoice-commands.ts'
import { cutInvoice, endInvoice, issueInvoice, rebookInvoice } from './invoices.ts'

const idOf = (account: Simulator): InvoiceId => invoiceIdOf(account.store.accountId, 1)

/** Owes $3, which stand on an invoice. */
function invoiced(): Simulator {
  const account = Simulator.opened(0, { mode: 'postpaid', creditLimitNanoUsd: nanoUsd(50 * dollar) })
  const owed = grantOf(nanoUsd(-3 * dollar), { reference: 'owed', kind: 'adjustment' })
  account.ask((draft) => credit(draft, owed))
  account.ask((draft) => cutInvoice(draft, { reference: 'cut:1', reason: 'a test', actor: 'operator' }))
  return account
}

function issue(account: Simulator): void {
  const issued = { providerId: 'in_1', isLive: false, dueAtMs: account.nowMs + 30 * dayMs, url: null }
  account.ask((draft) => issueInvoice(draft, { invoiceId: idOf(account), issued }))
}

const ask = (account: Simulator, changes: Partial<AskOfInvoice> = {}) =>
  account.ask((draft) =>
    askOfInvoice(draft, {
      invoiceId: idOf(account),
      ask: 'pay_outside',
      reference: 'pay:1',
      reason: 'a transfer',
      actor: 'operator',
      ...changes,
    }),
  )

describe('an ask of the operator’s', () => {
  test('stands in the log with who and why, changes nothing by itself, and is known again', () => {
    const account = invoiced()
    issue(account)
    const { open } = account.live.invoicing
    expect(ask(account)).toEqual({ ok: true, isRepeat: false })
    expect(account.store.entries.at(-1)).toMatchObject({
      kind: 'invoice',
      reference: idOf(account),
      amountNanoUsd: 0,
      detail: { what: 'asked', ask: 'pay_outside', reason: 'a transfer', actor: 'operator' },
    })
    expect(account.live.invoicing.open).toEqual(open)
    const { length } = account.store.entries
    account.crash()
    expect(ask(account)).toEqual({ ok: true, isRepeat: true })
    expect(ask(account, { ask: 'void' })).toEqual({ ok: false, code: 'reference_reused' })
    expect(account.store.entries).toHaveLength(length)
    account.checkRestart()
    checkRebuild(account)
  })

  test('of an invoice without a document, of none, or of one that is over is refused', () => {
    const account = invoiced()
    expect(ask(account)).toEqual({ ok: false, code: 'not_issued' })
    const invoiceId = invoiceIdOf(account.store.accountId, 7)
    expect(ask(account, { invoiceId })).toEqual({ ok: false, code: 'no_such_invoice' })
    expect(ask(account, { reference: '' })).toEqual({ ok: false, code: 'invalid_command' })
    issue(account)
    account.ask((draft) => endInvoice(draft, { invoiceId: idOf(account), end: 'void' }))
    expect(ask(account)).toEqual({ ok: false, code: 'invoice_closed' })
  })

  test('may be asked of one that was given up', () => {
    const account = invoiced()
    issue(account)
    account.ask((draft) => endInvoice(draft, { invoiceId: idOf(account), end: 'uncollectible' }))
    expect(ask(account)).toEqual({ ok: true, isRepeat: false })
  })

  test('is wanted still where its line comes from a closed epoch too late', () => {
    const lost = invoiced()
    issue(lost)
    ask(lost)
    const line = lost.store.entries.at(-1)
    const account = invoiced()
    issue(account)
    if (line === undefined) throw new Error('it was written')
    expect(account.ask((draft) => rebookInvoice(draft, line))).toBe(true)
    expect(ask(account)).toEqual({ ok: true, isRepeat: true })
  })
})
