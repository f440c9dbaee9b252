// Mail by the platform's own `send_email` binding. It knows no idempotency keys: what may have been sent is never sent again.

import { isObject, readString } from '#core/readers.ts'
import type { Mailer, MailOutcome } from './mailer.ts'

const whyLengthMax = 200

/** The platform refuses these for good; all else that it names has not been sent and may be later. */
const finalCodes = new Set(['E_RECIPIENT_NOT_ALLOWED', 'E_VALIDATION_ERROR', 'E_FIELD_MISSING'])

export function bindingMailer(binding: Pick<SendEmail, 'send'>, from: string): Mailer {
  return {
    takesIdempotencyKeys: false,
    async send({ to, subject, text, html }) {
      try {
        await binding.send({ from: addressOf(from), to: [...to], subject, text, html })
        return { what: 'sent' }
      } catch (error) {
        return outcomeOf(error)
      }
    },
  }
}

/** `Sluice <billing@example.com>` or the bare address. */
function addressOf(from: string): string | EmailAddress {
  const [, name, email] = /^\s*(.*?)\s*<([^<>]+)>\s*$/.exec(from) ?? []
  return name === undefined || email === undefined || name === '' ? (email ?? from) : { name, email }
}

function outcomeOf(error: unknown): MailOutcome {
  const code = isObject(error) ? readString(error['code']) : undefined
  if (code === undefined) return { what: 'unknown', why: error instanceof Error ? error.name : 'failed' }
  const why = code.slice(0, whyLengthMax)
  return { what: finalCodes.has(code) ? 'refused' : 'not_sent', why }
}
