// How the orders that wait for their money, and the account at the payment provider, follow from the log (replay.ts).

import { readOrderId, type OrderId } from '#core/ids.ts'
import { type NanoUsd, addNanoUsd } from '#core/money.ts'
import { readString, readWhole } from '#core/readers.ts'
import type { Entry } from './entry.ts'
import type { Customer, OrderKind } from './order-commands.ts'
import { readOrderTerms } from './order-details.ts'

export type WaitingOrder = {
  readonly orderId: OrderId
  readonly kind: OrderKind
  /** What it will bring, its bonus included. */
  readonly worthNanoUsd: NanoUsd
  readonly placedAtMs: number
}

export function afterOrder(
  orders: readonly WaitingOrder[],
  { reference, createdAtMs }: Entry,
  detail: { readonly [name: string]: unknown },
): readonly WaitingOrder[] {
  const orderId = readOrderId(reference)
  const terms = readOrderTerms(detail['terms'])
  if (detail['what'] === 'closed') return withoutOrder(orders, reference)
  if (detail['what'] !== 'placed' || orderId === undefined || terms === undefined) return orders
  const worthNanoUsd = addNanoUsd(terms.netNanoUsd, terms.bonusNanoUsd)
  return [...orders, { orderId, kind: terms.kind, worthNanoUsd, placedAtMs: createdAtMs }]
}

/** Its money is here, or it has ended. */
export function withoutOrder(orders: readonly WaitingOrder[], reference: string): readonly WaitingOrder[] {
  return orders.some(({ orderId }) => orderId === reference)
    ? orders.filter(({ orderId }) => orderId !== reference)
    : orders
}

export function afterCustomer(
  customer: Customer | null,
  detail: { readonly [name: string]: unknown },
): Customer | null {
  const customerId = readString(detail['customerId'])
  const number = readWhole(detail['number'], 1)
  return customerId === undefined || number === undefined
    ? customer
    : { customerId, isLive: detail['isLive'] === true, number }
}
