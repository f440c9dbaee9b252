// A world whose product dies at a request to Stripe: planted before, and it falls as the request arrives. Stripe does all the
// same what was asked of it. For journeys that outlive the death of the product.

import type { StripeRequest } from '../../dev/stripe-control.ts'
import type { World } from '../../dev/world.ts'
import { eventually } from './eventually.ts'
import { startFaultyWorld } from './faulty-world.ts'
import { judgeOfStripe } from './judged-stripe.ts'

export type IsFatal = (request: StripeRequest) => boolean

export type DyingWorld = {
  world: World
  /** The product dies at the next request of this kind. */
  dieAt(isFatal: IsFatal): void
  /** Whether a death was planted after which nobody has risen. */
  isDoomed(): boolean
  /** Waits for the planted death, and starts the product on its disk again. */
  rise(): Promise<void>
  /** The local queues are gone with their process, which the platform's are not: what they had is sent again. */
  sendAgain(accountId: string): Promise<void>
}

/** Starting it, and two starts of the product, on a machine that does other things as well. */
export const startMs = 400_000
export const deathMs = 240_000

export async function startDyingWorld(): Promise<DyingWorld> {
  const judge = judgeOfStripe()
  let fatal: IsFatal | undefined
  let killed: Promise<void> | undefined
  const world = await startFaultyWorld({
    stripe: {
      // Told of each request as it arrives.
      judge: (request) => {
        if (fatal?.(request) === true) {
          fatal = undefined
          killed = world.product().kill()
        }
        return judge(request)
      },
    },
  })
  return {
    world,
    dieAt: (isFatal) => {
      fatal = isFatal
    },
    isDoomed: () => fatal !== undefined || killed !== undefined,
    rise: async () => {
      const death = await eventually(
        async () => ({ killed }),
        (seen) => seen.killed !== undefined,
      )
      if (death.killed === undefined) throw new Error('The request at which the product dies never came.')
      await death.killed
      killed = undefined
      await world.startProductAgain()
    },
    sendAgain: async (accountId) => {
      await world.operator('POST', `/accounts/${accountId}/resend`, { from: 1 })
    },
  }
}
