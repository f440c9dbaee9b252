// The clock of a faulty world, the product's and Stripe's alike, which a test moves on: what takes hours and months is there at
// once. Timers that run do not notice; whatever an account waited for is done with its next command.

import { hourMs } from '#core/clock.ts'
import type { World } from '../../dev/world.ts'

export type MovedClock = {
  nowMs(): number
  /** So much later. The account's object is another instance by then, as after any long silence. */
  pass(ms: number, accountId: string): Promise<void>
}

export function movedClock({ stripe, fault }: Pick<World, 'stripe' | 'fault'>): MovedClock {
  let aheadMs = 0
  return {
    nowMs: () => Date.now() + aheadMs,
    pass: async (ms, accountId) => {
      if (!Number.isFinite(ms)) throw new Error(`No time can pass that is ${ms} ms.`)
      aheadMs += ms
      // First whoever signs: an event from the future is taken, an old one is not.
      await stripe.control.signAhead({ seconds: aheadMs / 1_000 })
      await fault({ kind: 'clock', aheadMs })
      await stripe.control.advanceClock({ seconds: ms / 1_000 })
      await fault({ kind: 'restart', accountId })
    },
  }
}

export const hours = (count: number) => count * hourMs
