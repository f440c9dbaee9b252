// Events about an order: its page and its payment carry the same two names. Whatever an event says happened, the order is
// looked up as it stands now.

import { readAccountId, readOrderId } from '#core/ids.ts'
import { isObject, type JsonObject, readString } from '#core/readers.ts'
import type { EventHandler } from './payment-event.ts'
import { type AskedOrder, settleOrder } from './settle-order.ts'

export const settleOrderOf: EventHandler = async ({ id, type, object }, parts) => {
  const named = orderNamedIn(object)
  // Somebody else's payment on the same Stripe account.
  if (named === undefined) return 'ignored'
  const settled = await settleOrder(named, parts)
  if (settled.ok) return 'done'
  if (settled.code === 'unknown') return 'again'
  parts.log.error('foreign_order', { event_id: id, type, account: named.accountId, order: named.orderId })
  return 'ignored'
}

/** As we wrote them on both, at the start. */
export function orderNamedIn(object: JsonObject): AskedOrder | undefined {
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const accountId = readAccountId(metadata['account_id'])
  const orderId = readOrderId(metadata['order_id'])
  if (accountId === undefined || orderId === undefined) return undefined
  const checkoutId = object['object'] === 'checkout.session' ? readString(object['id']) : undefined
  return checkoutId === undefined ? { accountId, orderId } : { accountId, orderId, checkoutId }
}
