// One attempt of automatic top-up, carried out: the account says what is still wanted, the provider is asked under a key that
// follows from the attempt alone, and the account is told what came of it. May run twice, late, and die on any line.

import { type AccountId, type OrderId, readAccountId, readOrderId } from '#core/ids.ts'
import { subtractNanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { AttemptOutcome, AttemptTerms } from '#ledger/auto-top-up-commands.ts'
import type { Charge } from './charge.ts'
import { isLostAccount } from './lost-account.ts'
import type { ReadyParts } from './parts.ts'
import type { ProviderAnswer } from './provider.ts'

/** `unknown`: to be tried again. */
export type Carried = 'done' | 'unknown'

type Named = { accountId: AccountId; orderId: OrderId }

export async function carryOutAttempt(named: Named, parts: ReadyParts): Promise<Carried> {
  const account = parts.accounts(named.accountId)
  const begun = await account.beginAttempt({ orderId: named.orderId })
  // No such account: nothing can be wanted.
  if (!begun.ok) return begun.code === 'no_such_account' ? 'done' : 'unknown'
  if (begun.todo === 'nothing') return 'done'
  const asked =
    begun.todo === 'create' ? create(named, begun.attempt, parts) : lookUp(named, begun.attempt, parts)
  return report(named, outcomeOf(await asked), parts)
}

/** Something has been heard of the attempt's payment: told as it stands now. */
export async function tellAttempt(
  { accountId, orderId, paymentId }: Named & { paymentId: string },
  parts: ReadyParts,
): Promise<Carried> {
  return report({ accountId, orderId }, outcomeOf(await parts.provider.charges.look(paymentId)), parts)
}

type Outcome = AttemptOutcome | { state: 'unknown'; why: string } | { state: 'open' }

async function report(named: Named, outcome: Outcome, parts: ReadyParts): Promise<Carried> {
  const { accountId, orderId } = named
  const { log } = parts
  if (outcome.state === 'open') return 'done'
  if (outcome.state === 'unknown') {
    log.error('attempt_unknown', { account: accountId, order: orderId, why: outcome.why })
    return 'unknown'
  }
  const answer = await parts.accounts(accountId).reportAttempt({ orderId, outcome })
  const code = answer.ok ? 'ok' : answer.code
  log.info('attempt', { account: accountId, order: orderId, state: outcome.state, code })
  if (answer.ok || (answer.code !== 'internal' && answer.code !== 'no_such_account')) return 'done'
  return answer.code === 'internal' || (await isLostAccount(accountId, parts)) ? 'unknown' : 'done'
}

function create(
  { accountId, orderId }: Named,
  { amountNanoUsd, method }: AttemptTerms,
  { provider }: ReadyParts,
): Promise<ProviderAnswer<Charge | null>> {
  return provider.charges.make({
    key: `at:${orderId}`,
    accountId,
    orderId,
    customerId: method.customerId,
    cardId: method.id,
    netNanoUsd: amountNanoUsd,
  })
}

/** Nothing new: too late for its key, or nobody wants it any more. */
function lookUp(
  { orderId }: Named,
  { intentId, method }: AttemptTerms,
  { provider }: ReadyParts,
): Promise<ProviderAnswer<Charge | null>> {
  return intentId === null
    ? provider.charges.find({ customerId: method.customerId, orderId })
    : provider.charges.look(intentId)
}

function outcomeOf(answer: ProviderAnswer<Charge | null>): Outcome {
  if (!answer.ok) return outcomeOfFailure(answer)
  const charge = answer.value
  if (charge === null) return { state: 'not_found' }
  const { status, paymentId: intentId, declineCode, adviceCode } = charge
  switch (status) {
    case 'succeeded':
      return { state: 'succeeded', facts: factsOf(charge) }
    case 'processing':
    case 'needs_action':
      return { state: status, intentId }
    case 'declined':
      return { state: 'declined', code: declineCode ?? 'generic_decline', adviceCode, intentId }
    case 'canceled':
      return { state: 'declined', code: 'canceled', adviceCode: null, intentId }
    case 'open':
      return { state: 'open' }
  }
}

/** A refusal is Stripe's word that nothing was charged; the card or its customer is gone, or may not be charged like this. */
function outcomeOfFailure({ code, message }: ProviderAnswer<never> & { ok: false }): Outcome {
  if (code === 'unknown') return { state: 'unknown', why: message }
  const declined = code === 'gone' ? 'payment_method_gone' : 'provider_refused'
  return { state: 'declined', code: declined, adviceCode: null, intentId: null }
}

/** Tax that was added comes in on top of what was asked for. */
function factsOf({ paymentId, accountId, isLive, currency, amountNanoUsd, receivedNanoUsd }: Charge) {
  const over = subtractNanoUsd(receivedNanoUsd, amountNanoUsd)
  return {
    accountId,
    isLive,
    currency,
    netNanoUsd: amountNanoUsd,
    taxNanoUsd: over > 0 ? over : zeroNanoUsd,
    receivedNanoUsd,
    paymentId,
  }
}

/** The attempt that something of the provider's names; undefined for everything else. */
export function attemptNamedIn(metadata: { readonly [name: string]: unknown }): Named | undefined {
  const accountId = readAccountId(metadata['account_id'])
  const orderId = readOrderId(metadata['order_id'])
  const isAttempt = metadata['kind'] === 'auto_top_up'
  return isAttempt && accountId !== undefined && orderId !== undefined ? { accountId, orderId } : undefined
}
