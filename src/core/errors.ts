// The closed list of refusal codes: HTTP status, whether an SDK should try again, one sentence for the customer.
// Only the dialects turn a code into a body.

type ErrorKind = {
  status: number
  /** OpenAI's `error.type`. */
  type:
    | 'invalid_request_error'
    | 'authentication_error'
    | 'permission_error'
    | 'billing_error'
    | 'rate_limit_error'
    | 'api_error'
    | 'conflict_error'
    | 'not_found_error'
  /** What `x-should-retry` says; undefined leaves it to the status. */
  retry?: boolean
  sentence: string
}

export const errorKinds = {
  invalid_request: { status: 400, type: 'invalid_request_error', sentence: 'The request is not valid.' },
  previous_response_not_found: {
    status: 400,
    type: 'invalid_request_error',
    sentence: 'The previous response is not kept here. Send the earlier items in "input".',
  },
  unpriced_model: {
    status: 400,
    type: 'invalid_request_error',
    sentence: 'This model has no price here and cannot be called.',
  },
  unpriced_consumable: {
    status: 400,
    type: 'invalid_request_error',
    sentence: 'This consumable has no price here.',
  },
  invalid_api_key: {
    status: 401,
    type: 'authentication_error',
    sentence:
      'The API key is missing or not valid. Send it as "Authorization: Bearer <key>" or "x-api-key: <key>".',
  },
  insufficient_credits: {
    status: 402,
    type: 'billing_error',
    retry: false,
    sentence: 'The account has too little credit for this request.',
  },
  in_flight_budget_exhausted: {
    status: 402,
    type: 'billing_error',
    retry: true,
    sentence:
      'The credit is held by requests of this account that are still running. Try again when one has ended.',
  },
  payment_declined: {
    status: 402,
    type: 'billing_error',
    retry: false,
    sentence: 'The card was declined, so nothing was changed and nothing was charged. Use another card.',
  },
  key_limit_exceeded: {
    status: 402,
    type: 'billing_error',
    retry: false,
    sentence: 'The spending limit of this API key is reached.',
  },
  end_user_limit_exceeded: {
    status: 402,
    type: 'billing_error',
    retry: false,
    sentence: 'The spending limit of this end user is reached.',
  },
  monthly_spend_limit_reached: {
    status: 402,
    type: 'billing_error',
    retry: false,
    sentence: 'The monthly spend limit of this account is reached.',
  },
  credit_limit_reached: {
    status: 402,
    type: 'billing_error',
    retry: false,
    sentence: 'The credit limit of this account is reached.',
  },
  max_cost_exceeded: {
    status: 402,
    type: 'billing_error',
    retry: false,
    sentence: 'The request could cost more than its X-Max-Cost allows.',
  },
  allowance_exhausted: {
    status: 402,
    type: 'billing_error',
    retry: false,
    sentence: 'The allowance of the plan and the credits are used up.',
  },
  key_disabled: {
    status: 403,
    type: 'permission_error',
    sentence: 'This API key has been disabled or has expired.',
  },
  model_not_allowed: {
    status: 403,
    type: 'permission_error',
    sentence: 'This API key may not use this model.',
  },
  insufficient_role: { status: 403, type: 'permission_error', sentence: 'This credential may not do that.' },
  account_suspended: { status: 403, type: 'permission_error', sentence: 'This account is suspended.' },
  not_found: { status: 404, type: 'not_found_error', sentence: 'There is nothing at this address.' },
  item_not_found: {
    status: 404,
    type: 'invalid_request_error',
    sentence: 'An item that is only named is not stored here. Send the item itself in "input".',
  },
  model_not_found: {
    status: 404,
    type: 'not_found_error',
    sentence: 'There is no such model. GET /v1/models lists them.',
  },
  model_not_available: {
    status: 404,
    type: 'not_found_error',
    sentence: 'This model is listed but cannot be called yet.',
  },
  promotion_code_not_valid: {
    status: 404,
    type: 'not_found_error',
    sentence: 'This promotion code does not exist, has ended or is used up. Look for a typing mistake.',
  },
  method_not_allowed: {
    status: 405,
    type: 'invalid_request_error',
    sentence: 'This address does not take this method.',
  },
  idempotency_in_progress: {
    status: 409,
    type: 'conflict_error',
    retry: true,
    sentence: 'A request with this Idempotency-Key is still running.',
  },
  idempotency_completed: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    sentence: 'The request with this Idempotency-Key has been executed and charged once.',
  },
  promotion_code_redeemed: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    sentence: 'This account has redeemed this promotion code already. Nothing was credited now.',
  },
  welcome_credit_refused: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    sentence: 'This account gets no free credit.',
  },
  already_subscribed: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    sentence: 'This account pays for a plan already. Change it (PUT /api/plan), or end it first.',
  },
  beyond_refundable: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    sentence: 'More than can go back now: of the payment, or without what running calls and debts need.',
  },
  call_cancelled: {
    status: 409,
    type: 'conflict_error',
    retry: false,
    sentence: 'This call was cancelled by a request of its account. What had been produced is charged.',
  },
  body_too_large: { status: 413, type: 'invalid_request_error', sentence: 'The request body is too large.' },
  unsupported_encoding: {
    status: 415,
    type: 'invalid_request_error',
    sentence: 'Compressed request bodies are not accepted. Send the body without Content-Encoding.',
  },
  unsupported_media_type: {
    status: 415,
    type: 'invalid_request_error',
    sentence: 'The body must be JSON. Send it with "Content-Type: application/json".',
  },
  idempotency_key_reused: {
    status: 422,
    type: 'invalid_request_error',
    sentence: 'This Idempotency-Key was used with another body.',
  },
  rate_limit_exceeded: {
    status: 429,
    type: 'rate_limit_error',
    sentence: 'The rate limit of this account is reached.',
  },
  internal: {
    status: 500,
    type: 'api_error',
    sentence: 'Something failed on our side. Nothing was charged for an answer that did not come.',
  },
  upstream_error: { status: 502, type: 'api_error', sentence: 'The model provider answered with an error.' },
  accepted_and_lost: {
    status: 502,
    type: 'api_error',
    // Every further try would cost the fee again.
    retry: false,
    sentence: 'The model provider accepted this call and then did not answer it. Its fee is charged.',
  },
  not_configured: {
    status: 503,
    type: 'api_error',
    retry: false,
    sentence: 'This deployment is not fully configured.',
  },
  payment_unavailable: {
    status: 503,
    type: 'api_error',
    sentence:
      'The payment provider could not be asked, so nothing was charged. Try again with the same Idempotency-Key.',
  },
  upstream_overloaded: {
    status: 503,
    type: 'api_error',
    sentence: 'The model provider is overloaded. Nothing was charged. Try again.',
  },
  ledger_unavailable: {
    status: 503,
    type: 'api_error',
    sentence: 'The balance could not be checked, so nothing was sent or charged. Try again.',
  },
  upstream_timeout: {
    status: 504,
    type: 'api_error',
    sentence: 'The model provider did not answer in time.',
  },
} as const satisfies { readonly [code: string]: ErrorKind }

export type ErrorCode = keyof typeof errorKinds

/** A plain JSON value, for figures beside an error. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

/** An expected "no": a value that the caller must look at, never thrown. */
export type Refusal = {
  ok: false
  code: ErrorCode
  /** Says what happened with its figures; the code's own sentence stands where it is absent. */
  message?: string
  param?: string
  metadata?: { readonly [name: string]: Json }
  /** At most 60: the Anthropic SDK obeys anything up to 24 days. */
  retryAfterSeconds?: number
}

export function errorKindOf(code: ErrorCode): ErrorKind {
  return errorKinds[code]
}

export function refuse(code: ErrorCode, more: Omit<Refusal, 'ok' | 'code'> = {}): Refusal {
  return { ok: false, code, ...more }
}

/** For what has to keep a secret. */
export const noSealingKey: Refusal = refuse('not_configured', {
  message:
    'This deployment keeps no secrets yet: the operator has to set SEALING_KEY (at least 32 characters).',
})

/** For whatever only Postgres can tell. */
export const noDatabase: Refusal = refuse('not_configured', {
  message: 'This deployment has no database: DATABASE_URL is not set.',
})
