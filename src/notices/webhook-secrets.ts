// The secrets of customers' endpoints, sealed: in Postgres they are of no use to whoever reads them there.

import { asc, gt, sql } from 'drizzle-orm'
import { isoTime, type Millis } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import type { Sealer } from '#core/sealing.ts'
import type { Db } from '#db/client.ts'
import { webhookEndpoints } from '#db/notices-schema.ts'

type Place = { readonly accountId: string; readonly id: string }

export function sealSecret(sealer: Sealer, place: Place, secret: string): Promise<string> {
  return sealer.seal(secret, placeOf(place))
}

/** Those that open, in their order; without a sealer those that were never sealed. */
export async function openSecrets(
  sealer: Sealer | undefined,
  place: Place,
  secrets: readonly string[],
): Promise<readonly string[]> {
  const opened = await Promise.all(secrets.map((secret) => openSecret(sealer, place, secret)))
  return opened.filter((secret) => secret !== undefined)
}

async function openSecret(
  sealer: Sealer | undefined,
  place: Place,
  secret: string,
): Promise<string | undefined> {
  if (sealer !== undefined) return sealer.open(secret, placeOf(place))
  return secret.startsWith('whsec_') ? secret : undefined
}

function placeOf({ accountId, id }: Place): string {
  return `webhook ${accountId} ${id}`
}

const rowsPerPage = 200
/** Of one run; the next one goes on with what is left. */
const pagesMax = 50

type Parts = { readonly db: Db; readonly sealer: Sealer; readonly log: Log }

/**
 * Seals what was written before there was a key, or under the one before, and drops what signs no more; run by the hourly
 * trigger. When it has run once, the previous key may go.
 */
export async function resealSecrets({ db, sealer, log }: Parts, now: Millis): Promise<void> {
  await db.execute(sql`update webhook_endpoints set previous_secret = null, previous_until = null
    where previous_until < ${isoTime(now)}::timestamptz`)
  let after = ''
  for (let page = 0; page < pagesMax; page += 1) {
    const rows = await rowsToSeal(db, { after, prefix: sealer.prefix })
    for (const row of rows)
      if (!(await resealRow(db, row, sealer))) log.error('webhook_secret_lost', { endpoint: row.id })
    const last = rows.at(-1)
    if (last === undefined || rows.length < rowsPerPage) return
    after = last.id
  }
}

type SecretRow = Place & { readonly secret: string; readonly previousSecret: string | null }

function rowsToSeal(
  db: Db,
  { after, prefix }: { readonly after: string; readonly prefix: string },
): Promise<SecretRow[]> {
  const { id, accountId, secret, previousSecret } = webhookEndpoints
  return db
    .select({ id, accountId, secret, previousSecret })
    .from(webhookEndpoints)
    .where(
      sql`${gt(id, after)} and (not starts_with(${secret}, ${prefix}) or not starts_with(${previousSecret}, ${prefix}))`,
    )
    .orderBy(asc(id))
    .limit(rowsPerPage)
}

/** False where a key that sealed it is not here any more. A row that has changed meanwhile is left as it is. */
async function resealRow(db: Db, row: SecretRow, sealer: Sealer): Promise<boolean> {
  const { id, secret, previousSecret } = row
  const opened = await sealer.open(secret, placeOf(row))
  const previous = previousSecret === null ? null : await sealer.open(previousSecret, placeOf(row))
  if (opened === undefined) return false
  const sealed = await sealSecret(sealer, row, opened)
  // One of before that does not open signs nothing any more.
  const sealedPrevious =
    previous === null || previous === undefined ? null : await sealSecret(sealer, row, previous)
  await db.execute(sql`update webhook_endpoints set secret = ${sealed}, previous_secret = ${sealedPrevious}
    where id = ${id} and secret = ${secret} and previous_secret is not distinct from ${previousSecret}`)
  return true
}
