// The rows of invoices, for whoever looks over all accounts: the sweeper and lists. SQL alone; nothing is decided by them.

import { and, asc, eq, gt, lt, ne, or, sql } from 'drizzle-orm'

import { dayMs, type Millis } from '#core/clock.ts'
import { type AccountId, type InvoiceId, readAccountId, readInvoiceId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { invoices } from '#db/payments-schema.ts'
import type { InvoiceView } from '#ledger/invoice-commands.ts'

export type InvoiceRow = typeof invoices.$inferSelect

/** From here on nothing more is expected of it. */
const endedRank = 4

const ranks: { readonly [State in InvoiceView['state']]: number } = {
  cut: 1,
  issued: 2,
  overdue: 2,
  uncollectible: 3,
  void: endedRank,
  paid: 5,
}

/** As the account object knows it. A row never goes back, whoever writes last. */
export async function writeInvoice(
  db: Db,
  { accountId, invoice, cutAtMs }: { accountId: AccountId; invoice: InvoiceView; cutAtMs: number },
  now: Millis,
): Promise<void> {
  const { invoiceId, terms, issued, state, creditSeq } = invoice
  const changing = {
    state,
    rank: ranks[state],
    dueAt: issued === null ? null : new Date(issued.dueAtMs),
    documentId: issued?.providerId ?? null,
    url: issued?.url ?? null,
    creditSeq,
    updatedAt: new Date(now),
  }
  await db
    .insert(invoices)
    .values({
      invoiceId,
      accountId,
      number: terms.number,
      amountNanoUsd: BigInt(terms.amountNanoUsd),
      periodStart: new Date(terms.periodStartMs),
      periodEnd: new Date(terms.periodEndMs),
      cutAt: new Date(cutAtMs),
      ...changing,
    })
    .onConflictDoUpdate({
      target: invoices.invoiceId,
      set: changing,
      setWhere: sql`excluded.rank >= ${invoices.rank}`,
    })
}

export type WaitingInvoice = { accountId: AccountId; invoiceId: InvoiceId; cutAtMs: number }

/** So long one that was given up is still looked at; what is paid later still is told by its event, or found by the comparison. */
const givenUpForMs = 90 * dayMs

/** What still asks for money or was not sent yet, longest not looked at first. */
export async function waitingInvoices(
  db: Db,
  { now, limit }: { now: Millis; limit: number },
): Promise<readonly WaitingInvoice[]> {
  const isRecent = gt(invoices.cutAt, new Date(now - givenUpForMs))
  const rows = await db
    .select()
    .from(invoices)
    .where(and(lt(invoices.rank, endedRank), or(ne(invoices.state, 'uncollectible'), isRecent)))
    .orderBy(sql`${invoices.lookedAt} asc nulls first`, asc(invoices.cutAt))
    .limit(limit)
  return rows.flatMap((row) => {
    const accountId = readAccountId(row.accountId)
    const invoiceId = readInvoiceId(row.invoiceId)
    if (accountId === undefined || invoiceId === undefined) return []
    return { accountId, invoiceId, cutAtMs: row.cutAt.getTime() }
  })
}

export async function markInvoiceLookedAt(db: Db, invoiceId: InvoiceId, now: Millis): Promise<void> {
  await db
    .update(invoices)
    .set({ lookedAt: new Date(now) })
    .where(eq(invoices.invoiceId, invoiceId))
}
