// For how long a credential is passed over, by what its provider says.

import { describe, expect, test } from 'vitest'
import { asMillis } from '#core/clock.ts'
import { pauseMsAfter, pauseMsAfterAnswer } from './upstream-rates.ts'

const now = asMillis(Date.parse('2026-11-21T12:00:00Z'))
const pause = (headers: Record<string, string>) => pauseMsAfter('limited', new Headers(headers), now)
const left = (headers: Record<string, string>) => pauseMsAfterAnswer(new Headers(headers), now)

describe('a credential is passed over', () => {
  test.each([
    [{}, 5_000],
    [{ 'retry-after': '12' }, 12_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'soon' }, 5_000],
    [{ 'retry-after': '-3' }, 5_000],
    [{ 'retry-after-ms': '250', 'retry-after': '1' }, 250],
    [{ 'retry-after': '86400' }, 600_000],
    [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '6m0s' }, 360_000],
  ])('after a 429 with %j for %i ms', (headers, ms) => {
    expect(pause(headers)).toBe(ms)
  })

  test('after its key was refused for a minute, and after a host without room for as long as that said', () => {
    expect(pauseMsAfter('credential', new Headers(), now)).toBe(60_000)
    expect(pauseMsAfter('overloaded', new Headers({ 'retry-after': '3' }), now)).toBe(3_000)
    expect(pauseMsAfter('overloaded', new Headers(), now)).toBe(0)
    for (const verdict of ['unreachable', 'capped', 'erred', 'refused', 'failed'] as const)
      expect(pauseMsAfter(verdict, new Headers({ 'retry-after': '3' }), now)).toBe(0)
  })

  test.each([
    [{}, 0],
    [{ 'x-ratelimit-remaining-requests': '1', 'x-ratelimit-reset-requests': '60s' }, 0],
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1.5s' }, 1_500],
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '20ms' }, 20],
    [{ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '1h0m2s' }, 600_000],
    [{ 'x-ratelimit-remaining-tokens': '0' }, 0],
    [
      {
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-11-21T12:00:07Z',
      },
      7_000,
    ],
    [
      {
        'anthropic-ratelimit-input-tokens-remaining': '0',
        'anthropic-ratelimit-input-tokens-reset': '2026-11-21T12:00:02Z',
        'anthropic-ratelimit-output-tokens-remaining': '0',
        'anthropic-ratelimit-output-tokens-reset': '2026-11-21T12:00:09Z',
      },
      9_000,
    ],
  ])('after a good answer with %j for %i ms', (headers, ms) => {
    expect(left(headers)).toBe(ms)
  })
})
