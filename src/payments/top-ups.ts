// A person buys credit: the order is placed first, then its page is made at the provider, then the account knows of the page,
// and only then is it shown. Whoever dies in between repeats it under the same key and comes to the same page.

import { type Refusal, refuse } from '#core/errors.ts'
import type { AccountId, OrderId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { Customer, OrderTerms, OrderView, PlaceOrderAnswer } from '#ledger/order-commands.ts'
import { openOrdersMax } from '#ledger/orders.ts'
import { asCustomer } from './customer.ts'
import type { ReadyParts } from './parts.ts'
import type { CheckoutPage, OpenCheckout, ProviderFailure } from './provider.ts'
import { settleOrder } from './settle-order.ts'
import { openWithinMs } from './sweep.ts'
import { bonusRoundedDown } from './top-up-offer.ts'

export type TopUp = {
  accountId: AccountId
  /** Follows from the client's key, so that a repeat is the same order. */
  orderId: OrderId
  netNanoUsd: NanoUsd
  savesCard: boolean
  page: CheckoutPage
  origin: string
  actor: string
}

export type TopUpAnswer =
  | { ok: true; order: OrderView; isRepeat: boolean; page: OpenCheckout | null }
  | Refusal

export async function beginTopUp(asked: TopUp, parts: ReadyParts): Promise<TopUpAnswer> {
  const account = parts.accounts(asked.accountId)
  const placed = await place(asked, account, parts)
  if (!placed.ok) return refusalOfPlacing(placed)
  const { order, isRepeat } = placed
  if (order.state !== 'placed') {
    const { accountId, orderId } = asked
    const settled = await settleOrder({ accountId, orderId }, parts)
    return settled.ok ? { ok: true, order: settled.order, isRepeat, page: settled.page } : notAsked
  }
  if (order.placedAtMs < parts.clock.now() - openWithinMs) return tooOld
  const opened = await open({ ...asked, terms: order.terms }, account, parts)
  return opened.ok ? { ...opened, isRepeat } : opened
}

/** What was agreed when it was first placed stands, whatever the offer and the settings say by now. */
async function place(
  asked: TopUp,
  account: AccountPort,
  { provider }: ReadyParts,
): Promise<PlaceOrderAnswer> {
  const { orderId, netNanoUsd, savesCard, page, origin, actor } = asked
  const earlier = await account.order(orderId)
  const isSame = earlier?.terms.netNanoUsd === netNanoUsd && earlier.terms.savesCard === savesCard
  const terms: OrderTerms =
    earlier !== null && isSame
      ? earlier.terms
      : {
          kind: 'purchase',
          netNanoUsd,
          bonusNanoUsd: bonusRoundedDown(netNanoUsd),
          isLive: provider.isLive,
          page,
          origin,
          savesCard,
        }
  return account.placeOrder({ orderId, terms, actor })
}

type Opened = { ok: true; order: OrderView; page: OpenCheckout } | Refusal

async function open(
  asked: TopUp & { terms: OrderTerms },
  account: AccountPort,
  parts: ReadyParts,
): Promise<Opened> {
  const opened = await asCustomer(asked.accountId, parts, (customer) => openAs(asked, customer, parts))
  if (!opened.ok) return refusalOf(opened, asked, parts)
  const { orderId } = asked
  const { checkoutId } = opened.value
  const answer = await account.openOrder({ orderId, checkoutId })
  // Closed meanwhile, or opened with another page: this one is shown to nobody.
  if (!answer.ok || answer.order.checkoutId !== checkoutId) return notAsked
  return { ok: true, order: answer.order, page: opened.value }
}

function openAs(
  { accountId, orderId, terms }: TopUp & { terms: OrderTerms },
  { customerId, number }: Customer,
  { provider }: ReadyParts,
) {
  const { netNanoUsd, origin, savesCard, page } = terms
  return provider.checkouts.open({
    // Another customer is another request, which must not go under the same key.
    key: `checkout:${orderId}:${number}`,
    accountId,
    orderId,
    customerId,
    netNanoUsd,
    origin,
    savesCard,
    page: page ?? 'hosted',
  })
}

const notAsked = refuse('payment_unavailable')

const tooOld = refuse('idempotency_key_reused', {
  message:
    'The top-up under this Idempotency-Key was begun more than 23 hours ago and never shown. Use a new key.',
})

function refusalOf({ code, message }: ProviderFailure, asked: TopUp, { log }: ReadyParts): Refusal {
  log.error('checkout_not_opened', { account: asked.accountId, order: asked.orderId, code, why: message })
  return notAsked
}

function refusalOfPlacing(answer: PlaceOrderAnswer & { ok: false }): Refusal {
  switch (answer.code) {
    case 'no_such_account':
      return refuse('not_found', { message: 'There is no account with this id.' })
    case 'reference_reused':
      return refuse('idempotency_key_reused', {
        message: 'This Idempotency-Key was used for another top-up of this account. Use a new key.',
      })
    case 'balance_too_large':
      return refuse('invalid_request', {
        message:
          'With this top-up and those that are still open the balance would pass what one account may hold ($1,000,000).',
        param: 'amount',
      })
    case 'too_many_orders':
      return refuse('rate_limit_exceeded', {
        message: `${openOrdersMax} top-ups of this account are open. Pay one of them, or wait until one has expired.`,
        retryAfterSeconds: 60,
      })
    case 'invalid_command':
      return refuse('invalid_request', { message: 'This cannot be bought.', param: 'amount' })
    case 'internal':
      return refuse('internal')
  }
}
