// An account's webhook endpoints as Postgres keeps them. Every statement names the account: nobody reaches another's.

import { and, asc, eq, sql } from 'drizzle-orm'
import { asMillis, isoTime, type Millis } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { webhookDeliveries, webhookEndpoints } from '#db/notices-schema.ts'
import { previousSecretMs } from './retry-times.ts'
import type { EndpointChange, NewEndpoint } from './webhook-input.ts'

/** Each of them is told of everything. */
export const endpointsMax = 10

export type Endpoint = typeof webhookEndpoints.$inferSelect

/** One endpoint of one account. */
export type EndpointName = { readonly accountId: AccountId; readonly id: string }

/** `secret`: sealed. */
export type Making = NewEndpoint & EndpointName & { readonly secret: string; readonly now: Millis }

/** Undefined where the account has as many as it may have. */
export async function makeEndpoint(db: Db, endpoint: Making): Promise<Endpoint | undefined> {
  const { accountId, id, url, description, types, secret, now } = endpoint
  const at = isoTime(now)
  await db.batch([
    // Two at once must not both be the tenth.
    db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${accountId}, 0))`),
    db.execute(sql`insert into webhook_endpoints (id, account_id, url, description, types, secret, is_enabled, created_at, updated_at)
      select ${id}, ${accountId}, ${url}, ${description}, ${types === null ? null : JSON.stringify(types)}::jsonb, ${secret},
        true, ${at}::timestamptz, ${at}::timestamptz
      where (select count(*) from webhook_endpoints where account_id = ${accountId}) < ${endpointsMax}`),
  ])
  return findEndpoint(db, { accountId, id })
}

export async function listEndpoints(db: Db, accountId: AccountId): Promise<Endpoint[]> {
  return db
    .select()
    .from(webhookEndpoints)
    .where(eq(webhookEndpoints.accountId, accountId))
    .orderBy(asc(webhookEndpoints.createdAt), asc(webhookEndpoints.id))
    .limit(endpointsMax)
}

export async function findEndpoint(db: Db, name: EndpointName): Promise<Endpoint | undefined> {
  const [found] = await db.select().from(webhookEndpoints).where(isNamed(name)).limit(1)
  return found
}

/** Undefined where there is none. Enabling forgets why it was disabled and since when it failed. */
export async function changeEndpoint(
  db: Db,
  name: EndpointName,
  { now, ...change }: EndpointChange & { readonly now: Millis },
): Promise<Endpoint | undefined> {
  const { isEnabled, ...values } = change
  const enabling =
    isEnabled === undefined
      ? {}
      : { isEnabled, disabledReason: isEnabled ? null : 'customer', ...(isEnabled && { failingSince: null }) }
  const update = db
    .update(webhookEndpoints)
    .set({ ...values, ...enabling, updatedAt: new Date(now) })
    .where(isNamed(name))
    .returning()
  // At once: what would be left waiting would be sent when the endpoint comes back.
  const [[changed]] = isEnabled === false ? await db.batch([update, endWaitingOf(db, name)]) : [await update]
  return changed
}

function endWaitingOf(db: Db, { accountId, id }: EndpointName) {
  return db.execute(sql`${endWaiting(id)} and account_id = ${accountId}`)
}

/** With all of its deliveries. False where there is none. */
export async function deleteEndpoint(db: Db, name: EndpointName): Promise<boolean> {
  const [gone] = await db.batch([
    db.delete(webhookEndpoints).where(isNamed(name)).returning({ id: webhookEndpoints.id }),
    db
      .delete(webhookDeliveries)
      .where(and(eq(webhookDeliveries.endpointId, name.id), eq(webhookDeliveries.accountId, name.accountId))),
  ])
  return gone.length > 0
}

/** The present secret stays valid beside the new one, which is sealed, for a day. */
export async function rotateSecret(
  db: Db,
  name: EndpointName,
  { secret, now }: { readonly secret: string; readonly now: Millis },
): Promise<Endpoint | undefined> {
  const [changed] = await db
    .update(webhookEndpoints)
    .set({
      secret,
      previousSecret: sql`${webhookEndpoints.secret}`,
      previousUntil: new Date(asMillis(now + previousSecretMs)),
      updatedAt: new Date(now),
    })
    .where(isNamed(name))
    .returning()
  return changed
}

/** What an endpoint that is off has not got is not sent by itself when it comes back. */
export function endWaiting(endpointId: string) {
  return sql`update webhook_deliveries set state = 'failed', last_error = 'the endpoint is disabled'
    where endpoint_id = ${endpointId} and state in ('waiting', 'claimed')`
}

function isNamed({ accountId, id }: EndpointName) {
  return and(eq(webhookEndpoints.id, id), eq(webhookEndpoints.accountId, accountId))
}
