// X-On-Disconnect: what a client may ask to happen when it leaves, and where its wish is refused.
import { describe, expect, test } from 'vitest'

import { aModel } from '#catalog/test-model.ts'
import { wantsRelay } from './hosting.ts'
import { readOnDisconnect } from './on-disconnect.ts'

const finishes = aModel({ cancellationPolicy: 'finish', stopsOnAbort: false })
const stops = aModel({ cancellationPolicy: 'stop', stopsOnAbort: true, visibleOutput: true })
const canStop = aModel({ cancellationPolicy: 'finish', stopsOnAbort: true, visibleOutput: true })
const hides = aModel({ cancellationPolicy: 'finish', stopsOnAbort: true, visibleOutput: false })
const own = aModel({ provider: 'local', cancellationPolicy: 'finish', stopsOnAbort: false })
const live = {}

const withHeader = (value?: string) => new Headers(value === undefined ? {} : { 'x-on-disconnect': value })

describe('what happens when a client leaves', () => {
  test.each([finishes, stops])('is what the model does where the client says nothing', (model) => {
    expect(readOnDisconnect(withHeader(), model, live)).toEqual({
      ok: true,
      policy: model.cancellationPolicy,
      isFinishAsked: false,
    })
  })

  test.each([finishes, stops, hides, own])('is "finish" wherever the client wants that', (model) => {
    expect(readOnDisconnect(withHeader('finish'), model, live)).toEqual({
      ok: true,
      policy: 'finish',
      isFinishAsked: true,
    })
  })

  test.each([stops, canStop, own])('is "stop" where the provider stops and shows what it bills', (model) => {
    expect(readOnDisconnect(withHeader(' Stop '), model, live)).toMatchObject({ ok: true, policy: 'stop' })
  })

  test.each([finishes, hides])('is never "stop" where the provider goes on billing', (model) => {
    expect(readOnDisconnect(withHeader('stop'), model, live)).toMatchObject({
      ok: false,
      code: 'invalid_request',
      param: 'X-On-Disconnect',
    })
  })

  test.each(['', 'FINISHED', 'abort', 'true'])('cannot be %j', (value) => {
    expect(readOnDisconnect(withHeader(value), finishes, live)).toMatchObject({ code: 'invalid_request' })
  })

  test('is no choice of the client where the model has a fee or is a job', () => {
    for (const cancellationPolicy of ['accept', 'job'] as const)
      expect(readOnDisconnect(withHeader('finish'), aModel({ cancellationPolicy }), live)).toMatchObject({
        code: 'invalid_request',
      })
  })

  // Requirements: 21
  test('is a fee at acceptance where the model has one, for an answer that is kept as well', () => {
    const fixed = aModel({ cancellationPolicy: 'accept' })
    for (const asked of [live, { isBackground: true }, { isStored: true }])
      expect(readOnDisconnect(withHeader(), fixed, asked)).toMatchObject({ ok: true, policy: 'accept' })
  })

  test('is "finish" for a background request, and nothing else', () => {
    const background = { isBackground: true }
    expect(readOnDisconnect(withHeader(), stops, background)).toMatchObject({ policy: 'finish' })
    expect(readOnDisconnect(withHeader('stop'), stops, background)).toMatchObject({ ok: false })
  })
})

describe('a call runs where it may outlive its client', () => {
  const asked = {
    dialect: 'chat' as const,
    model: 'test-model',
    isStreamed: true,
    includeUsage: undefined,
    outputTokensMax: undefined,
    choices: 1,
    endUser: undefined,
    textBytes: 0,
    messages: 1,
    tools: 0,
    images: 0,
    text: '{}',
    body: {},
  }
  const call = { policy: 'finish' as const, isFinishAsked: false, outputTokens: 100_000, asked }
  const slow = aModel({ reasoning: 'effort', tokensPerSecond: 40 })
  const fast = aModel({ reasoning: 'effort', tokensPerSecond: 150 })

  test('if its answer usually takes too long for a Worker whose client has gone', () => {
    expect(wantsRelay({ ...call, model: slow })).toBe(true)
    expect(wantsRelay({ ...call, model: fast })).toBe(false)
    expect(wantsRelay({ ...call, model: slow, outputTokens: 900 })).toBe(false)
  })

  test.each([
    ['chat', { reasoning_effort: 'high' }],
    ['responses', { reasoning: { effort: 'high' } }],
    ['messages', { output_config: { effort: 'high' } }],
    ['a budget', { thinking: { type: 'enabled', budget_tokens: 9_000 } }],
  ])('if it is asked to think for long, in the words of %s', (_words, body) => {
    expect(wantsRelay({ ...call, model: fast, asked: { ...asked, body } })).toBe(true)
  })

  test('if its client or its nature asks for it, and never if it stops with its client', () => {
    expect(wantsRelay({ ...call, model: fast, isFinishAsked: true })).toBe(true)
    expect(wantsRelay({ ...call, model: fast, asked: { ...asked, isStored: true } })).toBe(true)
    expect(wantsRelay({ ...call, policy: 'stop', model: slow, asked: { ...asked, isStored: true } })).toBe(
      false,
    )
  })
})
