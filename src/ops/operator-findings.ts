// What does not add up, for the operator's eyes.

import { invalid, readPageLimit, invalidCursor } from '#core/fields.ts'
import { readAccountId } from '#core/ids.ts'
import { refuse, noDatabase } from '#core/errors.ts'
import { driverErrorOf } from '#db/client.ts'
import { listFindings } from '#settlement/findings.ts'
import type { OperatorAnswer, OperatorRequest } from './operator-guard.ts'

const limitDefault = 50
export const findingsLimitMax = 200

export async function showFindings({ query, parts, requestId }: OperatorRequest): Promise<OperatorAnswer> {
  const limited = readPageLimit(query, { otherwise: limitDefault, most: findingsLimitMax })
  if (!limited.ok) return limited
  const { value: limit } = limited
  const cursor = query.get('cursor')
  const beforeId = cursor === null ? undefined : wholeOf(cursor)
  if (cursor !== null && beforeId === undefined) return invalidCursor()
  const account = query.get('account_id')
  const accountId = account === null ? undefined : readAccountId(account)
  if (account !== null && accountId === undefined)
    return invalid('account_id', 'account_id must be the id of an account: acct_….')
  const kind = query.get('kind') ?? undefined
  if (parts.db === undefined) return noDatabase
  try {
    // Long texts that no other request needs.
    const { textOfFinding } = await import('#settlement/finding-texts.ts')
    const rows = await listFindings(parts.db, { beforeId, accountId, kind, limit: limit + 1 })
    const shown = rows.slice(0, limit)
    const last = rows.length > limit ? shown.at(-1) : undefined
    return {
      ok: true,
      body: {
        data: shown.map((row) => ({
          id: row.id,
          kind: row.kind,
          account_id: row.accountId === '' ? null : row.accountId,
          subject: row.subject,
          what: textOfFinding(row.kind, row.detail)?.what ?? null,
          next_step: textOfFinding(row.kind, row.detail)?.nextStep ?? null,
          detail: row.detail,
          seen_count: row.seenCount,
          first_seen_at: row.firstSeenAt.toISOString(),
          last_seen_at: row.lastSeenAt.toISOString(),
        })),
        next_cursor: last === undefined ? null : String(last.id),
      },
    }
  } catch (error) {
    parts.log.error('findings_unreadable', { request: requestId }, driverErrorOf(error))
    return refuse('ledger_unavailable', { message: 'The findings cannot be read right now. Try again.' })
  }
}

function wholeOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}
