// What the operator sets for notices, read once: who carries mail, and where webhooks may go in development.

import { bindingMailer } from './email-binding.ts'
import type { Mailer } from './mailer.ts'
import { resendMailer } from './resend.ts'

export type NoticesEnv = {
  ENVIRONMENT: string
  /** Sends mail by Resend. */
  RESEND_API_KEY?: string
  /** Development only: another address than Resend's. */
  RESEND_BASE_URL?: string
  /** Whom mail comes from: `Name <address>`; without it there is no mail. */
  MAIL_FROM?: string
  /** Who sells, for receipts: name, address and tax number on one line; the name in MAIL_FROM where absent. */
  RECEIPT_SELLER?: string
  /** The platform's own mail, where wrangler.toml binds it. */
  EMAIL?: SendEmail
  /** Development only: the one origin that webhooks may reach though it is local. */
  WEBHOOK_LOCAL_ORIGIN?: string
}

const resendUrl = 'https://api.resend.com'

export function mailerOf(env: NoticesEnv): Mailer | undefined {
  const { RESEND_API_KEY: apiKey, MAIL_FROM: from, EMAIL: binding } = env
  if (from === undefined || from === '') return undefined
  if (apiKey !== undefined && apiKey !== '') return resendMailer({ apiKey, from, baseUrl: resendBaseOf(env) })
  return binding === undefined ? undefined : bindingMailer(binding, from)
}

export function sellerOf({ RECEIPT_SELLER: seller = '', MAIL_FROM: from = '' }: NoticesEnv): string {
  // The sentence that it stands in has a full stop of its own.
  const named = seller.trim().replace(/\.$/, '')
  return named === '' ? (/^\s*([^<]*?)\s*</.exec(from)?.[1] ?? '') : named
}

export function localOriginOf({ ENVIRONMENT, WEBHOOK_LOCAL_ORIGIN: origin }: NoticesEnv): string | undefined {
  return ENVIRONMENT === 'development' && origin !== undefined && origin !== '' ? origin : undefined
}

function resendBaseOf({ ENVIRONMENT, RESEND_BASE_URL: url }: NoticesEnv): string {
  return ENVIRONMENT === 'development' && url !== undefined && url !== '' ? url : resendUrl
}
