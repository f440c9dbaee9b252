// Carries out the refunds that the operator asked for. The account holds the money already; here it is asked what is still
// wanted, the provider is asked under a key that follows from the entry, and what came of it is told to the account.

import { hourMs } from '#core/clock.ts'
import { objectOf, readString } from '#core/readers.ts'
import { type Fact, readFactDetail, refundVersions } from '#ledger/payment-facts.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { Task, TaskHandler } from '#ledger/tasks.ts'
import type { PaymentParts, ReadyParts } from './parts.ts'
import { tellFacts } from './tell-facts.ts'
import { waitIfLost } from './wait-if-lost.ts'

/** The provider forgets a key after a day; a refund that was made is found by our name on it. */
const askWithinMs = 23 * hourMs

export function refundHandler(parts: PaymentParts): TaskHandler {
  return {
    kinds: ['refund'],
    async act(task) {
      const asked = askedBy(task)
      if (asked === undefined) return
      const provider = await parts.provider()
      if (provider === undefined) throw new Error('Refunds wait: no payment provider is set up.')
      await refund(asked, { ...parts, provider })
    },
  }
}

type Asked = { task: Task; payment: string; fact: Fact }

/** Undefined for refunds that somebody else made, or sends. */
function askedBy(task: Task): Asked | undefined {
  const detail = objectOf(task.entry.detail)
  const payment = readString(detail['payment'])
  const fact = readFactDetail(detail['fact'])
  if (detail['isThroughProvider'] !== true || payment === undefined || fact === undefined) return undefined
  return { task, payment, fact }
}

async function refund(asked: Asked, parts: ReadyParts): Promise<void> {
  const { task, payment, fact } = asked
  const { accountId, entry } = task
  const view = await parts.accounts(accountId).paymentView(payment)
  if (view === null) return waitIfLost(accountId, parts)
  const { paymentId } = view
  if (!isWanted(view.facts, fact)) return
  if (paymentId === null) return failed(asked, parts, 'the payment came by no provider')
  // Made already, and the answer was lost: it is told like any other.
  await told(paymentId, parts)
  const now = await parts.accounts(accountId).paymentView(payment)
  if (now === null) return waitIfLost(accountId, parts)
  if (!isWanted(now.facts, fact)) return
  if (parts.clock.now() - entry.createdAtMs > askWithinMs)
    return failed(asked, parts, 'the provider was away for too long')
  const made = await parts.provider.payments.refund({
    key: `refund:${accountId}:${entry.epoch}:${entry.seq}`,
    paymentId,
    amountNanoUsd: fact.takenNanoUsd,
    reference: fact.id,
  })
  if (made.ok) return told(paymentId, parts)
  if (made.code === 'unknown') throw new Error(`It is not known whether the refund was made: ${made.message}`)
  return failed(asked, parts, made.message)
}

/** Nothing but its being asked for is known of it. */
function isWanted(facts: readonly Fact[], { id }: Fact): boolean {
  return facts.some((known) => known.id === id && known.version === refundVersions.requested)
}

async function told(paymentId: string, parts: ReadyParts): Promise<void> {
  const outcome = await tellFacts(paymentId, parts)
  if (outcome === 'again') throw new Error('What became of the payment could not be looked at or booked now.')
}

/** Certainly not made: the account has its money back. */
async function failed({ task, payment, fact }: Asked, parts: ReadyParts, why: string): Promise<void> {
  const { accountId } = task
  const facts = [{ ...fact, version: refundVersions.failed, takenNanoUsd: zeroNanoUsd }]
  const answer = await parts.accounts(accountId).tellFacts({ payment, receivedNanoUsd: null, facts })
  parts.log.error('refund_failed', { account: accountId, order: payment, refund: fact.id, why })
  if (!answer.ok) throw new Error(`The refund could not be given back: ${answer.code}`)
}
