// The operator's answer to a disaster: an object is made anew from Postgres. Repeated with the same key it goes on.

import { refuse, type Refusal, noDatabase } from '#core/errors.ts'
import type { RebuildResult } from '#settlement/rebuild.ts'
import { noSuchAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'
import { readRebuild } from './operator-books-input.ts'

export async function rebuildObject({ accountId, body, parts }: AccountRequest): Promise<OperatorAnswer> {
  const read = readRebuild(body)
  if (!read.ok) return read
  const { accounts, clock, db, log } = parts
  if (db === undefined) return noDatabase
  // Loaded for the disaster alone: no other request evaluates it.
  const { rebuildAccount } = await import('#settlement/rebuild.ts')
  const result = await rebuildAccount({ accountId, ...read.value }, db, { accounts, clock, db, log })
  if (!result.ok) return refusalOf(result)
  const { epoch, closedSeq, step } = result
  return {
    ok: true,
    // Not done yet: the same request again goes on, and so does the hourly sweep.
    status: step === 'done' ? 200 : 202,
    body: { account_id: accountId, epoch, closed_seq: closedSeq, step },
  }
}

function refusalOf({ code }: RebuildResult & { ok: false }): Refusal {
  switch (code) {
    case 'unknown_account':
      return noSuchAccount()
    case 'not_empty':
      return refuse('invalid_request', {
        message:
          'The account object has its books. Send discard: true to give up what it has and Postgres has not.',
        param: 'discard',
      })
    case 'other_rebuild':
      return refuse('invalid_request', {
        message: 'Another rebuild of this account is not done. Repeat it with its own idempotency_key first.',
        param: 'idempotency_key',
      })
    case 'differs':
      return refuse('invalid_request', {
        message: 'The log in Postgres does not prove itself: see the findings. Nothing was opened.',
      })
    case 'object_failed':
      return refuse('ledger_unavailable', {
        message: 'The account object could not be filled. The request may be repeated as it is.',
      })
  }
}
