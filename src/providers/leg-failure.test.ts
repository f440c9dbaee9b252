// After which failures another host may be asked: those that cannot have been billed, and no other.

import { describe, expect, test } from 'vitest'
import { type LegFailure, type Verdict, mayBeAskedAfter, verdictOf } from './leg-failure.ts'

const status = (code: number): LegFailure => ({ kind: 'status', status: code, headers: new Headers() })
const event = (error: unknown): LegFailure => ({ kind: 'error_event', data: JSON.stringify(error) })

describe('another host is asked', () => {
  // Cases: billing-bugs 23
  test.each<[string, LegFailure, Verdict]>([
    ['a rate limit', status(429), 'limited'],
    ['a host without room', status(503), 'overloaded'],
    ['Anthropic’s word for it', status(529), 'overloaded'],
    ['a revoked key', status(401), 'credential'],
    ['an empty prepaid account', status(402), 'credential'],
    ['an origin that is down', status(521), 'unreachable'],
    ['an origin without a route', status(523), 'unreachable'],
    ['a failed TLS handshake', status(525), 'unreachable'],
    ['a bad certificate', status(526), 'unreachable'],
    ['an unknown host name', status(530), 'unreachable'],
    ['a refused connection', { kind: 'unreachable' }, 'unreachable'],
    ['the operator’s own cap', { kind: 'provider_cap' }, 'capped'],
    ['overloaded_error first', event({ type: 'error', error: { type: 'overloaded_error' } }), 'overloaded'],
    ['rate_limit_error first', event({ error: { type: 'rate_limit_error' } }), 'limited'],
    ['a code in numbers first', event({ error: { code: 503, message: 'no' } }), 'overloaded'],
    ['insufficient_quota first', event({ error: { code: 'insufficient_quota' } }), 'credential'],
    ['server_error first', event({ error: { type: 'server_error' } }), 'erred'],
    ['a 500 first', event({ error: { code: 500 } }), 'erred'],
    ['an error that is a text', event({ error: 'oh no' }), 'erred'],
    ['an error that cannot be read', { kind: 'error_event', data: '{' }, 'erred'],
  ])('after %s', (_name, failure, verdict) => {
    expect(verdictOf(failure)).toBe(verdict)
    expect(mayBeAskedAfter(verdict)).not.toBe('none')
  })

  // Cases: billing-bugs 23
  test.each<[string, LegFailure, Verdict]>([
    ['a line that broke', { kind: 'lost' }, 'failed'],
    ['a time-out', { kind: 'timeout' }, 'failed'],
    ['a failure in the middle', status(500), 'failed'],
    ['a gateway of theirs', status(502), 'failed'],
    ['their time-out', status(504), 'failed'],
    ['an origin that may have read it', status(520), 'failed'],
    ['an origin that did not say so', status(522), 'failed'],
    ['an origin that was too slow', status(524), 'failed'],
    ['a request that is not valid', status(400), 'refused'],
    ['what is forbidden', status(403), 'refused'],
    ['a request that is too large', status(413), 'refused'],
    ['an invalid request first', event({ error: { type: 'invalid_request_error' } }), 'refused'],
    ['a code 400 first', event({ error: { code: 400 } }), 'refused'],
  ])('never after %s', (_name, failure, verdict) => {
    expect(verdictOf(failure)).toBe(verdict)
    expect(mayBeAskedAfter(verdict)).toBe('none')
  })
})
