// What an account was told and what became of the mail, newest first: for the operator whom a customer asks.

import { desc, eq } from 'drizzle-orm'
import { noDatabase } from '#core/errors.ts'
import { notices } from '#db/notices-schema.ts'
import { forAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'
import { described, text, type OperatorRoute } from './operator-route.ts'

/** The newest; older ones are in Postgres for as long as they are kept. */
const noticesShown = 100

async function showNotices({ accountId, parts }: AccountRequest): Promise<OperatorAnswer> {
  if (parts.db === undefined) return noDatabase
  const rows = await parts.db
    .select()
    .from(notices)
    .where(eq(notices.accountId, accountId))
    .orderBy(desc(notices.createdAt), desc(notices.id))
    .limit(noticesShown)
  const data = rows.map((row) => ({
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
  return { ok: true, body: { account_id: accountId, data } }
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
      answer: {
        type: 'object',
        properties: { account_id: text, data: { type: 'array', items: { type: 'object', properties: {} } } },
      },
    },
  },
]
