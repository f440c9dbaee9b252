// A card that a person has left with the provider, told to the account: the one that automatic top-up charges.

import { type AccountId, readAccountId } from '#core/ids.ts'
import type { SavedMethod } from '#ledger/auto-top-up-commands.ts'
import type { ReadyParts } from './parts.ts'
import type { Card, ProviderAnswer } from './provider.ts'

/** The form in which the account keeps it; undefined for what may not be charged without its owner. */
export function methodOf({ cardId, customerId, fingerprint }: Card): SavedMethod | undefined {
  return customerId === null || fingerprint === null ? undefined : { id: cardId, customerId, fingerprint }
}

/** One of the account's own cards, as the provider has it now. */
export async function cardOfAccount(
  { accountId, cardId }: { accountId: AccountId; cardId: string },
  parts: ReadyParts,
): Promise<ProviderAnswer<Card>> {
  const customer = await parts.accounts(accountId).customer()
  const card = await parts.provider.cards.look(cardId)
  if (!card.ok) return card
  const isOwn = customer !== null && card.value.customerId === customer.customerId
  return isOwn ? card : { ok: false, code: 'gone', message: 'The card is another customer’s, or nobody’s.' }
}

/** `isWanted`: its owner has saved it for this; any other is taken only where one is missing. */
export async function tellCard(
  told: { accountId: AccountId; cardId: string; reference: string; isWanted: boolean },
  parts: ReadyParts,
): Promise<'done' | 'ignored' | 'again'> {
  const card = await cardOfAccount(told, parts)
  if (!card.ok) return card.code === 'unknown' ? 'again' : 'ignored'
  const method = methodOf(card.value)
  if (method === undefined) return 'ignored'
  const answer = await parts.accounts(told.accountId).setAutoTopUp({
    reference: told.reference,
    method,
    isOnlyIfMissing: !told.isWanted,
    reason: '',
    actor: 'payment',
  })
  if (answer.ok) return 'done'
  return answer.code === 'internal' ? 'again' : 'ignored'
}

/** Whose customer it is, as we wrote on it. */
export async function accountOfCustomer(
  customerId: string,
  { provider }: ReadyParts,
): Promise<ProviderAnswer<AccountId | undefined>> {
  const customer = await provider.customers.look(customerId)
  return customer.ok ? { ok: true, value: readAccountId(customer.value.accountId) } : customer
}
