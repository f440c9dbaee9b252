// What a customer's endpoint is sent: the body and the headers of Standard Webhooks, signed with every secret that is valid.

import { Webhook } from 'standardwebhooks'
import { assert } from '#core/assert.ts'
import { asMillis, isoTime } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import type { Figures } from './notice-types.ts'

/** As the convention recommends. */
const bodyBytesMax = 20_000
const secretBytes = 24

export type WebhookMessage = {
  readonly accountId: AccountId
  readonly type: string
  readonly figures: Figures
  readonly atMs: number
}

export function webhookBody({ accountId, type, figures, atMs }: WebhookMessage): string {
  const body = JSON.stringify({
    type,
    timestamp: isoTime(asMillis(atMs)),
    data: { account_id: accountId, ...figures },
  })
  assert(new TextEncoder().encode(body).length <= bodyBytesMax, 'a notice has few figures')
  return body
}

export type ToSign = {
  readonly id: string
  readonly body: string
  readonly atMs: number
  /** The newest first. */
  readonly secrets: readonly string[]
}

export function webhookHeaders({ id, body, atMs, secrets }: ToSign): { [name: string]: string } {
  const at = new Date(atMs)
  return {
    'content-type': 'application/json',
    'user-agent': 'Sluice-Webhooks/1',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(atMs / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  }
}

export function makeWebhookSecret(random: (bytes: number) => Uint8Array): string {
  return `whsec_${btoa(String.fromCharCode(...random(secretBytes)))}`
}
