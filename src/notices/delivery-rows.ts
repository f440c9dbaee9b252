// Deliveries on their way: claimed before they are sent, so that two senders do not send the same one at once; a claim that
// died is taken up again, since receivers know a message by its id.

import { and, desc, eq, lt, or, sql } from 'drizzle-orm'
import { asMillis, isoTime, type Millis } from '#core/clock.ts'
import { type AccountId, readAccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { webhookDeliveries } from '#db/notices-schema.ts'
import { claimDiesAfterMs, webhookTriesMax } from './retry-times.ts'
import { type EndpointName, endWaiting } from './webhook-endpoints.ts'

export type ClaimedDelivery = {
  readonly id: string
  readonly accountId: AccountId
  readonly endpointId: string
  readonly body: string
  /** This one included. */
  readonly attempts: number
  readonly url: string
  /** The newest first. */
  readonly secrets: readonly string[]
  readonly failingSinceMs: number | null
  /** When the endpoint was last changed, switched on or off: names what has happened to it since. */
  readonly endpointAtMs: number
}

export async function claimDeliveries(
  db: Db,
  { now, limit }: { readonly now: Millis; readonly limit: number },
): Promise<ClaimedDelivery[]> {
  const [present, died] = [isoTime(now), isoTime(asMillis(now - claimDiesAfterMs))]
  const [, { rows }] = await db.batch([
    // What kills its sender each time would otherwise be taken up again for ever.
    db.execute(sql`update webhook_deliveries set state = 'failed', last_error = 'its sender died at every try'
      where state = 'claimed' and claimed_at < ${died}::timestamptz and attempts >= ${webhookTriesMax}`),
    db.execute(sql`update webhook_deliveries as delivery
    set state = 'claimed', claimed_at = ${present}::timestamptz, attempts = delivery.attempts + 1
    from webhook_endpoints as endpoint
    where endpoint.id = delivery.endpoint_id and delivery.id in (
      select due.id from webhook_deliveries as due join webhook_endpoints as place on place.id = due.endpoint_id
      where place.is_enabled and ((due.state = 'waiting' and due.due_at <= ${present}::timestamptz)
        or (due.state = 'claimed' and due.claimed_at < ${died}::timestamptz))
      order by place.failing_since is not null, due.due_at limit ${limit} for update of due skip locked)
    returning delivery.id, delivery.account_id, delivery.endpoint_id, delivery.body, delivery.attempts, endpoint.url,
      endpoint.secret, case when endpoint.previous_until > ${present}::timestamptz then endpoint.previous_secret end as previous,
      extract(epoch from endpoint.failing_since) * 1000 as failing_since_ms,
      extract(epoch from endpoint.updated_at) * 1000 as endpoint_at_ms`),
  ])
  return rows.flatMap((row) => {
    const accountId = readAccountId(row['account_id'])
    if (accountId === undefined) return []
    const since = row['failing_since_ms']
    return [
      {
        id: String(row['id']),
        accountId,
        endpointId: String(row['endpoint_id']),
        body: String(row['body']),
        attempts: Number(row['attempts']),
        url: String(row['url']),
        secrets: [row['secret'], row['previous']].flatMap((one) => (typeof one === 'string' ? [one] : [])),
        failingSinceMs: since === null || since === undefined ? null : Number(since),
        endpointAtMs: Number(row['endpoint_at_ms']),
      },
    ]
  })
}

/** What one try has come to. */
export type TryEnd = {
  readonly state: 'delivered' | 'waiting' | 'failed'
  /** From now on, where it waits. */
  readonly dueMs: number
  readonly status: number | null
  readonly error: string | null
  readonly answer: string | null
  /** Whether it was the endpoint that did not take it. */
  readonly isEndpoints: boolean
}

/** Why an endpoint is switched off by what it has answered. */
export type Reason = 'gone' | 'failing'

/**
 * All of it at once, or none: who dies before it tries the same delivery once more. Nothing where another sender has taken it over,
 * or the endpoint has been switched off meanwhile.
 */
export async function endTry(
  db: Db,
  delivery: ClaimedDelivery,
  end: TryEnd & { readonly reason?: Reason | undefined; readonly now: Millis },
): Promise<void> {
  const { state, dueMs, status, error, answer, isEndpoints, reason, now } = end
  const present = isoTime(now)
  const isDelivered = state === 'delivered'
  const failingSince = isDelivered ? sql`null` : sql`coalesce(failing_since, ${present}::timestamptz)`
  const ended = db.execute(sql`with ended as (
      update webhook_deliveries set state = ${state}, due_at = ${isoTime(asMillis(now + dueMs))}::timestamptz,
        delivered_at = ${isDelivered ? present : null}::timestamptz, last_status = ${status}::integer,
        last_error = ${error}, last_answer = ${answer}
      where id = ${delivery.id} and state = 'claimed' and attempts = ${delivery.attempts} returning endpoint_id)
    update webhook_endpoints set failing_since = ${failingSince}
    from ended where id = ended.endpoint_id and ${isEndpoints}::boolean`)
  // The endpoint's row before its deliveries', as everybody else: five that hear of its end at once would lock each other out.
  const place = db.execute(sql`select 1 from webhook_endpoints where id = ${delivery.endpointId} for update`)
  const off = reason === undefined ? [] : switchOff(db, delivery.endpointId, { reason, now })
  await db.batch([place, ended, ...off])
}

function switchOff(db: Db, endpointId: string, { reason, now }: { reason: Reason; now: Millis }) {
  return [
    db.execute(sql`update webhook_endpoints set is_enabled = false, disabled_reason = ${reason},
      updated_at = ${isoTime(now)}::timestamptz where id = ${endpointId} and is_enabled`),
    db.execute(endWaiting(endpointId)),
  ] as const
}

export type Delivery = typeof webhookDeliveries.$inferSelect

/** A page of an endpoint's deliveries, newest first, behind the one that `before` names. */
export async function listDeliveries(
  db: Db,
  { accountId, id }: EndpointName,
  { before, limit }: { readonly before: DeliveryPlace | undefined; readonly limit: number },
): Promise<Delivery[]> {
  const { createdAt, id: deliveryId } = webhookDeliveries
  const isBehind =
    before === undefined
      ? undefined
      : or(lt(createdAt, before.at), and(eq(createdAt, before.at), lt(deliveryId, before.id)))
  return db
    .select()
    .from(webhookDeliveries)
    .where(and(eq(webhookDeliveries.endpointId, id), eq(webhookDeliveries.accountId, accountId), isBehind))
    .orderBy(desc(createdAt), desc(deliveryId))
    .limit(limit)
}

export type DeliveryPlace = { readonly at: Date; readonly id: string }

/** The same message once more, with the same id, as often as its schedule allows. False where it is on its way or unknown. */
export async function redeliver(
  db: Db,
  { accountId, id }: EndpointName,
  { deliveryId, now }: { readonly deliveryId: string; readonly now: Millis },
): Promise<boolean> {
  const { rows } = await db.execute(sql`update webhook_deliveries set state = 'waiting', attempts = 0,
      due_at = ${isoTime(now)}::timestamptz
    where id = ${deliveryId} and endpoint_id = ${id} and account_id = ${accountId} and state in ('delivered', 'failed')
    returning id`)
  return rows.length > 0
}

export type TestMessage = EndpointName & {
  readonly deliveryId: string
  readonly body: string
  readonly now: Millis
}

/** A message that no notice stands behind. */
export async function writeTest(
  db: Db,
  { accountId, id, deliveryId, body, now }: TestMessage,
): Promise<void> {
  await db.insert(webhookDeliveries).values({
    id: deliveryId,
    accountId,
    endpointId: id,
    type: 'webhook_test',
    body,
    createdAt: new Date(now),
    state: 'waiting',
    dueAt: new Date(now),
  })
}
