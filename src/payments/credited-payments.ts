// The credits that payments brought, as Postgres has them. SQL alone; for reading.

import { sql } from 'drizzle-orm'
import { asMillis, isoTime } from '#core/clock.ts'
import { type AccountId, type InvoiceId, readAccountId, readInvoiceId } from '#core/ids.ts'
import { isObject, readString } from '#core/readers.ts'
import type { Db } from '#db/client.ts'

export type PaymentCredit = {
  readonly accountId: string
  readonly orderId: string
  /** The provider's name of the payment. */
  readonly paymentId: string
}

/** One run compares so many. */
export const creditsMax = 20_000

export async function creditsMadeBetween(
  db: Db,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<readonly PaymentCredit[]> {
  const [from, to] = [isoTime(asMillis(fromMs)), isoTime(asMillis(toMs))]
  const { rows } =
    await db.execute(sql`select account_id, reference, detail #>> '{payment,paymentId}' as payment_id
    from ledger_entries where kind in ('purchase', 'auto_top_up') and detail #>> '{payment,paymentId}' is not null
    and created_at >= ${from}::timestamptz and created_at < ${to}::timestamptz limit ${creditsMax}`)
  return rows.flatMap(readCredit)
}

export async function creditsOfOrders(
  db: Db,
  orderIds: readonly string[],
): Promise<readonly PaymentCredit[]> {
  if (orderIds.length === 0) return []
  const { rows } =
    await db.execute(sql`select account_id, reference, detail #>> '{payment,paymentId}' as payment_id
    from ledger_entries where kind in ('purchase', 'auto_top_up')
    and reference in (select jsonb_array_elements_text(${JSON.stringify(orderIds)}::jsonb))`)
  return rows.flatMap(readCredit)
}

/** Credits by invoices, paid through the provider or past it. */
export async function creditsOfInvoices(
  db: Db,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<readonly { accountId: AccountId; invoiceId: InvoiceId }[]> {
  const [from, to] = [isoTime(asMillis(fromMs)), isoTime(asMillis(toMs))]
  const { rows } = await db.execute(sql`select distinct account_id, reference from ledger_entries
    where kind = 'purchase' and starts_with(reference, 'inv_')
    and created_at >= ${from}::timestamptz and created_at < ${to}::timestamptz limit ${creditsMax}`)
  return rows.flatMap((row) => {
    const accountId = readAccountId(row['account_id'])
    const invoiceId = readInvoiceId(row['reference'])
    return accountId === undefined || invoiceId === undefined ? [] : [{ accountId, invoiceId }]
  })
}

/** A plan's period, or the rest of one, that an invoice of the provider's has paid for. */
export type PeriodGrant = { accountId: AccountId; documentId: string; reference: string }

const paidByInvoice = sql`detail #>> '{paidBy,invoiceId}'`

export async function grantsMadeBetween(
  db: Db,
  { fromMs, toMs, limit }: { fromMs: number; toMs: number; limit: number },
): Promise<readonly PeriodGrant[]> {
  const [from, to] = [isoTime(asMillis(fromMs)), isoTime(asMillis(toMs))]
  const { rows } =
    await db.execute(sql`select account_id, reference, ${paidByInvoice} as document_id from ledger_entries
    where kind = 'allowance' and ${paidByInvoice} is not null
    and created_at >= ${from}::timestamptz and created_at < ${to}::timestamptz limit ${limit}`)
  return rows.flatMap((row) => {
    const accountId = readAccountId(row['account_id'])
    const [documentId, reference] = [readString(row['document_id']), readString(row['reference'])]
    if (accountId === undefined || documentId === undefined || reference === undefined) return []
    return [{ accountId, documentId, reference }]
  })
}

export async function isGranted(db: Db, accountId: AccountId, documentId: string): Promise<boolean> {
  const { rows } = await db.execute(sql`select 1 from ledger_entries
    where account_id = ${accountId} and kind = 'allowance' and ${paidByInvoice} = ${documentId} limit 1`)
  return rows.length > 0
}

function readCredit(row: unknown): PaymentCredit[] {
  if (!isObject(row)) return []
  const accountId = readString(row['account_id'])
  const orderId = readString(row['reference'])
  const paymentId = readString(row['payment_id'])
  return accountId === undefined || orderId === undefined || paymentId === undefined
    ? []
    : [{ accountId, orderId, paymentId }]
}
