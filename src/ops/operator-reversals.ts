// A charge given back by the operator's hand: one command to the object, once per idempotency key.

import { refuse, type Refusal } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import type { ReverseAnswer } from '#ledger/account-commands.ts'
import { actor, objectFailed } from './operator-accounts.ts'
import { noSuchAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'
import { readReversal } from './operator-input.ts'

export async function reverseCharge({ accountId, body, parts }: AccountRequest): Promise<OperatorAnswer> {
  const read = readReversal(body)
  if (!read.ok) return read
  const { idempotencyKey, ...reversal } = read.value
  const reference = `reversal:${idempotencyKey}`
  const answer = await parts.accounts(accountId).reverse({ ...reversal, reference, actor })
  if (!answer.ok) return reversalRefusal(answer)
  return {
    ok: true,
    status: answer.isRepeat ? 200 : 201,
    body: {
      account_id: accountId,
      generation_id: reversal.callId,
      idempotency_key: idempotencyKey,
      amount: formatUsd(answer.amountNanoUsd),
      reason: reversal.reason,
      seq: answer.seq,
      balance: formatUsd(answer.balanceNanoUsd),
      is_repeat: answer.isRepeat,
    },
  }
}

function reversalRefusal(answer: ReverseAnswer & { ok: false }): Refusal {
  switch (answer.code) {
    case 'no_such_account':
      return noSuchAccount()
    case 'no_such_charge':
      return refuse('invalid_request', {
        message: 'No charge of this account has this generation_id. Nothing was booked.',
        param: 'generation_id',
      })
    case 'beyond_charge':
      return refuse('invalid_request', {
        message: `Of this charge $${formatUsd(answer.leftNanoUsd)} can still be given back. Nothing was booked.`,
        param: 'amount',
      })
    case 'reference_reused':
      return refuse('idempotency_key_reused', {
        message:
          'This idempotency_key was used for another reversal of this account. Nothing was booked. Use a new key for a new one.',
        param: 'idempotency_key',
      })
    case 'invalid_amount':
      return refuse('invalid_request', { message: 'The amount cannot be booked.', param: 'amount' })
    case 'internal':
      return objectFailed()
  }
}
