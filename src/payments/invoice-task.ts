// Told of each entry about an invoice: what was cut is issued, what is issued is sent, what is overdue is
// looked at once more, what its operator asks for is done, and the row in Postgres
// follows what the account knows by now.

import { readInvoiceId } from '#core/ids.ts'
import { hourMs } from '#core/clock.ts'
import { objectOf } from '#core/readers.ts'
import { readAsk } from '#ledger/invoice-asks.ts'
import type { Task, TaskHandler } from '#ledger/tasks.ts'
import { type Cut, issueInvoice, sendInvoice } from './issue-invoice.ts'
import { carryOutAsk } from './invoice-ask.ts'
import { writeInvoice } from './invoice-store.ts'
import type { PaymentParts } from './parts.ts'
import { settleInvoice } from './settle-invoice.ts'
import { waitIfLost } from './wait-if-lost.ts'

const actWithinMs = 23 * hourMs

export function invoiceTask(parts: PaymentParts): TaskHandler {
  return { kinds: ['invoice', 'purchase'], act: (task) => act(task, parts) }
}

async function act({ accountId, entry }: Task, parts: PaymentParts): Promise<void> {
  const invoiceId = readInvoiceId(entry.reference)
  // A period in which too little was owed, or a purchase of another kind.
  if (invoiceId === undefined) return
  const invoice = await parts.accounts(accountId).invoice(invoiceId)
  if (invoice === null) return waitIfLost(accountId, parts)
  const cut = { accountId, invoice, cutAtMs: entry.createdAtMs }
  // First, so that the sweeper knows of an invoice that nobody could issue.
  await mirror(cut, parts)
  const provider = await parts.provider()
  if (provider === undefined) return
  const ready = { ...parts, provider }
  const detail = objectOf(entry.detail)
  const ask = readAsk(detail['ask'])
  if (invoice.state === 'cut') await issueInvoice(cut, ready)
  else if (detail['what'] === 'overdue') await settleInvoice({ accountId, invoiceId }, ready)
  // The provider forgets a key after a day: later than this nothing is sent or asked for once more.
  else if (parts.clock.now() - entry.createdAtMs > actWithinMs) return
  else if (detail['what'] === 'issued') await sendInvoice(cut, ready)
  else if (ask !== undefined) {
    const done = await carryOutAsk({ accountId, invoiceId, ask }, ready)
    if (!done.ok && done.code === 'unknown') throw new Error(`It is not known what became of ${invoiceId}.`)
  }
}

async function mirror(cut: Cut, { db, clock }: PaymentParts): Promise<void> {
  if (db !== undefined) await writeInvoice(db, cut, clock.now())
}
