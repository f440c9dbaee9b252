// Orders whose events never came: looked up at the provider some time after they were placed, and told to their account. Runs
// every few minutes; skipped or doubled, it changes nothing, since it looks at what is.

import { hourMs, minuteMs, asMillis } from '#core/clock.ts'
import type { AccountId, OrderId } from '#core/ids.ts'
import { driverErrorOf, type Db } from '#db/client.ts'
import type { PaymentParts, ReadyParts } from './parts.ts'
import { markLookedAt, waitingPayments, writePayment } from './payment-store.ts'
import { settleOrder } from './settle-order.ts'

/** A person at a page takes less, and its events come meanwhile. */
const lookAfterMs = 15 * minuteMs
/** The provider forgets a key after a day: until then whoever placed the order may open it again by its own key. */
export const openWithinMs = 23 * hourMs
/** One run asks the provider no more often: what is left is first in the next one. */
const ordersPerSweepMax = 200

export async function sweepOrders(parts: PaymentParts): Promise<void> {
  const { db, clock, log } = parts
  const provider = await parts.provider()
  if (db === undefined || provider === undefined) return
  const placedBefore = asMillis(clock.now() - lookAfterMs)
  const waiting = await waitingPayments(db, { placedBefore, limit: ordersPerSweepMax })
  for (const { accountId, orderId } of waiting) {
    try {
      await sweepOrder({ accountId, orderId }, { ...parts, provider }, db)
    } catch (error) {
      log.error('order_not_swept', { account: accountId, order: orderId }, driverErrorOf(error))
    }
  }
}

async function sweepOrder(
  { accountId, orderId }: { accountId: AccountId; orderId: OrderId },
  parts: ReadyParts,
  db: Db,
): Promise<void> {
  // First, so that one that always fails does not keep the others waiting.
  await markLookedAt(db, orderId, parts.clock.now())
  const settled = await settleOrder({ accountId, orderId }, parts)
  if (!settled.ok) return
  let { order } = settled
  if (order.state === 'placed' && order.placedAtMs < parts.clock.now() - openWithinMs) {
    // Its page was shown to nobody, so nobody can have paid.
    const closed = await parts.accounts(accountId).closeOrder({ orderId, end: 'abandoned' })
    if (closed.ok) ({ order } = closed)
  }
  // The row may have missed what the account has known for long.
  await writePayment(db, { ...order, accountId, payment: null }, parts.clock.now())
}
