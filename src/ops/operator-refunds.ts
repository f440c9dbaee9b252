// Paid money that goes back to its payer, by the operator's hand: one command to the object, once per idempotency key. The
// balance is lowered here. What came by the payment provider is sent back by it (payments/refund-task.ts); everything else the
// operator sends where it came from.

import { refuse, type Refusal } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import type { RefundAnswer } from '#ledger/account-commands.ts'
import { actor, objectFailed } from './operator-accounts.ts'
import { noSuchAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'
import { readRefund } from './operator-input.ts'

export async function refundPayment({ accountId, body, parts }: AccountRequest): Promise<OperatorAnswer> {
  const read = readRefund(body)
  if (!read.ok) return read
  const { idempotencyKey, ...refund } = read.value
  const reference = `refund:${idempotencyKey}`
  const account = parts.accounts(accountId)
  const payment = refund.payment === null ? null : await account.paymentView(refund.payment)
  const isThroughProvider = (payment?.paymentId ?? null) !== null
  const receivedNanoUsd = payment?.receivedNanoUsd ?? null
  const answer = await account.refund({ ...refund, reference, actor, isThroughProvider, receivedNanoUsd })
  if (!answer.ok) return refundRefusal(answer)
  return {
    ok: true,
    status: answer.isRepeat ? 200 : 201,
    body: {
      account_id: accountId,
      idempotency_key: idempotencyKey,
      payment: refund.payment,
      amount: formatUsd(answer.amountNanoUsd),
      reason: refund.reason,
      seq: answer.seq,
      balance: formatUsd(answer.balanceNanoUsd),
      through: isThroughProvider ? 'provider' : 'operator',
      is_repeat: answer.isRepeat,
    },
  }
}

function refundRefusal(answer: RefundAnswer & { ok: false }): Refusal {
  switch (answer.code) {
    case 'no_such_account':
      return noSuchAccount()
    case 'no_such_payment':
      return refuse('invalid_request', {
        message:
          'No paid credit of this account has this reference (/v1/account/transactions shows them). Nothing was booked.',
        param: 'payment',
      })
    case 'beyond_refundable':
      return refuse('beyond_refundable', {
        message: `$${formatUsd(answer.leftNanoUsd)} can go back now: of this payment, and of what neither a running call nor a debt needs. Nothing was booked. With beyond_balance: true the account goes below zero instead, up to what the payment brought.`,
        param: 'amount',
        metadata: { refundable: formatUsd(answer.leftNanoUsd) },
      })
    case 'too_many_facts':
      return refuse('invalid_request', {
        message:
          'So many refunds and disputes of this payment are booked that no more fit. Correct the balance by an adjustment. Nothing was booked.',
        param: 'payment',
      })
    case 'reference_reused':
      return refuse('idempotency_key_reused', {
        message:
          'This idempotency_key was used for another refund of this account. Nothing was booked. Use a new key for a new one.',
        param: 'idempotency_key',
      })
    case 'invalid_amount':
      return refuse('invalid_request', { message: 'The amount cannot be booked.', param: 'amount' })
    case 'internal':
      return objectFailed()
  }
}
