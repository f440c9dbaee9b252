// Where an account's mail goes, for the operator to see and set. Personal, so it lies in Postgres alone.

import { type Json, noDatabase } from '#core/errors.ts'
import { closed, described, text, type OperatorRoute } from './operator-route.ts'
import {
  billingEmailsMax,
  billingEmailsOf,
  readBillingEmails,
  setBillingEmails,
} from '#notices/billing-emails.ts'
import { forAccount, noSuchAccount, type AccountRequest, type OperatorAnswer } from './operator-guard.ts'

async function showBillingEmails({ accountId, parts }: AccountRequest): Promise<OperatorAnswer> {
  if (parts.db === undefined) return noDatabase
  if ((await parts.accounts(accountId).view()) === null) return noSuchAccount()
  return { ok: true, body: emailsBody(accountId, await billingEmailsOf(parts.db, accountId)) }
}

async function changeBillingEmails({ accountId, body, parts }: AccountRequest): Promise<OperatorAnswer> {
  const emails = readBillingEmails(body)
  if (!emails.ok) return emails
  if (parts.db === undefined) return noDatabase
  if ((await parts.accounts(accountId).view()) === null) return noSuchAccount()
  await setBillingEmails(parts.db, accountId, { emails: emails.value, now: parts.clock.now() })
  return { ok: true, body: emailsBody(accountId, emails.value) }
}

function emailsBody(accountId: string, emails: readonly string[]): Json {
  return { account_id: accountId, billing_emails: emails.toSorted() }
}

const list = { type: 'array', items: text, description: `At most ${billingEmailsMax}.` } as const
const answer = { type: 'object', properties: { account_id: text, billing_emails: list } } as const
const path = '/accounts/{id}/billing-emails'

export const billingEmailRoutes: readonly OperatorRoute[] = [
  {
    answerWith: forAccount(showBillingEmails),
    route: { ...described('get', path, 'Where receipts and notices of an account are mailed.'), answer },
  },
  {
    answerWith: forAccount(changeBillingEmails),
    route: {
      ...described('put', path, 'Sets the whole list of addresses; an empty one ends the mail.'),
      body: closed({ billing_emails: list }, ['billing_emails']),
      answer,
    },
  },
]
