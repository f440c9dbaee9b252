// Events about a plan that is paid for: its page, the subscription, its invoices, and the card that a person has made the usual
// one. Whatever an event says happened, the subscription is looked at as it stands now.

import { type AccountId, readAccountId } from '#core/ids.ts'
import { type JsonObject, objectOf, readString } from '#core/readers.ts'
import type { EventHandler, EventOutcome, PaymentEvent } from './payment-event.ts'
import type { ReadyParts } from './parts.ts'
import { accountOfCustomer, tellCard } from './saved-cards.ts'
import { settlePlanPage, settleSubscription } from './settle-subscription.ts'

export function isPlanPage(object: JsonObject): boolean {
  return object['object'] === 'checkout.session' && object['mode'] === 'subscription'
}

export const planPageEvent: EventHandler = async ({ object }, parts) => {
  const accountId = accountIn(object)
  const checkoutId = readString(object['id'])
  if (accountId === undefined || checkoutId === undefined) return 'ignored'
  return outcomeOf(await settlePlanPage({ accountId, checkoutId }, parts))
}

export const subscriptionEvent: EventHandler = async ({ object }, parts) =>
  settled({ accountId: accountIn(object), subscriptionId: readString(object['id']) }, parts)

export function isPlanInvoice(object: JsonObject): boolean {
  return detailsIn(object)['subscription'] !== undefined
}

/** An invoice says in its parent whose subscription it is of. */
export const planInvoiceEvent: EventHandler = async ({ object }, parts) => {
  const details = detailsIn(object)
  return settled({ accountId: accountIn(details), subscriptionId: idIn(details['subscription']) }, parts)
}

/** In the portal, mostly; only where it is another one than before. */
export const usualCardChanged: EventHandler = async (event, parts) => {
  const cardId = usualIn(event.object)
  const isChange = Object.hasOwn(event.previous, 'invoice_settings') && usualIn(event.previous) !== cardId
  const customerId = readString(event.object['id'])
  if (cardId === undefined || !isChange || customerId === undefined) return 'ignored'
  return wanted({ event, cardId, customerId }, parts)
}

async function wanted(
  { event, cardId, customerId }: { event: PaymentEvent; cardId: string; customerId: string },
  parts: ReadyParts,
): Promise<EventOutcome> {
  const account = await accountOfCustomer(customerId, parts)
  if (!account.ok) return account.code === 'unknown' ? 'again' : 'ignored'
  if (account.value === undefined) return 'ignored'
  const reference = `event:${event.id}`
  return tellCard({ accountId: account.value, cardId, reference, isWanted: true }, parts)
}

async function settled(
  named: { accountId: AccountId | undefined; subscriptionId: string | undefined },
  parts: ReadyParts,
): Promise<EventOutcome> {
  const { accountId, subscriptionId } = named
  // Somebody else's on the same Stripe account.
  if (accountId === undefined || subscriptionId === undefined) return 'ignored'
  return outcomeOf(await settleSubscription({ accountId, subscriptionId }, parts))
}

function outcomeOf(answer: { ok: true } | { ok: false; code: 'foreign' | 'unknown' }): EventOutcome {
  if (answer.ok) return 'done'
  return answer.code === 'unknown' ? 'again' : 'ignored'
}

function accountIn(object: JsonObject): AccountId | undefined {
  return readAccountId(objectOf(object['metadata'])['account_id'])
}

function detailsIn(invoice: JsonObject): JsonObject {
  return objectOf(objectOf(invoice['parent'])['subscription_details'])
}

function usualIn(customer: JsonObject): string | undefined {
  return idIn(objectOf(customer['invoice_settings'])['default_payment_method'])
}

/** A reference: an id, or the whole object. */
function idIn(value: unknown): string | undefined {
  return readString(value) ?? readString(objectOf(value)['id'])
}
