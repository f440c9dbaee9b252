// What a client hears of its account at GET /v1/account/events, held against the ledger.

import { afterEach, describe, expect, test, vi } from 'vitest'
import { FrameReader } from '#sse/frames.ts'
import { valueAt } from '../world/chat.ts'
import { type Account, settledCharges } from '../world/charges.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { range } from '../world/storm.ts'

type Heard = { name: string; id: string | undefined; data: unknown }

const path = '/v1/account/events'
const all: Listener[] = []

/** A client that listens until it leaves. */
class Listener {
  readonly heard: Heard[] = []
  readonly #leaving = new AbortController()
  isOver = false
  text = ''

  static async of({ apiKey }: Account, lastEventId?: string): Promise<Listener> {
    const listener = new Listener()
    const response = await fetch(`${sharedWorld().baseUrl}${path}`, {
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
      },
      signal: listener.#leaving.signal,
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(response.headers.get('cache-control')).toBe('private, no-store, no-transform')
    void listener.#read(response)
    all.push(listener)
    return listener
  }

  leave(): void {
    this.#leaving.abort()
  }

  async until(check: (heard: readonly Heard[]) => void): Promise<void> {
    await vi.waitFor(() => check(this.heard), { timeout: 20_000, interval: 25 })
  }

  get names(): readonly string[] {
    return this.heard.map(({ name }) => name)
  }

  async #read({ body }: Response): Promise<void> {
    const frames = new FrameReader()
    try {
      for await (const bytes of body ?? []) {
        this.text += new TextDecoder().decode(bytes)
        for (const frame of frames.push(bytes)) this.#hear(new TextDecoder().decode(frame.bytes), frame.data)
      }
    } catch {
      // It left.
    }
    this.isOver = true
  }

  #hear(text: string, data: string | undefined): void {
    if (data === undefined) return
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1]
    this.heard.push({ name: field('event') ?? '', id: field('id'), data: JSON.parse(data) })
  }
}

afterEach(() => {
  for (const listener of all.splice(0)) listener.leave()
})

const newAccount = (settings = {}) => sharedWorld().newAccount({ settings })

const operator = (method: string, route: string, body: unknown) => sharedWorld().operator(method, route, body)

let grants = 0
function grant({ accountId }: Account, amount: string) {
  grants += 1
  const idempotency = `events ${accountId} ${grants}`
  return operator('POST', `/accounts/${accountId}/grants`, {
    amount,
    reason: 'a test',
    idempotency_key: idempotency,
  })
}

/** Every event names an entry, and its balance is what stands behind that entry. */
async function expectAsInLedger({ accountId, apiKey }: Account, heard: readonly Heard[]): Promise<void> {
  const { body } = await ask(sharedWorld(), { apiKey, path: '/v1/account/transactions?limit=100' })
  const movements = valueAt(body, 'data')
  if (!Array.isArray(movements)) throw new Error('no movements')
  const seqOf = (movement: unknown) => Number(String(valueAt(movement, 'id')).split('_')[2])
  const balanceAt = (seq: number) =>
    valueAt(
      movements.find((movement: unknown) => seqOf(movement) <= seq),
      'running_balance',
    ) ?? '0.00'
  expect(heard.length, accountId).toBeGreaterThan(0)
  for (const { name, data } of heard)
    expect(valueAt(data, 'balance'), name).toBe(balanceAt(Number(valueAt(data, 'seq'))))
}

describe('a client that listens', () => {
  // Requirements: 75, 76
  test('hears its balance, then low, depleted, the top-up and the recovery, each as the ledger has it', async () => {
    const account = await newAccount({ low_balance_threshold: '4' })
    const listener = await Listener.of(account)
    await listener.until((heard) =>
      expect(heard[0]).toMatchObject({ name: 'balance', data: { balance: '10.00' } }),
    )
    const adjust = (amount: string) =>
      operator('POST', `/accounts/${account.accountId}/adjustments`, {
        amount,
        reason: 'a test',
        idempotency_key: `adjust ${amount}`,
      })
    await adjust('-7')
    await listener.until(() => expect(listener.names).toContain('low_balance'))
    await adjust('-3')
    await listener.until(() => expect(listener.names).toContain('depleted'))
    await grant(account, '20')
    await listener.until((heard) =>
      expect(heard.at(-1)).toMatchObject({ name: 'balance', data: { balance: '20.00', level: 'ok' } }),
    )
    expect(listener.names.filter((name) => name !== 'balance')).toEqual([
      'low_balance',
      'depleted',
      'top_up',
      'recovered',
    ])
    expect(listener.heard.find(({ name }) => name === 'top_up')).toMatchObject({
      data: { amount: '20.00', kind: 'grant' },
    })
    await expectAsInLedger(account, listener.heard)
  })

  // Requirements: 38
  test('hears what calls hold and cost, and its last balance is the true one', async () => {
    const account = await newAccount()
    const listener = await Listener.of(account)
    const body = chatOf({ tokens: 3, inputTokens: 10 }, { user: account.accountId })
    await Promise.all(range(8, () => ask(sharedWorld(), { apiKey: account.apiKey, body })))
    await settledCharges(sharedWorld(), account)
    const { body: present } = await ask(sharedWorld(), { apiKey: account.apiKey, path: '/v1/account' })
    const balance = valueAt(present, 'current_balance')
    await listener.until((heard) =>
      expect(heard.at(-1)).toMatchObject({ name: 'balance', data: { balance, held: '0.00', open_holds: 0 } }),
    )
    await expectAsInLedger(account, listener.heard)
  })

  test('hears what it missed when it comes back with its Last-Event-ID', async () => {
    const account = await newAccount()
    const listener = await Listener.of(account)
    await listener.until((heard) => expect(heard).toHaveLength(1))
    const id = listener.heard[0]?.id
    listener.leave()
    await grant(account, '1')
    await grant(account, '2')
    const again = await Listener.of(account, id)
    await again.until((heard) =>
      expect(heard.at(-1)).toMatchObject({ name: 'balance', data: { balance: '13.00' } }),
    )
    expect(again.names).toEqual(['top_up', 'top_up', 'balance'])
    await expectAsInLedger(account, again.heard)
    const strange = await Listener.of(account, '999999')
    await strange.until((heard) => expect(heard).toHaveLength(1))
    expect(strange.names).toEqual(['balance'])
    const headers = { 'last-event-id': 'yesterday' }
    const refused = await ask(sharedWorld(), { apiKey: account.apiKey, path, headers })
    expect(refused).toMatchObject({ status: 400, errorCode: 'invalid_request' })
  })

  // Cases: billing-bugs 31
  test('is let go as soon as its key is revoked', async () => {
    const account = await newAccount()
    const listener = await Listener.of(account)
    await listener.until((heard) => expect(heard).toHaveLength(1))
    await sharedWorld().operator('DELETE', `/accounts/${account.accountId}/keys/1`)
    await listener.until(() => expect(listener.isOver).toBe(true))
    const refused = await ask(sharedWorld(), { apiKey: account.apiKey, path })
    expect(refused).toMatchObject({ status: 403, errorCode: 'key_disabled' })
  })

  test('is one of 20 at most; the place of one that leaves is free again', async () => {
    const account = await newAccount()
    const listeners = await Promise.all(range(20, () => Listener.of(account)))
    const refused = await ask(sharedWorld(), { apiKey: account.apiKey, path })
    expect(refused).toMatchObject({ status: 429, errorCode: 'rate_limit_exceeded' })
    expect(refused.message).toContain('20 listeners')
    listeners[0]?.leave()
    await vi.waitFor(() => Listener.of(account), { timeout: 20_000, interval: 200 })
  })

  // Cases: billing-bugs 59
  test('hears nothing of another account', async () => {
    const [mine, theirs] = [await newAccount(), await newAccount()]
    const listener = await Listener.of(mine)
    await listener.until((heard) => expect(heard).toHaveLength(1))
    await grant(theirs, '77')
    await grant(mine, '1')
    await listener.until((heard) => expect(heard.at(-1)).toMatchObject({ data: { balance: '11.00' } }))
    expect(listener.text).not.toContain('77')
    expect(listener.names).toEqual(['balance', 'top_up', 'balance'])
  })
})
