// Where an account's mail goes, for its people to see and set.

import { noDatabase } from '#core/errors.ts'
import { billingEmailsOf, readBillingEmails, setBillingEmails } from '#notices/billing-emails.ts'
import type { ConsoleAnswer, ConsoleRequest } from './guard.ts'

export async function billingEmails({ person, parts }: ConsoleRequest): Promise<ConsoleAnswer> {
  if (parts.db === undefined) return noDatabase
  const { accountId } = person
  const emails = await billingEmailsOf(parts.db, accountId)
  return { ok: true, body: { account_id: accountId, billing_emails: emails } }
}

export async function setEmails({ person, body, parts }: ConsoleRequest): Promise<ConsoleAnswer> {
  const emails = readBillingEmails(body)
  if (!emails.ok) return emails
  if (parts.db === undefined) return noDatabase
  const { accountId } = person
  await setBillingEmails(parts.db, accountId, { emails: emails.value, now: parts.clock.now() })
  return { ok: true, body: { account_id: accountId, billing_emails: emails.value.toSorted() } }
}
