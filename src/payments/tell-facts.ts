// The one way in which an account learns what has become of a payment: looked up at the provider as it stands now, and told
// whole. Webhooks, the handler of refunds, a replay and the reconciler all run this; any order of them ends alike.

import { readAccountId, readOrderId } from '#core/ids.ts'
import { isLostAccount } from './lost-account.ts'
import type { ReadyParts } from './parts.ts'
import type { EventOutcome } from './payment-event.ts'

export async function tellFacts(paymentId: string, parts: ReadyParts): Promise<EventOutcome> {
  const { provider, accounts, log } = parts
  const looked = await provider.payments.look(paymentId)
  if (!looked.ok) {
    log.error('payment_unknown', { payment: paymentId, why: looked.message })
    return looked.code === 'gone' ? 'ignored' : 'again'
  }
  const { facts, receivedNanoUsd, isLive, currency, ...named } = looked.value
  const accountId = readAccountId(named.accountId)
  const orderId = readOrderId(named.orderId)
  // Somebody else's payment on the same Stripe account.
  if (accountId === undefined || orderId === undefined) return 'ignored'
  if (isLive !== provider.isLive || currency !== 'usd' || facts.length === 0) return 'ignored'
  const told = await accounts(accountId).tellFacts({
    payment: orderId,
    receivedNanoUsd: receivedNanoUsd > 0 ? receivedNanoUsd : null,
    facts,
  })
  if (told.ok) return 'done'
  log.error('facts_refused', { account: accountId, order: orderId, code: told.code })
  if (told.code === 'no_such_account') return (await isLostAccount(accountId, parts)) ? 'again' : 'ignored'
  // Too many are a finding of the account's own; telling them again would change nothing.
  return told.code === 'internal' ? 'again' : 'ignored'
}
