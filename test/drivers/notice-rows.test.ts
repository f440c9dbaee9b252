// The rows of notices as a real Postgres keeps them: who claims what, what a sender that dies leaves behind, what is forgotten.

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { migrate } from 'drizzle-orm/neon-http/migrator'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { asMillis, dayMs, hourMs, minuteMs, type Millis } from '#core/clock.ts'
import { readAccountId } from '#core/ids.ts'
import { type Sealer, sealerOf } from '#core/sealing.ts'
import { makeDb, type Db } from '#db/client.ts'
import { setBillingEmails } from '#notices/billing-emails.ts'
import { claimDeliveries, endTry } from '#notices/delivery-rows.ts'
import { forgetOld } from '#notices/forget-old.ts'
import { claimMails, endClaim } from '#notices/mail-rows.ts'
import { writeNotice } from '#notices/notice-rows.ts'
import { sendWebhooks } from '#notices/send-webhooks.ts'
import { changeEndpoint, makeEndpoint, rotateSecret } from '#notices/webhook-endpoints.ts'
import { openSecrets, resealSecrets, sealSecret } from '#notices/webhook-secrets.ts'
import { closeServer, listen, localHost } from '../../dev/ports.ts'
import { startNeonEndpoint, type NeonEndpoint } from '../../dev/neon-endpoint.ts'
import { startPostgres, type Postgres } from '../../dev/postgres.ts'

const home = mkdtempSync(join(tmpdir(), 'sluice-notices-'))
const accountId = readAccountId('acct_w00000000000001') ?? raise('an account id has this form')
const startMs = Date.UTC(2026, 10, 21)
let postgres: Postgres
let endpoint: NeonEndpoint
let db: Db

function raise(what: string): never {
  throw new Error(what)
}

const after = (ms: number): Millis => asMillis(startMs + ms)

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: join(home, 'postgres') })
  endpoint = await startNeonEndpoint({ postgresUrl: postgres.url })
  db = makeDb({ DATABASE_URL: postgres.url, NEON_HTTP: endpoint.url }) ?? raise('no database')
  await migrate(db, { migrationsFolder: 'migrations' })
})

afterAll(async () => {
  await endpoint.stop()
  await postgres.stop()
  rmSync(home, { recursive: true, force: true })
})

beforeEach(async () => {
  await db.execute(sql`truncate notices, billing_emails, webhook_endpoints, webhook_deliveries`)
  await setBillingEmails(db, accountId, { emails: ['b@x.example', 'a@x.example'], now: after(0) })
})

const tell = (cause: string, now = after(0)) =>
  writeNotice(db, {
    accountId,
    notice: { cause, type: 'receipt', figures: { amount: '1.00' }, atMs: now },
    now,
    canMail: true,
  })

const claim = (ms: number, takesKeys = true) => claimMails(db, { now: after(ms), takesKeys, limit: 5 })

async function mailStates(): Promise<readonly unknown[]> {
  const { rows } = await db.execute(sql`select mail_state from notices order by cause`)
  return rows.map((row) => row['mail_state'])
}

const addEndpoint = (id: string, types: readonly string[] | null = null) =>
  makeEndpoint(db, {
    accountId,
    id,
    url: 'https://x.example/',
    description: '',
    types,
    secret: 's',
    now: after(0),
  })

const claimHooks = (ms: number) => claimDeliveries(db, { now: after(ms), limit: 5 })

describe('a mail', () => {
  test('is claimed by one of many senders, with the addresses of that moment', async () => {
    await tell('a')
    await tell('a')
    const claimed = (await Promise.all(Array.from({ length: 8 }, () => claim(0)))).flat()
    expect(claimed).toMatchObject([{ type: 'receipt', to: ['a@x.example', 'b@x.example'], attempts: 1 }])
  })

  // Cases: payments 55
  test('of a sender that died is taken up again by the same key, and for a day alone', async () => {
    await tell('a')
    const [first] = await claim(0)
    expect(await claim(9 * minuteMs)).toEqual([])
    const [second] = await claim(11 * minuteMs)
    expect(second).toMatchObject({ id: first?.id, attempts: 2 })
    expect(await claim(23 * hourMs + minuteMs)).toEqual([])
    expect(await mailStates()).toEqual(['unknown'])
  })

  // Cases: payments 55
  test('of a sender that died without a key may have left, and is let be', async () => {
    await tell('a')
    expect(await claim(0, false)).toHaveLength(1)
    expect(await claim(11 * minuteMs, false)).toEqual([])
    expect(await mailStates()).toEqual(['unknown'])
  })

  test('is ended by whoever has it now, and by nobody who had it before', async () => {
    await tell('a')
    const [late = raise('a claim')] = await claim(0)
    const [now = raise('a claim')] = await claim(11 * minuteMs)
    const ended = { takesKeys: true, now: after(12 * minuteMs) }
    await endClaim(db, { ...ended, mail: now, outcome: { what: 'sent' } })
    await endClaim(db, { ...ended, mail: late, outcome: { what: 'not_sent', why: '503' } })
    expect(await mailStates()).toEqual(['sent'])
  })

  test('is written for nobody where there is no address, no mailer, or a hundred today', async () => {
    await setBillingEmails(db, accountId, { emails: [], now: after(0) })
    await tell('a')
    await setBillingEmails(db, accountId, { emails: ['a@x.example'], now: after(0) })
    for (let count = 0; count < 101; count += 1) await tell(`b${String(count).padStart(3, '0')}`)
    const states = await mailStates()
    expect([states[0], states[100], states[101]]).toEqual(['none', 'waiting', 'none'])
  })
})

describe('a delivery', () => {
  test('is written with its notice, once, for each endpoint that wants its type', async () => {
    await addEndpoint('we_all')
    await addEndpoint('we_some', ['receipt'])
    await addEndpoint('we_other', ['refund'])
    await addEndpoint('we_off')
    await changeEndpoint(db, { accountId, id: 'we_off' }, { isEnabled: false, now: after(0) })
    await tell('a')
    await addEndpoint('we_later')
    await tell('a')
    const claimed = (await Promise.all(Array.from({ length: 8 }, () => claimHooks(0)))).flat()
    expect(claimed.map(({ endpointId }) => endpointId).toSorted()).toEqual(['we_all', 'we_some'])
  })

  // Cases: payments 56
  test('of a sender that died is taken up again under the same id', async () => {
    await addEndpoint('we_all')
    await tell('a')
    const [first = raise('a claim')] = await claimHooks(0)
    expect(await claimHooks(9 * minuteMs)).toEqual([])
    const [second] = await claimHooks(11 * minuteMs)
    expect(second).toMatchObject({ id: first.id, attempts: 2 })
    // What the first one says now is late.
    const said = { status: 500, error: null, answer: '', dueMs: minuteMs, isEndpoints: true }
    await endTry(db, first, { ...said, state: 'failed', now: after(12 * minuteMs) })
    const { rows } = await db.execute(sql`select state from webhook_deliveries`)
    expect(rows).toEqual([{ state: 'claimed' }])
  })

  test('whose sender died at every try is given up', async () => {
    await addEndpoint('we_all')
    await tell('a')
    let tries = 0
    for (let at = 0; at < 40 * minuteMs * 10; at += 11 * minuteMs) tries += (await claimHooks(at)).length
    expect(tries).toBe(10)
    const { rows } = await db.execute(sql`select state, last_error from webhook_deliveries`)
    expect(rows).toEqual([{ state: 'failed', last_error: 'its sender died at every try' }])
  })

  test('that another sender has taken over says nothing of its endpoint any more', async () => {
    await addEndpoint('we_all')
    await tell('a')
    const [late = raise('a claim')] = await claimHooks(0)
    const [now = raise('a claim')] = await claimHooks(11 * minuteMs)
    const said = { error: null, answer: '', dueMs: minuteMs, isEndpoints: true, now: after(12 * minuteMs) }
    await endTry(db, now, { ...said, state: 'delivered', status: 200 })
    await endTry(db, late, { ...said, state: 'waiting', status: 500 })
    const { rows } = await db.execute(sql`select failing_since from webhook_endpoints`)
    expect(rows).toEqual([{ failing_since: null }])
  })

  test('to an endpoint that fails waits behind those of all others', async () => {
    await addEndpoint('we_dead')
    for (let count = 0; count < 5; count += 1) await tell(`a${count}`)
    const claimed = await claimHooks(0)
    const end = {
      state: 'waiting',
      status: null,
      error: 'no answer',
      answer: null,
      isEndpoints: true,
    } as const
    for (const one of claimed) await endTry(db, one, { ...end, dueMs: minuteMs, now: after(0) })
    await addEndpoint('we_well')
    await tell('b', after(minuteMs))
    const limit = 1
    expect(await claimDeliveries(db, { now: after(2 * minuteMs), limit })).toMatchObject([
      { endpointId: 'we_well' },
    ])
  })

  test('that waits when its endpoint is switched off is not sent when it comes back', async () => {
    await addEndpoint('we_all')
    await tell('a')
    const place = { accountId, id: 'we_all' }
    await changeEndpoint(db, place, { isEnabled: false, now: after(0) })
    await changeEndpoint(db, place, { isEnabled: true, now: after(minuteMs) })
    expect(await claimHooks(hourMs)).toEqual([])
  })

  test('of an endpoint that is switched off holds nobody else up', async () => {
    for (const id of ['we_a', 'we_b']) await addEndpoint(id)
    await tell('a')
    await db.execute(sql`update webhook_endpoints set is_enabled = false where id = 'we_a'`)
    const limit = 1
    expect(await claimDeliveries(db, { now: after(0), limit })).toMatchObject([{ endpointId: 'we_b' }])
  })
})

describe('an endpoint that is gone for good', () => {
  let server: Server
  let origin = ''

  beforeAll(async () => {
    server = createServer((_request, response) => response.writeHead(410).end())
    origin = `http://${localHost}:${await listen(server, 0)}`
  })

  afterAll(() => closeServer(server))

  test('is switched off and told of once, though five messages hear of it at the same time', async () => {
    await addEndpoint('we_gone')
    await db.execute(
      sql`update webhook_endpoints set url = ${`${origin}/`}, secret = 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'`,
    )
    for (let count = 0; count < 5; count += 1) await tell(`a${count}`)
    const clock = { now: () => after(0), sleep: async () => undefined }
    const log = { info: () => undefined, error: () => undefined }
    const sealer = async () => undefined
    const parts = { db, clock, log, sealer, seller: '', mailer: undefined, localOrigin: origin }
    expect(await sendWebhooks(db, parts)).toBe(5)
    const { rows } = await db.execute(
      sql`select count(*)::int as told from notices where type = 'webhook_disabled'`,
    )
    expect(rows).toEqual([{ told: 1 }])
    const off = await db.execute(sql`select is_enabled, disabled_reason from webhook_endpoints`)
    expect(off.rows).toEqual([{ is_enabled: false, disabled_reason: 'gone' }])
  })
})

describe('the secret of an endpoint', () => {
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  const sealer = (key: string, previousKey?: string) =>
    sealerOf({ key: key.repeat(32), previousKey: previousKey?.repeat(32) }, random)
  const errors: unknown[] = []
  const log = {
    info: () => undefined,
    error: (event: string, fields: object) => errors.push({ event, ...fields }),
  }
  const reseal = async (one: Sealer, ms = 0) => resealSecrets({ db, sealer: one, log }, after(ms))

  async function kept(id: string): Promise<readonly string[]> {
    const { rows } = await db.execute(
      sql`select secret, previous_secret from webhook_endpoints where id = ${id}`,
    )
    return [rows[0]?.['secret'], rows[0]?.['previous_secret']].flatMap((one) =>
      typeof one === 'string' ? [one] : [],
    )
  }

  test('from before there was a key is sealed by the next run, with the one before it', async () => {
    const [a, place] = [await sealer('a'), { accountId, id: 'we_old' }]
    await addEndpoint('we_old')
    await db.execute(sql`update webhook_endpoints set secret = 'whsec_one'`)
    await rotateSecret(db, place, { secret: 'whsec_two', now: after(0) })
    await reseal(a)
    const sealed = await kept('we_old')
    expect(sealed.join(' ')).not.toContain('whsec_')
    expect(await openSecrets(a, place, sealed)).toEqual(['whsec_two', 'whsec_one'])
    // A day later the one before signs no more, and is dropped.
    await reseal(a, 25 * hourMs)
    expect(await openSecrets(a, place, await kept('we_old'))).toEqual(['whsec_two'])
  })

  test('is sealed anew after a roll of the key, which the previous one is not needed for any more', async () => {
    const place = { accountId, id: 'we_all' }
    await addEndpoint('we_all')
    await rotateSecret(db, place, {
      secret: await sealSecret(await sealer('a'), place, 'whsec_one'),
      now: after(0),
    })
    await reseal(await sealer('b', 'a'), 25 * hourMs)
    const sealed = await kept('we_all')
    expect(await openSecrets(await sealer('b'), place, sealed)).toEqual(['whsec_one'])
    await reseal(await sealer('b'), 25 * hourMs)
    expect(await kept('we_all')).toEqual(sealed)
  })

  test('whose key is lost is left as it is and reported, and opens nowhere', async () => {
    const place = { accountId, id: 'we_all' }
    await addEndpoint('we_all')
    const sealed = await sealSecret(await sealer('a'), place, 'whsec_one')
    await db.execute(sql`update webhook_endpoints set secret = ${sealed}`)
    errors.length = 0
    await reseal(await sealer('b'))
    expect(errors).toEqual([{ event: 'webhook_secret_lost', endpoint: 'we_all' }])
    expect(await kept('we_all')).toEqual([sealed])
    expect(await openSecrets(await sealer('b'), place, [sealed])).toEqual([])
    expect(await openSecrets(undefined, place, [sealed])).toEqual([])
  })
})

test('what was told long ago is forgotten, but nothing that is still on its way', async () => {
  await addEndpoint('we_all')
  await tell('a')
  await tell('b')
  await db.execute(
    sql`update webhook_deliveries set state = 'delivered' where id in (select id from webhook_deliveries limit 1)`,
  )
  await db.execute(sql`update notices set mail_state = 'sent' where cause = 'a'`)
  const count = async () => {
    const { rows } = await db.execute(
      sql`select (select count(*)::int from notices) as notices, (select count(*)::int from webhook_deliveries) as deliveries`,
    )
    return rows[0]
  }
  await forgetOld(db, after(29 * dayMs))
  expect(await count()).toEqual({ notices: 2, deliveries: 2 })
  await forgetOld(db, after(31 * dayMs))
  expect(await count()).toEqual({ notices: 2, deliveries: 1 })
  await forgetOld(db, after(366 * dayMs))
  expect(await count()).toEqual({ notices: 1, deliveries: 1 })
  // What was written while its endpoint was deleted is on its way to nobody.
  await db.execute(sql`delete from webhook_endpoints`)
  await forgetOld(db, after(366 * dayMs))
  expect(await count()).toEqual({ notices: 1, deliveries: 0 })
})
