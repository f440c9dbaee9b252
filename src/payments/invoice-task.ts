// Told of each entry about an invoice: what was cut is issued, what is overdue is looked at once more, and the row in Postgres
// follows what the account knows by now.

import { readInvoiceId } from '#core/ids.ts'
import { objectOf } from '#core/readers.ts'
import type { Task, TaskHandler } from '#ledger/tasks.ts'
import { type Cut, issueInvoice } from './issue-invoice.ts'
import { writeInvoice } from './invoice-store.ts'
import type { PaymentParts } from './parts.ts'
import { settleInvoice } from './settle-invoice.ts'

export function invoiceTask(parts: PaymentParts): TaskHandler {
  return { kinds: ['invoice', 'purchase'], act: (task) => act(task, parts) }
}

async function act({ accountId, entry }: Task, parts: PaymentParts): Promise<void> {
  const invoiceId = readInvoiceId(entry.reference)
  const invoice = invoiceId === undefined ? null : await parts.accounts(accountId).invoice(invoiceId)
  // A period in which too little was owed, or a purchase of another kind.
  if (invoiceId === undefined || invoice === null) return
  const cut = { accountId, invoice, cutAtMs: entry.createdAtMs }
  // First, so that the sweeper knows of an invoice that nobody could issue.
  await mirror(cut, parts)
  const provider = await parts.provider()
  if (provider === undefined) return
  const ready = { ...parts, provider }
  if (invoice.state === 'cut') await issueInvoice(cut, ready)
  else if (objectOf(entry.detail)['what'] === 'overdue') await settleInvoice({ accountId, invoiceId }, ready)
}

async function mirror(cut: Cut, { db, clock }: PaymentParts): Promise<void> {
  if (db !== undefined) await writeInvoice(db, cut, clock.now())
}
