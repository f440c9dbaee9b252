// An erasure in the object's own SQLite: no row of any table keeps what people wrote, and the log is append-only as before.

import { env } from 'cloudflare:workers'
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'

import { keyNumber, makeAccountId } from '#core/ids.ts'
import type { AccountObject } from './account.ts'
import type { AccountPort } from './account-port.ts'
import { dollar, grantOf } from './example-commands.ts'

const person = 'Jane Roe'
const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))

type Row = Record<string, SqlStorageValue>

function allRows(sql: SqlStorage): string {
  const tables = sql
    .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'")
    .toArray()
  return JSON.stringify(tables.map(({ name }) => sql.exec<Row>(`SELECT * FROM "${name}"`).toArray()))
}

test('no row of an erased account names anybody, also after a restart, and no entry can be changed', async () => {
  const accountId = makeAccountId('w', random)
  const { ACCOUNT } = env as unknown as { ACCOUNT: { getByName(name: string): unknown } }
  const stub = ACCOUNT.getByName(accountId) as DurableObjectStub<AccountObject>
  const port = stub as unknown as AccountPort
  await port.create({ accountId, name: person })
  const secretHash = '1'.repeat(64)
  const key = { reference: 'k', keyNumber: keyNumber(1), secretHash, budgets: [], allowedModels: null }
  await port.putKey({ ...key, name: person })
  // Enough for a snapshot with names in it.
  const grants = Array.from({ length: 600 }, (_, n) =>
    grantOf(dollar, { reference: `grant ${n}`, reason: `${n} for ${person}` }),
  )
  await Promise.all(grants.map((grant) => port.credit(grant)))
  await runInDurableObject(stub, (_object, { storage }) => {
    expect(allRows(storage.sql)).toContain(person)
  })

  // Behind 600 grants, the account, its key and the level that the first grant has brought.
  const answer = await port.erase({ reference: 'erasure:1', reason: 'asked', actor: 'operator' })
  expect(answer).toEqual({ ok: true, seq: 604, isRepeat: false })
  await runInDurableObject(stub, (_object, { storage }) => {
    expect(allRows(storage.sql)).not.toContain(person)
    expect(() => storage.sql.exec("UPDATE entry SET reference = 'x' WHERE seq = 1")).toThrow(/append-only/)
  })
  await evictDurableObject(stub)
  const again = ACCOUNT.getByName(accountId) as AccountPort
  expect(await again.view()).toMatchObject({ name: '', postedNanoUsd: 600 * dollar })
  expect((await again.keys()).map(({ name }) => name)).toEqual([''])
}, 30_000)
