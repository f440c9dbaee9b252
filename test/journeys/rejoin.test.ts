// Coming back to an answer while it is made: from its beginning or from where one had been, as many at once as like, each at
// its own pace, in every dialect; and a hosted call costs what any other costs.

import { describe, expect, test } from 'vitest'
import { dialects } from '#dialects/dialects.ts'
import { directiveText } from '../../dev/upstream-directive.ts'
import { chatModel } from '../world/chat.ts'
import { chargeOfCall, settledCharges } from '../world/charges.ts'
import { ask, streamOf } from '../world/gateway.ts'
import { LiveStream, openStream } from '../world/live-stream.ts'
import { sharedWorld } from '../world/shared-world.ts'

const inputTokens = 100
const finish = { 'x-on-disconnect': 'finish' }
const withoutComments = (text: string) => text.replaceAll(/^: .*\n/gm, '')

async function rejoin(apiKey: string, callId: string, query = ''): Promise<LiveStream> {
  const response = await fetch(`${sharedWorld().baseUrl}/v1/generations/${callId}/stream${query}`, {
    headers: { authorization: `Bearer ${apiKey}` },
  })
  return new LiveStream(response, new AbortController())
}

const content = directiveText({ inputTokens, tokens: 40, gapMs: 20 })
const asked: readonly [string, object][] = [
  [dialects.chat.route, { messages: [{ role: 'user', content }], max_completion_tokens: 50 }],
  [dialects.responses.route, { input: content, max_output_tokens: 50 }],
  [dialects.messages.route, { messages: [{ role: 'user', content }], max_tokens: 50 }],
]

describe.each(asked)('an answer of %s', (path, body) => {
  // Requirements: 19
  test.each([chatModel, 'claude-haiku-4-5'])(
    'of %s is rejoined while it runs: the same bytes from the beginning',
    async (model) => {
      const account = await sharedWorld().newAccount()
      const stream = await openStream(
        sharedWorld(),
        account.apiKey,
        { ...body, model, stream: true },
        { path, headers: finish },
      )
      await stream.until((text) => text.includes('word3'))
      stream.leave()
      const [fast, slow] = [
        await rejoin(account.apiKey, stream.callId),
        await rejoin(account.apiKey, stream.callId),
      ]
      const heard = await fast.rest()
      expect(heard.status).toBe(200)
      expect(withoutComments(fast.text).startsWith(withoutComments(stream.text))).toBe(true)
      expect(fast.text).toContain('word39')
      // It takes its first byte when the answer is long over.
      await slow.rest()
      expect(withoutComments(slow.text)).toBe(withoutComments(fast.text))
      const { events } = heard
      for (const has of [1, 7, events.length - 1]) {
        const later = await (await rejoin(account.apiKey, stream.callId, `?starting_after=${has}`)).rest()
        expect(later.events).toEqual(events.slice(has))
      }
      expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
    },
  )
})

test('who asks for a place that is no number is told so', async () => {
  const account = await sharedWorld().newAccount()
  const stream = await openStream(sharedWorld(), account.apiKey, streamOf({ tokens: 2 }), { headers: finish })
  await stream.rest()
  const path = `/v1/generations/${stream.callId}/stream?starting_after=last`
  const answer = await ask(sharedWorld(), { apiKey: account.apiKey, path, method: 'GET' })
  expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
})

// Requirements: 18
test('a hosted call costs and explains itself as the same call without a host does', async () => {
  const account = await sharedWorld().newAccount()
  const body = streamOf({ inputTokens, cachedTokens: 10, tokens: 25 }, { user: account.accountId })
  const [hosted, plain] = [
    await openStream(sharedWorld(), account.apiKey, body, { headers: finish }),
    await openStream(sharedWorld(), account.apiKey, body),
  ]
  const [one, other] = [await hosted.rest(), await plain.rest()]
  expect(one.events.length).toBe(other.events.length)
  expect(await chargeOfCall(sharedWorld(), account, hosted.callId)).toEqual(
    await chargeOfCall(sharedWorld(), account, plain.callId),
  )
  const missing = await rejoin(account.apiKey, plain.callId)
  expect(missing.status).toBe(404)
})
