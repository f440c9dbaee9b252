// Keeps the rows of payments in Postgres: told of each entry about an order, it writes what the account object knows of it now.
// An attempt of automatic top-up is an order of the account's own, of which each entry says how it stands.

import { readOrderId } from '#core/ids.ts'
import { isObject } from '#core/readers.ts'
import { zeroNanoUsd } from '#core/money.ts'
import { readPaymentDetail } from '#ledger/order-details.ts'
import type { Task, TaskHandler } from '#ledger/tasks.ts'
import { attemptFigures } from './attempt-figures.ts'
import type { PaymentParts } from './parts.ts'
import { figuresOfOrder, type PaymentFigures, writePayment } from './payment-store.ts'
import { waitIfLost } from './wait-if-lost.ts'

type Parts = Pick<PaymentParts, 'db' | 'accounts' | 'clock' | 'provider'>

export function mirrorOrders(parts: Parts): TaskHandler {
  return {
    kinds: ['order', 'purchase', 'auto_top_up', 'attempt'],
    act: (task) => mirror(task, parts),
  }
}

async function mirror(task: Task, parts: Parts): Promise<void> {
  const { db, clock } = parts
  if (db === undefined) return
  const figures = isOfAttempt(task) ? await ofAttempt(task, parts) : await ofOrder(task, parts)
  if (figures !== undefined) await writePayment(db, figures, clock.now())
}

function isOfAttempt({ entry }: Task): boolean {
  return entry.kind === 'attempt' || entry.kind === 'auto_top_up'
}

async function ofOrder({ accountId, entry }: Task, parts: Parts): Promise<PaymentFigures | undefined> {
  const orderId = readOrderId(entry.reference)
  if (orderId === undefined) return undefined
  const order = await parts.accounts(accountId).order(orderId)
  if (order === null) {
    await waitIfLost(accountId, parts)
    return undefined
  }
  const payment = isObject(entry.detail) ? (readPaymentDetail(entry.detail['payment']) ?? null) : null
  return figuresOfOrder(accountId, order, payment)
}

async function ofAttempt(
  { accountId, entry }: Task,
  { provider }: Parts,
): Promise<PaymentFigures | undefined> {
  const orderId = readOrderId(entry.reference)
  const figures = attemptFigures(entry)
  if (orderId === undefined || figures === undefined) return undefined
  const { state, amountNanoUsd, paymentId, failure, payment, creditSeq } = figures
  return {
    accountId,
    orderId,
    kind: 'auto_top_up',
    state,
    netNanoUsd: amountNanoUsd,
    bonusNanoUsd: zeroNanoUsd,
    // An attempt does not say: it is of the mode in which the deployment runs.
    isLive: (await provider())?.isLive ?? false,
    checkoutId: null,
    paymentId: payment?.paymentId ?? paymentId,
    failure,
    payment,
    creditSeq,
    placedAtMs: entry.createdAtMs,
  }
}
