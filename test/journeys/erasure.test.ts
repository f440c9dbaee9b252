// A person asks to be forgotten: nothing of the operator's names them any more, and the books prove themselves as before.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { cloneDir } from '../../dev/clone.ts'
import { newBuyer } from '../world/buying.ts'
import { valueAt } from '../world/chat.ts'
import { ask } from '../world/gateway.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'

const home = mkdtempSync(join(tmpdir(), 'sluice-erasure-'))

afterAll(() => rmSync(home, { recursive: true, force: true }))

const person = 'Jane Roe'

async function confirmed(accountId: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const { entries } = await sharedWorld().operator('GET', `/accounts/${accountId}`)
      expect(valueAt(entries, 'confirmed')).toBe(valueAt(entries, 'head'))
    },
    { timeout: 60_000, interval: 250 },
  )
}

/** Every row of every table that is about the account, as text. */
async function rowsAbout(accountId: string): Promise<string> {
  const tables = ['ledger_entries', 'api_keys', 'charges', 'findings', 'account_epochs']
  const ofTables = tables.map(
    (table) => `select to_jsonb(line) as row from ${table} as line where account_id = $1`,
  )
  const text = [...ofTables, 'select to_jsonb(owner) from accounts as owner where id = $1'].join(
    ' union all ',
  )
  return JSON.stringify(await sharedWorld().sql(text, [accountId]))
}

async function verifies(accountId: string): Promise<{ isSound: boolean; text: string }> {
  const text = JSON.stringify(await sharedWorld().operator('GET', `/accounts/${accountId}/statement`))
  const file = join(home, `${accountId}.json`)
  writeFileSync(file, text)
  const script = join(cloneDir, 'docs', 'verify-statement.mjs')
  return { isSound: spawnSync(process.execPath, [script, file]).status === 0, text }
}

const chatOf = (tokens: number) => ({
  model: 'gpt-5.4-nano',
  max_tokens: tokens,
  messages: [{ role: 'user', content: `tokens=${tokens}` }],
})

test('an erased account keeps its money, proves its log and names nobody, also after a rebuild', async () => {
  const world = sharedWorld()
  const { accountId, apiKey } = await world.newAccount({ name: person, creditUsd: '3' })
  await world.operator('POST', `/accounts/${accountId}/keys`, { name: `${person}'s laptop` })
  const grant = { amount: '1', reason: `sorry, ${person}`, idempotency_key: 'sorry' }
  await world.operator('POST', `/accounts/${accountId}/grants`, grant)
  const headers = { 'idempotency-key': 'once' }
  const call = () => ask(world, { apiKey, headers, body: chatOf(5) })
  expect((await call()).status).toBe(200)
  expect((await call()).headers.get('idempotent-replayed')).toBe('true')
  await confirmed(accountId)
  const { balance } = await world.operator('GET', `/accounts/${accountId}`)
  expect(await rowsAbout(accountId)).toContain(person)

  const command = { reason: 'request of 21 November', idempotency_key: 'e-1', confirm: true }
  const erased = await askOperator('POST', `/accounts/${accountId}/erase`, command)
  expect(erased).toMatchObject({ status: 201, body: { account_id: accountId, is_repeat: false } })
  const again = await askOperator('POST', `/accounts/${accountId}/erase`, command)
  expect(again).toMatchObject({ status: 200, body: { seq: valueAt(erased.body, 'seq'), is_repeat: true } })

  await confirmed(accountId)
  const shown = await world.operator('GET', `/accounts/${accountId}`)
  expect(shown).toMatchObject({ name: '', balance })
  expect(await rowsAbout(accountId)).not.toContain(person)
  const statement = await verifies(accountId)
  expect(statement).toMatchObject({ isSound: true })
  // The answer that was kept is gone: a repeat is charged nothing and gets the receipt.
  expect(await call()).toMatchObject({ status: 409 })

  const rebuild = { reason: 'a drill', idempotency_key: 'r-1', confirm: true, discard: true }
  expect(await askOperator('POST', `/accounts/${accountId}/rebuild`, rebuild)).toMatchObject({ status: 200 })
  await confirmed(accountId)
  expect(await world.operator('GET', `/accounts/${accountId}`)).toMatchObject({ name: '', balance, epoch: 2 })
  expect(await rowsAbout(accountId)).not.toContain(person)
  expect(await verifies(accountId)).toMatchObject({ isSound: true })
}, 90_000)

test.each([
  [{ reason: 'r', idempotency_key: 'k' }, 'confirm'],
  [{ reason: '', idempotency_key: 'k', confirm: true }, 'reason'],
  [{ reason: 'r', confirm: true }, 'idempotency_key'],
])('an erasure that is asked for by %j is refused with the name of what is wrong', async (body, param) => {
  const { accountId } = await sharedWorld().newAccount({ creditUsd: '0' })
  const answer = await askOperator('POST', `/accounts/${accountId}/erase`, body)
  expect(answer).toMatchObject({ status: 400, body: { error: { param } } })
})

test('what an account was told of a person and sent to them goes with them', async () => {
  const world = sharedWorld()
  const buyer = await newBuyer(world)
  const { accountId, api } = buyer
  const email = `jane.roe.${accountId}@customer.example`
  await api('PUT', '/api/billing-emails', { billing_emails: [email] })
  const hook = { url: `${world.mailboxUrl}/hooks/${accountId}`, description: `${person}'s endpoint` }
  expect((await api('POST', '/api/webhooks', hook)).status).toBe(201)
  await fetch(hook.url, { method: 'PUT', body: JSON.stringify({ status: 200, body: `Thanks, ${person}` }) })
  const { sessionId } = await buyer.buy('10')
  await world.stripe.control.pay({ sessionId, method: 'pm_card_visa' })
  const told = async () => {
    const of = (table: string) => `select to_jsonb(t)::text as row from ${table} t where account_id = $1`
    const tables = ['notices', 'webhook_deliveries', 'webhook_endpoints', 'billing_emails']
    return JSON.stringify(await world.sql(tables.map(of).join(' union all '), [accountId]))
  }
  // All that is to go has been there.
  await vi.waitFor(
    async () => {
      const text = await told()
      for (const trace of ['last4', `Thanks, ${person}`, `${person}'s endpoint`, email])
        expect(text).toContain(trace)
    },
    { timeout: 30_000 },
  )
  const command = { reason: 'asked for', idempotency_key: 'e-1', confirm: true }
  expect((await askOperator('POST', `/accounts/${accountId}/erase`, command)).status).toBe(201)
  await confirmed(accountId)
  const left = await told()
  for (const trace of ['last4', person, email]) expect(left).not.toContain(trace)
  expect(left).toContain('receipt')
}, 90_000)
