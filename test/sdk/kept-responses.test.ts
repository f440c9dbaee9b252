// Responses that outlive their client, by the released `openai` package and nothing else: in the background, stored, looked at,
// rejoined, cancelled, deleted, continued; whatever dialect their provider speaks.

import { APIError } from 'openai'
import type { Response as Kept, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { describe, expect, test, vi } from 'vitest'
import { type DirectiveChange, directiveText } from '../../dev/upstream-directive.ts'
import type { RecordedRequest } from '../../dev/upstream.ts'
import { valueAt } from '../world/chat.ts'
import { expectNothingCharged, nanoOfNumber, priceOf, settledCharges } from '../world/charges.ts'
import { wordsOf } from '../world/gateway.ts'
import { allOf, type Client, newClient } from '../world/openai-client.ts'
import { sharedWorld } from '../world/shared-world.ts'

/** A model whose upstream is spoken to in this dialect; all of them finish what they began. */
const models = { chat: 'mistral-large-4', responses: 'gpt-5.3-codex', messages: 'claude-opus-4-6' } as const
const upstreams = Object.entries(models).map(([upstream, model]) => ({ upstream, model }))

/** Mistral states its usage with the last chunk alone. */
const stated: DirectiveChange = { inputTokens: 100, usage: 'onFinish' }

function question({ account }: Client, model: string, upstream: DirectiveChange) {
  const text = directiveText({ ...(model === models.chat ? stated : { inputTokens: 100 }), ...upstream })
  return { model, max_output_tokens: 200, input: `${text} ${account.accountId}` }
}

const running = new Set(['queued', 'in_progress'])

/** As OpenAI's own documents have it: asked again until it is over. */
async function untilOver(client: Client, id: string): Promise<Kept> {
  return vi.waitFor(
    async () => {
      const response = await client.responses.retrieve(id)
      expect(running.has(response.status ?? '')).toBe(false)
      return response
    },
    { timeout: 20_000, interval: 25 },
  )
}

async function askedUpstream({ account }: Client): Promise<RecordedRequest[]> {
  const requests = await sharedWorld().upstreamRequests()
  return requests.filter(({ body }) => JSON.stringify(body).includes(account.accountId))
}

/** Waits for a refusal and tells what it said. */
async function refusalOf(
  asked: PromiseLike<unknown>,
): Promise<{ status: unknown; code: unknown; message: string }> {
  const error: unknown = await Promise.resolve(asked).then(
    () => new Error('it was answered'),
    (refused: unknown) => refused,
  )
  if (!(error instanceof APIError)) throw error
  const { status, code, message } = error
  return { status, code, message }
}

const numbersOf = (events: readonly ResponseStreamEvent[]) => events.map((event) => event.sequence_number)
const textOf = (events: readonly ResponseStreamEvent[]) =>
  events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('')
const costOf = (response: unknown) => nanoOfNumber(valueAt(response, 'usage', 'cost'))

async function kept(client: Client, model: string, upstream: DirectiveChange = { tokens: 5 }): Promise<Kept> {
  return client.responses.create({ ...question(client, model, upstream), store: true })
}

describe.each(upstreams)('a background response of an upstream of $upstream', ({ model }) => {
  // Requirements: 18
  test('is answered at once, and found complete with its usage and cost by who asks again', async () => {
    const client = await newClient()
    const asked = {
      ...question(client, model, { tokens: 8, firstMs: 300 }),
      background: true,
      metadata: { a: 'b' },
    }
    const begun = await client.responses.create(asked)
    expect(begun).toMatchObject({
      object: 'response',
      status: 'queued',
      background: true,
      store: true,
      model,
    })
    expect(begun).toMatchObject({
      id: expect.stringMatching(/^resp_gen_\w{22}$/),
      output: [],
      metadata: { a: 'b' },
    })
    const response = await untilOver(client, begun.id)
    const costNanoUsd = priceOf({ input: 100, output: 8 }, model)
    expect(response).toMatchObject({
      id: begun.id,
      status: 'completed',
      background: true,
      store: true,
      model,
    })
    expect(response.output_text).toBe(wordsOf(8))
    expect(response.usage).toMatchObject({ input_tokens: 100, output_tokens: 8 })
    expect([costOf(response), nanoOfNumber(valueAt(response, 'cost'))]).toEqual([costNanoUsd, costNanoUsd])
    expect(await settledCharges(sharedWorld(), client.account)).toMatchObject([{ costNanoUsd }])
    const sent = (await askedUpstream(client)).map(({ body }) => body)
    expect(sent).toHaveLength(1)
    expect(sent[0]).toMatchObject({ stream: true })
    expect(sent[0]).not.toHaveProperty('background')
    expect(valueAt(sent[0], 'store') ?? false).toBe(false)
  })

  // Requirements: 18, 19
  // Cases: dialects 11
  test('whose client leaves its stream is rejoined where that broke off, and costs what it would have', async () => {
    const client = await newClient()
    const body = {
      ...question(client, model, { tokens: 30, gapMs: 15 }),
      background: true,
      stream: true,
    } as const
    const stream = await client.responses.create(body)
    const had: ResponseStreamEvent[] = []
    for await (const event of stream) {
      had.push(event)
      if (had.length === 12) break
    }
    const id = had[0]?.type === 'response.created' ? had[0].response.id : ''
    const after = had.at(-1)?.sequence_number ?? 0
    const rest = await allOf(await client.responses.retrieve(id, { stream: true, starting_after: after }))
    expect(numbersOf([...had, ...rest])).toEqual([...had, ...rest].map((_, at) => at))
    expect(textOf([...had, ...rest])).toBe(wordsOf(30))
    const last = rest.at(-1)
    const costNanoUsd = priceOf({ input: 100, output: 30 }, model)
    expect(last).toMatchObject({ type: 'response.completed', response: { id, status: 'completed' } })
    expect(costOf(valueAt(last, 'response'))).toBe(costNanoUsd)
    // Whoever comes back later still gets the same, from the beginning.
    expect(await allOf(await client.responses.retrieve(id, { stream: true }))).toEqual([...had, ...rest])
    expect(await settledCharges(sharedWorld(), client.account)).toMatchObject([{ costNanoUsd }])
  })

  // Requirements: 22
  test('that is cancelled in the middle is hung up on and charged for what had come, once', async () => {
    const client = await newClient()
    const slow = { ...question(client, model, { tokens: 150, gapMs: 100 }), background: true }
    const { id } = await client.responses.create(slow)
    const middle = await vi.waitFor(
      async () => {
        const now = await client.responses.retrieve(id)
        expect(now.output_text.length).toBeGreaterThan(10)
        return now
      },
      { timeout: 30_000, interval: 50 },
    )
    expect(middle).toMatchObject({ id, status: 'in_progress', usage: null })
    const response = await client.responses.cancel(id)
    expect(response).toMatchObject({ id, status: 'cancelled', error: null, incomplete_details: null })
    const now = await client.responses.retrieve(id)
    expect(now.output_text).toMatch(/^( word\d+)+$/)
    const charges = await settledCharges(sharedWorld(), client.account)
    expect(charges).toMatchObject([{ costNanoUsd: costOf(response) }])
    expect(costOf(response)).toBeLessThan(priceOf({ input: 200, output: 150 }, model))
    expect(costOf(response)).toBeGreaterThan(0)
    await vi.waitFor(async () => expect(await askedUpstream(client)).toMatchObject([{ isAborted: true }]), {
      timeout: 30_000,
    })
    // Idempotent, and the same for who looks later.
    expect(await client.responses.cancel(id)).toEqual(response)
    expect(now).toMatchObject(response)
    const events: ResponseStreamEvent[] = []
    const reading = client.responses.retrieve(id, { stream: true }).then(async (stream) => {
      for await (const event of stream) events.push(event)
    })
    expect(await refusalOf(reading)).toMatchObject({ code: 'call_cancelled' })
    expect(events.at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'cancelled' } })
  })

  test('that its provider refuses says so when it is asked for, and costs nothing', async () => {
    const client = await newClient()
    const { id } = await client.responses.create({
      ...question(client, model, { status: 400 }),
      background: true,
    })
    const response = await untilOver(client, id)
    expect(response).toMatchObject({ id, status: 'failed', output: [], error: { code: 'server_error' } })
    const stream = await client.responses.retrieve(id, { stream: true })
    await expect(allOf(stream)).rejects.toThrow(response.error?.message)
    await expectNothingCharged(sharedWorld(), client.account)
  })

  test('that breaks off is failed, with what had come of it and its cost', async () => {
    const client = await newClient()
    const broken = { ...question(client, model, { tokens: 12, errorAfter: 9 }), background: true }
    const { id } = await client.responses.create(broken)
    const response = await untilOver(client, id)
    expect(response).toMatchObject({ id, status: 'failed', error: { code: 'server_error' } })
    expect(await settledCharges(sharedWorld(), client.account)).toMatchObject([
      { costNanoUsd: costOf(response) },
    ])
  })
})

describe.each(upstreams)('a stored response of an upstream of $upstream', ({ model }) => {
  test('is the same for who asks again, until it is deleted', async () => {
    const client = await newClient()
    const response = await kept(client, model)
    expect(response).toMatchObject({
      store: true,
      background: false,
      status: 'completed',
      previous_response_id: null,
    })
    expect(await client.responses.retrieve(response.id)).toEqual(response)
    expect(await client.responses.delete(response.id)).toMatchObject({ id: response.id, deleted: true })
    const gone = await refusalOf(client.responses.retrieve(response.id))
    expect(gone).toMatchObject({ status: 404, code: 'not_found' })
    expect(gone.message).toContain(response.id)
    expect(await settledCharges(sharedWorld(), client.account)).toHaveLength(1)
  })

  test('is continued by its id: its items stand before the new ones, priced as the input that they are', async () => {
    const client = await newClient()
    const first = await kept(client, model, { text: 'Blue is my colour.' })
    const next = { ...question(client, model, { tokens: 2 }), store: true, previous_response_id: first.id }
    const second = await client.responses.create(next)
    expect(second).toMatchObject({ previous_response_id: first.id, store: true })
    const last = { ...question(client, model, { tokens: 3 }), previous_response_id: second.id }
    const third = await client.responses.create(last)
    expect(third).toMatchObject({ previous_response_id: second.id, status: 'completed' })
    const sent = (await askedUpstream(client)).map(({ body }) => JSON.stringify(body))
    expect(sent).toHaveLength(3)
    expect(sent[2]).toContain('Blue is my colour.')
    expect(sent[2]).toContain(wordsOf(2).trim())
    expect(sent[2]).not.toContain('previous_response_id')
    expect(await settledCharges(sharedWorld(), client.account)).toHaveLength(3)
    const items = await client.responses.inputItems.list(second.id, { order: 'asc' })
    expect(items.data.map((item) => valueAt(item, 'role'))).toEqual(['user', 'assistant', 'user'])
  })

  test('that was streamed can be read again as events', async () => {
    const client = await newClient()
    const body = { ...question(client, model, { tokens: 5 }), store: true, stream: true } as const
    const events = await allOf(await client.responses.create(body))
    const last = events.at(-1)
    const id = last?.type === 'response.completed' ? last.response.id : ''
    expect(await allOf(await client.responses.retrieve(id, { stream: true }))).toEqual(events)
    const tail = await client.responses.retrieve(id, { stream: true, starting_after: 3 })
    expect(await allOf(tail)).toEqual(events.slice(4))
    expect((await client.responses.retrieve(id)).output_text).toBe(wordsOf(5))
    const helped = client.responses.stream({ response_id: id })
    expect((await helped.finalResponse()).output_text).toBe(wordsOf(5))
  })
})

describe('a response that is not there', () => {
  const unknown = 'resp_gen_0000000000000000000001'

  // Cases: dialects 64
  test('and one of another account are the same, at every door', async () => {
    const [client, stranger] = await Promise.all([newClient(), newClient()])
    const { id } = await kept(client, models.chat)
    for (const one of [unknown, 'resp_1', 'x', id]) {
      const { responses } = stranger
      const doors = [
        () => responses.retrieve(one),
        () => responses.cancel(one),
        () => responses.delete(one),
        () => responses.inputItems.list(one),
      ]
      for (const door of doors) {
        const refusal = await refusalOf(door())
        expect(refusal).toMatchObject({ status: 404, code: 'not_found' })
        expect(refusal.message.replaceAll(one, '')).toContain('is not kept here')
      }
      const goesOn = { ...question(stranger, models.chat, { tokens: 1 }), previous_response_id: one }
      expect(await refusalOf(responses.create(goesOn))).toMatchObject({
        status: 400,
        code: 'previous_response_not_found',
      })
    }
    await expectNothingCharged(sharedWorld(), stranger.account)
    expect(await client.responses.retrieve(id)).toMatchObject({ id, status: 'completed' })
  })
})

describe('what cannot be asked of a kept response is refused by its name', () => {
  test('cancelling one that is not in the background', async () => {
    const client = await newClient()
    const { id } = await kept(client, models.chat)
    const refusal = await refusalOf(client.responses.cancel(id))
    expect(refusal).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(refusal.message).toContain('"background": true')
  })

  test('going on from one that still runs, deleting it, reading it from an event without a stream', async () => {
    const client = await newClient()
    const slow = { ...question(client, models.chat, { tokens: 100, gapMs: 100 }), background: true }
    const { id } = await client.responses.create(slow)
    const goesOn = { ...question(client, models.chat, { tokens: 1 }), previous_response_id: id }
    expect(await refusalOf(client.responses.create(goesOn))).toMatchObject({
      status: 400,
      code: 'previous_response_not_found',
      message: expect.stringMatching(/queued|in_progress/),
    })
    expect(await refusalOf(client.responses.delete(id))).toMatchObject({
      status: 400,
      code: 'invalid_request',
    })
    for (const path of ['starting_after=3', 'stream=yes', 'stream=true&starting_after=-1'])
      expect(await refusalOf(client.get(`/responses/${id}?${path}`))).toMatchObject({ status: 400 })
    for (const path of ['limit=0', 'limit=101', 'order=up', 'after=x'])
      expect(await refusalOf(client.get(`/responses/${id}/input_items?${path}`))).toMatchObject({
        status: 400,
      })
    await client.responses.cancel(id)
  })

  test('a background that is not to be stored, or is no truth value', async () => {
    const client = await newClient()
    const body = question(client, models.chat, { tokens: 1 })
    const { responses } = client
    expect(await refusalOf(responses.create({ ...body, background: true, store: false }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('"background"'),
    })
    expect(
      await refusalOf(client.post('/responses', { body: { ...body, background: 'yes' } })),
    ).toMatchObject({
      status: 400,
    })
    await expectNothingCharged(sharedWorld(), client.account)
  })
})

test('a request that is too long to be kept beside its answer is run and kept, and cannot be continued', async () => {
  const client = await newClient()
  const body = question(client, models.chat, { tokens: 2 })
  const long = `${'word '.repeat(220_000)} ${body.input}`
  const { id } = await client.responses.create({ ...body, input: long, store: true })
  expect(await client.responses.retrieve(id)).toMatchObject({ id, status: 'completed', store: true })
  const goesOn = await refusalOf(client.responses.create({ ...body, previous_response_id: id }))
  expect(goesOn).toMatchObject({ status: 400, code: 'previous_response_not_found' })
  expect(goesOn.message).toContain('too long')
  expect(await refusalOf(client.responses.inputItems.list(id))).toMatchObject({
    status: 404,
    code: 'not_found',
  })
  await client.responses.delete(id)
})

test('a background response may be priced without being run', async () => {
  const client = await newClient()
  const body = { ...question(client, models.chat, { tokens: 5 }), background: true }
  expect(await client.post('/responses?dryRun=true', { body })).toMatchObject({
    dry_run: true,
    would_be_admitted: true,
  })
  expect(await askedUpstream(client)).toEqual([])
  await expectNothingCharged(sharedWorld(), client.account)
})

test('a background response that is asked for twice under one Idempotency-Key is one', async () => {
  const client = await newClient()
  const body = { ...question(client, models.chat, { tokens: 5 }), background: true }
  const { id } = await client.responses.create(body, { headers: { 'Idempotency-Key': 'one' } })
  const response = await untilOver(client, id)
  await settledCharges(sharedWorld(), client.account)
  const again = await client.responses.create(body, { headers: { 'Idempotency-Key': 'one' } })
  expect(again).toMatchObject({ id, status: 'completed', output: response.output })
  expect(await settledCharges(sharedWorld(), client.account)).toHaveLength(1)
})
