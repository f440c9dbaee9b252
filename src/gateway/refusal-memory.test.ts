// What an isolate remembers of a refusal, for how long, and that it remembers nothing that may change sooner.
import { beforeEach, describe, expect, test } from 'vitest'

import { addMillis, asMillis } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import type { AdmitRefusalCode, AdmitRefused } from '#ledger/call-commands.ts'
import { refusalOf } from './admission.ts'
import { RefusalMemory } from './refusal-memory.ts'

const now = asMillis(1_777_777_777_000)
const after = (ms: number) => addMillis(now, ms)

function no(code: AdmitRefusalCode, more: Partial<AdmitRefused> = {}): AdmitRefused {
  const zero = nanoUsd(0)
  return { ok: false, code, availableNanoUsd: zero, heldNanoUsd: zero, requiredNanoUsd: zero, ...more }
}

let memory = new RefusalMemory()
beforeEach(() => {
  memory = new RefusalMemory()
})

const remember = (answer: AdmitRefused, key = 'key') => memory.remember(key, answer, refusalOf(answer), now)

describe('a key that is unknown or revoked', () => {
  test.each([['invalid_api_key'], ['key_disabled'], ['no_such_account']] as const)(
    'by %s is refused for a minute without asking, and no longer',
    (code) => {
      remember(no(code))
      expect(memory.recall('key', after(59_999))).toEqual(refusalOf(no(code)))
      expect(memory.recall('key', after(60_000))).toBeUndefined()
      expect(memory.recall('key', after(59_999))).toBeUndefined()
    },
  )

  test('says nothing about any other key', () => {
    remember(no('key_disabled'))
    expect(memory.recall('other', now)).toBeUndefined()
  })
})

describe('a reached limit of requests per minute', () => {
  const rpm = (resetMs: number) => no('rate_limit_exceeded', { limitSource: 'rpm', resetMs })

  test('is refused until its reset', () => {
    remember(rpm(7_500))
    expect(memory.recall('key', after(7_499))?.code).toBe('rate_limit_exceeded')
    expect(memory.recall('key', after(7_500))).toBeUndefined()
  })

  test('is refused for a minute at most', () => {
    remember(rpm(3_600_000))
    expect(memory.recall('key', after(60_000))).toBeUndefined()
  })

  test.each([
    [0, 8],
    [500, 7],
    [7_400, 1],
  ])('says after %d ms that %d s are left, in the header and in words', (ms, seconds) => {
    remember(rpm(7_500))
    const refusal = memory.recall('key', after(ms))
    expect(refusal?.retryAfterSeconds).toBe(seconds)
    expect(refusal?.message).toContain(`Try again in ${seconds} s.`)
  })

  test('without a reset is asked again at once', () => {
    remember(no('rate_limit_exceeded', { limitSource: 'rpm' }))
    expect(memory.recall('key', now)).toBeUndefined()
  })
})

test.each([
  [no('rate_limit_exceeded', { limitSource: 'tpm', resetMs: 5_000 })],
  [no('rate_limit_exceeded', { limitSource: 'in_flight', resetMs: 5_000 })],
  [no('insufficient_credits', { limitSource: 'balance' })],
  [no('in_flight_budget_exhausted', { limitSource: 'balance' })],
  [no('key_limit_exceeded', { limitSource: 'key_day', resetMs: 5_000 })],
  [no('monthly_spend_limit_reached', { limitSource: 'account_month', resetMs: 5_000 })],
  [no('model_not_allowed')],
  [no('account_suspended')],
  [no('internal')],
])('what may change with the next call or the next credit is asked again: %o', (answer) => {
  remember(answer)
  expect(memory.recall('key', now)).toBeUndefined()
})

test('a flood of refused keys pushes out the oldest, not the newest', () => {
  for (let index = 0; index <= 10_000; index += 1) remember(no('invalid_api_key'), `key ${index}`)
  expect(memory.recall('key 0', now)).toBeUndefined()
  expect(memory.recall('key 10000', now)?.code).toBe('invalid_api_key')
})
