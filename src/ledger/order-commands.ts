// What may be asked about orders: money that is about to come in. An order is placed before anything is asked of the payment
// provider, and its id is the reference of its credit, so that everybody who learns of the payment may say so.

import type { OrderId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'

/** Bought by a person on a page, or charged to a saved card by itself. */
export type OrderKind = 'purchase' | 'auto_top_up'

/** Everything that was agreed, and all that its request to the provider is made of: they stay what they are. */
export type OrderTerms = {
  kind: OrderKind
  /** What will be credited as paid: without tax, whole cents. */
  netNanoUsd: NanoUsd
  /** What is given on top. */
  bonusNanoUsd: NanoUsd
  /** The mode of the provider. */
  isLive: boolean
  /** Where the person pays; null for an order without a page. */
  page: 'embedded' | 'hosted' | null
  /** Where the person comes back to; empty without a page. */
  origin: string
  /** Whether the card may be charged later without the person. */
  savesCard: boolean
}

/** Ended without money, as far as is known: a payment that comes later is credited all the same. */
export type OrderEnd = 'expired' | 'failed' | 'abandoned' | 'mismatch'

export type OrderView = {
  orderId: OrderId
  terms: OrderTerms
  /** `placed`: nobody has been shown a page yet. `open`: it may be paid. */
  state: 'placed' | 'open' | 'paid' | OrderEnd
  /** The provider's page for it. */
  checkoutId: string | null
  placedAtMs: number
  /** The entry of its credit. */
  creditSeq: number | null
}

type Refused<Code extends string> = { ok: false; code: Code | 'no_such_account' | 'internal' }

export type PlaceOrder = { orderId: OrderId; terms: OrderTerms; actor: string }
export type PlaceOrderAnswer =
  | { ok: true; order: OrderView; isRepeat: boolean }
  | Refused<'invalid_command' | 'reference_reused' | 'balance_too_large' | 'too_many_orders'>

/** Said before anybody is shown the page: an order that was never opened can have been paid by nobody. */
export type OpenOrder = { orderId: OrderId; checkoutId: string }
export type OpenOrderAnswer =
  | { ok: true; order: OrderView }
  | Refused<'invalid_command' | 'no_such_order' | 'order_closed'>

/** A payment as the provider states it. */
export type PaymentFacts = {
  /** What names the account on the payment. */
  accountId: string | null
  isLive: boolean
  currency: string
  /** Without tax and after any discount. */
  netNanoUsd: NanoUsd
  taxNanoUsd: NanoUsd
  /** What has arrived, in the currency of the order. */
  receivedNanoUsd: NanoUsd
  /** Names the payment for refunds and disputes. */
  paymentId: string | null
}

export type PayOrder = { orderId: OrderId; facts: PaymentFacts }
export type PayOrderAnswer =
  | { ok: true; order: OrderView; balanceNanoUsd: NanoUsd; isRepeat: boolean }
  /** `mismatch`: nothing was credited; a finding says what differs. */
  | Refused<'no_such_order' | 'mismatch'>

export type CloseOrder = { orderId: OrderId; end: Exclude<OrderEnd, 'mismatch'> }
export type CloseOrderAnswer =
  /** As it stands: what was paid stays paid. */
  | { ok: true; order: OrderView }
  /** `order_open`: somebody may be paying on its page, so it is not abandoned. */
  | Refused<'no_such_order' | 'order_open'>

/** The account at the payment provider; counted, so that a new one gets a key of its own. */
export type Customer = { customerId: string; isLive: boolean; number: number }

/** Only the next number is taken: of two that were made at once, the first stands. */
export type LinkCustomer = Customer
export type LinkCustomerAnswer = { ok: true; customer: Customer } | Refused<'invalid_command'>
