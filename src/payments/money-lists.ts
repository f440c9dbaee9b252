// Lists of money in over all accounts, for the operator: orders, what went back, invoices, the provider's events. SQL alone; page by
// page, the newest first.

import { and, desc, eq, gte, inArray, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Db } from '#db/client.ts'
import { invoices, payments, stripeEvents } from '#db/payments-schema.ts'
import { ledgerEntries } from '#db/schema.ts'

/** Where a page ended: the next one goes on below it. */
export type ListPlace = { readonly at: Date; readonly id: string }

export type MoneyQuery = {
  readonly accountId: string | undefined
  /** The first moment that is in, and the first that is not. */
  readonly from: Date | undefined
  readonly to: Date | undefined
  readonly before: ListPlace | undefined
  readonly limit: number
}

type Columns = { readonly at: PgColumn; readonly id: PgColumn; readonly accountId: PgColumn }

function wanted({ at, id, accountId }: Columns, query: MoneyQuery): SQL | undefined {
  const { before, from, to } = query
  return and(
    query.accountId === undefined ? undefined : eq(accountId, query.accountId),
    from === undefined ? undefined : gte(at, from),
    to === undefined ? undefined : lt(at, to),
    before === undefined ? undefined : or(lt(at, before.at), and(eq(at, before.at), lt(id, before.id))),
  )
}

export async function listPayments(
  db: Db,
  query: MoneyQuery & { readonly status: string | undefined; readonly kind: string | undefined },
): Promise<readonly (typeof payments.$inferSelect)[]> {
  const { placedAt, orderId, accountId, state, kind } = payments
  const isWanted = and(
    wanted({ at: placedAt, id: orderId, accountId }, query),
    query.status === undefined ? undefined : eq(state, query.status),
    query.kind === undefined ? undefined : eq(kind, query.kind),
  )
  return db.select().from(payments).where(isWanted).orderBy(desc(placedAt), desc(orderId)).limit(query.limit)
}

export type InvoiceRow = typeof invoices.$inferSelect

/** `now`: an issued one whose day has passed is overdue, whether its account has said so yet or not. */
export async function listInvoices(
  db: Db,
  query: MoneyQuery & { readonly status: string | undefined; readonly now: Date },
): Promise<readonly InvoiceRow[]> {
  const { cutAt, invoiceId, accountId } = invoices
  const isWanted = and(wanted({ at: cutAt, id: invoiceId, accountId }, query), withStatus(query))
  return db.select().from(invoices).where(isWanted).orderBy(desc(cutAt), desc(invoiceId)).limit(query.limit)
}

function withStatus({ status, now }: { status: string | undefined; now: Date }): SQL | undefined {
  const { state, dueAt } = invoices
  const isSent = inArray(state, ['issued', 'overdue'])
  if (status === undefined) return undefined
  if (status === 'overdue') return and(isSent, lte(dueAt, now))
  if (status === 'issued') return and(isSent, sql`${dueAt} > ${now.toISOString()}::timestamptz`)
  return eq(state, status === 'draft' ? 'cut' : status)
}

export const backKinds = ['refund', 'dispute', 'fraud_warning'] as const

export type BackRow = Pick<
  typeof ledgerEntries.$inferSelect,
  'accountId' | 'epoch' | 'seq' | 'kind' | 'reference' | 'amountNanoUsd' | 'detail' | 'createdAt'
>

/** What was told of payments after they were made; lines that a closed epoch has lost are left out. */
export async function listBack(
  db: Db,
  query: MoneyQuery & { readonly kind: string | undefined },
): Promise<readonly BackRow[]> {
  const { accountId, epoch, seq, kind, reference, amountNanoUsd, detail, createdAt } = ledgerEntries
  const { before, from, to } = query
  const isWanted = and(
    inArray(kind, query.kind === undefined ? [...backKinds] : [query.kind]),
    query.accountId === undefined ? undefined : eq(accountId, query.accountId),
    from === undefined ? undefined : gte(createdAt, from),
    to === undefined ? undefined : lt(createdAt, to),
    before === undefined
      ? undefined
      : sql`(${createdAt}, ${accountId}, ${seq}) < (${before.at.toISOString()}::timestamptz, ${accountIn(before)}, ${seqIn(before)})`,
    sql`not exists (select 1 from account_epochs as ended where ended.account_id = ${accountId}
      and ended.epoch = ${epoch} and ${seq} > ended.closed_seq)`,
  )
  return db
    .select({ accountId, epoch, seq, kind, reference, amountNanoUsd, detail, createdAt })
    .from(ledgerEntries)
    .where(isWanted)
    .orderBy(desc(createdAt), desc(accountId), desc(seq))
    .limit(query.limit)
}

/** The id of a line is its account and number. */
export function idOfBack({ accountId, seq }: Pick<BackRow, 'accountId' | 'seq'>): string {
  return `${accountId}:${seq}`
}

function accountIn({ id }: ListPlace): string {
  return id.slice(0, id.lastIndexOf(':'))
}

function seqIn({ id }: ListPlace): number {
  return Number(id.slice(id.lastIndexOf(':') + 1)) || 0
}

export async function listEvents(
  db: Db,
  query: MoneyQuery & { readonly outcome: string | undefined },
): Promise<readonly (typeof stripeEvents.$inferSelect)[]> {
  const { firstSeenAt, id, accountId, outcome } = stripeEvents
  const isWanted = and(
    wanted({ at: firstSeenAt, id, accountId }, query),
    query.outcome === undefined ? undefined : eq(outcome, query.outcome),
  )
  return db
    .select()
    .from(stripeEvents)
    .where(isWanted)
    .orderBy(desc(firstSeenAt), desc(id))
    .limit(query.limit)
}
