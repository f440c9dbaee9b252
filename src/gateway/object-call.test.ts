// Asking an object that hangs, throws or comes late, on a clock that the test moves.
import { beforeEach, describe, expect, test } from 'vitest'

// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock } from '../../test/world/hand-clock.ts'
import { type Persistence, askOnce, askPersistently } from './object-call.ts'

let clock = new HandClock()
beforeEach(() => {
  clock = new HandClock()
})

/** The longest pauses that jitter can make, so that the times below are fixed. */
const slowest = (bytes: number) => new Uint8Array(bytes).fill(255)
const how = (withinMs = 20_000): Persistence => ({ clock, random: slowest, attemptMs: 5_000, withinMs })
const never = () => new Promise<never>(() => undefined)
const isFinal = (answer: string) => answer !== 'internal'

/** Answers in order, one per attempt; the last one repeats. Notes when each attempt came. */
function objectThat(...answers: (() => Promise<string>)[]) {
  const askedAtMs: number[] = []
  const ask = () => {
    askedAtMs.push(clock.elapsedMs)
    const answer = answers[askedAtMs.length - 1] ?? answers.at(-1)
    return answer === undefined ? never() : answer()
  }
  return { ask, askedAtMs }
}

const says = (answer: string) => async () => answer
const breaks = (message: string) => async () => {
  throw new Error(message)
}

describe('one attempt', () => {
  test('gives the answer and leaves no timer', async () => {
    expect(await askOnce(says('yes'), how())).toEqual({ ok: true, answer: 'yes' })
    expect(clock.sleepers).toBe(0)
  })

  test('that hangs has failed after its time and not before', async () => {
    let isOver = false
    const asked = askOnce(never, how()).then((answer) => {
      isOver = true
      return answer
    })
    await clock.advance(4_999)
    expect(isOver).toBe(false)
    await clock.advance(1)
    expect(await asked).toEqual({ ok: false, cause: new Error('No answer within 5000 ms.') })
  })

  test('that throws before it returns a promise has failed like one that rejects', async () => {
    const spent = (): Promise<string> => {
      throw new Error('The stub is spent.')
    }
    expect(await askOnce(spent, how())).toEqual({ ok: false, cause: new Error('The stub is spent.') })
    expect(await askOnce(breaks('reset'), how())).toEqual({ ok: false, cause: new Error('reset') })
    expect(clock.sleepers).toBe(0)
  })

  test('whose answer or failure comes late stays failed and disturbs nobody', async () => {
    const late = Promise.withResolvers<string>()
    const asked = askOnce(() => late.promise, how())
    await clock.advance(5_000)
    late.reject(new Error('too late'))
    await clock.advance(1)
    expect((await asked).ok).toBe(false)
  })

  test('ends at once where its caller has ended', async () => {
    const ended = new AbortController()
    const asked = askOnce(never, { ...how(), signal: ended.signal })
    await clock.advance(1_000)
    ended.abort()
    expect((await asked).ok).toBe(false)
    expect(clock.sleepers).toBe(0)
  })
})

describe('asking on', () => {
  test('an object that was reset is asked again, each time through what the caller makes anew', async () => {
    const object = objectThat(breaks('reset'), breaks('reset'), says('yes'))
    const asked = askPersistently(object.ask, isFinal, how())
    await clock.advance(1_000)
    expect(await asked).toEqual({ ok: true, answer: 'yes' })
    expect(object.askedAtMs).toEqual([0, 100, 300])
    expect(clock.sleepers).toBe(0)
  })

  test('an object that hangs is asked again, and the first final answer stands', async () => {
    const object = objectThat(never, says('internal'), says('refused'), says('never asked'))
    const asked = askPersistently(object.ask, isFinal, how())
    await clock.advance(20_000)
    expect(await asked).toEqual({ ok: true, answer: 'refused' })
    expect(object.askedAtMs).toEqual([0, 5_100, 5_300])
  })

  test('pauses longer each time, three seconds at most, and never starts an attempt after its time', async () => {
    const object = objectThat(breaks('away'))
    const asked = askPersistently(object.ask, isFinal, how(20_000))
    await clock.advance(60_000)
    expect(await asked).toEqual({ ok: false, cause: new Error('away') })
    const pauses = object.askedAtMs.slice(1).map((at, index) => at - (object.askedAtMs[index] ?? 0))
    expect(pauses.slice(0, 6)).toEqual([100, 200, 400, 799, 1_597, 2_995].map((ms) => expect.closeTo(ms, -1)))
    expect(pauses.every((ms) => ms <= 3_000)).toBe(true)
    expect(object.askedAtMs.at(-1)).toBeLessThan(20_000)
    expect(clock.sleepers).toBe(0)
  })

  test('an object that only ever answers that it failed is a failure, not an answer', async () => {
    const object = objectThat(says('internal'))
    const asked = askPersistently(object.ask, isFinal, how(1_000))
    await clock.advance(5_000)
    expect((await asked).ok).toBe(false)
  })

  test('without any time asks exactly once', async () => {
    const object = objectThat(breaks('away'))
    expect((await askPersistently(object.ask, isFinal, how(0))).ok).toBe(false)
    expect(object.askedAtMs).toEqual([0])
  })

  test('owners of one busy object do not come back together', async () => {
    const returnsAt = async (byte: number) => {
      clock = new HandClock()
      const object = objectThat(breaks('busy'), says('yes'))
      const asked = askPersistently(object.ask, isFinal, {
        ...how(),
        random: (bytes) => new Uint8Array(bytes).fill(byte),
      })
      await clock.advance(1_000)
      await asked
      return object.askedAtMs[1]
    }
    expect([await returnsAt(0), await returnsAt(128), await returnsAt(255)]).toEqual([50, 75, 100])
  })
})
