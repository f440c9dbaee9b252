// Calls of a fixed fee in the moments that no client sees: what their ledger hears, and who else is asked for the answer.

import { expect, test } from 'vitest'
import { loadCatalog } from '#catalog/catalog.ts'
import { withOffers } from '#catalog/offers.ts'
import { usdEach } from '#catalog/rates.ts'
import { aModel } from '#catalog/test-model.ts'
import { nanoUsd } from '#core/money.ts'
import { Routing } from '#providers/routing.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, settled } from '../../test/world/hand-clock.ts'
import { execute } from './execution.ts'
import { routedWay } from './routed-call.ts'
import { aCall, chatAsked } from './test-call.ts'
import { anAdmission, testParts, ToldLedger } from './test-parts.ts'

const fee = nanoUsd(5_000_000)
const aFeeModel = (changes: Parameters<typeof aModel>[0] = {}) =>
  aModel({
    cancellationPolicy: 'accept',
    prices: { request: usdEach('0.005') },
    canCache: false,
    ...changes,
  })

const rich = () =>
  anAdmission({
    heldNanoUsd: fee,
    availableNanoUsd: nanoUsd(1_000_000_000_000),
    parallel: { calls: 4, exposureNanoUsd: nanoUsd(50_000_000) },
  })

/** An answer whose head is here and of which nothing else comes. */
function silentStream(): Response {
  const { readable } = new TransformStream<Uint8Array, Uint8Array>()
  return new Response(readable, { headers: { 'content-type': 'text/event-stream' } })
}

// Requirements: 21
test('the object hears of the fee as soon as the call is accepted, and of no cost before', async () => {
  const clock = new HandClock()
  const ledger = new ToldLedger()
  ledger.admit = rich
  const head = Promise.withResolvers<Response>()
  const execution = execute(
    aCall({ model: aFeeModel() }),
    testParts(ledger, { clock, fetch: async () => head.promise }),
  )
  await clock.advance(15_000)
  expect(ledger.beats.map(({ costNanoUsd }) => costNanoUsd)).toEqual([0])

  head.resolve(silentStream())
  await settled()
  expect(ledger.beats.map(({ costNanoUsd }) => costNanoUsd)).toEqual([0, fee])

  execution.halt('key_revoked')
  await clock.advance(1_000)
  await execution.ended
  expect(ledger.captures).toMatchObject([{ costNanoUsd: fee }])
})

// Requirements: 21
test('a call that is ended before it is accepted costs nothing', async () => {
  const ledger = new ToldLedger()
  ledger.admit = rich
  const fetch = (_url: string, { signal }: RequestInit) =>
    new Promise<Response>((_resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('hung up')))
    })
  const execution = execute(aCall({ model: aFeeModel() }), testParts(ledger, { fetch }))
  await settled()
  execution.halt('cancel')
  await execution.ended
  expect(ledger.captures).toEqual([])
  expect(ledger.releases).toHaveLength(1)
})

// Requirements: 21
test.each([
  ['no room is answered by the next', () => new Response('', { status: 503 }), ['exa', 'reka'], 200],
  [
    'an error instead of its first event is not asked for again elsewhere',
    () =>
      new Response('data: {"error":{"type":"overloaded_error","message":"Overloaded"}}\n\n', {
        headers: { 'content-type': 'text/event-stream' },
      }),
    ['exa'],
    502,
  ],
] as const)('a host with %s, and one fee is charged', async (_name, first, asked, status) => {
  const rows = [
    aFeeModel({ id: 'open', provider: 'exa', upstreamId: 'exa' }),
    aFeeModel({ id: 'reka/open', provider: 'reka', upstreamId: 'reka' }),
  ]
  const model = loadCatalog(withOffers(rows, { open: ['reka/open'] })).get('open') ?? aFeeModel()
  const ledger = new ToldLedger()
  ledger.admit = rich
  const sent: string[] = []
  const routing = new Routing({ providerOrder: 'exa,reka' })
  const parts = testParts(ledger, {
    credentials: (id) => [{ id, baseUrl: `https://${id}.test/v1`, apiKey: 'key' }],
    fetch: async (url) => {
      const host = new URL(url).hostname.replace('.test', '')
      sent.push(host)
      const done =
        'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
      return host === 'exa'
        ? first()
        : new Response(done, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  const { caller, dialect } = aCall()
  const request = { url: 'https://sluice.test/v1/chat/completions', headers: new Headers() }
  const startedAt = parts.clock.now()
  const { accountId } = caller
  const asking = {
    model,
    asked: chatAsked,
    dialect,
    request,
    accountId,
    maxCostNanoUsd: undefined,
    startedAt,
  }
  const found = routedWay(asking, { ...parts, routing })
  if (!found.ok) throw new Error(found.code)
  const execution = execute(aCall({ ...found.way, policy: 'accept', startedAt }), parts)
  const response = await execution.response
  await response.text()
  await execution.ended
  expect([response.status, sent]).toEqual([status, asked])
  expect(ledger.captures).toMatchObject([{ costNanoUsd: fee, detail: { provider: asked.at(-1) } }])
})
