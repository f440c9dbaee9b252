// The operator's answer to a person who asks to be forgotten: one command to the object, once per idempotency key. Postgres
// follows when the entry arrives there.

import { actor, objectFailed } from './operator-accounts.ts'
import { readErasure } from './operator-books-input.ts'
import { noSuchAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'

export async function eraseTexts({ accountId, body, parts }: AccountRequest): Promise<OperatorAnswer> {
  const read = readErasure(body)
  if (!read.ok) return read
  const { idempotencyKey, reason } = read.value
  const command = { reference: `erasure:${idempotencyKey}`, reason, actor }
  const answer = await parts.accounts(accountId).erase(command)
  if (!answer.ok) return answer.code === 'no_such_account' ? noSuchAccount() : objectFailed()
  return {
    ok: true,
    status: answer.isRepeat ? 200 : 201,
    body: { account_id: accountId, seq: answer.seq, is_repeat: answer.isRepeat },
  }
}
