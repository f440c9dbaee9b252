// How the composition root itself refuses: faults, unknown addresses, settings that are missing.

import type { Hono } from 'hono'

import { type Refusal, refuse } from '#core/errors.ts'
import { type RequestId, makeRequestId } from '#core/ids.ts'
import { refusalResponse } from '#gateway/refusal-response.ts'
import { clock, log, random } from './platform.ts'

export const answering = {
  makeRequestId: () => makeRequestId(clock.now(), random),
  refuseWith: (refusal: Refusal, requestId: RequestId) => refusalResponse(refusal, { requestId }),
}

export const refuseNow = (refusal: Refusal) => answering.refuseWith(refusal, answering.makeRequestId())

/** Faults and unknown addresses, the same for the whole and for the back office. */
export function answerTheRest(app: Hono): Hono {
  app.onError((fault) => {
    log.error('fault', {}, fault)
    return refuseNow(refuse('internal'))
  })
  app.notFound(async (c) => {
    const { unknownPublicAddress } = await import('./public-routes.ts')
    // The path as the router read it: a URL would resolve `..` and name an address that nobody asked for.
    const { method, path } = c.req
    const { refusal, headers } = unknownPublicAddress({ method, path })
    const response = refuseNow(refusal)
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
    return response
  })
  return app
}

export function notConfigured(name: string): Refusal {
  return refuse('not_configured', {
    message: `This deployment is not fully configured: the operator has to set ${name} (at least ${secretCharactersMin} characters).`,
  })
}

/** Shorter secrets can be guessed. */
const secretCharactersMin = 32

export function isSecret(value: string | undefined): value is string {
  return value !== undefined && value.length >= secretCharactersMin
}
