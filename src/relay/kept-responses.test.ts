// Kept responses over a Relay object that is anywhere between asked and gone: what is read of them, and what a client that
// comes back hears while there is nothing yet.

import { describe, expect, test } from 'vitest'
import { type AccountId, type CallId, readAccountId, readCallId } from '#core/ids.ts'
import { zeroNanoUsd } from '#core/money.ts'
import { earlierResponse, responseNow, stateOfResponse } from './kept-responses.ts'
import { rejoinedEvents } from './rejoined-events.ts'
import type { GenerationState, RelayPort } from './relay-port.ts'

const accountId = given<AccountId>(readAccountId('acct_000000000000000'))
const callId = given<CallId>(readCallId('gen_0000000000000000000001'))
const id = `resp_${callId}`

function given<Id>(read: Id | undefined): Id {
  if (read === undefined) throw new Error('an id of this test is none')
  return read
}

const running: GenerationState = {
  callId,
  status: 'running',
  isStreamed: true,
  isBackground: true,
  route: '/v1/responses',
  model: 'm',
  startedAtMs: 5_000,
  endedAtMs: null,
  costNanoUsd: zeroNanoUsd,
  bytes: 0,
  httpStatus: 0,
  request: JSON.stringify({ model: 'm', input: 'Hi.', background: true, metadata: { a: 'b' } }),
}

const eventOf = (type: string, number: number, more: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number, ...more })}\n\n`
const whole = { id, object: 'response', status: 'completed', output: [], usage: { cost: 0.5 } }
const events =
  eventOf('response.created', 0, { response: { ...whole, status: 'in_progress' } }) +
  eventOf('response.completed', 1, { response: whole })
const sse = { headers: { 'content-type': 'text/event-stream' } }

/** A Relay object that gives these answers, one after the other, and is in this state. */
function relayWith(state: GenerationState | null, ...answers: readonly (Response | null)[]): RelayPort {
  const left = [...answers]
  const none = () => Promise.reject(new Error('this is not asked for here'))
  return {
    run: none,
    items: () => Promise.reject(new Error('not asked here')),
    collect: () => Promise.resolve(left.shift() ?? null),
    state: () => Promise.resolve(state),
    cancel: none,
    forget: none,
  }
}

const tooMany = () => Response.json({ error: {} }, { status: 429 })

describe('a kept response', () => {
  test('that was only asked for is queued, and repeats its request', async () => {
    const now = await responseNow(relayWith(running), accountId, running)
    expect(now).toMatchObject({
      response: { id, status: 'queued', background: true, created_at: 5, metadata: { a: 'b' } },
    })
  })

  test('is read as far as it was when it was asked for, however long it goes on', async () => {
    let isLeft = false
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(events.slice(0, -2))),
      cancel: () => {
        isLeft = true
      },
    })
    const begun = { ...running, httpStatus: 200, bytes: 40 }
    const now = await responseNow(relayWith(begun, new Response(endless, sse)), accountId, begun)
    expect(now).toMatchObject({ response: { id, status: 'in_progress' } })
    expect(isLeft).toBe(true)
  })

  test('that too many read at once says that, and not that it had failed', async () => {
    const over = { ...running, status: 'completed' as const, httpStatus: 200, bytes: 9 }
    const refused = { ok: false, code: 'rate_limit_exceeded' }
    expect(await responseNow(relayWith(over, tooMany()), accountId, over)).toMatchObject(refused)
    const rejoining = { relay: relayWith(over, tooMany()), accountId, state: over, startingAfter: undefined }
    expect(await rejoinedEvents(rejoining)).toMatchObject(refused)
    expect(await earlierResponse(relayWith(over, tooMany()), accountId, callId)).toMatchObject(refused)
  })

  test('that its provider refused with the same status is failed', async () => {
    const over = { ...running, status: 'failed' as const, httpStatus: 429, bytes: 9 }
    const now = await responseNow(relayWith(over, tooMany()), accountId, over)
    expect(now).toMatchObject({ response: { id, status: 'failed' } })
  })

  test('that is deleted while it is read is not found', async () => {
    const over = { ...running, status: 'completed' as const, httpStatus: 200, bytes: 9 }
    expect(await responseNow(relayWith(over, null), accountId, over)).toMatchObject({ code: 'not_found' })
  })

  test('is none where the call was asked for in another dialect, or never', async () => {
    const other = relayWith({ ...running, route: '/v1/messages' })
    expect(await stateOfResponse(other, accountId, callId)).toBeUndefined()
    expect(await stateOfResponse(relayWith(null), accountId, callId)).toBeUndefined()
    expect(await earlierResponse(relayWith(null), accountId, callId)).toEqual({
      ok: true,
      earlier: undefined,
    })
  })
})

describe('who comes back for the events of a response', () => {
  async function heard(relay: RelayPort, state: GenerationState, startingAfter?: number): Promise<string> {
    const rejoined = await rejoinedEvents({ relay, accountId, state, startingAfter })
    if (!rejoined.ok) throw new Error(rejoined.code)
    return new Response(rejoined.events).text()
  }
  const notYet = () => Response.json({}, { status: 202 })

  test('before its upstream has answered hears that it is still there, then all of them', async () => {
    const relay = relayWith(running, notYet(), notYet(), new Response(events, sse))
    expect(await heard(relay, running)).toBe(`: keep-alive\n: keep-alive\n${events}`)
  })

  test('after its upstream has refused is told so in events', async () => {
    const refusal = { error: { message: 'No.', type: 'api_error', code: 'upstream_error', param: null } }
    const failed = { ...running, status: 'failed' as const, httpStatus: 502, bytes: 9 }
    const answer = () => Response.json(refusal, { status: 502 })
    const told = await heard(relayWith(failed, answer(), answer()), failed, 0)
    expect(told).not.toContain('response.created')
    expect(told).toMatch(/event: response\.failed\n.*"status":"failed".*\n\nevent: error\n.*"message":"No\."/)
  })

  test('gets a broken connection, never a quiet end, where it can be read no more', async () => {
    await expect(heard(relayWith(null, notYet(), null), running)).rejects.toThrow('not_found')
  })
})
