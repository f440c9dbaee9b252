// However the hosts of a call fail: a bounded number of tries in a bounded time, and none after one that may be billed.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addMillis, asMillis } from '#core/clock.ts'
import { refuse } from '#core/errors.ts'
import { Attempts, fallbackWithinMs, type Leg, legsMax } from './attempts.ts'
import { mayBeAskedAfter, type Verdict } from './leg-failure.ts'

const start = asMillis(1_000_000)
const leg = (provider: string, more: Partial<Leg> = {}) => ({
  provider,
  isPaused: false,
  isOrigin: false,
  ...more,
})
const [a1, a2, b, c, d] = [leg('a'), leg('a'), leg('b'), leg('c'), leg('d')] as const
const overloaded = (retryAfterSeconds: number) => refuse('upstream_overloaded', { retryAfterSeconds })

describe('the tries of a call', () => {
  test('go on to another credential after a used-up quota, and to another host after one without room', () => {
    expect(new Attempts([a1, a2, b], start).after('limited', undefined, start)).toBe(a2)
    expect(new Attempts([a1, a2, b], start).after('credential', undefined, start)).toBe(a2)
    expect(new Attempts([a1, a2, b], start).after('overloaded', undefined, start)).toBe(b)
    expect(new Attempts([a1, a2, b], start).after('unreachable', undefined, start)).toBe(b)
  })

  test('never come back to a host that had no room, under whatever credential', () => {
    const attempts = new Attempts([a1, b, a2], start)
    expect(attempts.after('overloaded', undefined, start)).toBe(b)
    expect(attempts.after('limited', undefined, start)).toBeUndefined()
  })

  test('leave out who said to come later, unless nobody else is there', () => {
    const paused = leg('b', { isPaused: true })
    const attempts = new Attempts([a1, paused, c], start)
    expect(attempts.after('overloaded', undefined, start)).toBe(c)
    expect(new Attempts([paused, a1], start).current).toBe(paused)
  })

  test('end when the time is over', () => {
    const late = addMillis(start, fallbackWithinMs)
    expect(new Attempts([a1, b], start).after('limited', undefined, late)).toBeUndefined()
    expect(new Attempts([a1, b], start).after('limited', undefined, addMillis(late, -1))).toBe(b)
  })

  test('do not count a host whose dialect cannot carry the request', () => {
    const attempts = new Attempts([a1, b, c, d], start)
    expect(attempts.skip()).toBe(b)
    expect(attempts.after('limited', undefined, start)).toBe(c)
    expect(attempts.after('limited', undefined, start)).toBe(d)
  })

  // Cases: billing-bugs 23
  test('are at most three, whatever happens, and none follows one that may be billed', () => {
    const verdicts: readonly Verdict[] = [
      'limited',
      'overloaded',
      'credential',
      'unreachable',
      'capped',
      'erred',
      'refused',
      'failed',
      'limited',
    ]
    fc.assert(
      fc.property(
        fc.array(fc.record({ provider: fc.constantFrom('a', 'b', 'c', 'd'), isPaused: fc.boolean() }), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.array(fc.constantFrom(...verdicts), { minLength: 10, maxLength: 10 }),
        fc.array(fc.nat(20_000), { minLength: 10, maxLength: 10 }),
        (hosts, outcomes, waits) => {
          const [first, ...others] = hosts.map((host) => leg(host.provider, host))
          if (first === undefined) return
          const attempts = new Attempts([first, ...others], start)
          const sent = [attempts.current]
          let now = start
          for (const [index, verdict] of outcomes.entries()) {
            now = addMillis(now, waits[index] ?? 0)
            const next = attempts.after(verdict, undefined, now)
            if (next === undefined) break
            expect(mayBeAskedAfter(verdict), 'nobody is asked after what may be billed').not.toBe('none')
            sent.push(next)
          }
          expect(sent.length).toBeLessThanOrEqual(legsMax)
          expect(new Set(sent).size, 'nobody is asked twice').toBe(sent.length)
          expect(now - start < fallbackWithinMs || sent.length <= legsMax).toBe(true)
        },
      ),
    )
  })
})

describe('a client whose hosts have all failed hears', () => {
  test('the shortest wait that any of them named', () => {
    const attempts = new Attempts([a1, b, c], start)
    attempts.after('overloaded', overloaded(30), start)
    attempts.after('limited', overloaded(4), start)
    attempts.after('unreachable', refuse('upstream_error'), start)
    expect(attempts.refusal()).toEqual(overloaded(4))
  })

  test('what may have run, since it should know', () => {
    const attempts = new Attempts([a1, b], start)
    attempts.after('overloaded', overloaded(30), start)
    attempts.after('failed', refuse('upstream_timeout'), start)
    expect(attempts.refusal()).toEqual(refuse('upstream_timeout'))
  })

  test('that its first choice has no room rather than what another one thought of the request', () => {
    const attempts = new Attempts([a1, b], start)
    attempts.after('overloaded', overloaded(2), start)
    attempts.after('refused', refuse('invalid_request'), start)
    expect(attempts.refusal()).toEqual(overloaded(2))
  })

  test('what is wrong with its request, where nobody was without room', () => {
    const attempts = new Attempts([a1, b], start)
    attempts.after('unreachable', refuse('upstream_error'), start)
    attempts.after('refused', refuse('invalid_request'), start)
    expect(attempts.refusal()).toEqual(refuse('invalid_request'))
    expect(new Attempts([a1], start).refusal()).toBeUndefined()
  })
})
