// The hourly sweep wakes an object whose alarm the platform has given up, and the operator reads what was found and what to do.

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { World } from '../../dev/world.ts'
import { valueAt } from '../world/chat.ts'
import { startFaultyWorld } from '../world/faulty-world.ts'
import { ask, streamOf } from '../world/gateway.ts'
import { newOwner } from '../world/topping-up.ts'

let world: World

beforeAll(async () => {
  world = await startFaultyWorld({ vars: { TIME_SCALE: '40' } })
})

afterAll(() => world.stop())

async function findingsOf(accountId: string): Promise<readonly unknown[]> {
  const { data } = await world.operator('GET', '/findings?limit=200')
  return Array.isArray(data)
    ? data.filter((found: unknown) => valueAt(found, 'account_id') === accountId)
    : []
}

// Cases: billing-bugs 68, 69
test('an object whose alarm is gone is woken by the sweep, once, and a finding says so', async () => {
  const { accountId, apiKey } = await world.newAccount()
  const body = streamOf({ tokens: 4_000, firstMs: 5, gapMs: 50 })
  const leaving = new AbortController()
  const call = ask(world, { apiKey, body, signal: leaving.signal }).catch(() => undefined)
  const held = async () => valueAt(await world.operator('GET', `/accounts/${accountId}`), 'open_holds')
  await vi.waitFor(async () => expect(await held()).toBe(1), { timeout: 30_000, interval: 20 })
  await world.fault({ kind: 'lose_alarm', accountId })
  await world.runCron()
  leaving.abort()
  await call

  const found = await findingsOf(accountId)
  expect(found).toMatchObject([
    {
      kind: 'alarm_missing',
      detail: { armedAgoMs: null },
      seen_count: 1,
      what: expect.stringContaining('no wake came'),
      next_step: expect.any(String),
    },
  ])
  await vi.waitFor(async () => expect(await held()).toBe(0), { timeout: 30_000, interval: 100 })
  await world.runCron()
  expect(await findingsOf(accountId)).toEqual(found)
}, 60_000)

test('a promotion code whose redeemer died before the credit is credited by the sweep, once', async () => {
  const { accountId } = await world.newAccount({ creditUsd: '1' })
  const code = 'DIED-HALFWAY'
  await world.operator('POST', '/promotion-codes', { code, amount: '10', uses_max: 1, reason: 'a test' })
  // As the claim leaves it.
  await world.sql('update promotion_codes set uses = 1 where code = $1', [code])
  await world.sql(
    `insert into promotion_redemptions (code, account_id, amount_nano_usd, claimed_at)
     values ($1, $2, 10000000000, now() - interval '6 minutes')`,
    [code, accountId],
  )
  const balance = async () => valueAt(await world.operator('GET', `/accounts/${accountId}`), 'balance')
  await world.runCron()
  expect(await balance()).toBe('11.00')
  await world.runCron()
  expect(await balance()).toBe('11.00')
})

// Cases: payments 13, 28
test('an automatic top-up that its owner has confirmed, and whose event never came, is credited by the sweep', async () => {
  const owner = await newOwner(world, '10')
  await owner.save('pm_card_authenticationRequired')
  await owner.enable()
  await owner.spend(1)
  await owner.becomes({ why: 'needs_action' })
  await world.stripe.control.holdDeliveries({ mentions: owner.accountId })
  await owner.confirm()
  await world.stripe.control.dropHeld({ mentions: owner.accountId })
  const listed = () =>
    world.sql("select state from payments where account_id = $1 and kind = 'auto_top_up'", [owner.accountId])
  await vi.waitFor(async () => expect(await listed()).toEqual([{ state: 'open' }]), { timeout: 30_000 })
  await world.sql("update payments set placed_at = now() - interval '20 minutes' where account_id = $1", [
    owner.accountId,
  ])
  expect(await owner.balance()).toBe('9.00')
  await world.runCron()
  expect(await owner.balance()).toBe('29.00')
  await vi.waitFor(async () => expect(await listed()).toEqual([{ state: 'paid' }]), { timeout: 30_000 })
}, 60_000)
