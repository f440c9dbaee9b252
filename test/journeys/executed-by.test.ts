// Who executed a call: in the headers of its answer, in the metadata of a whole one, and wherever its charge is explained.

import { describe, expect, test, vi } from 'vitest'
import { providerNameOf } from '#catalog/provider-table.ts'
import { models } from '#catalog/models.ts'
import { directiveText } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import { type Account, chargeOfCall } from '../world/charges.ts'
import { costIn, dialectIds, requestOf, type Side } from '../world/dialect-requests.ts'
import { ask, type WireAnswer, type WireRequest } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

/** Answered by a host under a name of its own, in each of the dialects. */
const executing = {
  chat: 'together/glm-5.3',
  responses: 'gpt-5.3-codex',
  messages: 'claude-opus-4-6',
} as const

const sides = dialectIds.flatMap((client) =>
  dialectIds.flatMap((upstream) =>
    [true, false].map((isStreamed): Side => ({ client, upstream, isStreamed })),
  ),
)
const nameOf = ({ client, upstream, isStreamed }: Side) =>
  `${client} at ${upstream}, ${isStreamed ? 'streamed' : 'whole'}`

function expectedOf(modelId: string) {
  const model = models.find(({ id }) => id === modelId)
  if (model === undefined) throw new Error(`there is no model ${modelId}`)
  const { provider, upstreamId } = model
  return { provider, provider_name: providerNameOf(provider), executed_model: upstreamId }
}

function headersOf({ headers }: WireAnswer) {
  return {
    provider: headers.get('x-provider'),
    provider_name: headers.get('x-provider-name'),
    executed_model: headers.get('x-executed-model'),
  }
}

/** What the explanation and the list of calls say of the one call of the account. */
async function keptOf(account: Account, callId: string) {
  await chargeOfCall(sharedWorld(), account, callId)
  const { apiKey } = account
  const explained = await ask(sharedWorld(), { apiKey, path: `/v1/generation?id=${callId}` })
  const listed = await vi.waitFor(
    async () => {
      const { body } = await ask(sharedWorld(), { apiKey, path: '/v1/account/usage' })
      const row = valueAt(body, 'data', 0)
      expect(valueAt(row, 'id')).toBe(callId)
      return row
    },
    { timeout: 20_000, interval: 50 },
  )
  return [valueAt(explained.body, 'data'), listed]
}

async function answered(request: WireRequest): Promise<WireAnswer> {
  const answer = await ask(sharedWorld(), request)
  expect(answer.status, answer.text).toBe(200)
  return answer
}

describe.concurrent('who executed a call', () => {
  // Requirements: 62
  test.each(sides.map((side) => [nameOf(side), side] as const))('is told: %s', async (_name, side) => {
    const account = await sharedWorld().newAccount()
    const model = executing[side.upstream]
    const request = requestOf(side, account, { tokens: 2 })
    const answer = await answered({ ...request, body: { ...Object(request.body), model } })
    const expected = expectedOf(model)
    expect(headersOf(answer)).toEqual(expected)
    for (const kept of await keptOf(account, answer.callId))
      expect(kept).toMatchObject({ ...expected, upstream_id: expect.stringMatching(/local/) })
    if (side.isStreamed) return
    const upstreamId = answer.headers.get('x-upstream-id')
    expect(upstreamId).toMatch(/local/)
    // Of responses that field is the client's own.
    if (side.client === 'responses') expect(valueAt(answer.body, 'metadata')).toEqual({})
    else {
      const cost = costIn(side, answer)
      expect(valueAt(answer.body, 'metadata')).toEqual({ cost, ...expected, upstream_id: upstreamId })
    }
  })

  // Requirements: 62
  test.each([
    ['/v1/completions', 'gpt-5.4-mini', { prompt: directiveText({ tokens: 2 }), max_tokens: 20 }],
    ['/v1/completions', 'together/glm-5.3', { prompt: directiveText({ tokens: 2 }), max_tokens: 20 }],
    ['/v1/embeddings', 'text-embedding-3-small', { input: 'Hello' }],
  ])('is told by %s of %s', async (path, model, body) => {
    const account = await sharedWorld().newAccount()
    const answer = await answered({ apiKey: account.apiKey, path, body: { model, ...body } })
    const expected = expectedOf(model)
    expect(headersOf(answer)).toEqual(expected)
    expect(valueAt(answer.body, 'metadata')).toMatchObject({
      ...expected,
      cost: valueAt(answer.body, 'usage', 'cost'),
    })
    for (const kept of await keptOf(account, answer.callId)) expect(kept).toMatchObject(expected)
  })

  test('stands in the headers alone where the client wants its answer untouched', async () => {
    const account = await sharedWorld().newAccount()
    const side: Side = { client: 'messages', upstream: 'messages', isStreamed: false }
    const request = requestOf(side, account, { tokens: 2 })
    const answer = await answered({ ...request, headers: { 'x-cost': 'omit' } })
    expect(headersOf(answer)).toEqual(expectedOf('claude-opus-4-6'))
    expect(answer.body).not.toHaveProperty('metadata')
  })
})
