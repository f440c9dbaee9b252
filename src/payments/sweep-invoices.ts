// Invoices that were not issued, or whose events never came: looked up at the provider and told to their account. Skipped or
// doubled, a run changes nothing, since it looks at what is.

import { driverErrorOf, type Db } from '#db/client.ts'
import { markInvoiceLookedAt, waitingInvoices, type WaitingInvoice, writeInvoice } from './invoice-store.ts'
import { issueInvoice } from './issue-invoice.ts'
import type { PaymentParts, ReadyParts } from './parts.ts'
import { settleInvoice } from './settle-invoice.ts'

/** One run asks the provider no more often: what is left is first in the next one. */
const invoicesPerSweepMax = 100

export async function sweepInvoices(parts: PaymentParts): Promise<void> {
  const { db, log } = parts
  const provider = await parts.provider()
  if (db === undefined || provider === undefined) return
  for (const waiting of await waitingInvoices(db, { now: parts.clock.now(), limit: invoicesPerSweepMax })) {
    const { accountId: account, invoiceId } = waiting
    try {
      await sweepInvoice(waiting, { ...parts, provider }, db)
    } catch (error) {
      log.error('invoice_not_swept', { account, invoice: invoiceId }, driverErrorOf(error))
    }
  }
}

async function sweepInvoice(waiting: WaitingInvoice, parts: ReadyParts, db: Db): Promise<void> {
  const { accountId, invoiceId, cutAtMs } = waiting
  // First, so that one that always fails does not keep the others waiting.
  await markInvoiceLookedAt(db, invoiceId, parts.clock.now())
  const account = parts.accounts(accountId)
  const before = await account.invoice(invoiceId)
  if (before === null) return
  if (before.state === 'cut') await issueInvoice({ accountId, invoice: before, cutAtMs }, parts)
  else await settleInvoice({ accountId, invoiceId }, parts)
  const invoice = await account.invoice(invoiceId)
  // The row may have missed what the account has known for long.
  if (invoice !== null) await writeInvoice(db, { accountId, invoice, cutAtMs }, parts.clock.now())
}
