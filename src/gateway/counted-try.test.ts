// When a refused call is counted and asked for once more, and what its count may and may not change.

import { describe, expect, test } from 'vitest'

import type { CountTokens } from '#calls/count-tokens.ts'
import { quote } from '#catalog/quote.ts'
import { aModel } from '#catalog/test-model.ts'
import { nanoUsd } from '#core/money.ts'
import type { AdmitRefused } from '#ledger/call-commands.ts'
import { countedBytesMax, countedCall, countedText } from './counted-try.ts'
import { HeldRequest } from './held-request.ts'
import type { JsonObject } from '#core/readers.ts'
import { cappedQuote } from './max-cost.ts'
import { aCall } from './test-call.ts'

/** Four bytes of ASCII to a token. */
const countTokens: CountTokens = (text) => Math.ceil(text.length / 4)
const overhead = 3 + 4
const model = aModel({ tokenizerFactor: 1 })

function refusedWith(more: Partial<AdmitRefused> = {}): AdmitRefused {
  return {
    ok: false,
    code: 'insufficient_credits',
    limitSource: 'balance',
    availableNanoUsd: nanoUsd(700_000),
    heldNanoUsd: nanoUsd(0),
    requiredNanoUsd: nanoUsd(900_000),
    ...more,
  }
}

/** 400 bytes of text in one message, 100 tokens of output: 908,750 nano-dollars by its bytes, 533,750 counted. */
function aTextCall(more: Parameters<typeof aCall>[0] = {}) {
  return aCall({ model, request: aRequest({ messages: [{ content: 'x'.repeat(400) }] }), ...more })
}

const aRequest = (body: JsonObject) => new HeldRequest({ dialect: 'chat', body }, () => JSON.stringify(body))

async function countedAfter(refused: AdmitRefused, call = aTextCall()) {
  let counts = 0
  const counted = await countedCall(call, refused, async () => {
    counts += 1
    return countTokens
  })
  return { counted, counts }
}

describe('a call refused for money', () => {
  // Cases: billing-bugs 18
  test('is quoted anew by what its text really is, and keeps its id and its body', async () => {
    const call = aTextCall()
    const { counted } = await countedAfter(refusedWith(), call)
    expect(call.quote.holdNanoUsd).toBe((400 + overhead) * 1_250 + 100 * 4_000)
    expect(counted?.quote.holdNanoUsd).toBe((100 + overhead) * 1_250 + 100 * 4_000)
    expect(counted?.callId).toBe(call.callId)
    expect(counted?.request).toBe(call.request)
  })

  test('by a limit of its key or its account is counted as well', async () => {
    for (const code of ['key_limit_exceeded', 'monthly_spend_limit_reached'] as const) {
      const refused = refusedWith({ code, limitSource: 'key_day', remainingNanoUsd: nanoUsd(700_000) })
      expect((await countedAfter(refused)).counted).toBeDefined()
    }
  })

  test.each([
    ['for another reason', refusedWith({ code: 'rate_limit_exceeded', limitSource: 'tpm' }), {}],
    [
      'for too many end users',
      refusedWith({ code: 'end_user_limit_exceeded', limitSource: 'end_users_max', remaining: 0 }),
      {},
    ],
    ['with next to nothing', refusedWith({ availableNanoUsd: nanoUsd(400_000) }), {}],
    ['with next to nothing left of a limit', refusedWith({ remainingNanoUsd: nanoUsd(1) }), {}],
    ['where nobody has measured its tokenizer', refusedWith(), { model: aModel() }],
    [
      'with more text than may be counted',
      refusedWith({ availableNanoUsd: nanoUsd(9_000_000_000) }),
      { asked: { textBytes: countedBytesMax + 1 } },
    ],
  ])('is not counted %s', async (_, refused, more) => {
    expect(await countedAfter(refused, aTextCall(more))).toEqual({ counted: undefined, counts: 0 })
  })

  test('is not asked for again where the count helps nothing', async () => {
    const request = aRequest({ messages: [{ content: '' }], tools: ['x'.repeat(400)] })
    expect((await countedAfter(refusedWith(), aTextCall({ request }))).counted).toBeUndefined()
  })

  test('still costs no more than its client allows', async () => {
    const asked = { outputTokensMax: undefined }
    const call = aTextCall({ asked })
    const maxCostNanoUsd = nanoUsd(800_000)
    const capped = cappedQuote({ model, call: call.asked }, quote(model, call.asked), maxCostNanoUsd)
    if (!capped.ok) throw new Error('The client allows enough.')
    const lowered = { ...call, quote: capped.quote, outputTokensLoweredTo: capped.quote.outputTokens }
    const { counted } = await countedAfter(refusedWith(), { ...lowered, maxCostNanoUsd })
    expect(counted?.quote.ceilingNanoUsd).toBe(maxCostNanoUsd)
    expect(counted?.outputTokensLoweredTo).toBe(Math.floor((800_000 - (100 + overhead) * 1_250) / 4_000))
  })
})

describe('a count', () => {
  test('takes the place of the counted texts and leaves all others at their bytes', () => {
    const how = { countTokens, tokenizerFactor: 1 }
    expect(countedText(1_000, ['x'.repeat(400), 'x'.repeat(200)], how)).toEqual({
      tokens: 150,
      restBytes: 400,
    })
  })

  test('is raised by the factor of the model’s tokenizer, and never above the bytes', () => {
    const countedBy = (tokenizerFactor: number) =>
      countedText(400, ['x'.repeat(400)], { countTokens, tokenizerFactor }).tokens
    expect([countedBy(1), countedBy(1.305), countedBy(9)]).toEqual([100, 131, 400])
  })
})
