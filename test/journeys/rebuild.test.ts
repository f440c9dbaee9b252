// An account object is lost, or Postgres is: each is made anew from the other. A world of its own, whose objects can be lost.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { World } from '../../dev/world.ts'
import { chatMany, chatOnce, valueAt } from '../world/chat.ts'
import { startFaultyWorld } from '../world/faulty-world.ts'
import { ask, contentOf, streamOf } from '../world/gateway.ts'

let world: World

beforeAll(async () => {
  world = await startFaultyWorld({ vars: { TIME_SCALE: '40' } })
})

afterAll(() => world.stop())

const nano = (answers: readonly { costUsd: number }[]) =>
  answers.reduce((sum, { costUsd }) => sum + Math.round(costUsd * 1e9), 0)

async function shown(accountId: string) {
  return world.operator('GET', `/accounts/${accountId}`)
}

async function confirmed(accountId: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const { entries } = await shown(accountId)
      expect(valueAt(entries, 'confirmed')).toBe(valueAt(entries, 'head'))
    },
    { timeout: 90_000, interval: 250 },
  )
}

async function call(method: string, path: string, body: unknown) {
  const response = await fetch(`${world.baseUrl}/operator/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${world.operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer: unknown = await response.json()
  return { status: response.status, body: answer }
}

const rebuild = (accountId: string, more: object = {}) =>
  call('POST', `/accounts/${accountId}/rebuild`, {
    reason: 'a test lost it',
    idempotency_key: `rebuild-${accountId}`,
    confirm: true,
    ...more,
  })

async function mayRead(apiKey: string): Promise<number> {
  const headers = { authorization: `Bearer ${apiKey}` }
  return (await fetch(`${world.baseUrl}/v1/credits`, { headers })).status
}

/** Postgres holds numbers 1 to the head, and the newest epoch adds up to the balance. */
async function expectBooks(accountId: string, balanceNanoUsd: number): Promise<void> {
  await confirmed(accountId)
  const rows = await world.sql(
    'select epoch, seq, amount_nano_usd from ledger_entries where account_id = $1 order by seq',
    [accountId],
  )
  expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1))
  const newest = rows.at(-1)?.['epoch']
  const sum = rows
    .filter(({ epoch }) => epoch === newest)
    .reduce((total, row) => total + Number(row['amount_nano_usd']), 0)
  expect(sum).toBe(balanceNanoUsd)
  const { balance } = await shown(accountId)
  expect(Math.round(Number(balance) * 1e9)).toBe(balanceNanoUsd)
}

/** A line that came before the one below it, which was lost with its object: it stands beyond the end of its epoch. */
async function strayGrant(accountId: string, amountNanoUsd: number): Promise<void> {
  await world.sql(
    `insert into ledger_entries (account_id, epoch, seq, kind, reference, amount_nano_usd, balance_after_nano_usd, key_number,
       detail, hash, created_at, received_at)
     select account_id, epoch, seq + 100, kind, 'grant:stray', $2, $2, key_number, detail, 'stray', created_at, received_at
     from ledger_entries where account_id = $1 and kind = 'grant'`,
    [accountId, amountNanoUsd],
  )
}

/** The same of a refund; the payment that it gives back is lost, and so far nobody has told it again. */
async function strayRefund(accountId: string, payment: string): Promise<void> {
  await world.sql(
    `insert into ledger_entries (account_id, epoch, seq, kind, reference, amount_nano_usd, balance_after_nano_usd, key_number,
       detail, hash, created_at, received_at)
     select account_id, epoch, seq + 100, 'refund', 'refund:stray', -2000000000, 0, null,
       jsonb_build_object('payment', $2::text, 'asked', null), 'stray', created_at, received_at
     from ledger_entries where account_id = $1 and kind = 'grant'`,
    [accountId, payment],
  )
}

async function stepsOf(accountId: string): Promise<unknown[]> {
  const rows = await world.sql('select step from account_epochs where account_id = $1 order by epoch', [
    accountId,
  ])
  return rows.map(({ step }) => step)
}

describe('an object that lost its storage', () => {
  test('comes back with balance, keys, limits, spending and first outcomes, and goes on', async () => {
    const { accountId, apiKey } = await world.newAccount({
      settings: { rpm: 77 },
      key: { limits: [{ window: 'lifetime', amount: '5' }] },
    })
    const revoked = await world.operator('POST', `/accounts/${accountId}/keys`, { name: 'old' })
    await world.operator('DELETE', `/accounts/${accountId}/keys/2`)
    const answers = await chatMany(3, 1, () => chatOnce(world.baseUrl, apiKey))
    await confirmed(accountId)
    const before = await shown(accountId)
    await world.fault({ kind: 'lose', accountId })
    expect((await call('GET', `/accounts/${accountId}`, undefined)).status).toBe(404)

    const rebuilt = await rebuild(accountId)
    expect(rebuilt).toMatchObject({ status: 200, body: { epoch: 2, step: 'done' } })
    const { entries: _, epoch: __, ...same } = before
    expect(await shown(accountId)).toMatchObject({ ...same, epoch: 2 })
    expect(await mayRead(String(revoked['key']))).toBe(403)
    const again = { amount: '10.00', reason: 'starting credit', idempotency_key: `start-${accountId}` }
    expect(await world.operator('POST', `/accounts/${accountId}/grants`, again)).toMatchObject({
      is_repeat: true,
    })
    const more = await chatMany(2, 1, () => chatOnce(world.baseUrl, apiKey))
    await expectBooks(accountId, 10_000_000_000 - nano([...answers, ...more]))
    expect(await rebuild(accountId)).toEqual(rebuilt)
    const statement = await world.operator('GET', `/accounts/${accountId}/statement`)
    expect(valueAt(statement, 'balance_after_nano_usd')).toBe(10_000_000_000 - nano([...answers, ...more]))
  }, 120_000)

  test('books what the calls that ran through the loss have delivered, once each', async () => {
    const { accountId, apiKey } = await world.newAccount()
    await confirmed(accountId)
    const stream = () => ask(world, { apiKey, body: streamOf({ tokens: 40, firstMs: 20, gapMs: 25 }) })
    const running = Promise.all([stream(), stream(), stream()])
    await vi.waitFor(async () => expect(valueAt(await shown(accountId), 'open_holds')).toBe(3), {
      timeout: 30_000,
      interval: 20,
    })
    await world.fault({ kind: 'lose', accountId })
    expect(await rebuild(accountId)).toMatchObject({ status: 200 })
    const answers = await running
    expect(answers.map(({ events }) => contentOf(events) !== '')).toEqual([true, true, true])
    const late =
      "select reference, amount_nano_usd from ledger_entries where account_id = $1 and kind = 'late'"
    await vi.waitFor(async () => expect(await world.sql(late, [accountId])).toHaveLength(3), {
      timeout: 60_000,
      interval: 250,
    })
    const rows = await world.sql(late, [accountId])
    expect(new Set(rows.map(({ reference }) => reference))).toEqual(
      new Set(answers.map(({ callId }) => callId)),
    )
    const booked = rows.map((row) => Number(row['amount_nano_usd']))
    expect(booked.every((amount) => amount < 0)).toBe(true)
    await expectBooks(
      accountId,
      booked.reduce((balance, amount) => balance + amount, 10_000_000_000),
    )
  }, 120_000)

  test('whose last lines reach Postgres after the end of their epoch gets them booked once, and reported', async () => {
    const { accountId, apiKey } = await world.newAccount()
    await confirmed(accountId)
    await world.pausePostgres()
    const answers = await chatMany(4, 2, () => chatOnce(world.baseUrl, apiKey))
    await vi.waitFor(
      async () => {
        const { entries } = await shown(accountId)
        expect(valueAt(entries, 'sent')).toBe(valueAt(entries, 'head'))
      },
      { timeout: 30_000, interval: 250 },
    )
    await world.fault({ kind: 'lose', accountId })
    await world.startPostgresAgain()
    await vi.waitFor(async () => expect((await rebuild(accountId)).status).toBe(200), {
      timeout: 30_000,
      interval: 500,
    })
    const balance = 10_000_000_000 - nano(answers)
    await vi.waitFor(
      async () => expect(Math.round(Number(valueAt(await shown(accountId), 'balance')) * 1e9)).toBe(balance),
      { timeout: 120_000, interval: 500 },
    )
    await expectBooks(accountId, balance)
    const charges = await world.sql(
      'select count(*) as calls, sum(cost_nano_usd) as cost from charges where account_id = $1',
      [accountId],
    )
    expect(charges[0]).toMatchObject({ calls: 4 })
    expect(Number(charges[0]?.['cost'])).toBe(nano(answers))
  }, 240_000)

  // Cases: billing-bugs 68
  test.each(['beginRebuild', 'takeEntries', 'finishRebuild'])(
    'is rebuilt once although the answer of %s was lost',
    async (method) => {
      const { accountId, apiKey } = await world.newAccount()
      const answers = await chatMany(2, 1, () => chatOnce(world.baseUrl, apiKey))
      await confirmed(accountId)
      await world.fault({ kind: 'lose', accountId })
      await world.fault({ kind: 'fail_after', accountId, method, calls: 1 })
      expect((await rebuild(accountId)).status).toBe(500)
      await world.fault({ kind: 'restart', accountId })
      expect(await rebuild(accountId)).toMatchObject({ status: 200, body: { epoch: 2, step: 'done' } })
      await expectBooks(accountId, 10_000_000_000 - nano(answers))
    },
    60_000,
  )

  // Cases: billing-bugs 68
  test.each(['finishRebuild', 'rebook'])(
    'and is lost once more after %s is rebuilt by the same request, under the epoch after that',
    async (method) => {
      const { accountId, apiKey } = await world.newAccount()
      const answers = await chatMany(2, 1, () => chatOnce(world.baseUrl, apiKey))
      await confirmed(accountId)
      await strayGrant(accountId, 7_000_000_000)
      await world.fault({ kind: 'lose', accountId })
      await world.fault({ kind: 'fail_after', accountId, method, calls: 1 })
      await rebuild(accountId)
      expect(await stepsOf(accountId)).toEqual([method === 'rebook' ? 'opened' : 'filled'])
      await world.fault({ kind: 'lose', accountId })
      expect(await rebuild(accountId)).toMatchObject({ status: 202, body: { step: 'closed' } })
      expect(await rebuild(accountId)).toMatchObject({ status: 200, body: { epoch: 3, step: 'done' } })
      expect(await stepsOf(accountId)).toEqual(['done', 'done'])
      await expectBooks(accountId, 17_000_000_000 - nano(answers))
      expect(await rebuild(accountId)).toMatchObject({ status: 200, body: { epoch: 3, step: 'done' } })
    },
    60_000,
  )

  test('and is lost once more before Postgres has heard of its new epoch is rebuilt when it is asked for', async () => {
    const { accountId } = await world.newAccount()
    await confirmed(accountId)
    await rebuild(accountId, { discard: true })
    await confirmed(accountId)
    // As if no message of it had ever arrived.
    for (const table of ['ledger_entries', 'ledger_marks'])
      await world.sql(`delete from ${table} where account_id = $1 and epoch = 2`, [accountId])
    await world.fault({ kind: 'lose', accountId })
    expect(await rebuild(accountId)).toMatchObject({ status: 200, body: { epoch: 2, step: 'done' } })
    const again = { idempotency_key: `again-${accountId}` }
    expect(await rebuild(accountId, again)).toMatchObject({ status: 200, body: { epoch: 3, step: 'done' } })
    await expectBooks(accountId, 10_000_000_000)
  }, 60_000)

  test('books a refund that came too late as soon as its payment, told again, stands there', async () => {
    const { accountId } = await world.newAccount()
    await confirmed(accountId)
    const paid = { amount: '5.00', reason: 'a transfer', idempotency_key: `paid-${accountId}` }
    await strayRefund(accountId, `adjustment:${paid.idempotency_key}`)
    await world.fault({ kind: 'lose', accountId })
    expect(await rebuild(accountId)).toMatchObject({ status: 200, body: { step: 'done' } })
    const stray = () =>
      world.sql("select detail from findings where account_id = $1 and kind = 'stray'", [accountId])
    expect(await stray()).toMatchObject([{ detail: { refused: 'no_such_payment' } }])
    await world.operator('POST', `/accounts/${accountId}/adjustments`, paid)
    await expectBooks(accountId, 15_000_000_000)
    await world.runCron()
    await expectBooks(accountId, 13_000_000_000)
    expect(valueAt((await stray())[0], 'detail')).not.toHaveProperty('refused')
    await world.runCron()
    await expectBooks(accountId, 13_000_000_000)
  }, 60_000)

  test('is rebuilt to the end by the hourly sweep when nobody asks again', async () => {
    const { accountId } = await world.newAccount()
    await confirmed(accountId)
    await world.fault({ kind: 'lose', accountId })
    await world.fault({ kind: 'fail_after', accountId, method: 'takeEntries', calls: 1 })
    expect((await rebuild(accountId)).status).toBe(500)
    await world.runCron()
    await expectBooks(accountId, 10_000_000_000)
  }, 60_000)
})

describe('a rebuild', () => {
  test('is refused while the object has its books, unless what it has is to be given up', async () => {
    const { accountId } = await world.newAccount()
    await confirmed(accountId)
    expect(await rebuild(accountId)).toMatchObject({ status: 400, body: { error: { param: 'discard' } } })
    expect(await rebuild(accountId, { confirm: false })).toMatchObject({
      status: 400,
      body: { error: { param: 'confirm' } },
    })
    expect(await rebuild(accountId, { discard: true })).toMatchObject({ status: 200, body: { epoch: 2 } })
    await expectBooks(accountId, 10_000_000_000)
  }, 60_000)

  test('of a log that was changed behind our back opens nothing', async () => {
    const { accountId } = await world.newAccount()
    await confirmed(accountId)
    await world.sql('update ledger_entries set amount_nano_usd = 11 where account_id = $1 and seq = 2', [
      accountId,
    ])
    await world.fault({ kind: 'lose', accountId })
    expect(await rebuild(accountId)).toMatchObject({ status: 400 })
    expect((await call('GET', `/accounts/${accountId}`, undefined)).status).toBe(404)
  }, 60_000)
})

describe('a Postgres that lost everything', () => {
  test('is filled again by the objects, each epoch of them', async () => {
    const { accountId, apiKey } = await world.newAccount()
    const answers = await chatMany(3, 1, () => chatOnce(world.baseUrl, apiKey))
    await confirmed(accountId)
    await rebuild(accountId, { discard: true })
    await confirmed(accountId)
    const rows = 'select epoch, seq, hash from ledger_entries where account_id = $1 order by seq'
    const before = await world.sql(rows, [accountId])
    await world.sql(
      'truncate accounts, api_keys, ledger_entries, ledger_marks, charges, findings, account_epochs',
    )
    await world.operator('POST', `/accounts/${accountId}/resend`, { from: 1 })
    await expectBooks(accountId, 10_000_000_000 - nano(answers))
    expect(await world.sql(rows, [accountId])).toEqual(before)
    const charges = await world.sql('select sum(cost_nano_usd) as cost from charges where account_id = $1', [
      accountId,
    ])
    expect(Number(charges[0]?.['cost'])).toBe(nano(answers))
  }, 60_000)
})
