// Listening to an account object in workerd: who is told, when, and that nobody who listens keeps the object awake.

import { env } from 'cloudflare:workers'
import { evictDurableObject } from 'cloudflare:test'
import { describe, expect, test, vi } from 'vitest'

import { keyNumber, makeAccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { AccountPort } from './account-port.ts'
import type { AccountEvent } from './events.ts'
import { keyOf } from './example-commands.ts'
import { listenersMax } from './listen-commands.ts'
import { listen } from './listening.ts'

vi.setConfig({ testTimeout: 60_000 })

const dollar = 1_000_000_000
const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))

type Account = { port: AccountPort; stub: DurableObjectStub }

async function opened(): Promise<Account> {
  const id = makeAccountId('w', random)
  const { ACCOUNT } = env as unknown as { ACCOUNT: { getByName(name: string): unknown } }
  const stub = ACCOUNT.getByName(id)
  const port = stub as AccountPort
  await port.create({ accountId: id, name: 'Test', settings: {} })
  await port.putKey(keyOf(1))
  await port.putKey(keyOf(2))
  return { port, stub: stub as DurableObjectStub }
}

function give({ port }: Account, reference: string, dollars: number) {
  const amountNanoUsd = nanoUsd(dollars * dollar)
  return port.credit({ reference, kind: 'grant', amountNanoUsd, reason: 'test', actor: 'test' })
}

type Heard = { events: AccountEvent[]; atMs: number[]; isOver: boolean; leave: () => void }

async function listener({ port }: Account, key = 1, after: number | null = null): Promise<Heard> {
  const heard: Heard = { events: [], atMs: [], isOver: false, leave: () => undefined }
  const answer = await listen(
    port,
    { keyNumber: key, after },
    {
      hear: (events) => {
        heard.events.push(...events)
        heard.atMs.push(Date.now())
      },
      over: () => {
        heard.isOver = true
      },
    },
  )
  if (!answer.ok) throw new Error(answer.code)
  heard.leave = answer.leave
  return heard
}

const nobody = { hear: () => undefined, over: () => undefined }

const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 20 })
const last = ({ events }: Heard) => events.at(-1)

describe('whoever listens', () => {
  test('hears the present at once, then every last state, at most once a second', async () => {
    const account = await opened()
    const heard = await listener(account)
    await until(() => expect(last(heard)).toMatchObject({ event: 'balance', balanceNanoUsd: 0 }))
    for (let n = 1; n <= 30; n += 1) await give(account, `grant ${n}`, 1)
    const balanceNanoUsd = 30 * dollar
    await until(() => expect(last(heard)).toMatchObject({ event: 'balance', balanceNanoUsd }))
    const gaps = heard.atMs.slice(1).map((time, at) => time - (heard.atMs[at] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThan(900)
    expect(heard.events.filter(({ event }) => event === 'top_up')).toHaveLength(30)
    const entries = await account.port.entriesAfter(0, 100)
    for (const event of heard.events)
      expect(event.balanceNanoUsd).toBe(entries[event.seq - 1]?.balanceAfterNanoUsd)
  })

  test('hears on after the object has slept, and missed nothing', async () => {
    const account = await opened()
    const heard = await listener(account)
    await until(() => expect(heard.events).toHaveLength(1))
    await evictDurableObject(account.stub, { webSockets: 'hibernate' })
    await give(account, 'grant 1', 5)
    await until(() =>
      expect(heard.events.map(({ event }) => event)).toEqual(['balance', 'top_up', 'recovered', 'balance']),
    )
    expect(heard.isOver).toBe(false)
  })

  test('hears what it missed while it was away', async () => {
    const account = await opened()
    const { headSeq } = await headOf(account)
    await give(account, 'grant 1', 5)
    await evictDurableObject(account.stub)
    const heard = await listener(account, 1, headSeq)
    await until(() =>
      expect(heard.events.map(({ event }) => event)).toEqual(['top_up', 'recovered', 'balance']),
    )
  })

  test('is told no more once its key is revoked, while another key hears on', async () => {
    const account = await opened()
    const [first, second] = [await listener(account, 1), await listener(account, 2)]
    await account.port.revokeKey({ reference: 'revoke 1', keyNumber: keyNumber(1) })
    await until(() => expect(first.isOver).toBe(true))
    const count = first.events.length
    await give(account, 'grant 1', 5)
    await until(() => expect(last(second)).toMatchObject({ event: 'balance', balanceNanoUsd: 5 * dollar }))
    expect(second.isOver).toBe(false)
    expect(first.events).toHaveLength(count)
    expect(await listen(account.port, { keyNumber: 1, after: null }, nobody)).toEqual({
      ok: false,
      code: 'key_disabled',
    })
  })
})

describe('an account', () => {
  test('is listened to by 20 at once, and by one more when one has left', async () => {
    const account = await opened()
    const all = await Promise.all(Array.from({ length: listenersMax }, () => listener(account)))
    const more = () => listen(account.port, { keyNumber: 1, after: null }, nobody)
    expect(await more()).toEqual({ ok: false, code: 'too_many' })
    all[0]?.leave()
    await vi.waitFor(async () => expect((await more()).ok).toBe(true), { timeout: 10_000, interval: 50 })
  })

  test('that is not there is listened to by nobody, and nothing is written', async () => {
    const { ACCOUNT } = env as unknown as { ACCOUNT: { getByName(name: string): unknown } }
    const port = ACCOUNT.getByName(makeAccountId('w', random)) as AccountPort
    expect(await listen(port, { keyNumber: 1, after: null }, nobody)).toEqual({
      ok: false,
      code: 'no_such_account',
    })
    expect(await port.view()).toBeNull()
  })
})

async function headOf({ port }: Account): Promise<{ headSeq: number }> {
  return { headSeq: (await port.view())?.marks.head ?? 0 }
}
