// A kept response, read back: the same state and the same tail wherever its client left and wherever the network cut.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnswerEvent } from '#calls/answer-events.ts'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { refuse } from '#core/errors.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject, type JsonObject, readJson } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import type { AnswerFacts } from './dialect.ts'
import { ResponsesEncoder } from './openai-responses-encoder.ts'
import {
  EventsAfter,
  type KeptAnswer,
  KeptResponse,
  openingResponse,
  refusedEvents,
} from './openai-responses-kept.ts'
import { ResponsesMeter } from './openai-responses-meter.ts'
import { ownFieldsOf } from './openai-responses-object.ts'
import { readResponsesCall } from './openai-responses-request.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const answerId = 'gen_0000000000000000000001'
const id = `resp_${answerId}`
const request = { model: 'mistral-large-4', input: 'Hi.', store: true, temperature: 0.5 }
const shown = {
  priced: { costNanoUsd: nanoUsd(2_500), lines: [] },
  metered: {
    usage: {
      input: 9,
      cacheRead: 0,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: 5,
      reasoning: 0,
      audioInput: 0,
      audioOutput: 0,
      images: 0,
      serverToolCalls: 0,
    },
    source: 'final' as const,
  },
}

const asked = (() => {
  const read = readResponsesCall(encoder.encode(JSON.stringify(request)))
  if (!read.ok) throw new Error(read.message)
  return read.call
})()
const ownFields = ownFieldsOf(asked, { answerId, isHosted: true })
const facts: AnswerFacts = {
  answerId,
  model: asked.model,
  createdAtSeconds: 1,
  expectedInputTokens: 9,
  includeUsage: false,
  origin: 'mistral',
  echo: asked.echo ?? {},
  ownFields,
}
const opening = openingResponse(asked, { answerId, model: asked.model, createdAtSeconds: 1 })

const events: readonly AnswerEvent[] = [
  { kind: 'start', upstreamId: 'x' },
  { kind: 'block_start', index: 0, block: { kind: 'reasoning', isSummary: true } },
  { kind: 'delta', index: 0, text: 'Well — ' },
  { kind: 'block_end', index: 0 },
  { kind: 'block_start', index: 1, block: { kind: 'text' } },
  { kind: 'delta', index: 1, text: 'Grüße, ' },
  { kind: 'delta', index: 1, text: '世界 🎉' },
  { kind: 'block_end', index: 1 },
  { kind: 'block_start', index: 2, block: { kind: 'tool_call', id: 'c', name: 'look', isFreeform: false } },
  { kind: 'delta', index: 2, text: '{"a":1}' },
  { kind: 'block_end', index: 2 },
]

type End = 'stop' | 'cancelled' | 'error'

/** What a client got of an answer that was written here. */
function written(end: End = 'stop'): string {
  const writer = new ResponsesEncoder(facts)
  const text = events.map((event) => (isWritten(event) ? writer.write(event) : '')).join('')
  if (end === 'stop') return text + writer.close({ reason: end }, shown)
  const cut = refuse(end === 'error' ? 'upstream_error' : 'call_cancelled', { message: 'Broke off.' })
  return text + writer.fail(cut, shown)
}

function isWritten(event: AnswerEvent) {
  return event.kind !== 'usage' && event.kind !== 'end' && event.kind !== 'error'
}

/** The same of one that passed through from an upstream of this dialect. */
function passed(): string {
  const meter = new ResponsesMeter({
    countTokens: countTokensByBytes,
    expectedInputTokens: 9,
    includeUsage: false,
    costOf: () => shown.priced,
    modelName: undefined,
    ownFields,
  })
  const upstream = written().replaceAll(id, 'resp_of_the_upstream')
  const frames = new FrameReader().push(encoder.encode(upstream))
  const seen = frames.map((frame) => meter.see(frame))
  const closing = seen.some(({ isDone }) => isDone) ? meter.closingBytes() : new Uint8Array(0)
  return [...seen.map(({ bytes }) => bytes), closing].map((bytes) => decoder.decode(bytes)).join('')
}

/** What a response is by the time that so much of it was recorded, in pieces as rows have them. */
function keptResponse(text: string, more: Partial<KeptAnswer> = {}): JsonObject {
  const answer = {
    opening,
    httpStatus: 200,
    isStreamed: true,
    status: 'completed' as const,
    cost: 0.5,
    ...more,
  }
  const kept = new KeptResponse(answer)
  const bytes = encoder.encode(text)
  for (let at = 0; at < bytes.length; at += 97) kept.push(bytes.slice(at, at + 97))
  return kept.response()
}

const framesOf = (text: string) => new FrameReader().push(encoder.encode(text))
/** Decoded once: a part may begin in the middle of a character. */
const textOf = (parts: readonly { bytes: Uint8Array }[]) =>
  decoder.decode(Uint8Array.from(parts.flatMap(({ bytes }) => [...bytes])))

const numberOf = (data: string | undefined) => {
  const event = readJson(data ?? '')
  return isObject(event) ? event['sequence_number'] : undefined
}

/** Every answer that there is: each way to write it, each way to end it. */
const answers: readonly [string, string][] = [
  ['written here', written()],
  ['written here and cancelled', written('cancelled')],
  ['written here and broken off', written('error')],
  ['passed through', passed()],
]

describe.each(answers)('a kept response that was %s', (_how, text) => {
  // Cases: dialects 11
  test(
    'is rejoined after any event with exactly the rest, numbered without gap or repeat',
    { timeout: 30_000 },
    () => {
      const frames = framesOf(text)
      const numbers = frames.map(({ data }) => numberOf(data))
      expect(numbers).toEqual([...frames.slice(0, -1).keys(), undefined])
      const bytes = encoder.encode(text)
      const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 })
      fc.assert(
        fc.property(fc.integer({ min: -1, max: frames.length + 3 }), cuts, (after, lengths) => {
          const tail = new EventsAfter(after)
          const got: { bytes: Uint8Array }[] = []
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const length = lengths[turn % lengths.length] ?? 1
            got.push(...tail.push(bytes.slice(at, at + length)).map((part) => ({ bytes: part })))
            at += length
          }
          expect(textOf(got)).toBe(textOf(frames.slice(Math.min(after + 1, frames.length - 1))))
        }),
      )
    },
  )

  test('without a number is repeated from its beginning, comments included', () => {
    const whole = `: keep-alive\n${text}`
    const parts = new EventsAfter(undefined).push(encoder.encode(whole))
    expect(textOf(parts.map((bytes) => ({ bytes })))).toBe(whole)
  })

  test('is told that it is still there while the client has all that there is', () => {
    const frames = framesOf(text)
    const have = textOf(frames.slice(0, 6))
    const tail = new EventsAfter(5)
    const comment = encoder.encode(': keep-alive\n')
    expect(tail.push(encoder.encode(have))).toEqual([])
    expect(tail.push(comment)).toEqual([comment])
    const rest = textOf(frames.slice(6))
    const parts = tail.push(encoder.encode(rest))
    expect(
      framesOf(`: keep-alive\n${textOf(parts.map((bytes) => ({ bytes })))}`).map(({ data }) => data),
    ).toEqual(frames.slice(6).map(({ data }) => data))
  })

  test('is at every moment what its events have told so far', () => {
    const frames = framesOf(text)
    for (const at of frames.keys()) {
      const now = keptResponse(textOf(frames.slice(0, at)), { status: 'running' })
      const isClosed = frames.slice(0, at).some(({ data }) => closing.test(data ?? ''))
      expect(now).toMatchObject({ id, object: 'response', store: true, temperature: 0.5 })
      if (!isClosed) expect(now['status']).toBe(at === 0 ? 'queued' : 'in_progress')
    }
    const half = frames.filter(({ data }) => !/"(response\.(output_item|.*\.)done|.*世界)/.test(data ?? ''))
    expect(outputTextOf(keptResponse(textOf(half.slice(0, -2)), { status: 'running' }))).toContain('Grüße, ')
  })
})

const closing = /^\{"type":"response\.(completed|incomplete|failed)"/

function outputTextOf(response: JsonObject): string {
  return JSON.stringify(response['output'])
}

describe('a kept response that is over', () => {
  test.each([
    ['stop', 'completed', null],
    ['cancelled', 'cancelled', null],
    ['error', 'failed', { code: 'server_error', message: 'Broke off.' }],
  ] as const)('after %s is %s, with its usage and its cost', (end, status, error) => {
    const response = keptResponse(written(end), { status: end === 'stop' ? 'completed' : 'failed' })
    expect(response).toMatchObject({ id, status, error, incomplete_details: null, cost: 0.0000025 })
    expect(response['usage']).toMatchObject({ input_tokens: 9, output_tokens: 5, cost: 0.0000025 })
    expect(outputTextOf(response)).toContain('世界')
  })

  test('and has no last event says that it broke off, with what came of it', () => {
    const cut = textOf(framesOf(written()).slice(0, 12))
    const lost = keptResponse(cut, { status: 'lost' })
    expect(lost).toMatchObject({ id, status: 'failed', error: { code: 'server_error' }, cost: 0.5 })
    expect(outputTextOf(lost)).toContain('Grüße, ')
    expect(keptResponse(cut, { status: 'cancelled' })).toMatchObject({ id, status: 'cancelled' })
  })

  test.each([
    [429, 'rate_limit_error', 'rate_limit_exceeded'],
    [502, 'api_error', 'server_error'],
  ])('because it was refused with %i says so in its error', (httpStatus, type, code) => {
    const body = JSON.stringify({ error: { message: 'No.', type, param: null, code: 'x' } })
    const response = keptResponse(body, { httpStatus, status: 'failed' })
    expect(response).toMatchObject({ id, status: 'failed', error: { code, message: 'No.' }, output: [] })
    const told = framesOf(refusedEvents(response)).map(({ data }) => readJson(data ?? ''))
    expect(told).toMatchObject([
      { type: 'response.created', response: { id, status: 'in_progress', error: null } },
      { type: 'response.failed', response, sequence_number: 1 },
      { type: 'error', code, message: 'No.', error: { type, code, message: 'No.', param: null } },
      undefined,
    ])
  })

  test('in one piece is its own body', () => {
    const body = { id, object: 'response', status: 'completed', cost: 1 }
    const now = (status: KeptAnswer['status'], text = JSON.stringify(body)) =>
      keptResponse(text, { isStreamed: false, status })
    expect(now('completed')).toEqual(body)
    expect(now('running', '')).toEqual({ ...opening, status: 'in_progress' })
    expect(now('lost', '')).toMatchObject({ id, status: 'failed' })
  })
})

test('a kept response of an upstream of this dialect has our id in it and says that it is kept, and nothing else changes', () => {
  const through = framesOf(passed()).map(({ data }) => readJson(data ?? ''))
  const here = framesOf(written()).map(({ data }) => readJson(data ?? ''))
  expect(through).toEqual(here)
  expect(passed()).not.toContain('resp_of_the_upstream')
})
