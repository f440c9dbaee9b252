// What becomes of a mail by what its mailer said, and whose addresses are addresses.

import { describe, expect, test } from 'vitest'

import { billingEmailsMax, readBillingEmails } from './billing-emails.ts'
import { bindingMailer } from './email-binding.ts'
import { stateAfter } from './mail-rows.ts'
import { mailerOf } from './config.ts'

describe('a mail', () => {
  // Cases: payments 55
  test.each([
    ['sent', true, 1, 'sent'],
    ['sent', false, 1, 'sent'],
    ['refused', true, 1, 'failed'],
    ['not_sent', false, 1, 'waiting'],
    ['not_sent', true, 6, 'waiting'],
    ['not_sent', true, 7, 'failed'],
    ['unknown', true, 1, 'waiting'],
    ['unknown', true, 7, 'unknown'],
    // It may have left, and nobody would know it again.
    ['unknown', false, 1, 'unknown'],
    ['no_address', true, 1, 'none'],
  ] as const)('that was %s (keys: %s, try %i) is %s', (what, takesKeys, attempts, state) => {
    const after = stateAfter({ what }, { takesKeys, attempts })
    expect(after.state).toBe(state)
    expect(after.dueMs > 0).toBe(state === 'waiting')
  })
})

describe('the platform’s own mail', () => {
  const mail = { to: ['a@b.example'], subject: 's', text: 't', html: 'h', idempotencyKey: 'k' }

  test('is handed over in its fields, with the sender’s name apart', async () => {
    const handed: unknown[] = []
    const binding = {
      send: async (message: unknown) => {
        handed.push(message)
        return { messageId: 'm' }
      },
    }
    const mailer = bindingMailer(binding, 'Sluice <billing@sluice.example>')
    expect(await mailer.send(mail)).toEqual({ what: 'sent' })
    await bindingMailer(binding, 'billing@sluice.example').send(mail)
    const from = { name: 'Sluice', email: 'billing@sluice.example' }
    expect(handed).toMatchObject([
      { from, to: ['a@b.example'], html: 'h' },
      { from: 'billing@sluice.example' },
    ])
  })

  test.each([
    [{ code: 'E_RECIPIENT_NOT_ALLOWED' }, 'refused'],
    [{ code: 'E_RATE_LIMIT_EXCEEDED' }, 'not_sent'],
    [new Error('connection lost'), 'unknown'],
  ])('that throws %j was %s', async (thrown, what) => {
    const mailer = bindingMailer({ send: () => Promise.reject(thrown) }, 'a@b.example')
    expect(await mailer.send(mail)).toMatchObject({ what })
  })

  test('is taken where no key of Resend’s is set, and none without a sender', () => {
    const EMAIL = { send: async () => ({ messageId: 'm' }) }
    const base = { ENVIRONMENT: 'production' }
    expect(mailerOf({ ...base, EMAIL })).toBeUndefined()
    expect(mailerOf({ ...base, EMAIL, MAIL_FROM: 'a@b.example' })?.takesIdempotencyKeys).toBe(false)
    const resend = { ...base, EMAIL, MAIL_FROM: 'a@b.example', RESEND_API_KEY: 'k' }
    expect(mailerOf(resend)?.takesIdempotencyKeys).toBe(true)
    expect(mailerOf({ ...base, MAIL_FROM: 'a@b.example', RESEND_API_KEY: '' })).toBeUndefined()
  })
})

describe('billing addresses', () => {
  test('are a list without repeats, which may be empty', () => {
    expect(
      readBillingEmails({ billing_emails: ['a@b.example', ' a@b.example ', 'ü.x+y@b.c.example'] }),
    ).toEqual({
      ok: true,
      value: ['a@b.example', 'ü.x+y@b.c.example'],
    })
    expect(readBillingEmails({ billing_emails: [] })).toEqual({ ok: true, value: [] })
  })

  test.each([
    'a',
    'a@b',
    '@b.example',
    'a@b.example, c@d.example',
    'A <a@b.example>',
    'a@b..example',
    'a b@c.example',
    'a@b.example\r\nBcc: c@d.example',
    'a@b.example\0',
    `${'a'.repeat(250)}@b.example`,
    7,
    null,
  ])('are refused where one is %j', (email) => {
    expect(readBillingEmails({ billing_emails: ['x@y.example', email] })).toMatchObject({
      ok: false,
      param: 'billing_emails.1',
    })
  })

  test('are refused where there are too many, or none at all', () => {
    const many = Array.from({ length: billingEmailsMax + 1 }, (_, at) => `a${at}@b.example`)
    expect(readBillingEmails({ billing_emails: many })).toMatchObject({ ok: false, param: 'billing_emails' })
    expect(readBillingEmails({})).toMatchObject({ ok: false })
    expect(readBillingEmails({ billing_emails: [], more: 1 })).toMatchObject({ ok: false, param: 'more' })
  })
})
