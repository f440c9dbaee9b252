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

test('what was left out of a request is named in a header that nobody can break', () => {
  const { requestId } = aCall()
  const header = (dropped: readonly string[]) => answerHeaders({ requestId, dropped })['x-parameters-dropped']
  expect(header(['temperature', 'tool web_search', 'temperature'])).toBe('temperature, tool web_search')
  expect(header(['a\r\nset-cookie: x', 'ü'])).toBe('aset-cookie: x, ')
  expect(header(['x'.repeat(10_000)])).toHaveLength(500)
  expect(header([])).toBeUndefined()
})
