// From the account's object to Postgres while something is broken on the way. A world of its own: its Postgres is stopped,
// its queue loses and repeats, and its clock runs forty times as fast.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { World } from '../../dev/world.ts'
import { chatMany, chatOnce, valueAt } from '../world/chat.ts'
import { startFaultyWorld } from '../world/faulty-world.ts'

let world: World

beforeAll(async () => {
  world = await startFaultyWorld({ vars: { TIME_SCALE: '40' } })
})

afterAll(() => world.stop())

type Account = { accountId: string; apiKey: string }

const manyCalls = { rpm: 1_000_000, in_flight: 1_000 }

const spent = (answers: readonly { costUsd: number }[]) =>
  answers.reduce((sum, answer) => sum + Math.round(answer.costUsd * 1e9), 0)

/** All entries of the object are in Postgres and confirmed; then what is there. */
async function settledRows({ accountId, apiKey }: Account, withinMs = 120_000) {
  await vi.waitFor(
    async () => {
      const { body } = await read('/v1/account/usage', apiKey)
      expect(valueAt(body, 'pending_entries')).toBe(0)
    },
    { timeout: withinMs, interval: 250 },
  )
  const rows = await world.sql(
    'select seq, kind, reference, amount_nano_usd, balance_after_nano_usd from ledger_entries where account_id = $1 order by seq',
    [accountId],
  )
  const { entries } = await world.operator('GET', `/accounts/${accountId}`)
  expect(rows).toHaveLength(Number(valueAt(entries, 'head')))
  return rows
}

/** Every entry once, in order, none missing, and the sums equal to the nano-dollar. */
async function expectComplete(account: Account, answers: readonly { callId: string; costUsd: number }[]) {
  const { accountId } = account
  const rows = await settledRows(account)
  expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1))
  const charged = rows.filter(({ kind }) => kind === 'usage' || kind === 'late')
  expect(new Set(charged.map(({ reference }) => reference))).toEqual(
    new Set(answers.map(({ callId }) => callId)),
  )
  const sum = rows.reduce((total, row) => total + Number(row['amount_nano_usd']), 0)
  expect(sum).toBe(rows.at(-1)?.['balance_after_nano_usd'])
  const charges = await world.sql(
    'select count(*) as calls, sum(cost_nano_usd) as cost from charges where account_id = $1',
    [accountId],
  )
  expect(charges[0]?.['calls']).toBe(answers.length)
  expect(Number(charges[0]?.['cost'])).toBe(spent(answers))
}

async function droppedMessages(): Promise<number> {
  const seen: unknown = await (await fetch(`${world.baseUrl}/__fault`)).json()
  return Number(valueAt(seen, 'droppedMessages'))
}

async function confirmsOf(accountId: string): Promise<number> {
  const seen: unknown = await (await fetch(`${world.baseUrl}/__fault?accountId=${accountId}`)).json()
  return Number(valueAt(seen, 'calls', 'confirm') ?? 0)
}

/** Everything that the account sends during `traffic` is lost, and nothing later. */
async function losing<Result>(accountId: string, traffic: () => Promise<Result>): Promise<Result> {
  const before = await droppedMessages()
  await world.fault({ kind: 'drop_messages', ms: 3_600_000 })
  const result = await traffic()
  await vi.waitFor(
    async () => {
      expect(await droppedMessages()).toBeGreaterThan(before)
      const { entries } = await world.operator('GET', `/accounts/${accountId}`)
      expect(valueAt(entries, 'sent')).toBe(valueAt(entries, 'head'))
    },
    { timeout: 30_000, interval: 1_000 },
  )
  await world.fault({ kind: 'clear' })
  return result
}

async function read(path: string, apiKey: string) {
  const response = await fetch(`${world.baseUrl}${path}`, { headers: { authorization: `Bearer ${apiKey}` } })
  const body: unknown = await response.json()
  return { status: response.status, body }
}

describe('Postgres is away', () => {
  test('for the whole of 500 requests: the customer notices nothing, and then every row is there once, in order', async () => {
    const account = await world.newAccount({ settings: manyCalls })
    const { apiKey } = account
    await world.pausePostgres()
    const answers = await chatMany(500, 20, () => chatOnce(world.baseUrl, apiKey))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))

    const shown = await read('/v1/account', apiKey)
    const balance = 10_000_000_000 - spent(answers)
    expect(Math.round(Number(valueAt(shown.body, 'current_balance')) * 1e9)).toBe(balance)
    expect(valueAt(shown.body, 'recent_transactions')).toHaveLength(5)
    for (const path of ['/v1/credits', '/v1/key', '/v1/account/holds', '/v1/account/transactions?limit=100'])
      expect((await read(path, apiKey)).status, path).toBe(200)
    const explained = await read(`/v1/generation?id=${answers[0]?.callId}`, apiKey)
    expect(valueAt(explained.body, 'data', 'total_cost')).toBe(answers[0]?.costUsd)
    const usage = await read('/v1/account/usage', apiKey)
    expect(usage.status).toBe(503)
    expect(valueAt(usage.body, 'error', 'message')).toContain('history cannot be read')

    await world.startPostgresAgain()
    await expectComplete(account, answers)
    const report = await read('/v1/account/usage', apiKey)
    expect(valueAt(report.body, 'totals', 'requests')).toBe(500)
    expect(valueAt(report.body, 'pending_entries')).toBe(0)
  }, 240_000)

  test('killed in the middle of the traffic: nothing that was charged is missing or there twice', async () => {
    const account = await world.newAccount({ settings: manyCalls })
    const { apiKey } = account
    const traffic = chatMany(150, 10, () => chatOnce(world.baseUrl, apiKey, { tokens: 3, firstMs: 50 }))
    await world.pausePostgres({ sigkill: true })
    await world.startPostgresAgain()
    await expectComplete(account, await traffic)
  }, 180_000)
})

describe("the account's object is away", () => {
  test('a call that Postgres knows is still explained, and the balance is said to be out of reach', async () => {
    const account = await world.newAccount({ settings: manyCalls })
    const [call] = await chatMany(1, 1, () => chatOnce(world.baseUrl, account.apiKey))
    await settledRows(account)
    const fresh = await read(`/v1/generation?id=${call?.callId}`, account.apiKey)
    await world.fault({ kind: 'unreachable', accountId: account.accountId, ms: 3_600_000 })
    expect(await read(`/v1/generation?id=${call?.callId}`, account.apiKey)).toEqual(fresh)
    expect(await read('/v1/account/usage', account.apiKey)).toMatchObject({
      status: 200,
      body: { balance: null, totals: { requests: 1 } },
    })
    const shown = await read('/v1/account', account.apiKey)
    expect(shown.status).toBe(503)
    expect(valueAt(shown.body, 'error', 'code')).toBe('ledger_unavailable')
    await world.fault({ kind: 'clear' })
  })
})

describe('the queue', () => {
  // Cases: billing-bugs 68
  test('loses everything for a while, dead letters too: every row arrives, once, when the objects send again', async () => {
    const account = await world.newAccount({ settings: manyCalls })
    const { accountId, apiKey } = account
    const answers = await losing(accountId, () => chatMany(30, 5, () => chatOnce(world.baseUrl, apiKey)))
    await expectComplete(account, answers)
  }, 180_000)

  // Cases: billing-bugs 44
  test('delivers again what was written already: the books do not change', async () => {
    const account = await world.newAccount({ settings: manyCalls })
    const { accountId, apiKey } = account
    await world.fault({ kind: 'fail_after_messages', ms: 3_000 })
    const answers = await chatMany(30, 5, () => chatOnce(world.baseUrl, apiKey))
    await expectComplete(account, answers)
    // Each message that was written is confirmed to the object: more of them can only be the same ones again.
    const confirms = await confirmsOf(accountId)
    await vi.waitFor(async () => expect(await confirmsOf(accountId)).toBeGreaterThan(confirms), {
      timeout: 30_000,
      interval: 250,
    })
    await expectComplete(account, answers)
  }, 180_000)

  test('dies between taking a message and writing it: the message is written by the next', async () => {
    const account = await world.newAccount({ settings: manyCalls })
    const { apiKey } = account
    await world.fault({ kind: 'fail_before_messages', ms: 3_000 })
    await expectComplete(account, await chatMany(30, 5, () => chatOnce(world.baseUrl, apiKey)))
  }, 180_000)
})

describe('the hourly sweep', () => {
  // Cases: billing-bugs 69
  test('asks for what Postgres has not got, without waiting for the object', async () => {
    const account = await world.newAccount({ settings: manyCalls })
    const { accountId, apiKey } = account
    const first = await chatMany(2, 1, () => chatOnce(world.baseUrl, apiKey))
    await expectComplete(account, first)
    const lost = await losing(accountId, () => chatMany(5, 1, () => chatOnce(world.baseUrl, apiKey)))
    await world.runCron()
    await settledRows(account, 8_000)
    await expectComplete(account, [...first, ...lost])
  }, 120_000)

  test('reports a row that was changed behind our back, where the operator reads it, and mends nothing', async () => {
    const account = await world.newAccount({ settings: manyCalls })
    const { accountId, apiKey } = account
    await expectComplete(account, await chatMany(3, 1, () => chatOnce(world.baseUrl, apiKey)))
    await world.sql('update ledger_entries set amount_nano_usd = 1 where account_id = $1 and seq = 4', [
      accountId,
    ])
    await world.runCron()
    const { data } = await world.operator('GET', '/findings?limit=200')
    const found = Array.isArray(data) ? data : []
    expect(
      found.map((finding: unknown) => [valueAt(finding, 'account_id'), valueAt(finding, 'kind')]),
    ).toContainEqual([accountId, 'drift'])
    const rows = await world.sql(
      'select amount_nano_usd from ledger_entries where account_id = $1 and seq = 4',
      [accountId],
    )
    expect(rows).toEqual([{ amount_nano_usd: 1 }])
  }, 60_000)
})
