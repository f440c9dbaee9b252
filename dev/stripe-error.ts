// What Stripe's stand-in refuses with: a status and an error object in Stripe's shape.

import type Stripe from 'stripe'

/** As it stands in an answer's `error`. */
export type StripeErrorBody = {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error'
  message: string
  code?: string
  param?: string
  decline_code?: string
  advice_code?: string
  network_advice_code?: string
  network_decline_code?: string
  charge?: string
  doc_url?: string
  request_log_url?: string
  payment_intent?: Stripe.PaymentIntent
  setup_intent?: Stripe.SetupIntent
  payment_method?: Stripe.PaymentMethod
}

/** Thrown where a request is refused; what changed before stays changed, as a declined payment does. */
export class StripeRefusal extends Error {
  readonly status: number
  readonly error: StripeErrorBody

  constructor(status: number, error: StripeErrorBody) {
    super(error.message)
    this.status = status
    this.error = error
  }
}

export function refuseRequest(error: Omit<StripeErrorBody, 'type'> & { status?: number }): StripeRefusal {
  const { status = 400, ...rest } = error
  return new StripeRefusal(status, { type: 'invalid_request_error', ...rest })
}

export function noSuch(kind: string, id: string, param = 'id'): StripeRefusal {
  const isBody = param !== 'id'
  return refuseRequest({
    status: isBody ? 400 : 404,
    message: `No such ${kind}: '${id}'`,
    code: 'resource_missing',
    param,
  })
}
