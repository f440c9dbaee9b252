// What goes upstream: the client's own request where the dialects match, another one where they differ.

import { describe, expect, test } from 'vitest'
import { aModel } from '#catalog/test-model.ts'
import type { AskedCall } from '#dialects/dialect.ts'
import { dialects } from '#dialects/dialects.ts'
import { answerHeaders } from './answer-headers.ts'
import { upstreamSideOf } from './upstream-side.ts'
import { aCall } from './test-call.ts'

const text = '{ "model": "m", "x": 1.0, "messages": [{"role":"user","content":"Hi"}] }'

function askedOf(body: string): AskedCall {
  const read = dialects.chat.read(new TextEncoder().encode(body))
  if (!read.ok) throw new Error(read.message)
  return read.call
}

const request = { url: 'https://gateway.test/v1/messages?beta=true', headers: new Headers() }

describe('the same dialect on both sides', () => {
  test('sends the client’s own bytes, but for the names that must change', () => {
    const model = aModel({ upstreamId: 'up-1', dialects: ['chat'] })
    const side = upstreamSideOf(askedOf(text), { dialect: dialects.chat, model, outputTokens: 50, request })
    if (!side.ok) throw new Error(side.message)
    expect(side.write(undefined)).toBe(text.replace('"m"', '"up-1"'))
    expect(JSON.parse(side.write(7))).toMatchObject({ [model.outputParameter]: 7 })
    expect(side.upstream).toMatchObject({ path: '/chat/completions', headers: {}, dropped: [] })
  })
})

describe('a chat client before an upstream of messages', () => {
  const thinking = '{"model":"m","messages":[{"role":"user","content":"Hi"}],"reasoning_effort":"high"}'

  // Cases: dialects 45, 48
  test.each([
    ['budget', 20_000, { type: 'enabled', budget_tokens: 16_384 }],
    ['adaptive', 20_000, { type: 'adaptive', display: 'summarized' }],
    ['none', 20_000, undefined],
  ] as const)('asks a model that thinks by %s in its own way', (reasoning, outputTokens, written) => {
    const model = aModel({
      provider: 'anthropic',
      dialects: ['messages'],
      reasoning,
      outputTokensMax: 32_000,
    })
    const side = upstreamSideOf(askedOf(thinking), { dialect: dialects.chat, model, outputTokens, request })
    if (!side.ok) throw new Error(side.message)
    const body: { max_tokens?: unknown; thinking?: unknown } = JSON.parse(side.write(undefined))
    expect(body.max_tokens).toBe(outputTokens)
    if (written === undefined) expect(body.thinking).toBeUndefined()
    else expect(body.thinking).toMatchObject({ type: written.type })
  })

  test('keeps the budget of thoughts below a limit that money has lowered', () => {
    const model = aModel({
      provider: 'anthropic',
      dialects: ['messages'],
      reasoning: 'budget',
      outputTokensMax: 32_000,
    })
    const side = upstreamSideOf(askedOf(thinking), {
      dialect: dialects.chat,
      model,
      outputTokens: 32_000,
      request,
    })
    if (!side.ok) throw new Error(side.message)
    const body: { max_tokens: number; thinking?: { budget_tokens?: number } } = JSON.parse(side.write(3_000))
    expect(body.max_tokens).toBe(3_000)
    expect(body.thinking?.budget_tokens ?? 0).toBeLessThan(3_000)
  })
})

test('what was left out of a request is named in a header that nobody can break', () => {
  const { requestId } = aCall()
  const header = (dropped: readonly string[]) => answerHeaders({ requestId, dropped })['x-parameters-dropped']
  expect(header(['temperature', 'tool web_search', 'temperature'])).toBe('temperature, tool web_search')
  expect(header(['a\r\nset-cookie: x', 'ü'])).toBe('aset-cookie: x, ')
  expect(header(['x'.repeat(10_000)])).toHaveLength(500)
  expect(header([])).toBeUndefined()
})
