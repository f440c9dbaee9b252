// What the shipped files use of the module `stripe`: its errors. The SDK itself, which every thread would read anew, is not
// loaded; what it speaks to is stripe-api.ts.

type Raw = { readonly type: string; readonly code?: string; readonly statusCode?: number }

class StripeError extends Error {
  readonly type = 'StripeError'
  readonly rawType: string | undefined
  readonly code: string | undefined
  readonly statusCode: number | undefined

  constructor({ type, code, statusCode }: Raw) {
    super(code ?? type)
    // What never reached Stripe has no type of Stripe's.
    this.rawType = type === 'connection' ? undefined : type
    this.code = code
    this.statusCode = statusCode
  }
}

/** A decline: carries the payment as it then is. */
class StripeCardError extends StripeError {
  readonly payment_intent: unknown

  constructor(raw: Raw & { readonly payment_intent: unknown }) {
    super(raw)
    this.payment_intent = raw.payment_intent
  }
}

export default { errors: { StripeError, StripeCardError } }
