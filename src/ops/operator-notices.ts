// What an account was told and what became of the mail, newest first: for the operator whom a customer asks.

import { and, desc, eq, lt, or } from 'drizzle-orm'
import { invalidCursor, readPageLimit } from '#core/fields.ts'
import { noDatabase } from '#core/errors.ts'
import { notices } from '#db/notices-schema.ts'
import { forAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'
import { described, text, type OperatorRoute } from './operator-route.ts'

const limitDefault = 100
const limitMax = 200

async function showNotices({ accountId, query, parts }: AccountRequest): Promise<OperatorAnswer> {
  const limited = readPageLimit(query, { otherwise: limitDefault, most: limitMax })
  if (!limited.ok) return limited
  const { value: limit } = limited
  const cursor = query.get('cursor')
  const before = cursor === null ? undefined : placeIn(cursor)
  if (cursor !== null && before === undefined) return invalidCursor()
  if (parts.db === undefined) return noDatabase
  const { createdAt, id } = notices
  const isBehind = before && or(lt(createdAt, before.at), and(eq(createdAt, before.at), lt(id, before.id)))
  const rows = await parts.db
    .select()
    .from(notices)
    .where(and(eq(notices.accountId, accountId), isBehind))
    .orderBy(desc(createdAt), desc(id))
    .limit(limit + 1)
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  const data = shown.map((row) => ({
    id: row.id,
    cause: row.cause,
    type: row.type,
    figures: row.figures,
    created_at: row.createdAt.toISOString(),
    mail: row.mailState,
    mail_attempts: row.mailAttempts,
    mail_sent_at: row.mailSentAt?.toISOString() ?? null,
    mail_error: row.mailError,
  }))
  const next = last === undefined ? null : `${last.createdAt.getTime()}_${last.id}`
  return { ok: true, body: { account_id: accountId, data, next_cursor: next } }
}

function placeIn(cursor: string): { at: Date; id: string } | undefined {
  const [, at, id] = /^(\d{1,15})_(ntc_\w{1,40})$/.exec(cursor) ?? []
  return at === undefined || id === undefined ? undefined : { at: new Date(Number(at)), id }
}

export const noticeRoutes: readonly OperatorRoute[] = [
  {
    answerWith: forAccount(showNotices),
    route: {
      ...described(
        'get',
        '/accounts/{id}/notices',
        'What the account was told, and what became of the mail.',
      ),
      query: { cursor: text, limit: { type: 'integer', minimum: 1, maximum: limitMax } },
      answer: {
        type: 'object',
        properties: {
          account_id: text,
          data: { type: 'array', items: { type: 'object', properties: {} } },
          next_cursor: text,
        },
      },
    },
  },
]
