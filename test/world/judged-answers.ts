// Before every file of journeys: what a test's client gets from the product is held against the vendors' own types and the
// rules of their streams (test/conform), whatever the test itself looks at. A difference fails the test. So does what Stripe's
// stand-in has found wrong with what it was asked meanwhile (judged-stripe.ts), by the product or by the test itself.

import { afterEach, expect, inject } from 'vitest'
import { answerFaults, isJudged } from '../conform/judge.ts'
import { sharedWorld } from './shared-world.ts'

const ownFetch = globalThis.fetch
const found: string[] = []

/** Where a test has the upstream break its own format, what passes through is as broken. */
const isBrokenByTest = (request: string) => /\\"(raw|usageIs)\\"|\\"usage\\":\\"(wrong|none)\\"/.test(request)

/** Responses repeat the tools of their request, whatever they are. */
const repeatsWhatIsStrange = (request: string) => request.includes('teleport_20990101')

globalThis.fetch = async (input, init) => {
  const response = await ownFetch(input, init)
  const url = new URL(input instanceof Request ? input.url : input)
  const path = url.pathname
  const isAnswer = url.origin === inject('world').baseUrl && isJudged(path) && url.search !== '?dryRun=true'
  const asked = typeof init?.body === 'string' ? init.body : ''
  if (!isAnswer || response.body === null || isBrokenByTest(asked) || repeatsWhatIsStrange(asked))
    return response
  // Such a client gets what its provider wrote, as it wrote it.
  const isRaw = new Headers(init?.headers).get('x-cost') === 'omit'
  const { status } = response
  const contentType = response.headers.get('content-type') ?? ''
  const body = heard(response.body, (text, isWhole) => {
    const faults = answerFaults({ path, status, contentType, text, isWhole }, isRaw ? 'upstream' : 'client')
    found.push(...faults.filter((fault) => !isProvidersOwn(text, fault)))
  })
  const { headers, statusText } = response
  return new Response(body, { status, statusText, headers })
}

/** A raw stream of responses ends as OpenAI ends it: without the terminator that Open Responses asks for. */
function isProvidersOwn(text: string, fault: string): boolean {
  const isRaw = /: cost=\S+ generation=\S+\n$/.test(text) && text.includes('event: response.')
  return isRaw && fault === 'the stream has no terminator'
}

/** The same bytes at the reader's own pace; a reader who leaves is gone for the sender too. */
function heard(
  body: ReadableStream<Uint8Array>,
  onEnd: (text: string, isWhole: boolean) => void,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  return new ReadableStream(
    {
      pull: async (controller) => {
        const { done, value } = await reader.read()
        if (done) {
          onEnd(text, true)
          return controller.close()
        }
        text += decoder.decode(value, { stream: true })
        controller.enqueue(value)
      },
      cancel: (reason) => {
        onEnd(text, false)
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

afterEach(async () => {
  expect(found.splice(0), 'what went over the wire').toEqual([])
  expect(await sharedWorld().stripe.control.takeFaults(), 'what Stripe was asked').toEqual([])
})
