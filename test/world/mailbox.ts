// The local mailbox from a test's side: what has arrived, how often it was tried, and which address fails.

import type { MailFault, StoredMail } from '../../dev/mailbox.ts'

type World = { mailboxUrl: string }

export async function mailsTo({ mailboxUrl }: World, to: string): Promise<readonly StoredMail[]> {
  const response = await fetch(`${mailboxUrl}/messages?to=${encodeURIComponent(to)}`)
  // The mailbox's own list.
  return (await response.json()) as readonly StoredMail[]
}

export async function mailTries({ mailboxUrl }: World, to: string): Promise<number> {
  return Number(await (await fetch(`${mailboxUrl}/tries?to=${encodeURIComponent(to)}`)).text())
}

export async function failMail({ mailboxUrl }: World, to: string, fault: MailFault): Promise<void> {
  await fetch(`${mailboxUrl}/faults`, { method: 'PUT', body: JSON.stringify({ to, fault }) })
}
