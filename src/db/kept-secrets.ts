// A secret that a deployment makes for itself when it first needs it, and keeps in Postgres sealed under the operator's key. A
// roll of that key seals it anew and leaves it the same.

import { eq, sql } from 'drizzle-orm'
import { isoTime, type Millis } from '#core/clock.ts'
import type { Random } from '#core/ids.ts'
import type { Sealer } from '#core/sealing.ts'
import type { Db } from './client.ts'
import { keptSecrets } from './welcome-schema.ts'

const secretBytes = 32

/** The same for everybody who asks for the name, at whatever moment; undefined where the key that sealed it is lost. */
export async function keptSecret(
  db: Db,
  name: string,
  { sealer, random, now }: { readonly sealer: Sealer; readonly random: Random; readonly now: Millis },
): Promise<string | undefined> {
  const sealed = (await sealedOf(db, name)) ?? (await make())
  return sealed === undefined ? undefined : sealer.open(sealed, placeOf(name))

  async function make(): Promise<string | undefined> {
    const text = btoa(String.fromCharCode(...random(secretBytes)))
    const mine = await sealer.seal(text, placeOf(name))
    await db.execute(sql`insert into kept_secrets (name, sealed, created_at)
      values (${name}, ${mine}, ${isoTime(now)}::timestamptz) on conflict do nothing`)
    // Somebody else's, where two made it at once.
    return sealedOf(db, name)
  }
}

/** Seals anew what is under the previous key; how many could not be opened. */
export async function resealKeptSecrets(db: Db, sealer: Sealer): Promise<number> {
  let lost = 0
  for (const { name, sealed } of await db.select().from(keptSecrets)) {
    if (sealed.startsWith(sealer.prefix)) continue
    const text = await sealer.open(sealed, placeOf(name))
    if (text === undefined) lost += 1
    else {
      const fresh = await sealer.seal(text, placeOf(name))
      await db.execute(
        sql`update kept_secrets set sealed = ${fresh} where name = ${name} and sealed = ${sealed}`,
      )
    }
  }
  return lost
}

async function sealedOf(db: Db, name: string): Promise<string | undefined> {
  const [row] = await db.select().from(keptSecrets).where(eq(keptSecrets.name, name))
  return row?.sealed
}

function placeOf(name: string): string {
  return `kept secret ${name}`
}
