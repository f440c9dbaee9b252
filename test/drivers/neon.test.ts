// The local Neon endpoint against the real driver and drizzle: what holds here holds against Neon's own endpoint.

import { neon, NeonDbError, neonConfig } from '@neondatabase/serverless'
import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/neon-http'
import {
  bigint,
  customType,
  integer,
  jsonb,
  numeric,
  pgTable,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeTemporaryDir } from '../../dev/clone.ts'
import { type NeonEndpoint, startNeonEndpoint } from '../../dev/neon-endpoint.ts'
import { type Postgres, startPostgres } from '../../dev/postgres.ts'

const bytes = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' })

const things = pgTable('things', {
  id: integer('id').primaryKey(),
  amount: bigint('amount', { mode: 'bigint' }),
  nano: bigint('nano', { mode: 'number' }),
  price: numeric('price'),
  at: timestamp('at', { withTimezone: true, precision: 3 }),
  detail: jsonb('detail'),
  name: text('name').unique('things_name_is_unique'),
  tags: text('tags').array(),
  key: uuid('key'),
  blob: bytes('blob'),
})

const dir = makeTemporaryDir()
const dataDir = `${dir.path}/postgres`
let postgres: Postgres
let endpoint: NeonEndpoint

beforeAll(async () => {
  postgres = await startPostgres({ dataDir })
  endpoint = await startNeonEndpoint({ postgresUrl: postgres.url })
  neonConfig.fetchEndpoint = () => endpoint.url
  await neon(
    postgres.url,
  )`create table things (id integer primary key, amount bigint, nano bigint, price numeric,
    at timestamptz(3), detail jsonb, name text constraint things_name_is_unique unique, tags text[], key uuid, blob bytea)`
})

afterAll(async () => {
  await endpoint.stop()
  await postgres.stop()
  dir.remove()
})

beforeEach(async () => {
  await neon(postgres.url)`truncate things`
})

const database = () => drizzle({ client: neon(postgres.url) })

async function errorOf(work: Promise<unknown>): Promise<NeonDbError> {
  try {
    await work
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof NeonDbError ? error.cause : error
    if (cause instanceof NeonDbError) return cause
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('types', () => {
  test('every type that the schema may use comes back exactly as it was written', async () => {
    const row = {
      id: 1,
      amount: 9_007_199_254_740_993n,
      nano: -9_007_199_254_740_991,
      price: '0.000000000000000000037500',
      at: new Date('2026-11-17T12:34:56.789Z'),
      detail: { text: 'ünï — 中文 🙂', list: [1, null, { deep: true }] },
      name: "it's a \\ name",
      tags: ['a', 'b,c', 'with "quotes"'],
      key: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
      blob: new Uint8Array([0, 1, 254, 255]),
    }
    await database().insert(things).values(row)
    const [read] = await database().select().from(things)
    expect({ ...read, blob: Buffer.from(read?.blob ?? []) }).toEqual({ ...row, blob: Buffer.from(row.blob) })
  })

  test('null stays null in every column', async () => {
    await database().insert(things).values({ id: 1 })
    const [read] = await database().select().from(things)
    expect(Object.values(read ?? {}).filter((value) => value !== null)).toEqual([1])
  })

  test('a result tells its command, its row count and its fields', async () => {
    const result = await neon(postgres.url, {
      fullResults: true,
    })`select 1::bigint as one, 'x' as letter where false`
    expect(result).toMatchObject({ command: 'SELECT', rowCount: 0, rows: [] })
    expect(result.fields.map((field) => [field.name, field.dataTypeID])).toEqual([
      ['one', 20],
      ['letter', 25],
    ])
  })

  test('rows are objects by default and lists in array mode', async () => {
    const client = neon(postgres.url)
    expect(await client.query('select 1 as a, $1::text as b', ['x'])).toEqual([{ a: 1, b: 'x' }])
    expect(await client.query('select 1 as a, $1::text as b', ['x'], { arrayMode: true })).toEqual([[1, 'x']])
  })
})

describe('statements', () => {
  test('an insert of 500 rows is one statement and all of them arrive', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => ({
      id: index,
      nano: index * 1_000,
      name: `row ${index}`,
    }))
    const returned = await database().insert(things).values(rows).returning({ id: things.id })
    expect(returned).toHaveLength(500)
    const [sum] = await database()
      .select({ sum: sql<string>`sum(nano)` })
      .from(things)
    expect(sum?.sum).toBe('124750000')
  })

  test('an upsert updates the row that is there', async () => {
    await database().insert(things).values({ id: 1, nano: 1 })
    await database()
      .insert(things)
      .values({ id: 1, nano: 2 })
      .onConflictDoUpdate({ target: things.id, set: { nano: sql`excluded.nano` } })
    expect(await database().select({ nano: things.nano }).from(things)).toEqual([{ nano: 2 }])
  })

  test('an insert on conflict do nothing returns only what was new', async () => {
    await database().insert(things).values({ id: 1 })
    const values = [{ id: 1 }, { id: 2 }]
    const added = await database()
      .insert(things)
      .values(values)
      .onConflictDoNothing()
      .returning({ id: things.id })
    expect(added).toEqual([{ id: 2 }])
  })

  test('rows given as one JSON parameter are inserted together', async () => {
    const rows = JSON.stringify([
      { id: 1, nano: 5 },
      { id: 2, nano: 6 },
    ])
    await neon(postgres.url)`insert into things (id, nano)
      select id, nano from jsonb_to_recordset(${rows}::jsonb) as row(id integer, nano bigint)`
    expect(await database().select({ id: things.id, nano: things.nano }).from(things)).toHaveLength(2)
  })
})

describe('batches', () => {
  test('a batch returns the result of each of its statements', async () => {
    const db = database()
    const [inserted, updated, read] = await db.batch([
      db.insert(things).values({ id: 1, nano: 1 }).returning({ id: things.id }),
      db.update(things).set({ nano: 7 }).where(eq(things.id, 1)),
      db.select({ nano: things.nano }).from(things),
    ])
    expect(inserted).toEqual([{ id: 1 }])
    expect(updated.rowCount).toBe(1)
    expect(read).toEqual([{ nano: 7 }])
  })

  test('a batch in which one statement fails leaves nothing behind and tells the code', async () => {
    const db = database()
    const work = db.batch([db.insert(things).values({ id: 1 }), db.execute(sql`select 1 / 0`)])
    expect((await errorOf(work)).code).toBe('22012')
    expect(await db.select().from(things)).toEqual([])
  })

  test('a batch runs in the isolation that was asked for, and read-only where asked', async () => {
    const client = neon(postgres.url)
    const options = { isolationLevel: 'Serializable', readOnly: true, deferrable: true } as const
    const answers = await client.transaction(
      [client`show transaction_isolation`, client`show transaction_read_only`],
      options,
    )
    expect(answers).toEqual([[{ transaction_isolation: 'serializable' }], [{ transaction_read_only: 'on' }]])
    const write = client.transaction([client`insert into things (id) values (1)`], options)
    expect((await errorOf(write)).code).toBe('25006')
  })

  test('a connection is clean again after a batch that failed', async () => {
    const client = neon(postgres.url)
    await errorOf(client.transaction([client`insert into things (id) values (1)`, client`select nonsense`]))
    const attempts = Array.from({ length: 30 }, () => client`select count(*)::int as count from things`)
    for (const [row] of await Promise.all(attempts)) expect(row).toEqual({ count: 0 })
  })
})

describe('errors', () => {
  test('a broken constraint comes with code, name, table and detail', async () => {
    await database().insert(things).values({ id: 1, name: 'same' })
    const error = await errorOf(database().insert(things).values({ id: 2, name: 'same' }))
    expect(error).toMatchObject({
      code: '23505',
      constraint: 'things_name_is_unique',
      table: 'things',
      schema: 'public',
      detail: 'Key (name)=(same) already exists.',
      severity: 'ERROR',
    })
  })

  test('a wrong password is refused', async () => {
    const wrong = postgres.url.replace('sluice:sluice@', 'sluice:wrong@')
    expect((await errorOf(neon(wrong)`select 1`)).code).toBe('28P01')
  })

  test('a statement with a mistake says where it is', async () => {
    const error = await errorOf(neon(postgres.url)`selec 1`)
    expect([error.code, error.position]).toEqual(['42601', '1'])
  })

  test('while Postgres is down the driver sees a broken connection, afterwards it works again', async () => {
    const { port } = postgres
    await postgres.kill()
    const error = await errorOf(neon(postgres.url)`select 1`)
    expect(error.code).toBeUndefined()
    expect(error.message).toContain('Error connecting to database')
    postgres = await startPostgres({ dataDir, port })
    expect(await neon(postgres.url)`select 1 as one`).toEqual([{ one: 1 }])
  })
})

test('what was committed before a SIGKILL is there after it', async () => {
  await database().insert(things).values({ id: 1, nano: 41 })
  const { port } = postgres
  await postgres.kill()
  postgres = await startPostgres({ dataDir, port })
  expect(await database().select({ nano: things.nano }).from(things)).toEqual([{ nano: 41 }])
})
