// Keys of an account: minted here, shown once, kept by the object as a hash. Revoking is final.

import { refuse, type Refusal } from '#core/errors.ts'
import { keyNumber } from '#core/ids.ts'
import { formatUsd } from '#core/money.ts'
import type { KeyAnswer } from '#ledger/account-commands.ts'
import { objectFailed } from './operator-accounts.ts'
import { noSuchAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'
import { readNewKey } from './operator-input.ts'

/** Somebody else may take the next number at the same moment; so many times in a row they do not. */
const numberTriesMax = 8

export async function issueKey({
  accountId,
  body,
  parts,
  requestId,
}: AccountRequest): Promise<OperatorAnswer> {
  const read = readNewKey(body)
  if (!read.ok) return read
  if (parts.mintKey === undefined)
    return refuse('not_configured', { message: 'Keys cannot be made: KEY_SECRET is not set.' })
  const { name, budgets, allowedModels } = read.value
  const taken = await parts.accounts(accountId).keys()
  const free = Math.max(0, ...taken.map((key) => key.keyNumber)) + 1
  for (let number = free; number < free + numberTriesMax; number += 1) {
    const { key, secretHash } = await parts.mintKey({ accountId, keyNumber: number })
    const reference = `key:${requestId}:${number}`
    const command = { reference, keyNumber: keyNumber(number), secretHash, name, budgets, allowedModels }
    const answer = await parts.accounts(accountId).putKey(command)
    if (answer.ok)
      return {
        ok: true,
        status: 201,
        body: {
          key,
          key_number: number,
          account_id: accountId,
          name,
          limits: budgets.map(({ window, amountNanoUsd }) => ({ window, amount: formatUsd(amountNanoUsd) })),
          allowed_models: allowedModels,
        },
      }
    if (answer.code !== 'number_taken') return keyRefusal(answer)
  }
  return objectFailed()
}

export async function revokeKey({
  accountId,
  keyNumber: number,
  parts,
}: AccountRequest): Promise<OperatorAnswer> {
  if (number === undefined) return noSuchKey()
  const command = { reference: `revoke:${number}`, keyNumber: keyNumber(number) }
  const answer = await parts.accounts(accountId).revokeKey(command)
  return answer.ok
    ? { ok: true, body: { account_id: accountId, key_number: number, revoked: true } }
    : keyRefusal(answer)
}

function keyRefusal(answer: KeyAnswer & { ok: false }): Refusal {
  switch (answer.code) {
    case 'no_such_account':
      return noSuchAccount()
    case 'no_such_key':
      return noSuchKey()
    case 'too_many_keys':
      return refuse('invalid_request', {
        message: 'The account has as many keys as it may have. Revoke one or raise keys_max.',
      })
    case 'invalid_api_key':
    case 'key_disabled':
    case 'scope_missing':
    case 'beyond_own_limits':
    case 'number_taken':
    case 'internal':
      return objectFailed()
  }
}

function noSuchKey(): Refusal {
  return refuse('not_found', { message: 'This account has no key with this number.' })
}
