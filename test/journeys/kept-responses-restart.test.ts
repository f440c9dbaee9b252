// A process that dies under responses that are kept: who comes back finds what was kept of them, with an end, a status and the
// cost that was charged, and goes on from what was whole. A world of its own, whose durations are a twentieth.

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { directiveText } from '../../dev/upstream-directive.ts'
import { type World, startWorld } from '../../dev/world.ts'
import { addNanoUsd } from '#core/money.ts'
import { valueAt } from '../world/chat.ts'
import { nanoOfNumber, settledCharges } from '../world/charges.ts'
import { ask, type WireAnswer } from '../world/gateway.ts'

const path = '/v1/responses'
let world: World

beforeAll(async () => {
  world = await startWorld({ vars: { TIME_SCALE: '20' } })
})

afterAll(() => world.stop())

const now = (apiKey: string, id: string): Promise<WireAnswer> =>
  ask(world, { apiKey, path: `${path}/${id}`, method: 'GET' })

const wordsIn = (body: unknown) => JSON.stringify(valueAt(body, 'output') ?? '').match(/word\d/g)?.length ?? 0
const numberOf = (event: unknown) => valueAt(event, 'sequence_number')

// Requirements: 18
test.each(['mistral-large-4', 'gpt-5.3-codex'])(
  'a background response of %s whose process is killed is failed, with what was kept of it and what that cost',
  async (model) => {
    const { apiKey, ...account } = await world.newAccount()
    const input = directiveText({ inputTokens: 100, tokens: 400, gapMs: 25, usage: 'every' })
    const body = { model, max_output_tokens: 400, input, background: true }
    const begun = await ask(world, { apiKey, path, body })
    const id = String(valueAt(begun.body, 'id'))
    await vi.waitFor(async () => expect(wordsIn((await now(apiKey, id)).body)).toBeGreaterThan(100), {
      timeout: 20_000,
      interval: 50,
    })
    await world.restartProduct({ sigkill: true })
    await settledCharges(world, { apiKey, ...account })
    const lost = await now(apiKey, id)
    expect(lost.body).toMatchObject({
      id,
      status: 'failed',
      error: { code: 'server_error' },
      background: true,
    })
    expect(wordsIn(lost.body)).toBeGreaterThan(20)
    const costNanoUsd = nanoOfNumber(valueAt(lost.body, 'cost'))
    expect(nanoOfNumber(valueAt(lost.body, 'usage', 'cost'))).toBe(costNanoUsd)
    // Two entries where the hold had expired by its last beat before the call's end was told: the second is what was late.
    await vi.waitFor(
      async () => {
        const charges = await settledCharges(world, { apiKey, ...account })
        expect(addNanoUsd(...charges.map((charge) => charge.costNanoUsd))).toBe(costNanoUsd)
      },
      { timeout: 30_000 },
    )
    const stream = { apiKey, path: `${path}/${id}?stream=true&starting_after=9`, method: 'GET' }
    const { events, errorCode } = await ask(world, stream)
    expect(errorCode).toBe('upstream_error')
    expect(events.slice(0, -1).map(numberOf)).toEqual(events.slice(0, -1).map((_, at) => at + 10))
    expect(events.slice(-3).map((event) => valueAt(event, 'type') ?? event)).toEqual([
      'response.failed',
      'error',
      '[DONE]',
    ])
  },
  60_000,
)

test('a stored response that was over before the kill is the same after it, and is continued', async () => {
  const { apiKey } = await world.newAccount()
  const stored = { model: 'mistral-large-4', max_output_tokens: 50, store: true }
  const first = await ask(world, { apiKey, path, body: { ...stored, input: directiveText({ tokens: 3 }) } })
  const id = String(valueAt(first.body, 'id'))
  await world.restartProduct({ sigkill: true })
  expect((await now(apiKey, id)).body).toEqual(first.body)
  const next = { ...stored, input: directiveText({ tokens: 2 }), previous_response_id: id }
  const second = await ask(world, { apiKey, path, body: next })
  expect(second.body).toMatchObject({ status: 'completed', previous_response_id: id })
}, 60_000)
