// Orders whose events never came, and attempts that wait for their owner: looked up at the provider some time after they were
// placed, and told to their account. Runs every few minutes; skipped or doubled, it changes nothing, since it looks at
// what is.

import { dayMs, hourMs, minuteMs, asMillis } from '#core/clock.ts'
import { driverErrorOf, type Db } from '#db/client.ts'
import { tellAttempt } from './attempt.ts'
import type { OrderView } from '#ledger/order-commands.ts'
import type { PaymentParts, ReadyParts } from './parts.ts'
import {
  figuresOfOrder,
  markLookedAt,
  type WaitingPayment,
  waitingPayments,
  writePayment,
} from './payment-store.ts'
import { type AskedOrder, settleOrder } from './settle-order.ts'

/** A person at a page takes less, and its events come meanwhile; with the run after that, a quarter of an hour at most. */
const lookAfterMs = 10 * minuteMs
/** The provider forgets a key after a day: until then whoever placed the order may open it again by its own key. */
export const openWithinMs = 23 * hourMs
/** Who has not confirmed an automatic top-up by then will not; the nightly comparison sees what is paid later still. */
const attemptsForMs = 30 * dayMs
/** One run asks the provider no more often: what is left is first in the next one. */
const ordersPerSweepMax = 200

export async function sweepOrders(parts: PaymentParts): Promise<void> {
  const { db, clock, log } = parts
  const provider = await parts.provider()
  if (db === undefined || provider === undefined) return
  const nowMs = clock.now()
  const waiting = await waitingPayments(db, {
    placedBefore: asMillis(nowMs - lookAfterMs),
    attemptsSince: asMillis(nowMs - attemptsForMs),
    limit: ordersPerSweepMax,
  })
  for (const one of waiting) {
    try {
      // First, so that one that always fails does not keep the others waiting.
      await markLookedAt(db, one.orderId, clock.now())
      await sweepOne(one, { ...parts, provider }, db)
    } catch (error) {
      log.error('order_not_swept', { account: one.accountId, order: one.orderId }, driverErrorOf(error))
    }
  }
}

async function sweepOne(
  { accountId, orderId, paymentId }: WaitingPayment,
  parts: ReadyParts,
  db: Db,
): Promise<void> {
  if (paymentId !== null) {
    await tellAttempt({ accountId, orderId, paymentId }, parts)
    return
  }
  const order = await lookAgain({ accountId, orderId }, parts)
  if (order === undefined) return
  // The row may have missed what the account has known for long.
  await writePayment(db, figuresOfOrder(accountId, order, null), parts.clock.now())
}

/** How the order stands after another look; undefined where nobody can say. */
export async function lookAgain(
  { accountId, orderId }: AskedOrder,
  parts: ReadyParts,
): Promise<OrderView | undefined> {
  const settled = await settleOrder({ accountId, orderId }, parts)
  if (!settled.ok) return undefined
  const { order } = settled
  const isOld = order.placedAtMs <= parts.clock.now() - openWithinMs
  if (order.state !== 'placed' || !isOld) return order
  // Its page was shown to nobody, so nobody can have paid.
  const closed = await parts.accounts(accountId).closeOrder({ orderId, end: 'abandoned' })
  return closed.ok ? closed.order : order
}
