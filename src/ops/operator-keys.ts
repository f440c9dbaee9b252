// Keys of an account, as the operator makes, changes and deletes them; the rules about keys are in keys/.

import { refuse, type Refusal } from '#core/errors.ts'
import { keyNumber } from '#core/ids.ts'
import { issue } from '#keys/issue.ts'
import { keyBody, keyRefusal, noSuchKey } from '#keys/key-answers.ts'
import { readKeyEdit, readNewKey } from '#keys/key-input.ts'
import type { KeyAnswer } from '#ledger/account-commands.ts'
import { noSuchAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'

export async function issueKey(request: AccountRequest): Promise<OperatorAnswer> {
  const { accountId, body, parts, requestId } = request
  const read = readNewKey(body, parts.clock.now())
  if (!read.ok) return read
  const { mintKey: mint } = parts
  if (mint === undefined)
    return refuse('not_configured', { message: 'Keys cannot be made: KEY_SECRET is not set.' })
  const port = () => parts.accounts(accountId)
  const issued = await issue({ id: accountId, port, mint }, `key:${requestId}`, (minted) =>
    port().putKey({ ...read.value, ...minted }),
  )
  if (!issued.ok) return refusalOfKeys(issued)
  const key = await port().keyView(issued.keyNumber)
  if (key === null) return noSuchKey()
  return { ok: true, status: 201, body: { key: issued.key, account_id: accountId, ...keyBody(key) } }
}

export async function editKey(request: AccountRequest): Promise<OperatorAnswer> {
  const { accountId, body, keyNumber: number, parts, requestId } = request
  if (number === undefined) return noSuchKey()
  const read = readKeyEdit(body, parts.clock.now())
  if (!read.ok) return read
  const port = parts.accounts(accountId)
  const reference = `key_edit:${requestId}`
  const answer = await port.editKey({ reference, keyNumber: keyNumber(number), terms: read.value })
  if (!answer.ok) return refusalOfKeys(answer)
  const key = await parts.accounts(accountId).keyView(number)
  return key === null ? noSuchKey() : { ok: true, body: { account_id: accountId, ...keyBody(key) } }
}

export async function revokeKey(request: AccountRequest): Promise<OperatorAnswer> {
  const { accountId, keyNumber: number, parts } = request
  if (number === undefined) return noSuchKey()
  const command = { reference: `revoke:${number}`, keyNumber: keyNumber(number) }
  const answer = await parts.accounts(accountId).revokeKey(command)
  return answer.ok
    ? { ok: true, body: { account_id: accountId, key_number: number, revoked: true } }
    : refusalOfKeys(answer)
}

/** The operator's own credential is good: what is unknown is the account. */
function refusalOfKeys(answer: KeyAnswer & { ok: false }): Refusal {
  return answer.code === 'no_such_account' ? noSuchAccount() : keyRefusal(answer)
}
