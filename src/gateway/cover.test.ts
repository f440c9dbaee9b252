// The lease under a running call, on a clock that the test moves: when it beats, when it ends, and that no byte is covered
// from the fence on.
import { beforeEach, describe, expect, test } from 'vitest'

import { asMillis } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { Beat, BeatAnswer } from '#ledger/call-commands.ts'
import { timings } from '#ledger/timings.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, settled, startOfTest } from '../../test/world/hand-clock.ts'
import { Cover, type CoverLoss } from './cover.ts'
import { aCall } from './test-call.ts'

type State = BeatAnswer['state']
type Answer = State | 'hangs' | 'throws' | Promise<BeatAnswer>

const { callId } = aCall()

let clock = new HandClock()
let ports = 0
let beats: { atMs: number; beat: Beat }[] = []
let losses: { atMs: number; loss: CoverLoss }[] = []
let cost = 0

beforeEach(() => {
  clock = new HandClock()
  ports = 0
  beats = []
  losses = []
  cost = 0
})

/** The object answers each beat in order; the last answer repeats. */
function coverOf(...answers: Answer[]): { cover: Cover; ended: Promise<void> } {
  const port: Partial<AccountPort> = {
    beat: (beat) => {
      const answer = answers[beats.length] ?? answers.at(-1) ?? 'ok'
      beats.push({ atMs: clock.elapsedMs, beat })
      if (answer === 'hangs') return new Promise(() => undefined)
      if (answer === 'throws') return Promise.reject(new Error('The object was reset.'))
      return typeof answer === 'string' ? Promise.resolve({ state: answer }) : answer
    },
  }
  const account = () => {
    ports += 1
    return port as AccountPort
  }
  const onLost = (loss: CoverLoss) => losses.push({ atMs: clock.elapsedMs, loss })
  const cover = new Cover(
    { callId, account, clock, timings, costSoFar: () => nanoUsd(cost), onLost },
    startOfTest,
  )
  return { cover, ended: cover.run() }
}

const beatTimes = () => beats.map(({ atMs }) => atMs)

describe('beats', () => {
  test('are sent every 15 s, numbered, with the cost so far', async () => {
    const { cover } = coverOf('ok')
    for (const nextCost of [7, 9, 20]) {
      cost = nextCost
      await clock.advance(15_000)
    }
    expect(beats).toEqual([
      { atMs: 15_000, beat: { callId, n: 1, costNanoUsd: 7 } },
      { atMs: 30_000, beat: { callId, n: 2, costNanoUsd: 9 } },
      { atMs: 45_000, beat: { callId, n: 3, costNanoUsd: 20 } },
    ])
    cover.end()
  })

  test('are each sent through a fresh port, since one that threw is spent', async () => {
    const { cover } = coverOf('throws', 'throws', 'ok')
    await clock.advance(30_000)
    expect(ports).toBe(beats.length)
    expect(ports).toBeGreaterThan(2)
    cover.end()
  })

  test('come at once when the client leaves, and every 5 s from then on', async () => {
    const { cover } = coverOf('ok')
    await clock.advance(4_000)
    cover.clientLeft()
    await clock.advance(12_000)
    expect(beatTimes()).toEqual([4_000, 9_000, 14_000])
    cover.end()
  })

  test('come at once even if the client leaves while one is under way', async () => {
    const under = Promise.withResolvers<BeatAnswer>()
    const { cover } = coverOf(under.promise, 'ok')
    await clock.advance(16_000)
    cover.clientLeft()
    under.resolve({ state: 'ok' })
    await clock.advance(5_000)
    expect(beatTimes()).toEqual([15_000, 16_000, 21_000])
    cover.end()
  })

  test.each([['throws'], ['internal']] as const)(
    'that fail (%s) are sent again soon, and cover goes on after one that is answered',
    async (failure) => {
      const { cover } = coverOf(failure, failure, 'ok')
      await clock.advance(60_000)
      expect(beatTimes()).toEqual([15_000, 18_000, 21_000, 36_000, 51_000])
      expect(losses).toEqual([])
      expect(cover.isGood()).toBe(true)
      cover.end()
    },
  )

  test('that hang are given up after 5 s and sent again', async () => {
    const { cover } = coverOf('hangs', 'ok')
    await clock.advance(25_000)
    expect(beatTimes()).toEqual([15_000, 23_000])
    cover.end()
  })
})

describe('the fence', () => {
  test('covers no byte from 40 s after the admission was sent, where no beat was answered', async () => {
    const { cover } = coverOf('hangs')
    await clock.advance(39_999)
    expect(cover.isGood()).toBe(true)
    await clock.advance(1)
    expect(cover.isGood()).toBe(false)
    cover.end()
  })

  test('is counted from when the last acknowledged beat was sent, not from when its answer came', async () => {
    const slow = Promise.withResolvers<BeatAnswer>()
    const { cover } = coverOf(slow.promise, 'hangs')
    await clock.advance(19_000)
    slow.resolve({ state: 'ok' })
    await clock.advance(15_000 + 39_999 - 19_000)
    expect(cover.isGood()).toBe(true)
    await clock.advance(1)
    expect(clock.elapsedMs).toBe(55_000)
    expect(cover.isGood()).toBe(false)
    cover.end()
  })

  test('does not move for an answer that comes after its beat was given up', async () => {
    const late = Promise.withResolvers<BeatAnswer>()
    const { cover } = coverOf(late.promise, 'hangs')
    await clock.advance(21_000)
    late.resolve({ state: 'ok' })
    await clock.advance(19_000)
    expect(cover.isGood()).toBe(false)
    cover.end()
  })

  test('does not move for an object that answers that it failed', async () => {
    const { cover } = coverOf('internal')
    await clock.advance(40_000)
    expect(cover.isGood()).toBe(false)
    cover.end()
  })

  test('is announced 2 s before, once, so that a polite ending still arrives in time', async () => {
    const { cover } = coverOf('hangs')
    await clock.advance(37_999)
    expect(losses).toEqual([])
    await clock.advance(60_000)
    expect(losses).toEqual([{ atMs: 38_000, loss: 'cover_lost' }])
    cover.end()
  })

  test('is announced 38 s after the last beat that was answered', async () => {
    const { cover } = coverOf('ok', 'ok', 'hangs')
    await clock.advance(120_000)
    expect(losses).toEqual([{ atMs: 68_000, loss: 'cover_lost' }])
    cover.end()
  })

  test('stays away from a call whose beats are answered', async () => {
    const { cover } = coverOf('ok')
    await clock.advance(15 * 60_000)
    expect(losses).toEqual([])
    expect(beats).toHaveLength(60)
    expect(cover.isGood()).toBe(true)
    cover.end()
  })

  test('leaves no time at all where the admission itself was answered too late', async () => {
    const cover = new Cover(
      {
        callId,
        account: () => ({}) as AccountPort,
        clock,
        timings,
        costSoFar: () => nanoUsd(0),
        onLost: (loss) => losses.push({ atMs: clock.elapsedMs, loss }),
      },
      asMillis(startOfTest - 40_000),
    )
    const ended = cover.run()
    expect(cover.isGood()).toBe(false)
    await settled()
    expect(losses).toEqual([{ atMs: 0, loss: 'cover_lost' }])
    cover.end()
    await ended
  })
})

describe('what the object answers', () => {
  test.each([
    ['stop', 'key_revoked'],
    ['resolved', 'cover_lost'],
    ['unknown_call', 'cover_lost'],
    ['no_such_account', 'cover_lost'],
  ] as const)('"%s" ends the call as %s, at once and once', async (state, loss) => {
    const { ended } = coverOf('ok', state)
    await clock.advance(120_000)
    expect(losses).toEqual([{ atMs: 30_000, loss }])
    expect(beatTimes()).toEqual([15_000, 30_000])
    expect(clock.sleepers).toBe(0)
    await ended
  })
})

describe('the end of a call', () => {
  test('stops the beats and leaves no timer', async () => {
    const { cover, ended } = coverOf('ok')
    await clock.advance(20_000)
    cover.end()
    await ended
    expect(clock.sleepers).toBe(0)
    await clock.advance(120_000)
    expect(beatTimes()).toEqual([15_000])
    expect(losses).toEqual([])
  })

  test('does not wait for a beat that hangs', async () => {
    const { cover, ended } = coverOf('hangs')
    await clock.advance(16_000)
    cover.end()
    await ended
    expect(clock.sleepers).toBe(0)
  })

  test('is not disturbed by a beat that is answered afterwards', async () => {
    const under = Promise.withResolvers<BeatAnswer>()
    const { cover, ended } = coverOf(under.promise)
    await clock.advance(16_000)
    cover.end()
    under.resolve({ state: 'stop' })
    await ended
    expect(losses).toEqual([])
  })

  test('may come before the first beat, and twice', async () => {
    const { cover, ended } = coverOf('ok')
    cover.end()
    cover.end()
    cover.clientLeft()
    await ended
    expect([beats.length, clock.sleepers]).toEqual([0, 0])
  })
})
