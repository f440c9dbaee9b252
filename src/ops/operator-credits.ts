// Money by the operator's hand: grants that may expire, and corrections in either direction. Each is one command to the
// object, once per idempotency key.

import { refuse, type Refusal } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import type { Credit, CreditAnswer } from '#ledger/account-commands.ts'
import { actor, objectFailed } from './operator-accounts.ts'
import { noSuchAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'
import { readAdjustment, readGrant } from './operator-input.ts'

export async function grantCredit(request: AccountRequest): Promise<OperatorAnswer> {
  const read = readGrant(request.body)
  if (!read.ok) return read
  const { idempotencyKey, ...grant } = read.value
  return book(request, idempotencyKey, {
    ...grant,
    reference: `grant:${idempotencyKey}`,
    kind: 'grant',
    actor,
  })
}

export async function adjustBalance(request: AccountRequest): Promise<OperatorAnswer> {
  const read = readAdjustment(request.body)
  if (!read.ok) return read
  const { idempotencyKey, ...change } = read.value
  const reference = `adjustment:${idempotencyKey}`
  return book(request, idempotencyKey, { ...change, reference, kind: 'adjustment', actor })
}

async function book(
  { accountId, parts }: AccountRequest,
  idempotencyKey: string,
  command: Credit,
): Promise<OperatorAnswer> {
  const answer = await parts.accounts(accountId).credit(command)
  if (!answer.ok) return creditRefusal(answer)
  const { seq, balanceNanoUsd, isRepeat } = answer
  return {
    ok: true,
    // A repeat is answered with what stands, and created nothing.
    status: isRepeat ? 200 : 201,
    body: {
      account_id: accountId,
      idempotency_key: idempotencyKey,
      amount: formatUsd(command.amountNanoUsd),
      reason: command.reason,
      seq,
      balance: formatUsd(balanceNanoUsd),
      is_repeat: isRepeat,
    },
  }
}

function creditRefusal(answer: CreditAnswer & { ok: false }): Refusal {
  switch (answer.code) {
    case 'no_such_account':
      return noSuchAccount()
    case 'reference_reused':
      return refuse('idempotency_key_reused', {
        message:
          'This idempotency_key was used for another amount of this account. Nothing was booked. Use a new key for a new booking.',
        param: 'idempotency_key',
      })
    case 'balance_too_large':
      return refuse('invalid_request', {
        message: 'The balance would pass what one account may hold ($1,000,000). Nothing was booked.',
        param: 'amount',
      })
    case 'invalid_amount':
      return refuse('invalid_request', { message: 'The amount cannot be booked.', param: 'amount' })
    case 'internal':
      return objectFailed()
  }
}
