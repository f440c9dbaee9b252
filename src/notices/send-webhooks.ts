// Sends the deliveries that are due: signed, to an address that is checked once more, without following anybody elsewhere.

import { secondMs } from '#core/clock.ts'
import type { Db } from '#db/client.ts'
import { type ClaimedDelivery, claimDeliveries, endTry, type Reason, type TryEnd } from './delivery-rows.ts'
import { writeNotice } from './notice-rows.ts'
import type { NoticesParts } from './parts.ts'
import { endpointFailsForMs, nextWebhookMs } from './retry-times.ts'
import { readAddress } from './webhook-address.ts'
import { webhookHeaders } from './webhook-message.ts'
import { openSecrets } from './webhook-secrets.ts'

/** At once: the platform keeps six connections open. */
const deliveriesAtOnce = 5
const answerWithinMs = 15 * secondMs
/** Of an answer is kept so much for the log. */
const answerBytesKept = 1_024

/** How many were due. */
export async function sendWebhooks(db: Db, parts: NoticesParts): Promise<number> {
  const claimed = await claimDeliveries(db, { now: parts.clock.now(), limit: deliveriesAtOnce })
  await Promise.all(claimed.map((delivery) => sendOne(db, delivery, parts)))
  return claimed.length
}

type Said = Pick<TryEnd, 'status' | 'error' | 'answer'> & {
  /** Whether it was the endpoint that did not take it. */
  readonly isEndpoints: boolean
}

async function sendOne(db: Db, delivery: ClaimedDelivery, parts: NoticesParts): Promise<void> {
  const { clock, log } = parts
  const said = await post(delivery, parts)
  const now = clock.now()
  log.info('webhook', { delivery: delivery.id, status: said.status, error: said.error })
  const reason = said.isEndpoints ? reasonToDisable(delivery, said, now) : undefined
  // Told before it is switched off: who dies in between is told the same once more, under the same cause.
  if (reason !== undefined) await tellDisabled(db, delivery, { parts, reason })
  await endTry(db, delivery, { ...said, ...endOf(said, delivery.attempts), reason, now })
}

async function post(delivery: ClaimedDelivery, parts: NoticesParts): Promise<Said> {
  const { id, url, body } = delivery
  const nothing = { status: null, answer: null, isEndpoints: true }
  // The rules may have become stricter since it was written down.
  const address = readAddress(url, parts.localOrigin)
  if (!address.ok) return { ...nothing, error: address.why }
  const secrets = await openSecrets(await parts.sealer(), endpointOf(delivery), delivery.secrets)
  // The operator's key is not the one that has sealed them: tried again on the schedule, and no fault of the endpoint's.
  if (secrets.length === 0) return { ...nothing, error: 'its secret cannot be opened', isEndpoints: false }
  try {
    const response = await fetch(address.url, {
      method: 'POST',
      headers: webhookHeaders({ id, body, atMs: parts.clock.now(), secrets }),
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(answerWithinMs),
    })
    const answer = await beginningOf(response)
    return { status: response.status, error: null, answer, isEndpoints: true }
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    return { ...nothing, error: isLate ? `no answer in ${answerWithinMs / secondMs} s` : 'no connection' }
  }
}

function endpointOf({ accountId, endpointId: id }: ClaimedDelivery) {
  return { accountId, id }
}

/** Reads no more than is kept: an endpoint may answer for ever. */
async function beginningOf({ body }: Response): Promise<string> {
  const reader = body?.getReader()
  if (reader === undefined) return ''
  let bytes = new Uint8Array()
  try {
    while (bytes.length < answerBytesKept) {
      const { done, value } = await reader.read()
      if (done) break
      bytes = new Uint8Array([...bytes, ...value.slice(0, answerBytesKept - bytes.length)])
    }
    await reader.cancel()
  } catch {
    // The status has been said and stands; the rest was for the log alone.
  }
  // Postgres refuses U+0000.
  return new TextDecoder().decode(bytes).replaceAll('\0', '').toWellFormed()
}

/** Pure. A redirect is a failure: who answers elsewhere changes the address. */
export function endOf({ status }: Pick<TryEnd, 'status'>, attempts: number): Pick<TryEnd, 'state' | 'dueMs'> {
  if (status !== null && status >= 200 && status < 300) return { state: 'delivered', dueMs: 0 }
  const dueMs = status === 410 ? undefined : nextWebhookMs(attempts)
  return dueMs === undefined ? { state: 'failed', dueMs: 0 } : { state: 'waiting', dueMs }
}

/** Pure. */
export function reasonToDisable(
  { failingSinceMs }: Pick<ClaimedDelivery, 'failingSinceMs'>,
  { status }: Pick<TryEnd, 'status'>,
  nowMs: number,
): Reason | undefined {
  if (status === 410) return 'gone'
  const isTaken = status !== null && status >= 200 && status < 300
  const hasFailedLong = failingSinceMs !== null && nowMs - failingSinceMs >= endpointFailsForMs
  return !isTaken && hasFailedLong ? 'failing' : undefined
}

const whys: { readonly [Name in Reason]: string } = {
  gone: 'it answered 410: gone for good',
  failing: 'it has taken nothing for five days',
}

/** Under one cause, however many deliveries have met the same answer. */
async function tellDisabled(
  db: Db,
  { accountId, endpointId, endpointAtMs }: ClaimedDelivery,
  { parts, reason }: { readonly parts: NoticesParts; readonly reason: Reason },
): Promise<void> {
  const now = parts.clock.now()
  const figures = { endpoint: endpointId, why: whys[reason] }
  const cause = `webhook_disabled:${endpointId}:${endpointAtMs}`
  const notice = { cause, type: 'webhook_disabled', figures, atMs: now } as const
  const canMail = parts.mailer !== undefined
  await writeNotice(db, { accountId, notice, now, canMail, exceptEndpoint: endpointId })
}
