import { describe, expect, it } from 'vitest'

import { StopController } from '#core/stop.ts'
// oxlint-disable-next-line no-restricted-imports -- The test's own clock lies beside the tests' world.
import { HandClock, settled } from '../../test/world/hand-clock.ts'
import { CallClock } from './call-clock.ts'

/** Sleeps and writes down when it woke. */
function sleeper(clock: CallClock, hand: HandClock, ms: number) {
  const woke: number[] = []
  const stop = new StopController()
  void clock.sleep(ms, stop.signal).then(() => woke.push(hand.elapsedMs))
  return { woke, stop }
}

describe('the clock of a call', () => {
  it('wakes every sleeper at its own time, whatever their order', async () => {
    const hand = new HandClock()
    const clock = new CallClock(hand)
    const [late, early, middle] = [300, 100, 200].map((ms) => sleeper(clock, hand, ms))
    await hand.advance(1_000)
    expect([early?.woke, middle?.woke, late?.woke]).toEqual([[100], [200], [300]])
    expect(hand.sleepers).toBe(0)
  })

  it('wakes who sleeps on after another was called off', async () => {
    const hand = new HandClock()
    const clock = new CallClock(hand)
    const short = sleeper(clock, hand, 100)
    short.stop.abort()
    await settled()
    expect(short.woke).toEqual([0])
    const long = sleeper(clock, hand, 500)
    await hand.advance(1_000)
    expect(long.woke).toEqual([500])
  })

  it('needs one timer for many sleepers', async () => {
    const hand = new HandClock()
    const clock = new CallClock(hand)
    for (const ms of [100, 200, 300, 400]) sleeper(clock, hand, ms)
    expect(hand.sleepers).toBe(1)
  })

  it('wakes at once who sleeps under a stop that was made already', async () => {
    const stop = new StopController()
    stop.abort()
    const hand = new HandClock()
    await new CallClock(hand).sleep(100, stop.signal)
    expect(hand.sleepers).toBe(0)
  })

  it('leaves no timer when the call is over', async () => {
    const hand = new HandClock()
    const clock = new CallClock(hand)
    sleeper(clock, hand, 100).stop.abort()
    expect(hand.sleepers).toBe(1)
    clock.close()
    expect(hand.sleepers).toBe(0)
  })
})
