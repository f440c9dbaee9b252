// A host over the rows of a real object: its bounds, what it forgets and when, and what a new process makes of the rows of one
// that died.

import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'

import { type AccountId, callIdOf, keyNumber, makeAccountId, makeRequestId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { GatewayParts } from '#gateway/parts.ts'
import { anAdmission, testParts, ToldLedger } from '#gateway/test-parts.ts'
import { mintApiKey } from '#ledger/api-key.ts'
import type { Capture } from '#ledger/call-commands.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, settled } from '../../test/world/hand-clock.ts'
import { requestIdHeader } from './relay-headers.ts'
import { RelayHost } from './relay-host.ts'
import { type RelayLimits, relayLimits, relayTimings } from './relay-timings.ts'

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
const keySecret = 'k'.repeat(32)
const provider = { id: 'openai' as const, baseUrl: 'https://upstream.test/v1', apiKey: 'sk-upstream' }
const word = (text: string) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`
const finishing = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`
const usage = `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 } })}\n\n`
const ended = `${word('Hello')}${word(' there')}${finishing}${usage}data: [DONE]\n\n`

type World = {
  clock: HandClock
  captures: Capture[]
  accountId: AccountId
  apiKey: string
  /** A host over the same rows, as a new process makes it. */
  start: () => RelayHost
  ask: (host: RelayHost) => Promise<{ callId: ReturnType<typeof callIdOf>; response: Response }>
  rows: (sql: string) => unknown[]
}

/** One object's rows, in a world whose upstream answers as told. */
async function inWorld(
  upstream: () => Response,
  limits: Partial<RelayLimits>,
  play: (world: World) => Promise<void>,
): Promise<void> {
  const accountId = makeAccountId('w', random)
  const { key: apiKey } = await mintApiKey({
    prefix: 'sk-',
    accountId,
    keyNumber: keyNumber(1),
    keySecret,
    random,
  })
  const { RELAY } = env as unknown as { RELAY: DurableObjectNamespace }
  const stub = RELAY.get(RELAY.idFromName(accountId))
  await runInDurableObject(stub, async (_object, state) => {
    const clock = new HandClock()
    const ledger = new ToldLedger()
    ledger.admit = () => anAdmission({ heldNanoUsd: nanoUsd(1_000_000_000) })
    const { captures } = ledger
    const pending: Promise<unknown>[] = []
    const start = () =>
      new RelayHost({
        gateway: partsOf(upstream, ledger, clock),
        storage: state.storage,
        waitUntil: (work) => void pending.push(work),
        timings: relayTimings,
        limits: { ...relayLimits, ...limits },
      })
    const ask = async (host: RelayHost) => {
      const requestId = makeRequestId(clock.now(), random)
      const request = new Request('https://sluice.test/v1/chat/completions', {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, [requestIdHeader]: requestId },
        body: JSON.stringify({
          model: 'test-model',
          stream: true,
          messages: [{ role: 'user', content: 'Hi' }],
        }),
      })
      return { callId: callIdOf(requestId), response: await host.run(request) }
    }
    const rows = (sql: string) => state.storage.sql.exec(sql).toArray()
    await play({ clock, captures, accountId, apiKey, start, ask, rows })
  })
}

function partsOf(upstream: () => Response, ledger: ToldLedger, clock: HandClock): GatewayParts {
  return testParts(ledger, {
    clock,
    random,
    provider: () => provider,
    credentials: () => [provider],
    fetch: async () => upstream(),
    keyring: { prefix: 'sk-', keySecrets: [keySecret] },
  })
}

const events = { headers: { 'content-type': 'text/event-stream' } }
const answering = () => new Response(ended, events)

/** An upstream that has said this much and then says nothing more. */
const stalling = (text: string) => () =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    }),
    events,
  )

test('an answer is kept for its hour and forgotten by the alarm after it, with all of its rows', async () => {
  await inWorld(answering, {}, async ({ start, ask, accountId, clock, rows }) => {
    const host = start()
    const { callId, response } = await ask(host)
    const text = await response.text()
    expect(text).toContain('Hello')
    const collected = await host.collect(accountId, callId, {})
    expect(await collected?.text()).toBe(text)
    await settled()
    await clock.advance(relayTimings.keptForMs - 1_000)
    await host.wake()
    expect(host.state(accountId, callId)).toMatchObject({ status: 'completed' })
    await clock.advance(2_000)
    await host.wake()
    expect(host.state(accountId, callId)).toBeNull()
    expect([...rows('SELECT * FROM generation'), ...rows('SELECT * FROM piece')]).toEqual([])
  })
})

test('an object that runs as many as may be says so, and the call runs elsewhere', async () => {
  await inWorld(stalling(word('Hello')), { runningMax: 1 }, async ({ start, ask }) => {
    const host = start()
    const first = await ask(host)
    expect(first.response.status).toBe(200)
    const second = await ask(host)
    expect(second.response.status).toBe(503)
    expect(second.response.headers.get('x-relay-full')).toBe('1')
    await first.response.body?.cancel()
  })
})

test('an object keeps so many answers, and the oldest goes first', async () => {
  await inWorld(answering, { keptMax: 2 }, async ({ start, ask, accountId }) => {
    const host = start()
    const calls = []
    for (let count = 0; count < 3; count += 1) {
      const { callId, response } = await ask(host)
      await response.text()
      await settled()
      calls.push(callId)
    }
    expect(calls.map((callId) => host.state(accountId, callId)?.status)).toEqual([
      undefined,
      'completed',
      'completed',
    ])
  })
})

test('an answer is read by so many at once, and one that leaves makes room', async () => {
  await inWorld(stalling(word('Hello')), { readersPerAnswerMax: 1 }, async ({ start, ask, accountId }) => {
    const host = start()
    const { callId } = await ask(host)
    const first = await host.collect(accountId, callId, {})
    const second = await host.collect(accountId, callId, {})
    expect([first?.status, second?.status]).toEqual([200, 429])
    await first?.body?.cancel()
    expect((await host.collect(accountId, callId, {}))?.status).toBe(200)
  })
})

test('an answer that is longer than may be kept ends there with an error, and what was kept is charged', async () => {
  const long = () =>
    new Response(`${word('Hello')}${word(' there').repeat(20)}${finishing}data: [DONE]\n\n`, events)
  await inWorld(long, { answerBytesMax: 400 }, async ({ start, ask, accountId, captures }) => {
    const host = start()
    const { callId, response } = await ask(host)
    const text = await response.text()
    expect(text).toContain('upstream_timeout')
    expect(text.length).toBeLessThan(1_000)
    await settled()
    expect(captures.map(({ detail }) => detail.rule)).toEqual(['drain_limit_counted'])
    expect(host.state(accountId, callId)).toMatchObject({ status: 'failed' })
  })
})

test('nobody forgets an answer that is still being made, and only a stored one keeps its request', async () => {
  await inWorld(stalling(word('Hello')), {}, async ({ start, ask, accountId }) => {
    const host = start()
    const { callId } = await ask(host)
    expect(host.state(accountId, callId)).toMatchObject({ status: 'running', request: null })
    expect(host.forget(accountId, callId)).toBe(false)
  })
})

test('a new process ends what an earlier one ran: what was kept, then an error, and one charge of it', async () => {
  await inWorld(stalling(`${word('Hello')}${word(' there')}`), {}, async (world) => {
    const { start, ask, accountId, captures } = world
    const dead = start()
    const { callId, response } = await ask(dead)
    const reader = response.body?.getReader()
    await reader?.read()
    await dead.wake()
    const host = start()
    expect(host.state(accountId, callId)).toMatchObject({ status: 'lost' })
    const text = await (await host.collect(accountId, callId, {}))?.text()
    expect(text?.startsWith(`${word('Hello')}${word(' there')}`)).toBe(true)
    expect(text).toContain('"upstream_error"')
    await host.wake()
    await host.wake()
    expect(captures.map(({ detail }) => detail.rule)).toEqual(['relay_lost_counted'])
    expect(host.state(accountId, callId)).toMatchObject({ costNanoUsd: captures[0]?.costNanoUsd })
  })
})

test('what another account asks for is what never was', async () => {
  await inWorld(answering, {}, async ({ start, ask }) => {
    const host = start()
    const { callId, response } = await ask(host)
    await response.text()
    const stranger = makeAccountId('w', random)
    expect(host.state(stranger, callId)).toBeNull()
    expect(await host.collect(stranger, callId, {})).toBeNull()
    expect(await host.cancel(stranger, callId)).toBeNull()
    expect(host.forget(stranger, callId)).toBe(false)
  })
})
