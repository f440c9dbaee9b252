// Sends the mails that are due. It may die at any line: what was claimed is taken up or let be by mail-rows.ts.

import type { Db } from '#db/client.ts'
import { mailOf, type Mailer } from './mailer.ts'
import { type ClaimedMail, claimMails, endClaim } from './mail-rows.ts'
import type { NoticesParts } from './parts.ts'

/** At once: the platform keeps six connections open. */
const mailsAtOnce = 5

/** How many were due. */
export async function sendMails(db: Db, parts: NoticesParts): Promise<number> {
  const { mailer, clock } = parts
  if (mailer === undefined) return 0
  const takesKeys = mailer.takesIdempotencyKeys
  const claimed = await claimMails(db, { now: clock.now(), takesKeys, limit: mailsAtOnce })
  await Promise.all(claimed.map((mail) => sendMail(db, mail, mailer, parts)))
  return claimed.length
}

async function sendMail(db: Db, mail: ClaimedMail, mailer: Mailer, parts: NoticesParts) {
  const { clock, log, seller } = parts
  const outcome =
    mail.to.length === 0
      ? ({ what: 'no_address' } as const)
      : await mailer.send(mailOf(mail, mail.to, seller))
  if (outcome.what === 'sent') log.info('mail_sent', { notice: mail.id, type: mail.type })
  else if ('why' in outcome)
    log.error('mail_not_sent', { notice: mail.id, type: mail.type, what: outcome.what, why: outcome.why })
  await endClaim(db, { mail, outcome, takesKeys: mailer.takesIdempotencyKeys, now: clock.now() })
}
