// What goes wrong between the product and Stripe: planted by tests, met by the next requests that fit.

import type { StripeErrorBody } from './stripe-error.ts'

/**
 * Before anything happened: a proxy's page · its 400 · `{}` · 404 · 429 · 500 · a line that breaks · no answer at all.
 * After the state changed: a 500 that Stripe keeps for the key · a line that breaks, the true answer kept.
 */
export const faultKinds = [
  'html',
  'foreign_refusal',
  'empty_object',
  'not_found',
  'rate_limited',
  'server_error',
  'cut',
  'silence',
  'server_error_after_commit',
  'cut_after_commit',
] as const
export type FaultKind = (typeof faultKinds)[number]

export type Fault = {
  kind: FaultKind
  /** Requests that it meets: method, the beginning of the path, a text in the parameters. Without any: all. */
  method?: string
  path?: string
  mentions?: string
  /** How many of them; 1 where it does not say. */
  times?: number
}

export class StripeFaults {
  private planted: { fault: Fault; left: number }[] = []

  plant(fault: Fault): void {
    this.planted.push({ fault, left: fault.times ?? 1 })
  }

  clear(): void {
    this.planted = []
  }

  /** The first that fits, used up by one. */
  meet(request: { method: string; path: string; text: string }): FaultKind | undefined {
    const found = this.planted.find(({ fault, left }) => left > 0 && meets(fault, request))
    if (found === undefined) return undefined
    found.left -= 1
    return found.fault.kind
  }
}

function meets(
  { method, path, mentions }: Fault,
  request: { method: string; path: string; text: string },
): boolean {
  if (method !== undefined && method !== request.method) return false
  if (path !== undefined && !request.path.startsWith(path)) return false
  return mentions === undefined || `${request.path} ${decodeURIComponent(request.text)}`.includes(mentions)
}

/** What is answered in place of Stripe; undefined where nothing is. */
export const faultAnswers: {
  readonly [kind in FaultKind]: { status: number; type: string; body: string } | undefined
} = {
  html: {
    status: 502,
    type: 'text/html',
    body: '<html><body><h1>502 Bad Gateway</h1></body></html>',
  },
  foreign_refusal: json(400, { error: { message: 'Blocked.' } }),
  empty_object: json(200, {}),
  not_found: json(404, {}),
  rate_limited: error(429, {
    type: 'invalid_request_error',
    code: 'rate_limit',
    message: 'Request rate limit exceeded.',
  }),
  server_error: error(500, serverError()),
  cut: undefined,
  silence: undefined,
  server_error_after_commit: error(500, serverError()),
  cut_after_commit: undefined,
}

function serverError(): StripeErrorBody {
  return { type: 'api_error', message: 'An unknown error occurred.' }
}

function error(status: number, body: StripeErrorBody) {
  return json(status, { error: body })
}

function json(status: number, body: unknown) {
  return { status, type: 'application/json', body: JSON.stringify(body) }
}
