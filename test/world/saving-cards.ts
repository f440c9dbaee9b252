// Leaving a card as a person does it, for journeys: a page of the provider's, paid on by a card of the test's choice.

import type { WorldClient } from '../../dev/world-client.ts'
import type { Buyer } from './buying.ts'
import { valueAt } from './chat.ts'

export type LeftCard = {
  /** The same for the same card, whoever leaves it; one of its own where left out. */
  readonly fingerprint?: string
  readonly funding?: 'credit' | 'debit' | 'prepaid'
}

/** Answers with the card's id. */
export async function leaveCard(
  { stripe: { control } }: WorldClient,
  buyer: Buyer,
  { fingerprint = `fp${buyer.accountId}`, funding = 'credit' }: LeftCard = {},
): Promise<string> {
  const { body } = await buyer.api('POST', '/api/payment-methods', { page: 'hosted' })
  await control.pay({ sessionId: String(valueAt(body, 'id')), method: 'pm_card_visa' })
  const cards = await buyer.api('GET', '/api/payment-methods')
  const paymentMethodId = String(valueAt(cards.body, 'data', 0, 'id'))
  await control.updateCard({ paymentMethodId, fingerprint, funding })
  return paymentMethodId
}
