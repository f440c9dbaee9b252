// The statement of an account: what Postgres has confirmed, verified by the script that stands in docs/ for everybody.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { cloneDir } from '../../dev/clone.ts'
import { chatMany, chatOnce, valueAt } from '../world/chat.ts'
import { sharedWorld } from '../world/shared-world.ts'

const home = mkdtempSync(join(tmpdir(), 'sluice-statement-'))

afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Exit 0 is a statement that holds. */
function verify(pages: readonly string[]): number | null {
  const files = pages.map((text, index) => {
    const file = join(home, `page-${index + 1}.json`)
    writeFileSync(file, text)
    return file
  })
  return spawnSync(process.execPath, [join(cloneDir, 'docs', 'verify-statement.mjs'), ...files]).status
}

async function statement(accountId: string, query = ''): Promise<{ readonly [name: string]: unknown }> {
  return sharedWorld().operator('GET', `/accounts/${accountId}/statement${query}`)
}

async function accountWithCalls(calls: number) {
  const world = sharedWorld()
  const account = await world.newAccount({ name: 'Ada Lovelace', creditUsd: '3' })
  const answers = await chatMany(calls, 2, () => chatOnce(world.baseUrl, account.apiKey))
  await vi.waitFor(
    async () => {
      const { entries } = await world.operator('GET', `/accounts/${account.accountId}`)
      expect(valueAt(entries, 'confirmed')).toBe(valueAt(entries, 'head'))
    },
    { timeout: 60_000, interval: 250 },
  )
  return { ...account, answers }
}

// The chain is over the digits and letters themselves: each of them is changed once.
test('a statement is verified by anyone, and a change of any byte of its entries or figures is found', async () => {
  const { accountId, answers } = await accountWithCalls(3)
  const shown = await statement(accountId)
  expect(valueAt(shown, 'entries')).toHaveLength(6)
  const spent = answers.reduce((sum, { costUsd }) => sum + Math.round(costUsd * 1e9), 0)
  expect(valueAt(shown, 'balance_after_nano_usd')).toBe(3_000_000_000 - spent)
  // Nobody's name leaves with it.
  expect(JSON.stringify(shown)).not.toContain('Ada')

  const { account_id: _, from: __, to: ___, ...proved } = shown
  const text = JSON.stringify(proved)
  expect(verify([text])).toBe(0)
  const places = [...text.matchAll(/[0-9a-z]/gi)].map(({ index }) => index)
  const step = Math.ceil(places.length / 60)
  for (const place of places.filter((_place, at) => at % step === 0)) {
    const old = text.charAt(place)
    const changed = text.slice(0, place) + (old === '7' ? '8' : '7') + text.slice(place + 1)
    expect(verify([changed]), `${text.slice(place - 30, place)}[${old}]`).not.toBe(0)
  }
}, 120_000)

test('a statement in parts follows on from one to the next, and a part left out is found', async () => {
  const { accountId } = await accountWithCalls(2)
  const whole = await statement(accountId)
  const parts = ['1:2', '1:4'].map((cursor) => statement(accountId, `?cursor=${cursor}`))
  const [later, last] = await Promise.all(parts)
  const entries = valueAt(whole, 'entries')
  if (!Array.isArray(entries) || later === undefined || last === undefined) throw new Error('no entries')
  const first = {
    ...whole,
    entries: entries.slice(0, 2),
    hash: valueAt(later, 'previous_hash'),
    balance_after_nano_usd: valueAt(later, 'balance_before_nano_usd'),
  }
  expect(verify([JSON.stringify(first), JSON.stringify(later)])).toBe(0)
  expect(verify([JSON.stringify(later)])).toBe(0)
  expect(verify([JSON.stringify(first), JSON.stringify(last)])).not.toBe(0)
  const nothing = await statement(accountId, '?from=2999-01-01')
  expect(nothing).toMatchObject({ entries: [], next_cursor: null })
}, 60_000)

test.each(['?from=yesterday', '?to=2026-13-45', '?cursor=2'])(
  'a statement of %s is refused with the name of what is wrong',
  async (query) => {
    const { baseUrl, operatorToken } = sharedWorld()
    const { accountId } = await sharedWorld().newAccount({ creditUsd: '0' })
    const response = await fetch(`${baseUrl}/operator/v1/accounts/${accountId}/statement${query}`, {
      headers: { authorization: `Bearer ${operatorToken}` },
    })
    const body: unknown = await response.json()
    expect(response.status).toBe(400)
    expect(valueAt(body, 'error', 'param')).toBe(/\?(\w+)=/.exec(query)?.[1])
  },
)
