// One route of Stripe's API at the stand-in: method, path, and what it does.

import type { Form } from './stripe-form.ts'
import type { StripeState } from './stripe-state.ts'

export type StripeCall = { id: string; form: Form; path: string }
export type StripeAnswer = (state: StripeState, call: StripeCall) => unknown
export type StripeRoute = { method: 'GET' | 'POST' | 'DELETE'; pattern: string; answer: StripeAnswer }

export function route(method: StripeRoute['method'], pattern: string, answer: StripeAnswer): StripeRoute {
  return { method, pattern, answer }
}
