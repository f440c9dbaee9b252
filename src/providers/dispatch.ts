// One request to an upstream: out with an allow-list of headers, back as an open answer or as a refusal.

import { type Clock, secondMs } from '#core/clock.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { StopController } from '#core/stop.ts'
import type { LegFailure } from './leg-failure.ts'
import { type Provider, headersOf } from './provider.ts'
import { refusalOfUpstream } from './upstream-refusal.ts'
import type { UpstreamTimings } from './upstream-timings.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export type DispatchParts = { fetch: Fetch; clock: Clock; timings: UpstreamTimings }

export type UpstreamRequest = {
  provider: Provider
  path: string
  headers: Readonly<Record<string, string>>
  body: string
  /** Hangs up: the caller owns it and may abort at any time. */
  hangUp: AbortController
  /** Another host could be asked: a failure to connect is told from a line that broke. */
  hasOthers?: boolean
}

export type Dispatched =
  | { ok: true; response: Response }
  /** `refusal` is for the client; nothing can have been billed except after a time-out, which is never proved. */
  | Undelivered

export type Undelivered = {
  ok: false
  refusal: Refusal
  cause: 'upstream_error' | 'timeout' | 'provider_cap'
  failure: LegFailure
}

/** An upstream's error text beyond this is not read. */
const errorBytesMax = 16 * 1024
/** Nobody accepts a connection, reads a request and fails at it in less; a refused connection takes no longer. */
const connectMs = secondMs

export async function dispatch(request: UpstreamRequest, parts: DispatchParts): Promise<Dispatched> {
  const { provider, path, headers, body, hangUp } = request
  const answered = new StopController()
  const sentAt = parts.clock.now()
  let isTimedOut = false
  const timeout = parts.clock.sleep(parts.timings.firstByteMs, answered.signal).then(() => {
    if (answered.signal.aborted) return
    isTimedOut = true
    hangUp.abort()
  })
  try {
    const response = await parts.fetch(`${provider.baseUrl}${path}`, {
      method: 'POST',
      // The whole list: of the client's own headers only those that its dialect has picked.
      headers: {
        ...headersOf(provider),
        ...headers,
        'content-type': 'application/json',
        'user-agent': 'sluice',
      },
      body,
      redirect: 'manual',
      signal: hangUp.signal,
    })
    if (response.ok) return { ok: true, response }
    return await refused(response)
  } catch {
    // Whatever fetch throws here means that no answer came; which of the two it was is all that matters.
    if (isTimedOut) {
      const failure = { kind: 'timeout' } as const
      return { ok: false, refusal: refuse('upstream_timeout'), cause: 'timeout', failure }
    }
    const isSudden = request.hasOthers === true && parts.clock.now() - sentAt <= connectMs
    const isClosed = isSudden && !hangUp.signal.aborted && (await isUnreachable(provider, parts))
    return {
      ok: false,
      refusal: refuse('upstream_error', {
        message: 'The model provider could not be reached. Nothing was charged. Try again.',
      }),
      cause: 'upstream_error',
      failure: { kind: isClosed ? 'unreachable' : 'lost' },
    }
  } finally {
    answered.abort()
    await timeout
  }
}

async function refused(response: Response): Promise<Dispatched> {
  const text = await boundedText(response)
  const { status, headers } = response
  return {
    ok: false,
    refusal: refusalOfUpstream(status, text, headers.get('retry-after')),
    cause: 'upstream_error',
    failure: { kind: 'status', status, headers },
  }
}

/**
 * The platform throws the same for a refused connection and for a line that broke after the request was read, and only the
 * first is safe to send elsewhere: a host that takes no connection at all right afterwards was not there before.
 */
async function isUnreachable({ baseUrl }: Provider, { fetch, clock }: DispatchParts): Promise<boolean> {
  const done = new StopController()
  const giveUp = new AbortController()
  const timeout = clock.sleep(connectMs, done.signal).then(() => giveUp.abort())
  try {
    const response = await fetch(baseUrl, { method: 'HEAD', redirect: 'manual', signal: giveUp.signal })
    await response.body?.cancel()
    return false
  } catch {
    // Silence is no refusal: what neither answers nor refuses may be at work on the request.
    return !giveUp.signal.aborted
  } finally {
    done.abort()
    await timeout
  }
}

async function boundedText(response: Response): Promise<string> {
  if (response.body === null) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (text.length < errorBytesMax) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
  }
  await reader.cancel()
  return text
}
