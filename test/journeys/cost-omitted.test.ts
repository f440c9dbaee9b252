// X-Cost: omit from outside: the answer is the provider's own to the byte, its cost stands behind it, and what is charged is
// what the same call without the header is charged.

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseUsd } from '#core/money.ts'
import { directiveText, type DirectiveChange } from '../../dev/upstream-directive.ts'
import { chatModel, valueAt } from '../world/chat.ts'
import { chargeOfCall, expectNothingCharged, settledCharges } from '../world/charges.ts'
import { ask, chatOf, chatPath, streamOf, type WireAnswer, upstreamRequestsOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const headers = { 'x-cost': 'omit' }
const comment = /: cost=(\d+\.\d+) generation=(gen_\w+)\n$/

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const words = (upstream: DirectiveChange) => [{ role: 'user', content: directiveText(upstream) }]

/** The same question in each dialect, of a model whose provider speaks it. */
const dialects: readonly [string, string, (upstream: DirectiveChange) => object][] = [
  [
    'chat completions',
    chatPath,
    (upstream) => chatOf(upstream, { model: chatModel, stream_options: { include_usage: true } }),
  ],
  [
    'responses',
    '/v1/responses',
    (upstream) => ({ model: 'gpt-5.4-mini', max_output_tokens: 50, input: directiveText(upstream) }),
  ],
  [
    'messages',
    '/v1/messages',
    (upstream) => ({ model: 'claude-opus-4-6', max_tokens: 50, messages: words(upstream) }),
  ],
]

async function sentHash({ callId }: WireAnswer, answerId: unknown): Promise<string | null> {
  const requests = await sharedWorld().upstreamRequests()
  const sent = requests.find((request) => request.answerId === answerId)
  if (sent === undefined) throw new Error(`the upstream never answered ${callId}`)
  return sent.answerSha256
}

const answerIdIn = (text: string) => /"id":\s*"((?:chatcmpl|resp|msg)[-_]\w+)"/.exec(text)?.[1]

describe.each(dialects)('an answer of %s with X-Cost: omit', (name, path, bodyOf) => {
  // Requirements: 33
  test('is the provider’s own when it is whole, with the cost in a header', async () => {
    const account = await sharedWorld().newAccount()
    const body = bodyOf({ tokens: 7, inputTokens: 20 })
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, path, body, headers })
    expect(answer.status, answer.text).toBe(200)
    expect(sha256(answer.text)).toBe(await sentHash(answer, valueAt(answer.body, 'id')))
    const charge = await chargeOfCall(sharedWorld(), account, answer.callId)
    expect(parseUsd(answer.headers.get('x-cost') ?? '')).toBe(charge.costNanoUsd)
    expect(charge.costNanoUsd).toBeGreaterThan(0)
  })

  test('is the provider’s own when it is a stream, with the cost in one comment behind it', async () => {
    const account = await sharedWorld().newAccount()
    const body = { ...bodyOf({ tokens: 7, inputTokens: 20 }), stream: true }
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, path, body, headers })
    expect(answer.status, answer.text).toBe(200)
    const [whole = '', cost = '', callId] = comment.exec(answer.text) ?? []
    expect(callId).toBe(answer.callId)
    const own = answer.text.slice(0, -whole.length)
    // Open Responses ends every stream with a terminator that OpenAI does not send.
    const sent = name === 'responses' ? own.replace(/data: \[DONE\]\n\n$/, '') : own
    expect(sha256(sent)).toBe(await sentHash(answer, answerIdIn(answer.text)))
    expect(own).not.toContain('"cost"')
    expect(await settledCharges(sharedWorld(), account)).toEqual([{ callId, costNanoUsd: parseUsd(cost) }])
    const shown = await ask(sharedWorld(), { apiKey: account.apiKey, path, body })
    expect(shown.text).toContain('"cost"')
    const [charge, again] = [answer, shown].map(({ callId: id }) => chargeOfCall(sharedWorld(), account, id))
    expect(await again).toEqual(await charge)
  })
})

test('vectors with X-Cost: omit are the provider’s own answer', async () => {
  const account = await sharedWorld().newAccount()
  const answer = await ask(sharedWorld(), {
    apiKey: account.apiKey,
    path: '/v1/embeddings',
    body: { model: 'text-embedding-3-small', input: 'some words', user: account.accountId },
    headers,
  })
  expect(answer.status, answer.text).toBe(200)
  const [sent] = await upstreamRequestsOf(sharedWorld(), account.accountId)
  expect(sha256(answer.text)).toBe(sent?.answerSha256)
  const [charge] = await settledCharges(sharedWorld(), account)
  expect(parseUsd(answer.headers.get('x-cost') ?? '')).toBe(charge?.costNanoUsd)
})

describe('a translated answer with X-Cost: omit', () => {
  test.each(['mistral-large-4', 'claude-opus-4-6'])('of %s has no cost in it either', async (model) => {
    const account = await sharedWorld().newAccount()
    const asked = { model, max_output_tokens: 50, input: directiveText({ tokens: 7 }) }
    for (const stream of [true, false]) {
      const body = { ...asked, stream }
      const answer = await ask(sharedWorld(), {
        apiKey: account.apiKey,
        path: '/v1/responses',
        body,
        headers,
      })
      expect(answer.status, answer.text).toBe(200)
      expect(answer.text).toContain('"output_tokens":')
      expect(answer.text).not.toContain('"cost"')
      expect(comment.test(answer.text)).toBe(stream)
    }
  })
})

describe('a stream with X-Cost: omit', () => {
  test('whose client did not ask for the usage gets neither usage nor cost but in the comment', async () => {
    const { apiKey } = await sharedWorld().newAccount()
    const body = chatOf({ tokens: 3 }, { stream: true })
    const { text } = await ask(sharedWorld(), { apiKey, body, headers })
    expect(text).not.toContain('"usage":{')
    expect(text).toMatch(/data: \[DONE\]\n\n: cost=/)
  })

  test('that is asked for again under its Idempotency-Key is the same to the last byte', async () => {
    const { apiKey } = await sharedWorld().newAccount()
    const request = {
      apiKey,
      body: streamOf({ tokens: 3 }),
      headers: { ...headers, 'idempotency-key': 'omitted-once' },
    }
    const first = await ask(sharedWorld(), request)
    const again = await ask(sharedWorld(), request)
    expect(first.text).toMatch(comment)
    expect(again.text).toBe(first.text)
  })
})

test.each(['', 'Omit it', 'none', 'true'])(
  'X-Cost: "%s" is refused, and nothing is charged',
  async (value) => {
    const account = await sharedWorld().newAccount()
    const answer = await ask(sharedWorld(), {
      apiKey: account.apiKey,
      body: chatOf({ tokens: 3 }),
      headers: { 'x-cost': value },
    })
    expect([answer.status, answer.errorCode, valueAt(answer.body, 'error', 'param')]).toEqual([
      400,
      'invalid_request',
      'X-Cost',
    ])
    await expectNothingCharged(sharedWorld(), account)
  },
)
