// Events about automatic top-up: its payments, and the cards that it charges. An event says what to look at; what is found there
// is told to the account.

import { readAccountId } from '#core/ids.ts'
import { type JsonObject, objectOf, readString } from '#core/readers.ts'
import { attemptNamedIn, tellAttempt } from './attempt.ts'
import type { EventHandler, EventOutcome } from './payment-event.ts'
import { accountOfCustomer, tellCard } from './saved-cards.ts'

/** Of a payment that an attempt has made; undefined for any other payment. */
export const attemptEvent: EventHandler = async ({ object }, parts) => {
  const named = attemptNamedIn(objectOf(object['metadata']))
  const paymentId = readString(object['id'])
  if (named === undefined || paymentId === undefined) return 'ignored'
  return (await tellAttempt({ ...named, paymentId }, parts)) === 'done' ? 'done' : 'again'
}

export function isAttemptPayment(object: JsonObject): boolean {
  return attemptNamedIn(objectOf(object['metadata'])) !== undefined
}

/** A card was saved on a page that was opened for that. */
export const cardSaved: EventHandler = async ({ id, object }, parts) => {
  const accountId = readAccountId(objectOf(object['metadata'])['account_id'])
  const cardId = idIn(object['payment_method'])
  if (accountId === undefined || cardId === undefined) return 'ignored'
  return tellCard({ accountId, cardId, reference: `event:${id}`, isWanted: true }, parts)
}

/** A card was kept with a purchase or in the portal, or the network knows a newer number of it. */
export const cardKept: EventHandler = async ({ id, object }, parts) => {
  const [cardId, customerId] = [readString(object['id']), idIn(object['customer'])]
  if (cardId === undefined || customerId === undefined) return 'ignored'
  const account = await accountOfCustomer(customerId, parts)
  if (!account.ok) return account.code === 'unknown' ? 'again' : 'ignored'
  if (account.value === undefined) return 'ignored'
  return tellCard({ accountId: account.value, cardId, reference: `event:${id}`, isWanted: false }, parts)
}

/** The card itself no longer says whose it was; the event does. */
export const cardRemoved: EventHandler = async ({ object, previous }, parts) => {
  const [methodId, customerId] = [readString(object['id']), idIn(previous['customer'])]
  if (methodId === undefined || customerId === undefined) return 'ignored'
  const account = await accountOfCustomer(customerId, parts)
  if (!account.ok) return account.code === 'unknown' ? 'again' : 'ignored'
  if (account.value === undefined) return 'ignored'
  return outcomeOf(await parts.accounts(account.value).loseMethod({ methodId }))
}

export const customerDeleted: EventHandler = async ({ object }, parts) => {
  const accountId = readAccountId(objectOf(object['metadata'])['account_id'])
  const customerId = readString(object['id'])
  if (accountId === undefined || customerId === undefined) return 'ignored'
  return outcomeOf(await parts.accounts(accountId).loseMethod({ customerId }))
}

function outcomeOf(answer: { ok: true } | { ok: false; code: string }): EventOutcome {
  if (answer.ok) return 'done'
  return answer.code === 'internal' ? 'again' : 'ignored'
}

/** A reference: an id, or the whole object. */
function idIn(value: unknown): string | undefined {
  return readString(value) ?? readString(objectOf(value)['id'])
}
