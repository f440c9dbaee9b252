// The tables of orders and invoices that Postgres has in this world (postgres.ts).

import type { AccountId, InvoiceId, OrderId } from '#core/ids.ts'

export type Row = { rank: number; readonly sinceMs: number; lookedAtMs: number }
export type OrderRow = Row & {
  readonly accountId: AccountId
  readonly orderId: OrderId
  readonly isAttempt: boolean
  readonly paymentId: string | null
}
export type InvoiceRow = Row & { readonly accountId: AccountId; readonly invoiceId: InvoiceId }

export class PaymentRows {
  readonly orders = new Map<OrderId, OrderRow>()
  readonly invoices = new Map<InvoiceId, InvoiceRow>()
}
