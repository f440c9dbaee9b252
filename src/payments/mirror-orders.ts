// Keeps the rows of payments in Postgres: told of each entry about an order, it writes what the account object knows of it now.

import { readOrderId } from '#core/ids.ts'
import { isObject } from '#core/readers.ts'
import { readPaymentDetail } from '#ledger/order-details.ts'
import type { Task, TaskHandler } from '#ledger/tasks.ts'
import type { PaymentParts } from './parts.ts'
import { writePayment } from './payment-store.ts'

export function mirrorOrders(parts: Pick<PaymentParts, 'db' | 'accounts' | 'clock'>): TaskHandler {
  return {
    kinds: ['order', 'purchase', 'auto_top_up'],
    act: (task) => mirror(task, parts),
  }
}

async function mirror(
  { accountId, entry }: Task,
  { db, accounts, clock }: Pick<PaymentParts, 'db' | 'accounts' | 'clock'>,
): Promise<void> {
  const orderId = readOrderId(entry.reference)
  if (db === undefined || orderId === undefined) return
  const order = await accounts(accountId).order(orderId)
  if (order === null) return
  const payment = isObject(entry.detail) ? (readPaymentDetail(entry.detail['payment']) ?? null) : null
  await writePayment(db, { ...order, accountId, payment }, clock.now())
}
