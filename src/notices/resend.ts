// Mail by Resend's API: one POST, with an idempotency key that it honours for a day.

import { isObject, readJson, readString } from '#core/readers.ts'
import type { Mail, Mailer, MailOutcome } from './mailer.ts'

export type ResendOptions = { readonly apiKey: string; readonly from: string; readonly baseUrl: string }

const answerWithinMs = 10_000
const whyLengthMax = 200

export function resendMailer({ apiKey, from, baseUrl }: ResendOptions): Mailer {
  return {
    takesIdempotencyKeys: true,
    async send({ to, subject, text, html, idempotencyKey }: Mail) {
      try {
        const response = await fetch(`${baseUrl}/emails`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${apiKey}`,
            'content-type': 'application/json',
            'idempotency-key': idempotencyKey,
          },
          body: JSON.stringify({ from, to, subject, text, html }),
          redirect: 'manual',
          signal: AbortSignal.timeout(answerWithinMs),
        })
        return outcomeOf(response.status, await response.text())
      } catch (error) {
        return { what: 'unknown', why: error instanceof Error ? error.name : 'no answer' }
      }
    },
  }
}

/** Too many requests and a wrong key come right again; a body that is refused stays refused. */
function outcomeOf(status: number, text: string): MailOutcome {
  const body = readJson(text)
  const sent = isObject(body) && readString(body['id']) !== undefined
  if (status >= 200 && status < 300 && sent) return { what: 'sent' }
  const name = isObject(body) ? (readString(body['name']) ?? '') : ''
  const why = `${status} ${name}`.trim().slice(0, whyLengthMax)
  if ([401, 403, 408, 429].includes(status)) return { what: 'not_sent', why }
  return status >= 400 && status < 500 && status !== 409 ? { what: 'refused', why } : { what: 'unknown', why }
}
