// One request to an upstream: what goes out, what comes back, and that it goes out once. The network is a function here.
import { beforeEach, describe, expect, test } from 'vitest'

// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock } from '../../test/world/hand-clock.ts'
import { type Dispatched, type Fetch, dispatch } from './dispatch.ts'
import type { Provider } from './provider.ts'
import { upstreamTimings } from './upstream-timings.ts'

const provider: Provider = { id: 'openai', baseUrl: 'https://upstream.test/v1', apiKey: 'sk-operators-key' }

let clock = new HandClock()
let hangUp = new AbortController()
let sent: { url: string; init: RequestInit }[] = []

beforeEach(() => {
  clock = new HandClock()
  hangUp = new AbortController()
  sent = []
})

function send(fetch: Fetch, body = '{"model":"gpt"}'): Promise<Dispatched> {
  const noted: Fetch = (url, init) => {
    sent.push({ url, init })
    return fetch(url, init)
  }
  const request = { provider, path: '/chat/completions', headers: {}, body, hangUp }
  return dispatch(request, { fetch: noted, clock, timings: upstreamTimings })
}

const answers =
  (status: number, body: BodyInit | null = '', headers: Record<string, string> = {}): Fetch =>
  async () =>
    new Response(body, { status, headers })

/** Behaves like the platform's: nothing comes, and hanging up rejects. */
const silent: Fetch = (_url, init) =>
  new Promise((_resolve, reject) => {
    init.signal?.addEventListener('abort', () => reject(new Error('The operation was aborted.')))
  })

const breaks: Fetch = async () => {
  throw new TypeError('connect ECONNREFUSED 10.0.0.1:443 sk-operators-key upstream.test')
}

describe('what goes out', () => {
  // Cases: billing-bugs 58
  test('has three headers, none of them from the client', async () => {
    await send(answers(200))
    expect(sent[0]?.init.headers).toEqual({
      authorization: 'Bearer sk-operators-key',
      'content-type': 'application/json',
      'user-agent': 'sluice',
    })
  })

  // Cases: billing-bugs 53
  test("goes to the operator's address, whatever the request's fields say", async () => {
    const body = JSON.stringify({
      model: 'gpt',
      api_base: 'https://evil.test',
      base_url: 'https://evil.test',
      'custom-host': 'evil.test',
    })
    await send(answers(200), body)
    expect(sent.map(({ url, init }) => [url, init.method, init.body])).toEqual([
      ['https://upstream.test/v1/chat/completions', 'POST', body],
    ])
  })

  // Cases: billing-bugs 53
  test('follows no redirect, so that the key reaches no other host', async () => {
    const dispatched = await send(answers(307, null, { location: 'https://evil.test/' }))
    expect(sent[0]?.init.redirect).toBe('manual')
    expect(dispatched).toMatchObject({
      ok: false,
      cause: 'upstream_error',
      refusal: { code: 'upstream_error' },
    })
    expect(JSON.stringify(dispatched)).not.toContain('evil.test')
  })
})

test('an answer is handed over unread, with no timer left and the line still open', async () => {
  const dispatched = await send(answers(200, 'data: 1\n\n', { 'content-type': 'text/event-stream' }))
  expect(dispatched.ok && !dispatched.response.bodyUsed).toBe(true)
  expect([clock.sleepers, hangUp.signal.aborted]).toEqual([0, false])
  await clock.advance(upstreamTimings.firstByteMs * 2)
  expect(hangUp.signal.aborted).toBe(false)
})

describe('a request is sent once', () => {
  // Cases: billing-bugs 23
  test.each([
    ['when the upstream breaks', breaks],
    ...[400, 408, 409, 429, 500, 502, 503, 504, 529].map(
      (status) => [`after a ${status}`, answers(status, '{}')] as const,
    ),
  ] as [string, Fetch][])('%s', async (_name, fetch) => {
    expect((await send(fetch)).ok).toBe(false)
    await clock.advance(upstreamTimings.totalMs)
    expect([sent.length, clock.sleepers]).toEqual([1, 0])
  })

  // Cases: billing-bugs 23
  test('and hung up when its answer does not begin in time, not sent again', async () => {
    const sending = send(silent)
    await clock.advance(upstreamTimings.firstByteMs - 1)
    expect(hangUp.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(await sending).toEqual({
      ok: false,
      refusal: { ok: false, code: 'upstream_timeout' },
      cause: 'timeout',
      failure: { kind: 'timeout' },
    })
    await clock.advance(upstreamTimings.totalMs)
    expect([sent.length, hangUp.signal.aborted, clock.sleepers]).toEqual([1, true, 0])
  })
})

test('a caller that hangs up gets a failure that is no time-out', async () => {
  const sending = send(silent)
  await clock.advance(10)
  hangUp.abort()
  expect(await sending).toMatchObject({ ok: false, cause: 'upstream_error' })
  expect(clock.sleepers).toBe(0)
})

describe('where another host could be asked, a failure', () => {
  const failureOf = async (isThere: 'refuses' | 'answers' | 'is silent', hasOthers = true) => {
    const asked: (string | undefined)[] = []
    const fetch: Fetch = async (url, init) => {
      asked.push(init.method)
      if (init.method === 'HEAD' && isThere === 'answers') return new Response(null, { status: 404 })
      if (init.method === 'HEAD' && isThere === 'is silent') return silent(url, init)
      throw new Error('Network connection lost.')
    }
    const request = { provider, path: '/x', headers: {}, body: '{}', hangUp, hasOthers }
    const sending = dispatch(request, { fetch, clock, timings: upstreamTimings })
    await clock.advance(2_000)
    return { asked, dispatched: await sending }
  }

  test('is one to connect only if the host takes no connection afterwards either', async () => {
    expect(await failureOf('refuses')).toMatchObject({
      asked: ['POST', 'HEAD'],
      dispatched: { ok: false, failure: { kind: 'unreachable' } },
    })
  })

  // Cases: billing-bugs 23
  test('may have come after the request was read, if the host is there or silent', async () => {
    for (const isThere of ['answers', 'is silent'] as const)
      expect(await failureOf(isThere)).toMatchObject({ dispatched: { failure: { kind: 'lost' } } })
  })

  test('is looked into by nobody where no other host could be asked', async () => {
    expect(await failureOf('refuses', false)).toMatchObject({
      asked: ['POST'],
      dispatched: { failure: { kind: 'lost' } },
    })
  })
})

describe("an upstream's error", () => {
  // Cases: billing-bugs 61
  test('of the network shows neither key nor host', async () => {
    const told = JSON.stringify(await send(breaks))
    expect(told).toContain('could not be reached')
    expect(told).not.toMatch(/10\.0\.0\.1|operators-key|upstream\.test/)
  })

  test('comes with the wait that it asks for', async () => {
    expect(await send(answers(429, '{}', { 'retry-after': '9' }))).toMatchObject({
      refusal: { code: 'upstream_overloaded', retryAfterSeconds: 9 },
    })
  })

  test('speaks of the request in its own words', async () => {
    expect(await send(answers(400, '{"error":{"message":"Bad field.","param":"n"}}'))).toMatchObject({
      refusal: { code: 'invalid_request', message: 'Bad field.', param: 'n' },
    })
  })

  test('that never ends is read up to its limit and dropped', async () => {
    let pulls = 0
    let isCancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulls += 1
        controller.enqueue(new Uint8Array(1024).fill(120))
      },
      cancel: () => {
        isCancelled = true
      },
    })
    expect(await send(answers(400, endless))).toMatchObject({
      ok: false,
      refusal: { code: 'invalid_request' },
    })
    expect(isCancelled).toBe(true)
    expect(pulls).toBeLessThan(20)
  })

  test('whose body stops in the middle is a time-out', async () => {
    const stuck: Fetch = async (_url, init) => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          init.signal?.addEventListener('abort', () => controller.error(new Error('aborted')))
        },
      })
      return new Response(body, { status: 500 })
    }
    const sending = send(stuck)
    await clock.advance(upstreamTimings.firstByteMs)
    expect(await sending).toMatchObject({ ok: false, cause: 'timeout' })
  })
})
