// A payment by a saved card without its owner: as it is asked for, and as it stands at the payment provider.

import type { AccountId, OrderId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'

export type NewCharge = {
  key: string
  accountId: AccountId
  orderId: OrderId
  customerId: string
  cardId: string
  netNanoUsd: NanoUsd
}

export type Charge = {
  paymentId: string
  accountId: string | null
  orderId: string | null
  isLive: boolean
  /** Lower case, as ISO 4217 names it. */
  currency: string
  amountNanoUsd: NanoUsd
  receivedNanoUsd: NanoUsd
  /** `open`: nobody has tried to pay it. */
  status: 'succeeded' | 'processing' | 'needs_action' | 'declined' | 'canceled' | 'open'
  /** Of the newest decline, as its bank says it. */
  declineCode: string | null
  adviceCode: string | null
  /** With it a person confirms the payment in a browser. */
  clientSecret: string | null
}
