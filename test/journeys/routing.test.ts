// Models that several hosts serve and providers with several credentials: who is asked, who is asked next, what the client
// hears and what it pays, which is one answer at the price of the host that gave it.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sealState } from '#calls/reasoning-state.ts'
import { models } from '#catalog/models.ts'
import { localHost } from '../../dev/ports.ts'
import { type World, startWorld } from '../../dev/world.ts'
import { type DirectiveChange, directiveText } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import { type Account, expectNothingCharged, presentOf, settledCharges } from '../world/charges.ts'
import { type WireAnswer, ask, chatOf, streamOf } from '../world/gateway.ts'

/** Three hosts serve it; their names for it, in the operator's order. */
const shared = 'glm-5.3'
const [zai, together, fireworks] = ['glm-5.3', 'zai-org/GLM-5.3', 'accounts/fireworks/models/glm-5p3']

let world: World

beforeAll(async () => {
  const vars = {
    PROVIDER_ORDER: 'zai, moonshot, deepseek, together, fireworks',
    OPENAI_API_KEY: 'openai-key-a, openai-key-b',
    // Nobody listens there.
    MOONSHOT_BASE_URL: `http://${localHost}:1`,
  }
  world = await startWorld({ vars })
}, 120_000)

afterAll(() => world.stop())

/** Another isolate each time: what the last one had learnt of its hosts is forgotten. */
beforeEach(() => world.restartProduct())

type Asked = { account: Account; answer: WireAnswer; hosts: readonly unknown[] }

/** One call of a new account, and the upstream's models that it came to, in their order. */
async function asked(upstream: DirectiveChange, more: object = {}, kind = streamOf): Promise<Asked> {
  const account = await world.newAccount()
  return askedBy(account, kind(upstream, { model: shared, ...more }))
}

async function askedBy(account: Account, body: object): Promise<Asked> {
  const before = (await requestsOf(account)).length
  const answer = await ask(world, { apiKey: account.apiKey, body: { user: account.accountId, ...body } })
  const requests = (await requestsOf(account)).slice(before)
  return { account, answer, hosts: requests.map((request) => valueAt(request.body, 'model')) }
}

const endUsers = [['user'], ['metadata', 'user_id']]

async function requestsOf({ accountId }: Account) {
  const requests = await world.upstreamRequests()
  return requests.filter(({ body }) => endUsers.some((path) => valueAt(body, ...path) === accountId))
}

async function keysOf(account: Account) {
  return (await requestsOf(account)).map(({ headers }) => headers.authorization?.replace('Bearer ', ''))
}

async function explained({ apiKey }: Account, { callId }: WireAnswer) {
  return valueAt((await ask(world, { apiKey, path: `/v1/generation?id=${callId}` })).body, 'data')
}

async function expectOneCharge({ account, answer }: Asked): Promise<void> {
  expect(answer.status, answer.text).toBe(200)
  expect(await settledCharges(world, account)).toEqual([
    { callId: answer.callId, costNanoUsd: expect.any(Number) },
  ])
}

describe('a model that several hosts serve', () => {
  // Requirements: 41
  test('is answered by the operator’s first, under the name that the client asked for', async () => {
    const one = await asked({ tokens: 3 })
    expect(one.hosts).toEqual([zai])
    expect(valueAt(one.answer.events[0], 'model')).toBe(shared)
    await expectOneCharge(one)
    expect(await explained(one.account, one.answer)).toMatchObject({ provider: 'zai', attempts: [] })
  })

  // Cases: billing-bugs 23
  test('is answered by the next two where the first has no room, and charged once', async () => {
    const one = await asked({ tokens: 3, where: { [zai]: { status: 503 }, [together]: { status: 429 } } })
    expect(one.hosts).toEqual([zai, together, fireworks])
    await expectOneCharge(one)
    expect(await explained(one.account, one.answer)).toMatchObject({
      provider: 'fireworks',
      provider_name: 'Fireworks AI',
      executed_model: 'accounts/fireworks/models/glm-5p3',
      model: shared,
      attempts: [
        { provider: 'zai', status: 503, verdict: 'overloaded' },
        { provider: 'together', status: 429, verdict: 'limited' },
      ],
    })
  })

  // Cases: dialects 18
  test('is answered by the next where a stream begins with an error', async () => {
    const one = await asked({ tokens: 3, where: { [zai]: { errorAfter: 0 } } })
    expect(one.hosts).toEqual([zai, together])
    await expectOneCharge(one)
    expect(one.answer.text).not.toContain('had an error')
  })

  test('is answered by the next where nobody listens at the first', async () => {
    const one = await asked({ tokens: 3 }, { model: 'kimi-k3' })
    expect(one.hosts).toEqual(['moonshotai/Kimi-K3'])
    await expectOneCharge(one)
    const { attempts } = Object(await explained(one.account, one.answer))
    expect(attempts).toMatchObject([{ provider: 'moonshot', verdict: 'unreachable' }])
  })

  // Cases: billing-bugs 23
  test('is asked of nobody else after what may be billed, and nothing is charged', async () => {
    const failures: readonly DirectiveChange[] = [{ status: 500 }, { dropsBeforeHeaders: true }]
    for (const failure of failures) {
      const { account, answer, hosts } = await asked({ tokens: 3, where: { [zai]: failure } })
      expect([answer.status, hosts]).toEqual([502, [zai]])
      await expectNothingCharged(world, account)
    }
  })

  test('is waited for where its host is slow', async () => {
    const one = await asked({ tokens: 3, where: { [zai]: { firstMs: 1_200 } } })
    expect(one.hosts).toEqual([zai])
    await expectOneCharge(one)
  })

  test('that is down everywhere gives the shortest wait, charges nothing and holds nothing', async () => {
    const { account, answer, hosts } = await asked({
      where: {
        [zai]: { status: 503, retryAfterSeconds: 30 },
        [together]: { status: 503, retryAfterSeconds: 4 },
        [fireworks]: { status: 529, retryAfterSeconds: 9 },
      },
    })
    expect(hosts).toEqual([zai, together, fireworks])
    expect(answer).toMatchObject({ status: 503, errorCode: 'upstream_overloaded' })
    expect(answer.headers.get('retry-after')).toBe('4')
    await expectNothingCharged(world, account)
    expect((await presentOf(world, account)).heldNanoUsd).toBe(0)
  })

  test('costs what the host that answered asks', async () => {
    const flash = { model: 'deepseek-flash' }
    const upstream = { tokens: 10, inputTokens: 1_000, cachedTokens: 900 }
    const own = await asked(upstream, flash)
    const other = await asked({ ...upstream, where: { 'deepseek-flash': { status: 429 } } }, flash)
    expect([own.hosts, other.hosts]).toEqual([
      ['deepseek-flash'],
      ['deepseek-flash', 'deepseek-ai/DeepSeek-V4.1-Flash'],
    ])
    const costOf = (id: string) => {
      const { prices } = models.find((model) => model.id === id) ?? {}
      const pico = 100 * (prices?.input ?? 0) + 900 * (prices?.cacheRead ?? 0) + 10 * (prices?.output ?? 0)
      return Math.ceil(pico / 1_000)
    }
    const [ownCharge] = await settledCharges(world, own.account)
    const [otherCharge] = await settledCharges(world, other.account)
    expect(ownCharge?.costNanoUsd).toBe(costOf('deepseek-flash'))
    expect(otherCharge?.costNanoUsd).toBe(costOf('together/deepseek-v4.1-flash'))
    expect(ownCharge?.costNanoUsd).not.toBe(otherCharge?.costNanoUsd)
    expect(valueAt(await explained(other.account, other.answer), 'charge', 'price_version')).toMatch(
      /^together-/,
    )
  })

  test('holds what its dearest host could cost, and lists what each of them asks', async () => {
    const account = await world.newAccount()
    const most = async (model: string) => {
      const body = { ...chatOf({ tokens: 3 }, { model }), max_completion_tokens: undefined }
      const path = '/v1/chat/completions?dryRun=true'
      return Number(valueAt((await ask(world, { apiKey: account.apiKey, path, body })).body, 'cost_max'))
    }
    const each = await Promise.all(['zai/glm-5.3', 'together/glm-5.3', 'fireworks/glm-5.3'].map(most))
    expect(new Set(each).size).toBeGreaterThan(1)
    expect(await most(shared)).toBe(Math.max(...each))
    const { body } = await ask(world, { path: '/v1/models/deepseek-flash', method: 'GET' })
    expect(body).toMatchObject({
      pricing: { input_cache_read: '0.00000001' },
      offers: [
        { id: 'deepseek/deepseek-flash', provider: 'deepseek', pricing: { input_cache_read: '0.000000006' } },
        {
          id: 'together/deepseek-v4.1-flash',
          provider: 'together',
          pricing: { input_cache_read: '0.00000001' },
        },
      ],
    })
  })

  test('is asked of one host alone under that host’s own id', async () => {
    for (const [id, host] of [
      ['together/glm-5.3', together],
      ['zai/glm-5.3', zai],
    ] as const) {
      const { answer, hosts } = await asked({ tokens: 3, where: { [host]: { status: 503 } } }, { model: id })
      expect(answer.status).toBe(503)
      expect(hosts).toEqual([host])
    }
  })

  test('is left alone for the time that its host has named', async () => {
    const first = await asked({ tokens: 3, where: { [zai]: { status: 429, retryAfterSeconds: 60 } } })
    const second = await asked({ tokens: 3 })
    expect([first.hosts, second.hosts]).toEqual([[zai, together], [together]])
  })
})

describe('a conversation with thoughts of one host', () => {
  const thoughtAt = (origin: string, upstream: DirectiveChange) => ({
    model: shared,
    max_tokens: 100,
    messages: [
      { role: 'user', content: 'What is it?' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: sealState({ origin, value: '' }) },
          { type: 'text', text: 'It is this.' },
        ],
      },
      { role: 'user', content: directiveText(upstream) },
    ],
  })

  async function thought(origin: string, upstream: DirectiveChange) {
    const account = await world.newAccount()
    const body = { ...thoughtAt(origin, upstream), metadata: { user_id: account.accountId } }
    const answer = await ask(world, { apiKey: account.apiKey, path: '/v1/messages', body })
    const requests = await requestsOf(account)
    return { answer, hosts: requests.map((request) => valueAt(request.body, 'model')) }
  }

  // Cases: dialects 60
  test('goes on there, whatever the operator’s order', async () => {
    const { answer, hosts } = await thought('fireworks', { tokens: 3 })
    expect(answer.status, answer.text).toBe(200)
    expect(hosts).toEqual([fireworks])
    expect(answer.headers.get('x-parameters-dropped')).toBeNull()
  })

  // Cases: dialects 59
  test('moves when that host has no room, without its thoughts, and says so', async () => {
    const { answer, hosts } = await thought('fireworks', {
      tokens: 3,
      where: { [fireworks]: { status: 503 } },
    })
    expect(answer.status, answer.text).toBe(200)
    expect(hosts).toEqual([fireworks, zai])
    expect(answer.headers.get('x-parameters-dropped')).toContain('reasoning of another provider')
  })
})

describe('a provider with several credentials', () => {
  const conversation = (upstream: DirectiveChange, of: string) => ({
    ...streamOf(upstream),
    messages: [
      { role: 'system', content: of },
      { role: 'user', content: 'hello' },
      { role: 'user', content: directiveText(upstream) },
    ],
  })

  test('keeps each conversation at one of them, and uses all', async () => {
    const used = new Set<string | undefined>()
    for (const name of ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight']) {
      const account = await world.newAccount()
      for (const tokens of [1, 2, 3]) await askedBy(account, conversation({ tokens }, name))
      const keys = new Set(await keysOf(account))
      expect(keys.size).toBe(1)
      for (const key of keys) used.add(key)
    }
    expect(used).toEqual(new Set(['openai-key-a', 'openai-key-b']))
  })

  test('is asked under the other one when the first has used up its quota, and passes it over until then', async () => {
    const account = await world.newAccount()
    await askedBy(account, conversation({ tokens: 1 }, 'x'))
    const [own = ''] = await keysOf(account)
    const other = own === 'openai-key-a' ? 'openai-key-b' : 'openai-key-a'
    const limited = { tokens: 2, where: { [own]: { status: 429, retryAfterSeconds: 60 } } }
    const second = await askedBy(account, conversation(limited, 'x'))
    expect(second.answer.status, second.answer.text).toBe(200)
    await askedBy(account, conversation({ tokens: 3 }, 'x'))
    expect(await keysOf(account)).toEqual([own, own, other, other])
    expect(await settledCharges(world, account)).toHaveLength(3)
  })

  test('serves embeddings under either of them', async () => {
    const account = await world.newAccount()
    const body = { model: 'text-embedding-3-small', input: 'hello', user: account.accountId }
    const answer = await ask(world, { apiKey: account.apiKey, path: '/v1/embeddings', body })
    expect(answer.status, answer.text).toBe(200)
    expect(await keysOf(account)).toEqual([expect.stringMatching(/^openai-key-[ab]$/)])
  })

  test('passes over the one whose last answer said that nothing is left', async () => {
    const account = await world.newAccount()
    const headers = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' }
    await askedBy(account, conversation({ tokens: 1, headers }, 'x'))
    await askedBy(account, conversation({ tokens: 2 }, 'x'))
    const [first, second] = await keysOf(account)
    expect(second).not.toBe(first)
  })

  // Cases: dialects 60
  test('keeps a request for encrypted thoughts at its own, since no other organisation can read them', async () => {
    const account = await world.newAccount()
    const responses = (upstream: DirectiveChange) => ({
      model: 'gpt-5.4-mini',
      store: false,
      include: ['reasoning.encrypted_content'],
      max_output_tokens: 50,
      metadata: { user_id: account.accountId },
      input: [{ role: 'user', content: directiveText(upstream) }],
    })
    const limited = { 'openai-key-a': { status: 429 }, 'openai-key-b': { status: 429 } }
    const path = '/v1/responses'
    const answer = await ask(world, { apiKey: account.apiKey, path, body: responses({ where: limited }) })
    expect(answer).toMatchObject({ status: 503, errorCode: 'upstream_overloaded' })
    expect(await requestsOf(account)).toHaveLength(1)
    await expectNothingCharged(world, account)
  })
})
