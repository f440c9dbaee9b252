// A whole call with several hosts that fail in every way: who is asked, what the client gets, and what the ledger is told.

import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { noUsage } from '#calls/usage.ts'
import { loadCatalog } from '#catalog/catalog.ts'
import type { Model } from '#catalog/model.ts'
import { withOffers } from '#catalog/offers.ts'
import { chargeOf } from '#catalog/price.ts'
import type { ProviderId } from '#catalog/provider-table.ts'
import { affordableOutputTokens, quote } from '#catalog/quote.ts'
import { usdPerMillion } from '#catalog/rates.ts'
import { aModel } from '#catalog/test-model.ts'
import { refuse } from '#core/errors.ts'
import { type NanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { Admit, Admitted } from '#ledger/call-commands.ts'
import { timings } from '#ledger/timings.ts'
import { Routing } from '#providers/routing.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock } from '../../test/world/hand-clock.ts'
import { execute } from './execution.ts'
import type { GatewayParts } from './parts.ts'
import { routedWay } from './routed-call.ts'
import { Standing } from './standing.ts'
import { aCall, chatAsked } from './test-call.ts'
import { anAdmission, testParts, ToldLedger } from './test-parts.ts'

const hosts = ['zai', 'together', 'fireworks', 'groq'] as const
const priced = (provider: ProviderId, output: string, more: Partial<Model> = {}) =>
  aModel({
    id: `${provider}/open`,
    provider,
    upstreamId: `${provider}-open`,
    prices: { ...aModel().prices, output: usdPerMillion(output) },
    priceVersion: `${provider}-1`,
    ...more,
  })
const rows = [
  priced('zai', '4', { id: 'open' }),
  priced('together', '6'),
  priced('fireworks', '8', { outputTokensMax: 3_000 }),
  priced('groq', '5'),
]
const catalog = loadCatalog(withOffers(rows, { open: rows.slice(1).map(({ id }) => id) }))

type Reply = () => Response | Promise<Response>
type World = {
  clock: HandClock
  routing: Routing
  standing: Standing
  sent: string[]
  bodies: string[]
  ledger: ToldLedger
  providerCap: GatewayParts['providerCap']
}

let world: World

beforeEach(() => {
  world = {
    clock: new HandClock(),
    routing: new Routing({ providerOrder: hosts.join(',') }),
    standing: new Standing(timings.goodStandingMs),
    sent: [],
    bodies: [],
    ledger: new ToldLedger(),
    providerCap: undefined,
  }
  world.ledger.admit = admitted
})

const figures = { limit: 1_000_000, remaining: 1_000_000, resetMs: 0 }
function admitted({ holdNanoUsd }: Admit): Admitted {
  return anAdmission({
    heldNanoUsd: holdNanoUsd,
    availableNanoUsd: nanoUsd(1_000_000_000_000),
    parallel: { calls: 4, exposureNanoUsd: nanoUsd(50_000_000) },
    rate: { requests: figures, tokens: figures, inFlight: figures },
  })
}

const noMoney = {
  availableNanoUsd: zeroNanoUsd,
  heldNanoUsd: zeroNanoUsd,
  requiredNanoUsd: zeroNanoUsd,
}

function partsOf(replies: { readonly [host: string]: Reply }): GatewayParts {
  const { clock, routing, standing } = world
  return testParts(world.ledger, {
    clock,
    catalog,
    credentials: (id) => [{ id, baseUrl: `https://${id}.test/v1`, apiKey: `key-of-${id}` }],
    routing: async () => routing,
    providerCap: world.providerCap,
    fetch: async (url, init) => {
      const host = new URL(url).hostname.replace('.test', '')
      if (init.method !== 'POST') throw new Error('Network connection lost.')
      world.sent.push(host)
      world.bodies.push(typeof init.body === 'string' ? init.body : '')
      return (replies[host] ?? good())()
    },
    standing,
  })
}

type CallChanges = Partial<typeof chatAsked> & { maxCostNanoUsd?: NanoUsd }

async function called(
  replies: { readonly [host: string]: Reply },
  isStreamed = true,
  { maxCostNanoUsd, ...more }: CallChanges = {},
) {
  const parts = partsOf(replies)
  const asked = { ...chatAsked, isStreamed, model: 'open', ...more }
  const model = catalog.get('open') ?? aModel()
  const { caller, dialect } = aCall()
  const startedAt = world.clock.now()
  const request = { url: 'https://sluice.test/v1/chat/completions', headers: new Headers() }
  const asking = {
    model,
    asked,
    dialect,
    request,
    accountId: caller.accountId,
    maxCostNanoUsd,
    startedAt,
  }
  const found = routedWay(asking, { ...parts, routing: world.routing })
  if (!found.ok) throw new Error(found.code)
  const execution = execute(aCall({ ...found.way, asked, startedAt }), parts)
  const response = await execution.response
  const text = await response.text()
  await execution.ended
  return { status: response.status, text, headers: response.headers }
}

const usage = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 }
const events = (...frames: readonly unknown[]) =>
  new Response(
    [...frames.map((frame) => JSON.stringify(frame)), '[DONE]'].map((data) => `data: ${data}\n\n`).join(''),
    { headers: { 'content-type': 'text/event-stream' } },
  )
const chunk = { id: 'c', choices: [{ index: 0, delta: { content: 'Hello' }, finish_reason: 'stop' }] }
const whole = {
  id: 'c',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
  usage,
}
const good =
  (isStreamed = true): Reply =>
  () =>
    isStreamed ? events(chunk, { id: 'c', choices: [], usage }) : Response.json(whole)
const status =
  (code: number, headers: Record<string, string> = {}): Reply =>
  () =>
    Response.json({ error: { message: 'no' } }, { status: code, headers })
const throws: Reply = () => {
  throw new Error('Network connection lost.')
}
const errorFirst: Reply = () => events({ error: { message: 'Overloaded', type: 'overloaded_error' } })

function expectCharged(provider: ProviderId): void {
  const model = catalog.get('open')?.offers?.find((offer) => offer.provider === provider) ?? aModel()
  const { costNanoUsd } = chargeOf(model, { ...noUsage, input: 10, output: 20 })
  expect(world.ledger.captures).toMatchObject([
    { costNanoUsd, detail: { model: 'open', provider, priceVersion: `${provider}-1` } },
  ])
  expect(world.ledger.releases).toEqual([])
}

function expectNothingCharged(): void {
  expect(world.ledger.captures).toEqual([])
  expect(world.ledger.releases).toHaveLength(1)
}

describe('a call that several hosts may answer', () => {
  test('is held at the dearest of them and charged at the one that answered', async () => {
    await called({})
    const call = { ...chatAsked, isStreamed: true }
    const holds = rows.map((row) => quote(row, call).holdNanoUsd)
    expect(world.ledger.admits[0]).toMatchObject({ model: 'open', holdNanoUsd: Math.max(...holds) })
    expect(world.sent).toEqual(['zai'])
    expectCharged('zai')
    expect(world.ledger.captures[0]?.detail).not.toHaveProperty('attempts')
  })

  test.each([
    ['no room', status(503)],
    ['a used-up quota', status(429)],
    ['Anthropic’s word for no room', status(529)],
    ['a refused key', status(401)],
    ['an empty account', status(402)],
    ['no connection by Cloudflare’s word', status(521)],
    ['no connection', throws],
  ])('goes on to the next after %s, streamed or whole, and is charged once', async (_name, failure) => {
    for (const isStreamed of [true, false]) {
      for (const list of [world.sent, world.ledger.captures]) list.length = 0
      world.routing = new Routing({ providerOrder: hosts.join(',') })
      const { status: code, text } = await called({ zai: failure, together: good(isStreamed) }, isStreamed)
      expect([code, world.sent]).toEqual([200, ['zai', 'together']])
      expect(text).toContain('Hello')
      expectCharged('together')
      expect(world.ledger.captures[0]?.detail.attempts).toMatchObject([{ provider: 'zai' }])
    }
  })

  // Cases: dialects 18
  test('goes on to the next where a stream begins with an error, and shows nothing of it', async () => {
    const { status: code, text } = await called({ zai: errorFirst })
    expect([code, world.sent]).toEqual([200, ['zai', 'together']])
    expect(text).not.toContain('Overloaded')
    expectCharged('together')
  })

  test('is written anew for each host, under its own name and its own limit', async () => {
    const body = { model: 'open', messages: [], max_tokens: 4_000 }
    const text = JSON.stringify(body)
    await called({ zai: status(503), together: status(503) }, true, {
      text,
      body,
      outputTokensMax: undefined,
    })
    expect(world.bodies.map((one) => JSON.parse(one).model)).toEqual([
      'zai-open',
      'together-open',
      'fireworks-open',
    ])
  })

  const open = { model: 'open', messages: [] }
  const openEnded = { text: JSON.stringify(open), body: open, outputTokensMax: undefined }
  const limitsSent = () => world.bodies.map((body) => Number(JSON.parse(body).max_tokens))
  const affordableAt = (money: NanoUsd, call = { ...chatAsked, ...openEnded }) =>
    rows.slice(0, 3).map((row) => affordableOutputTokens(row, call, money))

  test('is asked for what the money covers at each host, where less was to be had', async () => {
    const money = nanoUsd(9_000_000)
    world.ledger.admit = (admit) => ({ ...admitted(admit), heldNanoUsd: money })
    const { headers } = await called({ zai: status(503), together: status(503) }, true, openEnded)
    expect(limitsSent()).toEqual(affordableAt(money))
    expect(headers.get('x-max-tokens-lowered')).toBe(String(affordableAt(money)[2]))
    expect(new Set(limitsSent()).size).toBe(3)
  })

  test('is asked for what the client’s own limit covers at each host', async () => {
    const maxCostNanoUsd = nanoUsd(9_000_000)
    await called({ zai: status(503), together: status(503) }, true, { ...openEnded, maxCostNanoUsd })
    expect(limitsSent()).toEqual(affordableAt(maxCostNanoUsd))
    expect(world.ledger.admits[0]?.holdNanoUsd).toBe(maxCostNanoUsd)
  })

  test('goes to no host that the client’s own limit cannot pay', async () => {
    const call = { ...chatAsked, isStreamed: true }
    const [own = zeroNanoUsd] = rows.map((row) => quote(row, call).ceilingNanoUsd)
    await called({ zai: status(503) }, true, { maxCostNanoUsd: own })
    expect(world.sent).toEqual(['zai'])
    expect(world.ledger.admits[0]?.holdNanoUsd).toBe(own)
  })

  test('goes to no host whose limits it passes', async () => {
    await called({}, true, { outputTokensMax: 3_500 })
    await called({ zai: status(503), together: status(503) }, true, { outputTokensMax: 3_500 })
    expect(world.sent).toEqual(['zai', 'zai', 'together', 'groq'])
  })

  test('goes on to the next where the operator’s own cap is reached, without asking the first', async () => {
    const refusal = refuse('upstream_overloaded', { retryAfterSeconds: 5 })
    world.providerCap = async ({ id }) => (id === 'zai' ? refusal : undefined)
    expect((await called({})).status).toBe(200)
    expect(world.sent).toEqual(['together'])
    expect(world.ledger.captures[0]?.detail.attempts).toMatchObject([{ provider: 'zai', verdict: 'capped' }])
    world.providerCap = async () => refusal
    expect(await called({})).toMatchObject({ status: 503 })
    expect(world.sent).toEqual(['together'])
    expect(world.ledger.releases).toHaveLength(1)
  })

  // Cases: billing-bugs 23
  test.each([
    ['a 500', status(500), 502],
    ['a 502', status(502), 502],
    ['a time-out of theirs', status(504), 504],
    ['an invalid request', status(400), 400],
    ['a forbidden one', status(403), 502],
    ['an empty stream', () => new Response('', { headers: { 'content-type': 'text/event-stream' } }), 502],
    ['an answer of the wrong kind', good(false), 502],
  ])('is asked of nobody else after %s', async (_name, failure, code) => {
    expect((await called({ zai: failure })).status).toBe(code)
    expect(world.sent).toEqual(['zai'])
    expectNothingCharged()
  })

  test('is asked of three hosts at most, and says the shortest wait when none of them has room', async () => {
    const { status: code, headers } = await called({
      zai: status(503, { 'retry-after': '30' }),
      together: status(429, { 'retry-after': '7' }),
      fireworks: status(529, { 'retry-after': '20' }),
    })
    expect([code, headers.get('retry-after')]).toEqual([503, '7'])
    expect(world.sent).toEqual(['zai', 'together', 'fireworks'])
    expectNothingCharged()
  })

  test('waits for nobody who said when to come back, while another is there', async () => {
    await called({ zai: status(429, { 'retry-after': '60' }) })
    await called({})
    expect(world.sent).toEqual(['zai', 'together', 'together'])
    await world.clock.advance(60_000)
    await called({})
    expect(world.sent.at(-1)).toBe('zai')
  })

  test('goes first to who answers, once a host has failed twice', async () => {
    for (let calls = 0; calls < 3; calls += 1) await called({ zai: status(503) })
    expect(world.sent).toEqual(['zai', 'together', 'zai', 'together', 'together'])
  })

  test('has no second host asked where the account refuses what was sent in parallel', async () => {
    await called({})
    const { promise: answered, resolve } = Promise.withResolvers<void>()
    world.ledger.admit = async () => {
      await answered
      return { ok: false, code: 'account_suspended', ...noMoney }
    }
    const zai: Reply = () => {
      setTimeout(resolve, 0)
      return status(503)()
    }
    const { status: code, headers } = await called({ zai })
    expect([code, headers.get('x-balance-check')]).toEqual([403, 'parallel'])
    expect(world.sent).toEqual(['zai', 'zai'])
    expect(world.ledger.captures).toHaveLength(1)
  })

  test('however its hosts answer, has three tries at most and one charge at most, at the price of the last', async () => {
    const replies: Readonly<Record<string, Reply>> = {
      good: good(),
      limited: status(429),
      full: status(503),
      empty: status(402),
      down: throws,
      erred: errorFirst,
      failed: status(500),
      refused: status(400),
      cut: () => events(chunk).clone(),
    }
    const outcome = fc.constantFrom(...Object.keys(replies))
    const perHost = fc.record({ zai: outcome, together: outcome, fireworks: outcome, groq: outcome })
    await fc.assert(
      fc.asyncProperty(perHost, async (names) => {
        for (const list of [world.sent, world.ledger.captures, world.ledger.releases]) list.length = 0
        world.routing = new Routing({ providerOrder: hosts.join(',') })
        const reply = (host: (typeof hosts)[number]) => replies[names[host]] ?? good()
        await called({
          zai: reply('zai'),
          together: reply('together'),
          fireworks: reply('fireworks'),
          groq: reply('groq'),
        })
        expect(world.sent.length).toBeLessThanOrEqual(3)
        expect(new Set(world.sent).size).toBe(world.sent.length)
        expect(world.ledger.captures.length + world.ledger.releases.length).toBe(1)
        const last = world.sent.at(-1)
        for (const { detail } of world.ledger.captures) expect(detail.provider).toBe(last)
        const billed = world.sent.filter((host) => ['good', 'failed', 'cut'].includes(names[host as 'zai']))
        expect(
          billed.every((host) => host === last),
          'nobody is asked after what may be billed',
        ).toBe(true)
      }),
      { numRuns: 150 },
    )
  })
})
