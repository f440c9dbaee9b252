// The settlement consumer and the sweep against a real Postgres through the real Neon driver.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { migrate } from 'drizzle-orm/neon-http/migrator'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { asMillis, hourMs, type Clock } from '#core/clock.ts'
import type { AccountId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import { makeDb, type Db } from '#db/client.ts'
import { consumeEntries, type QueueMessage } from '#settlement/consumer.ts'
import type { SettlementParts } from '#settlement/parts.ts'
import { consumeDeadLetters, deadCapture, deadEntries } from '#settlement/dead-letters.ts'
import { listFindings } from '#settlement/findings.ts'
import { reconcile } from '#settlement/reconcile.ts'
import { linesOfCall } from '#settlement/usage.ts'
import { startNeonEndpoint, type NeonEndpoint } from '../../dev/neon-endpoint.ts'
import { startPostgres, type Postgres } from '../../dev/postgres.ts'
import { callId, chargeDetail, portsOf, StandInAccount } from './stand-in-account.ts'

const home = mkdtempSync(join(tmpdir(), 'sluice-mirror-'))
let postgres: Postgres
let endpoint: NeonEndpoint
let db: Db

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
  await db.execute(
    sql`truncate accounts, api_keys, ledger_entries, ledger_marks, charges, findings, account_epochs`,
  )
})

type Sent = QueueMessage & { outcome: 'none' | 'acked' | 'retried'; delaySeconds: number }

let messageNumber = 0

function message(body: unknown, attempts = 1): Sent {
  messageNumber += 1
  const sent: Sent = {
    id: `message-${messageNumber}`,
    // As the queue does: a body arrives as a copy.
    body: structuredClone(body),
    attempts,
    outcome: 'none',
    delaySeconds: 0,
    ack: () => {
      sent.outcome = 'acked'
    },
    retry: (options) => {
      sent.outcome = 'retried'
      sent.delaySeconds = options?.delaySeconds ?? 0
    },
  }
  return sent
}

const quiet: Log = { info: () => {}, error: () => {} }

function partsFor(accounts: readonly StandInAccount[], nowMs = Date.parse('2026-11-01T12:00:00Z')) {
  const clock: Clock = { now: () => asMillis(nowMs), sleep: async () => {} }
  return { db, accounts: portsOf(accounts), clock, log: quiet } satisfies SettlementParts
}

async function rowsOf(account: StandInAccount) {
  const { rows } = await db.execute(
    sql`select seq, hash from ledger_entries where account_id = ${account.accountId} order by seq`,
  )
  return rows.map((row) => ({ seq: Number(row['seq']), hash: row['hash'] }))
}

async function chargesOf(account: StandInAccount) {
  const { rows } = await db.execute(
    sql`select call_id, cost_nano_usd, model, last_seq from charges where account_id = ${account.accountId} order by call_id`,
  )
  return rows
}

const kinds = async () =>
  (await listFindings(db, { beforeId: undefined, limit: 100 })).map(({ kind }) => kind)

function expected(account: StandInAccount) {
  return account.entries.map(({ seq, hash }) => ({ seq, hash }))
}

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  let state = seed
  const next = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648)
  return items
    .map((item) => ({ item, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

describe('entries arrive once and in order', () => {
  // Cases: billing-bugs 44, 45
  test('messages in any order, twice and in one batch or many leave the same rows, totals and marks', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const account = new StandInAccount().live(40)
      account.add({ kind: 'late', reference: callId(3), amount: -1_000, keyNumber: 1, detail: chargeDetail })
      const sent = shuffled([...account.messages(5), ...account.messages(7)], seed).map((body) =>
        message(body),
      )
      for (let index = 0; index < sent.length; index += seed)
        await consumeEntries(sent.slice(index, index + seed), partsFor([account]))

      expect(sent.every(({ outcome }) => outcome === 'acked')).toBe(true)
      expect(await rowsOf(account)).toEqual(expected(account))
      expect(account.confirmed).toBe(account.entries.length)
      const charges = await chargesOf(account)
      expect(charges).toHaveLength(40)
      expect(charges[2]).toMatchObject({ cost_nano_usd: '1003', last_seq: '43' })
      expect(await kinds()).toEqual([])
    }
  })

  test('a later message waits for the missing one before anything beyond the gap is confirmed', async () => {
    const account = new StandInAccount().live(8)
    const [first, second, third] = account.messages(4)
    await consumeEntries([message(first), message(third)], partsFor([account]))
    expect(account.confirmed).toBe(4)
    await consumeEntries([message(second)], partsFor([account]))
    expect(account.confirmed).toBe(10)
    expect(account.confirms.map(({ seq }) => seq)).toEqual([4, 10])
  })

  test('consumers of one account at the same time agree on the totals of its calls and on its mark', async () => {
    const account = new StandInAccount().live(40)
    for (let call = 1; call <= 40; call += 1)
      account.add({ kind: 'late', reference: callId(call), amount: -500, keyNumber: 1, detail: chargeDetail })
    const lines = account
      .messages(1)
      .map((body) => () => consumeEntries([message(body)], partsFor([account])))
    const both = (first: number, second: number) => Promise.all([lines[first]?.(), lines[second]?.()])
    // Two neighbours at the same moment: the mark must pass over both.
    for (let index = 0; index < 42; index += 2) {
      await both(index, index + 1)
      expect(account.confirmed).toBe(index + 2)
    }
    await Promise.all(lines.slice(42).map((consume) => consume()))
    expect(account.confirmed).toBe(account.entries.length)
    const costs = (await chargesOf(account)).map((charge) => charge['cost_nano_usd'])
    expect(costs).toEqual(Array.from({ length: 40 }, (_, index) => String(501 + index)))
  })

  // Cases: billing-bugs 42
  test('an entry that was written without its effects gets them when it is delivered again', async () => {
    const account = new StandInAccount().live(3)
    const [body] = account.messages(10)
    await consumeEntries([message(body)], partsFor([account]))
    await db.execute(sql`truncate charges, ledger_marks, api_keys`)
    account.confirmed = 0
    await consumeEntries([message(body)], partsFor([account]))
    expect((await chargesOf(account)).map((charge) => charge['cost_nano_usd'])).toEqual(['1', '2', '3'])
    expect(account.confirmed).toBe(5)
  })

  test('messages of many accounts in one batch are kept apart', async () => {
    const accounts = [1, 2, 3].map((calls) => new StandInAccount().live(calls))
    const sent = accounts.flatMap((account) => account.messages(2)).map((body) => message(body))
    await consumeEntries(sent, partsFor(accounts))
    for (const account of accounts) {
      expect(await rowsOf(account)).toEqual(expected(account))
      expect(account.confirmed).toBe(account.entries.length)
    }
  })

  test('an amount near the largest safe integer arrives to the nano-dollar', async () => {
    const account = new StandInAccount()
    account.add({ kind: 'grant', reference: 'g', amount: 9_007_199_254_740_991 })
    await consumeEntries(
      account.messages(1).map((body) => message(body)),
      partsFor([account]),
    )
    const { rows } = await db.execute(sql`select amount_nano_usd, balance_after_nano_usd from ledger_entries`)
    expect(rows).toEqual([
      { amount_nano_usd: '9007199254740991', balance_after_nano_usd: '9007199254740991' },
    ])
  })
})

test('a call is explained by its charges and by what was given back, whatever came first', async () => {
  const account = new StandInAccount().live(2)
  account.add({ kind: 'reversal', reference: callId(1), amount: 1, detail: { command: 'r' } })
  account.add({ kind: 'grant', reference: callId(1), amount: 5 })
  for (const body of account.messages(1).reverse()) await consumeEntries([message(body)], partsFor([account]))
  const lines = await linesOfCall(db, account.accountId, callId(1))
  expect(lines.map(({ kind, amountNanoUsd }) => [kind, amountNanoUsd])).toEqual([
    ['usage', -1n],
    ['reversal', 1n],
  ])
})

describe('mirrors of accounts and keys', () => {
  test('the newest word about a key stands, in whatever order the words arrive', async () => {
    const account = new StandInAccount().live(0)
    account.add({
      kind: 'key',
      reference: 'k',
      amount: 0,
      keyNumber: 1,
      detail: { name: 'laptop', isDisabled: false },
    })
    account.add({ kind: 'key', reference: 'r', amount: 0, keyNumber: 1, detail: { action: 'revoke' } })
    for (const body of account.messages(1).toReversed())
      await consumeEntries([message(body)], partsFor([account]))
    const { rows } = await db.execute(sql`select key_number, name, is_disabled from api_keys`)
    expect(rows).toEqual([{ key_number: '1', name: 'laptop', is_disabled: true }])
    const known = await db.execute(sql`select name, region from accounts`)
    expect(known.rows).toEqual([{ name: 'Ada', region: 'weur' }])
  })
})

describe('what is wrong is reported and stops nobody else', () => {
  test('another line under a known number is a finding, and the first one stands', async () => {
    const account = new StandInAccount().live(3)
    const [body] = account.messages(10)
    const changed = structuredClone(body)
    const line = changed?.entries[3]
    if (line !== undefined) Object.assign(line, { amountNanoUsd: -77, hash: 'f'.repeat(64) })
    await consumeEntries([message(body)], partsFor([account]))
    await consumeEntries([message(changed)], partsFor([account]))
    expect(await rowsOf(account)).toEqual(expected(account))
    expect((await chargesOf(account))[1]).toMatchObject({ cost_nano_usd: '2' })
    expect(await kinds()).toEqual(['hash_conflict'])
  })

  test('a message that is no batch of entries is set aside while the others arrive', async () => {
    const account = new StandInAccount().live(6)
    const good = account.messages(4).map((body) => message(body))
    const unreadable = [message('<xml/>'), message({ accountId: 'x', entries: [{}] }), message(null)]
    await consumeEntries([...unreadable, ...good], partsFor([account]))
    expect(await rowsOf(account)).toEqual(expected(account))
    expect([...unreadable, ...good].every(({ outcome }) => outcome === 'acked')).toBe(true)
    expect(await kinds()).toEqual(['unreadable_message', 'unreadable_message', 'unreadable_message'])
  })

  test('a message that Postgres refuses is found among a hundred and set aside alone', async () => {
    const accounts = Array.from({ length: 100 }, () => new StandInAccount().live(1))
    const poisoned = accounts[37]
    const sent = accounts.flatMap((account) => account.messages(10))
    // An epoch within the reader's rules, beyond the column's.
    const line = sent[37]?.entries[0]
    if (line !== undefined) Object.assign(line, { epoch: 3_000_000_000 })
    const messages = sent.map((body) => message(body))
    await consumeEntries(messages, partsFor(accounts))
    expect(messages.every(({ outcome }) => outcome === 'acked')).toBe(true)
    expect(accounts.filter((account) => account.confirmed === 3)).toHaveLength(99)
    expect(poisoned?.confirmed).toBe(0)
    expect(await kinds()).toEqual(['poison_message'])
  })

  test('a name that Postgres cannot hold does not keep the history out', async () => {
    const account = new StandInAccount()
    account.add({
      kind: 'create',
      reference: 'create',
      amount: 0,
      detail: { name: 'nul \u0000 half \uD800' },
    })
    await consumeEntries(
      account.messages(1).map((body) => message(body)),
      partsFor([account]),
    )
    expect(account.confirmed).toBe(1)
    const { rows } = await db.execute(sql`select name from accounts`)
    expect(rows).toEqual([{ name: 'nul \uFFFD half \uFFFD' }])
  })

  test('while Postgres is away every message waits longer each time, and none is lost', async () => {
    const account = new StandInAccount().live(6)
    const away = makeDb({ DATABASE_URL: postgres.url, NEON_HTTP: 'http://127.0.0.1:9/sql' })
    const early = account.messages(4).map((body) => message(body, 1))
    const late = account.messages(4).map((body) => message(body, 12))
    await consumeEntries([...early, ...late], { ...partsFor([account]), db: away })
    makeDb({ DATABASE_URL: postgres.url, NEON_HTTP: endpoint.url })
    expect([...early, ...late].every(({ outcome }) => outcome === 'retried')).toBe(true)
    expect(early[0]?.delaySeconds).toBe(2)
    expect(late[0]?.delaySeconds).toBe(300)
    await consumeEntries(late, partsFor([account]))
    expect(await rowsOf(account)).toEqual(expected(account))
  })

  test('a dead letter raises one finding however often it comes', async () => {
    const account = new StandInAccount().live(3)
    const dead = account.messages(10).map((body) => message(body))
    await consumeDeadLetters(dead, deadEntries, partsFor([account]))
    await consumeDeadLetters(dead, deadEntries, partsFor([account]))
    const parked = {
      accountId: account.accountId,
      parkedAtMs: 1,
      capture: { callId: callId(1), keyNumber: 1, costNanoUsd: 42, tokens: 9, detail: chargeDetail },
    }
    await consumeDeadLetters([message(parked)], deadCapture, partsFor([account]))
    const found = await listFindings(db, { beforeId: undefined, limit: 10 })
    expect(found.map(({ kind, subject, seenCount }) => ({ kind, subject, seenCount }))).toEqual([
      { kind: 'dead_capture', subject: callId(1), seenCount: 1 },
      { kind: 'dead_letter', subject: '1:1+5', seenCount: 2 },
    ])
    expect(dead[0]?.outcome).toBe('acked')
  })
})

describe('the sweep', () => {
  // Cases: billing-bugs 68, 69
  test('an account whose messages never came is asked to send them again, and so woken', async () => {
    const account = new StandInAccount().live(6)
    const [first] = account.messages(4)
    await consumeEntries([message(first)], partsFor([account]))
    const counts = await reconcile(partsFor([account]))
    expect(counts).toEqual({ accounts: 1, findings: 0, resends: 1, failures: 0 })
    expect(account.resends).toBe(1)
  })

  test('an object that has not heard how far Postgres is hears it from the sweep', async () => {
    const account = new StandInAccount().live(6)
    await consumeEntries(
      account.messages(4).map((body) => message(body)),
      partsFor([account]),
    )
    account.confirmed = 0
    const counts = await reconcile(partsFor([account]))
    expect(account.confirmed).toBe(8)
    expect(counts).toMatchObject({ findings: 0, resends: 0 })
  })

  test('a row that is removed, changed or added behind our back becomes a finding and is not mended', async () => {
    const tamper = [
      { statement: sql`delete from ledger_entries where seq = 3`, found: ['drift', 'rows_missing'] },
      { statement: sql`update ledger_entries set amount_nano_usd = 5 where seq = 3`, found: ['drift'] },
      { statement: sql`update ledger_entries set hash = 'x' where seq = 8`, found: ['drift'] },
      {
        statement: sql`insert into ledger_entries select account_id, epoch, 9, kind, reference, amount_nano_usd,
          balance_after_nano_usd, key_number, detail, hash, created_at, received_at from ledger_entries where seq = 8`,
        found: ['mirror_ahead'],
      },
    ]
    for (const { statement, found } of tamper) {
      await db.execute(
        sql`truncate accounts, ledger_entries, ledger_marks, charges, findings, account_epochs`,
      )
      const account = new StandInAccount().live(6)
      await consumeEntries(
        account.messages(4).map((body) => message(body)),
        partsFor([account]),
      )
      await db.execute(statement)
      await reconcile(partsFor([account]))
      expect([...new Set(await kinds())].sort()).toEqual(expect.arrayContaining(found))
    }
  })

  test('a gap is a finding once it is older than any retry', async () => {
    const account = new StandInAccount().live(8)
    const [first, , third] = account.messages(4)
    const start = Date.parse('2026-11-01T12:00:00Z')
    await consumeEntries([message(first), message(third)], partsFor([account], start))
    await reconcile(partsFor([account], start))
    expect(await kinds()).toEqual([])
    await reconcile(partsFor([account], start + hourMs))
    expect(await kinds()).toEqual(['gap'])
  })

  test('one account that cannot be reached does not end the sweep of the others', async () => {
    const accounts = [1, 2, 3].map(() => new StandInAccount().live(6))
    for (const account of accounts)
      await consumeEntries([message(account.messages(4)[0])], partsFor(accounts))
    const parts = partsFor(accounts)
    const unreachable = accounts[1]?.accountId
    const counts = await reconcile({
      ...parts,
      accounts: (accountId) => {
        if (accountId === unreachable) throw new Error('the object is overloaded')
        return parts.accounts(accountId)
      },
    })
    expect(counts).toMatchObject({ accounts: 3, resends: 2, failures: 1 })
  })
})

describe('the sweep comes round', () => {
  const start = Date.parse('2026-11-01T12:00:00Z')

  /** Known to Postgres, with a first entry at `lastEntryMs`; oldest by name first. */
  async function known(count: number, lastEntryMs: number): Promise<StandInAccount[]> {
    const accounts = Array.from({ length: count }, () => new StandInAccount().live(2))
    const time = new Date(lastEntryMs).toISOString()
    for (const { accountId } of accounts)
      await db.execute(sql`insert into accounts (id, name, region, created_at, last_entry_at)
        values (${accountId}, '', 'e', ${time}::timestamptz, ${time}::timestamptz)`)
    return accounts
  }

  test('each run visits so many accounts at most, the active first, and all have their turn', async () => {
    const active = await known(4, start - hourMs)
    const rest = await known(6, start - 48 * hourMs)
    const all = [...active, ...rest]
    const pulses = (accounts: readonly StandInAccount[]) => accounts.map((account) => account.pulses)
    for (let run = 0; run < 4; run += 1) {
      const before = pulses(all).reduce((sum, count) => sum + count, 0)
      const counts = await reconcile(partsFor(all, start + run * hourMs), { accounts: 5, active: 3 })
      expect(counts.accounts).toBe(5)
      expect(pulses(all).reduce((sum, count) => sum + count, 0) - before).toBe(5)
    }
    expect(pulses(all).every((count) => count >= 1)).toBe(true)
    expect(Math.min(...pulses(active))).toBeGreaterThan(1)
  })

  test('an account that cannot be reached has had its turn like the others', async () => {
    const [lost, other] = await known(2, start - hourMs)
    const parts = partsFor(other === undefined ? [] : [other], start)
    const ports = (accountId: AccountId) => {
      if (accountId === lost?.accountId) throw new Error('the object is overloaded')
      return parts.accounts(accountId)
    }
    for (let run = 0; run < 2; run += 1)
      await reconcile(
        { ...parts, accounts: ports, clock: partsFor([], start + run).clock },
        { accounts: 1, active: 1 },
      )
    expect(other?.pulses).toBe(1)
  })

  test('a sweep that does not come round in time is a finding with its figure', async () => {
    const accounts = await known(3, start - hourMs)
    await reconcile(partsFor(accounts, start))
    await reconcile(partsFor(accounts, start + 3 * hourMs), { accounts: 1, active: 1 })
    expect(await kinds()).toEqual([])
    await reconcile(partsFor(accounts, start + 5 * hourMs), { accounts: 1, active: 1 })
    const [finding] = await listFindings(db, { beforeId: undefined, limit: 10 })
    expect(finding).toMatchObject({ kind: 'sweep_behind', subject: 'active', detail: { forMs: 5 * hourMs } })
  })

  test('what an object says of its health is a finding each, with its figure, counted when it is seen again', async () => {
    const account = new StandInAccount().live(2)
    await consumeEntries([message(account.messages(4)[0])], partsFor([account]))
    account.pulse = {
      overdue: { dueAgoMs: 400_000, armedAgoMs: null },
      unconfirmedForMs: 2 * hourMs,
      oldestHoldAgeMs: 3 * hourMs,
      databaseBytes: 6_000_000_000,
    }
    for (let run = 0; run < 2; run += 1) await reconcile(partsFor([account]))
    const found = await listFindings(db, { beforeId: undefined, limit: 10 })
    expect(found.map(({ kind, detail, seenCount }) => ({ kind, detail, seenCount }))).toEqual(
      expect.arrayContaining([
        { kind: 'stuck_hold', detail: { ageMs: 3 * hourMs }, seenCount: 2 },
        { kind: 'alarm_missing', detail: { dueAgoMs: 400_000, armedAgoMs: null }, seenCount: 2 },
        { kind: 'unconfirmed', detail: { forMs: 2 * hourMs, head: 4, confirmed: 4 }, seenCount: 2 },
        {
          kind: 'object_large',
          detail: { bytes: 6_000_000_000, bytesMax: 10_000_000_000 },
          seenCount: 2,
        },
      ]),
    )
  })
})

function raise(what: string): never {
  throw new Error(what)
}

describe('a person is erased', () => {
  const person = 'Jane Roe'
  const put = { action: 'put', name: person }

  /** Named all over, erased, and then named once more by whoever goes on with it. */
  function erased() {
    const account = new StandInAccount()
    account.add({ kind: 'create', reference: 'create', amount: 0, detail: { name: person } })
    account.add({ kind: 'key', reference: 'key:1', amount: 0, keyNumber: 1, detail: put })
    account.add({ kind: 'grant', reference: 'grant:1', amount: 7, detail: { reason: `for ${person}` } })
    account.add({ kind: 'erasure', reference: 'erasure:1', amount: 0, detail: { reason: 'asked' } })
    account.add({
      kind: 'key',
      reference: 'end',
      amount: 0,
      keyNumber: 1,
      detail: { action: 'revoke', name: '' },
    })
    account.add({
      kind: 'key',
      reference: 'key:2',
      amount: 0,
      keyNumber: 2,
      detail: { action: 'put', name: 'new' },
    })
    return account
  }

  test('in whatever order the lines arrive, no row names anybody and all else stands', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) {
      const account = erased()
      const messages = shuffled([...account.messages(1), ...account.messages(2)], seed)
      const parts = partsFor([account])
      for (const body of messages) await consumeEntries([message(body)], parts)
      const { rows } = await db.execute(sql`select to_jsonb(line) as row from ledger_entries as line
        union all select to_jsonb(named) from api_keys as named union all select to_jsonb(owner) from accounts as owner
        union all select to_jsonb(found) from findings as found`)
      expect(JSON.stringify(rows), `seed ${seed}`).not.toContain(person)
      expect(await rowsOf(account)).toEqual(expected(account))
      expect(account.confirmed).toBe(6)
      const keys = await db.execute(sql`select name, is_disabled from api_keys
        where account_id = ${account.accountId} order by key_number`)
      expect(keys.rows).toEqual([
        { name: '', is_disabled: true },
        { name: 'new', is_disabled: false },
      ])
    }
  })
})
