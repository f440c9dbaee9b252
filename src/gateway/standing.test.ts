// Who may be sent upstream before the ledger has answered: each condition of good standing alone, and what ends it.
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'

import { addMillis, asMillis } from '#core/clock.ts'
import { keyNumber, makeAccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { Admitted } from '#ledger/call-commands.ts'
import { type Dispatch, Standing } from './standing.ts'

const goodForMs = 60_000
const now = asMillis(1_777_777_777_000)
const accountId = makeAccountId('e', (bytes) => new Uint8Array(bytes).fill(1))
const otherAccountId = makeAccountId('e', (bytes) => new Uint8Array(bytes).fill(2))

const call: Dispatch = {
  accountId,
  keyNumber: keyNumber(1),
  holdNanoUsd: nanoUsd(1_000),
  exposureNanoUsd: nanoUsd(10),
  tokens: 100,
  isClaimed: false,
}

const yes: Admitted = {
  ok: true,
  heldNanoUsd: nanoUsd(1_000),
  availableNanoUsd: nanoUsd(1_000_000),
  parallel: { calls: 4, exposureNanoUsd: nanoUsd(1_000) },
  burnNanoUsdPerMinute: nanoUsd(0),
  rate: {
    requests: { limit: 50, remaining: 50, resetMs: 60_000 },
    tokens: { limit: 10_000, remaining: 10_000, resetMs: 60_000 },
    inFlight: { limit: 50, remaining: 50 },
  },
}

let standing = new Standing(goodForMs)
beforeEach(() => {
  standing = new Standing(goodForMs)
})

const withKey = (number: number, more: Partial<Dispatch> = {}): Dispatch => ({
  ...call,
  keyNumber: keyNumber(number),
  ...more,
})

const withRate = (rate: { requests?: number; tokens?: number; inFlight?: number }): Admitted => ({
  ...yes,
  rate: {
    requests: { ...yes.rate.requests, remaining: rate.requests ?? 50 },
    tokens: { ...yes.rate.tokens, remaining: rate.tokens ?? 10_000 },
    inFlight: { ...yes.rate.inFlight, remaining: rate.inFlight ?? 50 },
  },
})

describe('a key is asked for first', () => {
  test('while it was never admitted in this isolate', () => {
    expect(standing.takeParallel(call, now)).toBe(false)
  })

  test('where only another key of its account was admitted here', () => {
    standing.admitted(withKey(2), yes, now)
    expect(standing.takeParallel(call, now)).toBe(false)
  })

  test('where only the same key number of another account was admitted here', () => {
    standing.admitted({ ...call, accountId: otherAccountId }, yes, now)
    expect(standing.takeParallel(call, now)).toBe(false)
  })

  test('under an Idempotency-Key, because it may have run already', () => {
    standing.admitted(call, yes, now)
    expect(standing.takeParallel({ ...call, isClaimed: true }, now)).toBe(false)
  })

  test('where the object granted nothing', () => {
    standing.admitted(call, { ...yes, parallel: { calls: 0, exposureNanoUsd: nanoUsd(0) } }, now)
    expect(standing.takeParallel(call, now)).toBe(false)
  })

  test.each([
    [59_999, true],
    [60_000, false],
    [120_000, false],
  ])('%d ms after its admission: sent at once is %s', (ms, isParallel) => {
    standing.admitted(call, yes, now)
    expect(standing.takeParallel(call, addMillis(now, ms))).toBe(isParallel)
  })

  test.each([
    [20_000, true],
    [19_999, false],
    [0, false],
    [-1, false],
  ])('with %d available for holds of 1000, at least twenty of them: %s', (available, isParallel) => {
    standing.admitted(call, { ...yes, availableNanoUsd: nanoUsd(available) }, now)
    expect(standing.takeParallel(call, now)).toBe(isParallel)
  })

  test.each([
    [1_000_000, true],
    [1_000_001, false],
  ])('with 1000000 available and %d spent per minute: sent at once is %s', (burn, isParallel) => {
    standing.admitted(call, { ...yes, burnNanoUsdPerMinute: nanoUsd(burn) }, now)
    expect(standing.takeParallel(call, now)).toBe(isParallel)
  })

  test.each([
    [{ requests: 0 }, false],
    [{ requests: 1 }, true],
    [{ tokens: 99 }, false],
    [{ tokens: 100 }, true],
    [{ inFlight: 0 }, false],
    [{ inFlight: 1 }, true],
  ])('where the limits leave %j: sent at once is %s', (rate, isParallel) => {
    standing.admitted(call, withRate(rate), now)
    expect(standing.takeParallel(call, now)).toBe(isParallel)
  })

  test('where one dispatch alone exposes more than is granted', () => {
    standing.admitted(call, yes, now)
    expect(standing.takeParallel({ ...call, exposureNanoUsd: nanoUsd(1_001) }, now)).toBe(false)
    expect(standing.takeParallel({ ...call, exposureNanoUsd: nanoUsd(1_000) }, now)).toBe(true)
  })
})

describe('unanswered dispatches', () => {
  test('are one per key, so that a key revoked a moment ago costs one', () => {
    standing.admitted(call, yes, now)
    expect(standing.takeParallel(call, now)).toBe(true)
    expect(standing.takeParallel(call, now)).toBe(false)
    standing.answered(call)
    expect(standing.takeParallel(call, now)).toBe(true)
  })

  test('of all keys of an account together stay within the calls that were granted', () => {
    const keys = [1, 2, 3, 4, 5].map((number) => withKey(number))
    for (const key of keys) standing.admitted(key, yes, now)
    expect(keys.map((key) => standing.takeParallel(key, now))).toEqual([true, true, true, true, false])
    standing.answered(withKey(2))
    expect(standing.takeParallel(withKey(5), now)).toBe(true)
  })

  test('of all keys of an account together stay within the exposure that was granted', () => {
    const dear = { exposureNanoUsd: nanoUsd(400) }
    const keys = [1, 2, 3].map((number) => withKey(number, dear))
    for (const key of keys) standing.admitted(key, yes, now)
    expect(keys.map((key) => standing.takeParallel(key, now))).toEqual([true, true, false])
    standing.answered(withKey(1, dear))
    expect(standing.takeParallel(withKey(3, dear), now)).toBe(true)
  })

  test('of one account leave another account its own', () => {
    const one: Admitted = { ...yes, parallel: { calls: 1, exposureNanoUsd: nanoUsd(1_000) } }
    const other = { ...call, accountId: otherAccountId }
    standing.admitted(call, one, now)
    standing.admitted(other, one, now)
    expect([standing.takeParallel(call, now), standing.takeParallel(other, now)]).toEqual([true, true])
  })

  test('give their place back after a refusal as well', () => {
    const one: Admitted = { ...yes, parallel: { calls: 1, exposureNanoUsd: nanoUsd(1_000) } }
    for (const key of [call, withKey(2)]) standing.admitted(key, one, now)
    standing.takeParallel(call, now)
    standing.answered(call)
    standing.refused(call)
    expect(standing.takeParallel(withKey(2), now)).toBe(true)
  })

  test('of an invocation that died before its answer do not bar their key and account for ever', () => {
    const one: Admitted = { ...yes, parallel: { calls: 1, exposureNanoUsd: nanoUsd(1_000) } }
    standing.admitted(call, one, now)
    expect(standing.takeParallel(call, now)).toBe(true)
    const later = addMillis(now, 60_000)
    for (const key of [call, withKey(2)]) standing.admitted(key, one, later)
    expect(standing.takeParallel(withKey(2), addMillis(later, -1))).toBe(false)
    expect(standing.takeParallel(call, later)).toBe(true)
  })

  test('that were never taken give nothing back', () => {
    standing.answered(call)
    standing.admitted(call, { ...yes, parallel: { calls: 1, exposureNanoUsd: nanoUsd(10) } }, now)
    expect(standing.takeParallel(call, now)).toBe(true)
    expect(standing.takeParallel(withKey(1), now)).toBe(false)
  })
})

describe("the isolate's copy of what is left", () => {
  const repeated = (times: number) =>
    Array.from({ length: times }, () => {
      const isParallel = standing.takeParallel(call, now)
      standing.answered(call)
      return isParallel
    })

  test('of money falls with every dispatch', () => {
    standing.admitted(call, { ...yes, availableNanoUsd: nanoUsd(21_000) }, now)
    expect(repeated(3)).toEqual([true, true, false])
  })

  test.each([[{ requests: 2 }], [{ tokens: 200 }], [{ inFlight: 2 }]])(
    'of %j falls with every dispatch',
    (rate) => {
      standing.admitted(call, withRate(rate), now)
      expect(repeated(3)).toEqual([true, true, false])
    },
  )

  test('is replaced by what the next admission says', () => {
    standing.admitted(call, withRate({ requests: 1 }), now)
    repeated(1)
    standing.admitted(call, withRate({ requests: 1 }), addMillis(now, 50_000))
    expect(standing.takeParallel(call, addMillis(now, 100_000))).toBe(true)
  })
})

test('any refusal ends the standing of its key and of no other', () => {
  for (const key of [call, withKey(2)]) standing.admitted(key, yes, now)
  standing.refused(call)
  expect([standing.takeParallel(call, now), standing.takeParallel(withKey(2), now)]).toEqual([false, true])
})

test('a yes without a grant ends the standing that was there', () => {
  standing.admitted(call, yes, now)
  standing.admitted(call, { ...yes, parallel: { calls: 0, exposureNanoUsd: nanoUsd(0) } }, now)
  expect(standing.takeParallel(call, now)).toBe(false)
})

test('a flood of keys pushes the oldest grant out, not the newest', () => {
  for (let number = 1; number <= 10_001; number += 1) standing.admitted(withKey(number), yes, now)
  expect(standing.takeParallel(withKey(1), now)).toBe(false)
  expect(standing.takeParallel(withKey(10_001), now)).toBe(true)
})

test('whatever happens in whatever order, a burst never exposes the operator to more than the grant', () => {
  const step = fc.record({
    kind: fc.constantFrom('take' as const, 'answer' as const, 'admit' as const, 'refuse' as const),
    key: fc.integer({ min: 1, max: 6 }),
    exposure: fc.integer({ min: 0, max: 600 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const one = new Standing(goodForMs)
      const open = new Map<number, Dispatch>()
      for (const { kind, key, exposure } of steps) {
        const dispatch = withKey(key, { exposureNanoUsd: nanoUsd(exposure) })
        if (kind === 'admit') one.admitted(dispatch, yes, now)
        if (kind === 'refuse') one.refused(dispatch)
        if (kind === 'take' && one.takeParallel(dispatch, now)) {
          expect(open.has(key)).toBe(false)
          open.set(key, dispatch)
        }
        const answered = open.get(key)
        if (kind === 'answer' && answered !== undefined) {
          one.answered(answered)
          open.delete(key)
        }
        const exposed = [...open.values()].reduce((sum, taken) => sum + taken.exposureNanoUsd, 0)
        expect(open.size).toBeLessThanOrEqual(yes.parallel.calls)
        expect(exposed).toBeLessThanOrEqual(yes.parallel.exposureNanoUsd)
      }
    }),
  )
})
