// Whatever is due to be told, sent from its rows until nothing is left or the time is up: after each batch of tasks and every
// few minutes by cron. Two at once share the rows between them.

import { secondMs } from '#core/clock.ts'
import { driverErrorOf } from '#db/client.ts'
import type { NoticesParts } from './parts.ts'
import { sendMails } from './send-mails.ts'
import { sendWebhooks } from './send-webhooks.ts'

/** No new sending begins after so long: a queue's consumer has other tasks, and the next run goes on. */
const beginWithinMs = 10 * secondMs

/** Never throws: the rows stay, and the next run comes. */
export async function sendDue(parts: NoticesParts): Promise<void> {
  const { db } = parts
  if (db === undefined) return
  await Promise.all([
    repeat('mails', parts, () => sendMails(db, parts)),
    repeat('webhooks', parts, () => sendWebhooks(db, parts)),
  ])
}

async function repeat(
  what: string,
  { clock, log }: NoticesParts,
  send: () => Promise<number>,
): Promise<void> {
  const untilMs = clock.now() + beginWithinMs
  try {
    while ((await send()) > 0 && clock.now() < untilMs);
  } catch (error) {
    log.error('notices_not_sent', { what }, driverErrorOf(error))
  }
}
