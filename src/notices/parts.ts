// What notices need of the world.

import type { Clock } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import type { Sealer } from '#core/sealing.ts'
import type { Db } from '#db/client.ts'
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
  /** The platform's own mail, where wrangler.toml binds it. */
  EMAIL?: SendEmail
  /** Development only: the one origin that webhooks may reach though it is local. */
  WEBHOOK_LOCAL_ORIGIN?: string
}

export type NoticesParts = {
  readonly db: Db | undefined
  /** Undefined where none is configured: webhooks alone are told. */
  readonly mailer: Mailer | undefined
  /** A local origin that webhooks may go to; undefined in production. */
  readonly localOrigin: string | undefined
  /** Of endpoints' secrets; undefined while SEALING_KEY is not set. */
  readonly sealer: () => Promise<Sealer | undefined>
  readonly clock: Clock
  readonly log: Log
}

const resendUrl = 'https://api.resend.com'

export function mailerOf(env: NoticesEnv): Mailer | undefined {
  const { RESEND_API_KEY: apiKey, MAIL_FROM: from, EMAIL: binding } = env
  if (from === undefined || from === '') return undefined
  if (apiKey !== undefined && apiKey !== '') return resendMailer({ apiKey, from, baseUrl: resendBaseOf(env) })
  return binding === undefined ? undefined : bindingMailer(binding, from)
}

export function localOriginOf({ ENVIRONMENT, WEBHOOK_LOCAL_ORIGIN: origin }: NoticesEnv): string | undefined {
  return ENVIRONMENT === 'development' && origin !== undefined && origin !== '' ? origin : undefined
}

function resendBaseOf({ ENVIRONMENT, RESEND_BASE_URL: url }: NoticesEnv): string {
  return ENVIRONMENT === 'development' && url !== undefined && url !== '' ? url : resendUrl
}
