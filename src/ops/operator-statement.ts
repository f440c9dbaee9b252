// One account's statement for an accountant or the customer: pages of the log as it was hashed, to be verified by anyone.

import { invalidCursor } from '#core/fields.ts'
import { refuse, noDatabase } from '#core/errors.ts'
import { readStatement, type Place, type Statement } from '#settlement/statement.ts'
import type { AccountRequest, OperatorAnswer } from './operator-guard.ts'

export async function showStatement({ accountId, query, parts }: AccountRequest): Promise<OperatorAnswer> {
  const from = timeOf(query.get('from'))
  const to = timeOf(query.get('to'))
  if (from === null || to === null)
    return refuse('invalid_request', {
      message:
        'from and to are times like 2026-11-01T00:00:00Z: the first that is in, the first that is not.',
      param: from === null ? 'from' : 'to',
    })
  const after = placeOf(query.get('cursor'))
  if (after === null) return invalidCursor()
  if (parts.db === undefined) return noDatabase
  const statement = await readStatement(parts.db, { accountId, from, to, after })
  return {
    ok: true,
    body: {
      account_id: accountId,
      from: from?.toISOString() ?? null,
      to: to?.toISOString() ?? null,
      ...pageOf(statement),
    },
  }
}

function pageOf({ next, ...page }: Statement) {
  return {
    previous_hash: page.previousHash,
    balance_before_nano_usd: page.balanceBeforeNanoUsd,
    entries: page.entries,
    balance_after_nano_usd: page.balanceAfterNanoUsd,
    hash: page.hash,
    next_cursor: next === undefined ? null : `${next.epoch}:${next.seq}`,
  }
}

/** Undefined where nothing is asked, null where it cannot be read. */
export function timeOf(text: string | null): Date | undefined | null {
  if (text === null) return undefined
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/.test(text)) return null
  const time = new Date(text)
  return Number.isNaN(time.getTime()) ? null : time
}

function placeOf(text: string | null): Place | undefined | null {
  if (text === null) return undefined
  const [, epoch, seq] = /^(\d{1,9}):(\d{1,15})$/.exec(text) ?? []
  return epoch === undefined || seq === undefined ? null : { epoch: Number(epoch), seq: Number(seq) }
}
