// Postgres as the workers of payments see it: what of the files of payments/ speaks SQL, over plain maps, with the same meaning (a
// row never goes back; who was looked at longest ago is next). What is not named here is the shipped file's own (hooks.ts).

import type { Millis } from '#core/clock.ts'
import { type AccountId, type InvoiceId, type OrderId, readInvoiceId } from '#core/ids.ts'
import { isObject, readString } from '#core/readers.ts'
import type { AccountPorts } from '#ledger/account-port.ts'
import type { InvoiceView } from '#ledger/invoice-commands.ts'
import type { OrderView } from '#ledger/order-commands.ts'
import type { PaymentCredit, PeriodGrant } from '#payments/credited-payments.ts'
import type { ModelSum } from '#payments/invoice-lines.ts'
import type { ReadyParts } from '#payments/parts.ts'
import type { PaymentFigures, WaitingPayment } from '#payments/payment-store.ts'
import type { ProviderAnswer } from '#payments/provider.ts'
import type { EntryRow } from '#settlement/rows.ts'
import type { OrderRow, Row } from './payment-tables.ts'
import type { Postgres } from './postgres.ts'

const orderRanks: { readonly [State in OrderView['state']]: number } = {
  placed: 1,
  open: 2,
  expired: 3,
  failed: 3,
  abandoned: 3,
  mismatch: 3,
  paid: 4,
}

const invoiceRanks: { readonly [State in InvoiceView['state']]: number } = {
  cut: 1,
  issued: 2,
  overdue: 2,
  uncollectible: 3,
  void: 4,
  paid: 5,
}

const orderEnds = 3
const invoiceEnds = 4

function kept<Known extends Row>(known: Known | undefined, made: Known): Known {
  return known === undefined ? made : { ...known, rank: Math.max(known.rank, made.rank) }
}

function waiting<Known extends Row>(rows: Iterable<Known>, endsAt: number, limit: number): Known[] {
  return [...rows]
    .filter(({ rank }) => rank < endsAt)
    .toSorted((a, b) => a.lookedAtMs - b.lookedAtMs || a.sinceMs - b.sinceMs)
    .slice(0, limit)
}

// ── In place of payments/payment-store.ts ────────────────────────────────────────────────────────────────────────

export function writePayment(db: Postgres, figures: PaymentFigures): Promise<void> {
  const { accountId, orderId, kind, state, paymentId, placedAtMs } = figures
  const isAttempt = kind === 'auto_top_up'
  const made = { accountId, orderId, isAttempt, paymentId, rank: orderRanks[state], sinceMs: placedAtMs }
  const { orders } = db.payments
  return db.transaction(() => {
    const known = orders.get(orderId)
    const row = kept(known, { ...made, lookedAtMs: 0 })
    const sinceMs = Math.min(row.sinceMs, placedAtMs)
    orders.set(orderId, { ...row, sinceMs, paymentId: paymentId ?? known?.paymentId ?? null })
  })
}

export function waitingPayments(
  db: Postgres,
  { placedBefore, attemptsSince, limit }: { placedBefore: Millis; attemptsSince: Millis; limit: number },
): Promise<readonly WaitingPayment[]> {
  const isLookedFor = ({ isAttempt, paymentId, sinceMs }: OrderRow) =>
    sinceMs < placedBefore && (!isAttempt || (paymentId !== null && sinceMs > attemptsSince))
  return db.transaction(() =>
    waiting([...db.payments.orders.values()].filter(isLookedFor), orderEnds, limit).map((row) => ({
      accountId: row.accountId,
      orderId: row.orderId,
      paymentId: row.isAttempt ? row.paymentId : null,
    })),
  )
}

export function markLookedAt(db: Postgres, orderId: OrderId, now: Millis): Promise<void> {
  return db.transaction(() => {
    const row = db.payments.orders.get(orderId)
    if (row !== undefined) row.lookedAtMs = now
  })
}

/** For people alone. */
export async function writeSeenEvent(): Promise<void> {}

// ── In place of payments/invoice-store.ts ────────────────────────────────────────────────────────────────────────

export function writeInvoice(
  db: Postgres,
  { accountId, invoice, cutAtMs }: { accountId: AccountId; invoice: InvoiceView; cutAtMs: number },
): Promise<void> {
  const { invoiceId, state } = invoice
  const made = { accountId, invoiceId, rank: invoiceRanks[state], sinceMs: cutAtMs, lookedAtMs: 0 }
  const { invoices } = db.payments
  return db.transaction(() => void invoices.set(invoiceId, kept(invoices.get(invoiceId), made)))
}

export function waitingInvoices(db: Postgres, { limit }: { limit: number }) {
  return db.transaction(() =>
    waiting(db.payments.invoices.values(), invoiceEnds, limit).map((row) => ({
      ...row,
      cutAtMs: row.sinceMs,
    })),
  )
}

export function markInvoiceLookedAt(db: Postgres, invoiceId: InvoiceId, now: Millis): Promise<void> {
  return db.transaction(() => {
    const row = db.payments.invoices.get(invoiceId)
    if (row !== undefined) row.lookedAtMs = now
  })
}

// ── In place of payments/invoice-sums.ts, credited-payments.ts and lost-account.ts ───────────────────────────────

const chargeKinds = new Set(['usage', 'late', 'reversal'])

/** Rows beyond the end of their epoch are none of Postgres' lines (postgres.ts). */
export function sumsPerModel(
  db: Postgres,
  _: AccountId,
  { fromSeq, throughSeq }: { fromSeq: number; throughSeq: number },
): Promise<readonly ModelSum[]> {
  return db.transaction(() => {
    const rows = [...db.entries.values()].filter(
      ({ kind, seq }) => chargeKinds.has(kind) && seq > fromSeq && seq <= throughSeq,
    )
    const modelOf = (row: EntryRow) => textIn(row.detail, 'model') ?? ''
    return [...Map.groupBy(rows, modelOf)].map(([model, lines]) => ({
      model,
      nanoUsd: lines.reduce((sum, line) => sum - BigInt(line.amount_nano_usd), 0n),
      calls: lines.filter(({ kind }) => kind === 'usage').length,
    }))
  })
}

export function creditsMadeBetween(
  db: Postgres,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<readonly PaymentCredit[]> {
  return db.transaction(() =>
    credits(db).filter(({ atMs, paymentId }) => paymentId !== '' && atMs >= fromMs && atMs < toMs),
  )
}

export function creditsOfOrders(
  db: Postgres,
  orderIds: readonly string[],
): Promise<readonly PaymentCredit[]> {
  return db.transaction(() => credits(db).filter(({ orderId }) => orderIds.includes(orderId)))
}

export function creditsOfInvoices(
  db: Postgres,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<readonly { accountId: AccountId; invoiceId: InvoiceId }[]> {
  return db.transaction(() =>
    credits(db).flatMap(({ accountId, orderId, atMs }) => {
      const invoiceId = atMs >= fromMs && atMs < toMs ? readInvoiceId(orderId) : undefined
      return invoiceId === undefined ? [] : [{ accountId, invoiceId }]
    }),
  )
}

/** Nobody subscribes here. */
export async function grantsMadeBetween(): Promise<readonly PeriodGrant[]> {
  return []
}

function credits(db: Postgres) {
  return [...db.entries.values()].flatMap(
    ({ account_id: accountId, kind, reference, detail, created_at }) => {
      if (kind !== 'purchase' && kind !== 'auto_top_up') return []
      const payment = isObject(detail) ? detail['payment'] : undefined
      const paymentId = textIn(payment, 'paymentId') ?? ''
      return [{ accountId, orderId: reference, paymentId, atMs: Date.parse(created_at) }]
    },
  )
}

export async function isLostAccount(
  accountId: AccountId,
  { accounts, db }: { accounts: AccountPorts; db: Postgres },
): Promise<boolean> {
  if ((await accounts(accountId).view()) !== null) return false
  return db.transaction(() => db.entries.size > 0)
}

function textIn(value: unknown, name: string): string | undefined {
  return isObject(value) ? readString(value[name]) : undefined
}

// ── In place of payments/billing-address.ts: every account has written one down ─────────────────────────────────

const billingAddress = 'books@example.test'

export async function billingAddressOf(): Promise<string> {
  return billingAddress
}

export async function giveAddress(
  { customerId }: { customerId: string },
  { provider }: Pick<ReadyParts, 'provider'>,
): Promise<ProviderAnswer<null>> {
  const known = await provider.customers.look(customerId)
  if (!known.ok) return known
  if (known.value.email !== null) return { ok: true, value: null }
  const key = `address:${customerId}`
  const set = await provider.customers.setEmail({ key, customerId, email: billingAddress })
  return set.ok ? { ok: true, value: null } : set
}
