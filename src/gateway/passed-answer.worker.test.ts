// An answer that passes unparsed, in workerd, on a clock that the test moves: slow clients, silent upstreams, cover that ends.

import { beforeEach, describe, expect, test } from 'vitest'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { aModel } from '#catalog/test-model.ts'
import type { Refusal } from '#core/errors.ts'
import { embeddingsFormat } from '#dialects/openai-embeddings.ts'
import { timings } from '#ledger/timings.ts'
import { upstreamTimings } from '#providers/upstream-timings.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, settled } from '../../test/world/hand-clock.ts'
import { type Ending, endingOf } from './ending.ts'
import { type PassingSession, passedAnswer } from './passed-answer.ts'
import { aCall } from './test-call.ts'
import { anAdmission } from './test-parts.ts'

const format = embeddingsFormat.passed ?? { content: '', readUsage: () => undefined, usageOf: () => ({}) }
const bytesOf = (text: string) => new TextEncoder().encode(text)

let clock = new HandClock()
let isCovered = true
let loseCover: (loss: 'cover_lost' | 'key_revoked') => void = () => undefined
let endings: Ending[] = []
let refusals: Refusal[] = []
let responses: Response[] = []
let leaves = 0

beforeEach(() => {
  clock = new HandClock()
  isCovered = true
  endings = []
  refusals = []
  responses = []
  leaves = 0
})

function aSession(): PassingSession {
  const model = aModel({ kind: 'embedding', dialects: [], outputTokensMax: 0 })
  const call = aCall({
    model,
    dialect: embeddingsFormat,
    asked: { isStreamed: false, outputTokensMax: undefined },
  })
  return {
    call,
    parts: {
      clock,
      timings,
      upstreamTimings,
      countO200k: async () => countTokensByBytes,
      log: { info: () => undefined, error: () => undefined },
    },
    admitted: anAdmission(),
    balanceCheck: 'first',
    hangUp: new AbortController(),
    respond: (response) => void responses.push(response),
    respondRefusal: (refusal) => void refusals.push(refusal),
    isCovered: () => isCovered,
    coveredForMs: () => (isCovered ? timings.fenceMs : 0),
    onHalt: (listener) => {
      loseCover = listener
    },
    clientLeft: () => {
      leaves += 1
    },
    firstToken: () => undefined,
    end: (cause, phase, metered) => {
      const ending = endingOf(call, cause, phase, metered)
      endings.push(ending)
      return ending
    },
  }
}

/** An upstream whose answer the test sends piece by piece. */
function passing() {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  const ended = passedAnswer(new Response(readable), aSession(), format)
  const send = async (text: string) => {
    writer.write(bytesOf(text)).catch(() => undefined)
    await settled()
  }
  const close = async () => {
    writer.close().catch(() => undefined)
    await settled()
  }
  return { ended, send, close }
}

const head = '{"data":["'
const tail = '"],"usage":{"prompt_tokens":1000}}'
const long = 'A'.repeat(300_000)

describe('a short answer', () => {
  test('goes out when it is whole and its charge is on its way', async () => {
    const { ended, send, close } = passing()
    await send(head)
    expect(responses).toEqual([])
    await send(tail)
    await close()
    await ended
    expect(endings).toMatchObject([{ cause: 'done', isCharged: true, charge: { costNanoUsd: 1_000_000 } }])
    expect(await responses[0]?.json()).toMatchObject({ data: [''], cost: 0.001, usage: { cost: 0.001 } })
    expect(responses[0]?.headers.get('x-cost')).toBe('0.001')
    expect(clock.sleepers).toBe(0)
  })

  test('of an upstream that falls silent is a time-out, and not charged', async () => {
    const { ended, send } = passing()
    await send(head)
    await clock.advance(upstreamTimings.idleMs)
    await ended
    expect(endings).toMatchObject([{ cause: 'timeout', isCharged: false }])
    expect(refusals).toMatchObject([{ code: 'upstream_timeout' }])
  })

  test('whose cover ends is refused, and not charged', async () => {
    const { ended, send } = passing()
    await send(head)
    loseCover('key_revoked')
    await ended
    expect(endings).toMatchObject([{ cause: 'key_revoked', isCharged: false }])
    expect(refusals).toMatchObject([{ code: 'key_disabled' }])
  })

  test('that has no cover when it is whole does not go out', async () => {
    const { ended, send, close } = passing()
    await send(head + tail)
    isCovered = false
    await close()
    await ended
    expect(endings).toMatchObject([{ cause: 'cover_lost', isCharged: false }])
    expect([responses, refusals]).toMatchObject([[], [{ code: 'ledger_unavailable' }]])
  })

  test('without a byte is an error of the upstream', async () => {
    await passedAnswer(new Response(null), aSession(), format)
    expect(endings).toMatchObject([{ cause: 'cut', isCharged: false }])
    expect(refusals).toMatchObject([{ code: 'upstream_error' }])
  })
})

describe('a long answer', () => {
  test('goes out as it comes, its usage and cost last', async () => {
    const { ended, send, close } = passing()
    await send(head + long)
    expect(responses).toHaveLength(1)
    const text = responses[0]?.text()
    await send(tail)
    await close()
    await ended
    expect((await text)?.startsWith(`${head}${long}"],"usage":{"prompt_tokens":1000,"cost":0.001,`)).toBe(
      true,
    )
    expect(endings).toMatchObject([{ cause: 'done', charge: { costNanoUsd: 1_000_000 } }])
    expect(responses[0]?.headers.has('x-cost')).toBe(false)
    expect(clock.sleepers).toBe(0)
  })

  // Cases: billing-bugs 4
  test.each([
    ['takes nothing', upstreamTimings.clientStallMs],
    ['takes it too slowly', upstreamTimings.totalMs],
  ])('whose client %s is read to its end without it, and charged in full', async (how, afterMs) => {
    const { ended, send, close } = passing()
    await send(head + long)
    const reader = responses[0]?.body?.getReader()
    const isSlow = how === 'takes it too slowly'
    const stepMs = isSlow ? upstreamTimings.clientStallMs / 2 : afterMs
    for (let passed = 0; passed < afterMs; passed += stepMs) {
      if (isSlow) await Promise.all([reader?.read(), send('A'.repeat(70_000))])
      await clock.advance(stepMs)
    }
    expect(leaves).toBe(1)
    await send(tail)
    await close()
    await ended
    expect(endings).toMatchObject([
      { cause: 'client_gone', isCharged: true, charge: { costNanoUsd: 1_000_000 } },
    ])
    expect(clock.sleepers).toBe(0)
  })

  test('whose client has left is given up when nobody can wait for it any longer', async () => {
    const { ended, send } = passing()
    await send(head + long)
    await responses[0]?.body?.cancel()
    await send('A')
    await clock.advance(timings.drainMs)
    await ended
    expect(endings).toMatchObject([{ cause: 'drain_limit', isCharged: false }])
  })

  test.each(['cover_lost', 'key_revoked'] as const)('breaks off where its cover ends: %s', async (loss) => {
    const { ended, send } = passing()
    await send(head + long)
    const broken = expect(responses[0]?.text()).rejects.toThrow()
    loseCover(loss)
    await ended
    await broken
    expect(endings).toMatchObject([{ cause: loss, isCharged: false }])
  })

  test('of which nothing more may go out stops before the next byte', async () => {
    const { ended, send } = passing()
    await send(head + long)
    const broken = expect(responses[0]?.text()).rejects.toThrow()
    isCovered = false
    await send('more')
    await ended
    await broken
    expect(endings).toMatchObject([{ cause: 'cover_lost' }])
  })
})
