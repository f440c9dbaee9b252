// The one way in which an order comes to its end: looked up at the provider as it stands now, and told to the account object.
// The webhook, the page to which a person returns and the sweeper all run this; whoever is first, it is booked once.

import type { AccountId, OrderId } from '#core/ids.ts'
import type { OrderView, PaymentFacts } from '#ledger/order-commands.ts'
import type { ReadyParts } from './parts.ts'
import type { BankTransfer, Checkout } from './provider.ts'

export type SettledOrder =
  /** `page` where it can still be paid; `transfer` where that was begun and the money has yet to come. */
  | { ok: true; order: OrderView; page: Checkout | null; transfer?: BankTransfer }
  /** `unknown`: could not be looked at or booked now. */
  | { ok: false; code: 'no_such_order' | 'unknown' }

export type AskedOrder = {
  accountId: AccountId
  orderId: OrderId
  /** A page that claims to be the order's, where the order itself knows of none. */
  checkoutId?: string
}

export async function settleOrder(asked: AskedOrder, parts: ReadyParts): Promise<SettledOrder> {
  const { accountId, orderId } = asked
  const order = await parts.accounts(accountId).order(orderId)
  if (order === null) return { ok: false, code: 'no_such_order' }
  const checkoutId = order.checkoutId ?? asked.checkoutId
  const isOfThisMode = order.terms.isLive === parts.provider.isLive
  if (order.state === 'paid' || checkoutId === undefined || !isOfThisMode)
    return { ok: true, order, page: null }
  const looked = await parts.provider.checkouts.look(checkoutId)
  if (!looked.ok) {
    parts.log.error('checkout_unknown', { account: accountId, order: orderId, why: looked.message })
    return { ok: false, code: 'unknown' }
  }
  // A page of another order that is held out as this one's.
  if (looked.value.orderId !== orderId) return { ok: false, code: 'no_such_order' }
  return told(order, looked.value, { asked, parts })
}

async function told(
  order: OrderView,
  checkout: Checkout,
  { asked, parts }: { asked: AskedOrder; parts: ReadyParts },
): Promise<SettledOrder> {
  const { orderId } = asked
  const account = parts.accounts(asked.accountId)
  switch (checkout.status) {
    case 'paid': {
      const paid = await account.payOrder({ orderId, facts: factsOf(checkout) })
      if (paid.ok) return { ok: true, order: paid.order, page: null }
      if (paid.code !== 'mismatch') return { ok: false, code: 'unknown' }
      parts.log.error('order_mismatch', { account: asked.accountId, order: orderId })
      return { ok: true, order: { ...order, state: 'mismatch' }, page: null }
    }
    case 'expired':
    case 'failed': {
      const closed = await account.closeOrder({ orderId, end: checkout.status })
      return closed.ok ? { ok: true, order: closed.order, page: null } : { ok: false, code: 'unknown' }
    }
    case 'open':
      return { ok: true, order, page: checkout }
    case 'pending':
      return { ok: true, order, page: null, ...(checkout.transfer && { transfer: checkout.transfer }) }
  }
}

function factsOf(checkout: Checkout): PaymentFacts {
  const { accountId, isLive, currency, netNanoUsd, taxNanoUsd, totalNanoUsd, paymentId } = checkout
  return { accountId, isLive, currency, netNanoUsd, taxNanoUsd, receivedNanoUsd: totalNanoUsd, paymentId }
}
