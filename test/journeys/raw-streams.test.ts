// Streams in which nothing has to be edited (X-Cost: omit): the provider's own bytes, as they come, charged as edited ones are.

import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { formatUsd } from '#core/money.ts'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import { chargeOfCall, expectOneCharge, priceOf, settledCharges } from '../world/charges.ts'
import { ask, streamOf, upstreamRequestsOf } from '../world/gateway.ts'
import { openStream } from '../world/live-stream.ts'
import { sharedWorld } from '../world/shared-world.ts'

type How = { headers: { readonly [name: string]: string } }

const omitted: How = { headers: { 'x-cost': 'omit' } }
const modes: readonly [string, How][] = [
  ['raw', omitted],
  ['edited', { headers: {} }],
]
const inputTokens = 100

async function open(upstream: DirectiveChange, how = omitted) {
  const account = await sharedWorld().newAccount()
  const body = streamOf({ inputTokens, ...upstream }, { user: account.accountId })
  return { account, stream: await openStream(sharedWorld(), account.apiKey, body, how) }
}

describe.each(modes)('a slow stream, %s', (mode, how) => {
  // A branch that waits for company must never hold the client's stream back.
  test('reaches its client event by event: the first word is there before the second is sent', async () => {
    const { account, stream } = await open({ tokens: 2, gapMs: 2_500 }, how)
    await stream.untilWords(1)
    const [sent] = await upstreamRequestsOf(sharedWorld(), account.accountId)
    // The role and the first word.
    expect(sent).toMatchObject({ chunksWritten: 2, isFinished: false })
    const { text } = await stream.rest()
    expect(/: cost=/.test(text)).toBe(mode === 'raw')
    const price = priceOf({ input: inputTokens, output: 2 })
    await expectOneCharge(sharedWorld(), account, {
      callId: stream.callId,
      costNanoUsd: price,
      source: 'final',
    })
  })
})

const usage = { prompt_tokens: 100, completion_tokens: 1, total_tokens: 101 }
const chunk = (fields: object) => ({ id: 'chatcmpl-raw', object: 'chat.completion.chunk', ...fields })
const word = chunk({ choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] })
const finish = chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
const events = [word, finish, chunk({ choices: [], usage })].map((event) => `data:${JSON.stringify(event)}`)

describe('a raw stream', () => {
  test.each([
    [
      'with comments, other line ends and no last one',
      `: BUSY\r\n\r\n${events.join('\r\n\r\n')}\r\n\r\ndata: [DONE]`,
    ],
    ['without its terminator', `${events.join('\n\n')}\n\n`],
    [
      'in one piece with a long comment',
      `: ${'x'.repeat(70_000)}\n\n${events.join('\n\n')}\n\ndata: [DONE]\n\n`,
    ],
  ])('%s is passed on as it came, and charged', async (_name, raw) => {
    const { account, stream } = await open({ raw })
    const { text } = await stream.rest()
    const price = priceOf({ input: 100, output: 1 })
    const ending = raw.endsWith('\n\n') ? '' : '\n\n'
    expect(text).toBe(`${raw}${ending}: cost=${formatUsd(price)} generation=${stream.callId}\n`)
    const expected = { callId: stream.callId, costNanoUsd: price, source: 'final' }
    await expectOneCharge(sharedWorld(), account, expected)
  })

  test('of a megabyte is the provider’s to the last byte', async () => {
    const { account, stream } = await open({ tokens: 190, wordBytes: 6_000, splitBytes: 1_000 })
    const { text } = await stream.rest()
    const own = text.replace(/: cost=\S+ generation=\S+\n$/, '')
    const [sent] = await upstreamRequestsOf(sharedWorld(), account.accountId)
    expect(own.length).toBeGreaterThan(1_000_000)
    expect(createHash('sha256').update(own).digest('hex')).toBe(sent?.answerSha256)
    const charge = await chargeOfCall(sharedWorld(), account, stream.callId)
    expect(charge).toMatchObject({
      costNanoUsd: priceOf({ input: inputTokens, output: 190 }),
      source: 'final',
    })
  })

  // Cases: billing-bugs 8
  test.each(modes)('and an edited one that break off alike are charged alike (%s)', async (mode, how) => {
    const { account, stream } = await open({ tokens: 20, gapMs: 5, cutAfter: 12, usage: 'every' }, how)
    const { text } = await stream.rest()
    // Behind a whole event there is room for the error that clients raise for.
    expect(stream.isBroken).toBe(false)
    expect(text).toContain('"error"')
    expect(text.includes(': cost=')).toBe(mode === 'raw')
    expect(await settledCharges(sharedWorld(), account)).toEqual([
      { callId: stream.callId, costNanoUsd: priceOf({ input: inputTokens, output: 11 }) },
    ])
  })

  test('that breaks off within an event is a broken connection, and charged for what came', async () => {
    const raw = `${events[0]}\n\ndata: {"id":"chatcmpl-raw","choices":[{"index":0,"del`
    const { account, stream } = await open({ raw })
    await stream.rest()
    expect(stream.isBroken).toBe(true)
    expect(stream.text.startsWith(raw)).toBe(true)
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  })

  test('in which the provider fails ends with the provider’s own words, and the cost so far', async () => {
    const { account, stream } = await open({ tokens: 20, errorAfter: 9, usage: 'every' })
    const { text } = await stream.rest()
    expect(stream.isBroken).toBe(false)
    expect(text).toMatch(/"error".*\n\n: cost=/s)
    const price = priceOf({ input: inputTokens, output: 8 })
    expect(await settledCharges(sharedWorld(), account)).toEqual([
      { callId: stream.callId, costNanoUsd: price },
    ])
  })

  test('that begins with an error is a status', async () => {
    const account = await sharedWorld().newAccount()
    const body = streamOf({ errorAfter: 0 }, { user: account.accountId })
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body, ...omitted })
    expect([answer.status, answer.errorCode]).toEqual([502, 'upstream_error'])
    expect(await settledCharges(sharedWorld(), account)).toEqual([])
  })

  test('whose provider does not close behind its terminator ends all the same, and is charged', async () => {
    // The role, two words, the finish, the usage and the terminator.
    const { account, stream } = await open({ tokens: 2, stallAfter: 6 })
    const { text } = await stream.rest()
    expect(stream.isBroken).toBe(false)
    expect(text).toMatch(/data: \[DONE\]\n\n: cost=/)
    const costNanoUsd = priceOf({ input: inputTokens, output: 2 })
    const expected = { callId: stream.callId, costNanoUsd, source: 'final' }
    await expectOneCharge(sharedWorld(), account, expected)
  })

  // Requirements: 18
  // Cases: billing-bugs 1; dialects 19
  test('whose client leaves is heard out and charged in full', async () => {
    const { account, stream } = await open({ tokens: 60, gapMs: 15 })
    await stream.untilWords(5)
    stream.leave()
    const price = priceOf({ input: inputTokens, output: 60 })
    await expectOneCharge(sharedWorld(), account, {
      callId: stream.callId,
      costNanoUsd: price,
      source: 'final',
    })
  })
})
