// The one way in which an account learns what has become of a payment: looked up at the provider as it stands now, and told
// whole. Webhooks, the handler of refunds, a replay and the reconciler all run this; any order of them ends alike.

import { type AccountId, readAccountId, readOrderId } from '#core/ids.ts'
import { isLostAccount } from './lost-account.ts'
import type { ReadyParts } from './parts.ts'
import type { EventOutcome } from './payment-event.ts'
import type { PaymentState } from './provider.ts'

export async function tellFacts(paymentId: string, parts: ReadyParts): Promise<EventOutcome> {
  const { provider, log } = parts
  const looked = await provider.payments.look(paymentId)
  if (!looked.ok) {
    log.error('payment_unknown', { payment: paymentId, why: looked.message })
    return looked.code === 'gone' ? 'ignored' : 'again'
  }
  const { facts, receivedNanoUsd, isLive, currency, ...named } = looked.value
  const accountId = readAccountId(named.accountId)
  const orderId = readOrderId(named.orderId)
  if (orderId === undefined) return tellOfPlan(paymentId, looked.value, parts)
  // Somebody else's payment on the same Stripe account.
  if (accountId === undefined) return 'ignored'
  if (isLive !== provider.isLive || currency !== 'usd' || facts.length === 0) return 'ignored'
  return tell({ accountId, payment: orderId, receivedNanoUsd, facts }, parts)
}

/**
 * A plan's payment carries no names: its invoice has them. It has brought no balance that could go back; a dispute or a warning
 * says all the same that the account's payments are in doubt.
 */
async function tellOfPlan(
  paymentId: string,
  { facts, receivedNanoUsd }: PaymentState,
  parts: ReadyParts,
): Promise<EventOutcome> {
  const doubts = facts.filter(({ kind }) => kind !== 'refund')
  if (doubts.length === 0) return 'ignored'
  const paid = await parts.provider.subscriptions.paidBy(paymentId)
  if (!paid.ok) return paid.code === 'unknown' ? 'again' : 'ignored'
  const accountId = readAccountId(paid.value?.accountId)
  if (accountId === undefined || paid.value === null) return 'ignored'
  return tell({ accountId, payment: paid.value.invoiceId, receivedNanoUsd, facts: doubts }, parts)
}

type About = Pick<PaymentState, 'facts' | 'receivedNanoUsd'> & { accountId: AccountId; payment: string }

async function tell(
  { accountId, payment, receivedNanoUsd, facts }: About,
  parts: ReadyParts,
): Promise<EventOutcome> {
  const { accounts, log } = parts
  const told = await accounts(accountId).tellFacts({
    payment,
    receivedNanoUsd: receivedNanoUsd > 0 ? receivedNanoUsd : null,
    facts,
  })
  if (told.ok) return 'done'
  log.error('facts_refused', { account: accountId, order: payment, code: told.code })
  if (told.code === 'no_such_account') return (await isLostAccount(accountId, parts)) ? 'again' : 'ignored'
  // Too many are a finding of the account's own; telling them again would change nothing.
  return told.code === 'internal' ? 'again' : 'ignored'
}
