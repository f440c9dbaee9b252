// While tests run, every request that reaches Stripe's stand-in is held against the types of Stripe's own package (test/conform).
// A difference fails the run: Stripe would have answered 400, or charged somebody twice.

import { stripeApiVersion } from '../../dev/stripe-state.ts'
import { type AskedOfStripe, stripeFaults, StripeKeyJudge } from '../conform/stripe-requests.ts'

/** Beyond this a run is wrong all over, and more lines help nobody. */
const shownMax = 40

export function judgedStripe() {
  const found = new Map<string, number>()
  const keys = new StripeKeyJudge()
  return {
    see: (request: AskedOfStripe) => {
      // A test that moves the stand-in's clock or asks as somebody else does so under a key of its own, too.
      const faults = [...stripeFaults(request, stripeApiVersion), ...keys.faultsOf(request)]
      for (const fault of faults) found.set(fault, (found.get(fault) ?? 0) + 1)
    },
    expectNone: () => {
      if (found.size === 0) return
      const lines = [...found].slice(0, shownMax).map(([fault, count]) => `${fault} (${count})`)
      throw new Error(
        `${found.size} things are wrong with requests to Stripe (a test that asks by itself names an idempotencyKey):\n${lines.join('\n')}`,
      )
    },
  }
}
