// When what could not be told is tried again, and when it is given up. The times are the earliest: rows that are due are
// looked for whenever a task comes and every few minutes. Pure.

import { dayMs, hourMs, minuteMs } from '#core/clock.ts'

/** Within the day for which a mailer remembers an idempotency key. */
const mailDelaysMs = [minuteMs, 5 * minuteMs, 30 * minuteMs, 2 * hourMs, 6 * hourMs, 12 * hourMs]

/** As senders of Standard Webhooks do: nearly four days in all. */
export const webhookDelaysMs = [
  minuteMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
  14 * hourMs,
  20 * hourMs,
  24 * hourMs,
]

/** The first one, and one after each delay. */
export const webhookTriesMax = webhookDelaysMs.length + 1

/** A sender that has been silent for so long after its claim has died: no answer is waited for half as long. */
export const claimDiesAfterMs = 10 * minuteMs

/** An endpoint that has taken nothing for so long is switched off. */
export const endpointFailsForMs = 5 * dayMs

/** How long the secret before the last rotation is signed with as well. */
export const previousSecretMs = dayMs

/** What happened longer ago is news to nobody: an account whose log is sent again after a loss must not mail its past. */
export const tellWithinMs = 3 * dayMs

/** `attempts`: so many have failed; undefined when that was the last. */
export function nextMailMs(attempts: number): number | undefined {
  return mailDelaysMs[attempts - 1]
}

export function nextWebhookMs(attempts: number): number | undefined {
  return webhookDelaysMs[attempts - 1]
}
