// `POST /webhooks/stripe`: verified, looked after, and acknowledged only when what followed is durable. What could not be done
// now answers 503, and Stripe delivers it again for three days.

import { Hono } from 'hono'

import { readBounded } from '#core/bounded-body.ts'
import { refuse, type Json, type Refusal } from '#core/errors.ts'
import { jsonAnswer } from '#core/json-exchange.ts'
import type { RouteDescription } from '#core/route-table.ts'
import { readAccountId } from '#core/ids.ts'
import { objectOf, readString } from '#core/readers.ts'
import { type Db, driverErrorOf } from '#db/client.ts'
import { eventTable } from './event-table.ts'
import { isLostAccount } from './lost-account.ts'
import type { EventOutcome, PaymentEvent } from './payment-event.ts'
import { writeSeenEvent } from './payment-store.ts'
import type { ReadyParts, WebhookParts } from './parts.ts'

const path = '/webhooks/stripe'

export const webhookRouteTable: readonly RouteDescription[] = [
  {
    method: 'post',
    path,
    summary: 'Events of Stripe, signed; set up in its dashboard.',
    auth: 'signature',
    charged: false,
    headers: { 'stripe-signature': { type: 'string' } },
    answer: { type: 'object', properties: { received: { type: 'boolean' }, outcome: { type: 'string' } } },
  },
]

/** Stripe's largest events are far smaller. */
const bodyBytesMax = 1_048_576

type Received = { ok: true; status?: number; body: Json } | Refusal

export function webhookRoutes(parts: WebhookParts): Hono {
  const app = new Hono()
  app.post(path, async (c) => {
    const requestId = parts.makeRequestId()
    const answer = await receive(c.req.raw, parts, (work) => c.executionCtx.waitUntil(work))
    return answer.ok ? jsonAnswer(answer, requestId) : parts.refuseWith(answer, requestId)
  })
  return app
}

type Defer = (work: Promise<void>) => void

async function receive(request: Request, parts: WebhookParts, defer: Defer): Promise<Received> {
  const provider = await parts.provider()
  if (parts.webhookSecrets.length === 0 || provider === undefined) return closed
  const body = await readBytes(request)
  if (body === undefined) return refuse('body_too_large')
  const { readSignedEvent } = await import('./signed-event.ts')
  const read = await readSignedEvent({
    body,
    signature: request.headers.get('stripe-signature') ?? '',
    secrets: parts.webhookSecrets,
    nowMs: parts.clock.now(),
  })
  if (!read.ok) return refuse('invalid_request', { message: read.why })
  if (read.isLive !== provider.isLive)
    return refuse('invalid_request', { message: 'The event is of the other mode: live and test never mix.' })
  const outcome = await lookAfter(read.event, { ...parts, provider })
  if (parts.db !== undefined) defer(remember(parts.db, { ...read, outcome }, parts))
  if (outcome === 'again') return notNow
  return { ok: true, body: { received: true, outcome } }
}

const closed = refuse('not_configured', {
  message: 'Payments are closed here: STRIPE_SECRET_KEY or STRIPE_WEBHOOK_SECRET is not set, or is none.',
})

const notNow = refuse('ledger_unavailable', {
  message: 'What the event is about could not be looked at or booked now. Deliver it again.',
})

/** After the credit, which never waits for it; without Postgres the event is in the log alone. */
export async function remember(
  db: Db,
  { event, isLive, outcome }: { event: PaymentEvent; isLive: boolean; outcome: EventOutcome },
  { clock, log }: Pick<WebhookParts, 'clock' | 'log'>,
): Promise<void> {
  const { id, type, object } = event
  const objectId = readString(object['id']) ?? null
  const accountId = readAccountId(objectOf(object['metadata'])['account_id']) ?? null
  try {
    await writeSeenEvent(db, { id, type, objectId, accountId, isLive, outcome }, clock.now())
  } catch (error) {
    log.error('stripe_event_not_kept', { event_id: id, type }, driverErrorOf(error))
  }
}

export async function lookAfter(event: PaymentEvent, parts: ReadyParts): Promise<EventOutcome> {
  const outcome = await handled(event, parts)
  parts.log.info('stripe_event', { event_id: event.id, type: event.type, outcome })
  return outcome
}

async function handled(event: PaymentEvent, parts: ReadyParts): Promise<EventOutcome> {
  const handler = Object.hasOwn(eventTable, event.type) ? eventTable[event.type] : undefined
  if (handler === undefined) return 'ignored'
  try {
    const outcome = await handler(event, parts)
    return outcome === 'ignored' && (await isOfLostAccount(event, parts)) ? 'again' : outcome
  } catch (error) {
    parts.log.error('stripe_event_failed', { event_id: event.id, type: event.type }, driverErrorOf(error))
    return 'again'
  }
}

async function isOfLostAccount({ object }: PaymentEvent, parts: ReadyParts): Promise<boolean> {
  const accountId = readAccountId(objectOf(object['metadata'])['account_id'])
  return accountId !== undefined && isLostAccount(accountId, parts)
}

/** Undefined for a body that is too long: whoever posts here is not known yet, and may never end. */
async function readBytes({ headers, body }: Request): Promise<Uint8Array | undefined> {
  if (Number(headers.get('content-length') ?? '0') > bodyBytesMax) return undefined
  return body === null ? new Uint8Array() : readBounded(body, bodyBytesMax)
}
