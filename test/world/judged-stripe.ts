// While journeys run, every request that reaches Stripe's stand-in is held against the types of Stripe's own package (test/conform).
// A difference fails the test in which it came: Stripe would have answered 400, or charged somebody twice. This is the judge that
// a world is started with; judged-answers.ts asks after each test.

import type { StripeJudge } from '../../dev/stripe-control.ts'
import { stripeApiVersion } from '../../dev/stripe-state.ts'
import { stripeFaults, StripeKeyJudge } from '../conform/stripe-requests.ts'

/** Remembers the keys of its world. */
export function judgeOfStripe(): StripeJudge {
  const keys = new StripeKeyJudge()
  return (request) => [...stripeFaults(request, stripeApiVersion), ...keys.faultsOf(request)]
}
