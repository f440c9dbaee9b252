// Whether an event is Stripe's: over the very bytes that came, under one of our secrets, not older than five minutes, and of
// the mode in which we take money.

import Stripe from 'stripe'

import { assert } from '#core/assert.ts'
import { isObject, objectOf, readJson, readString } from '#core/readers.ts'
import type { PaymentEvent } from './payment-event.ts'

export type Signed = { body: Uint8Array; signature: string; secrets: readonly string[]; nowMs: number }

/** Stripe's own figure. */
const toleranceSeconds = 300

export type ReadEvent = { ok: true; event: PaymentEvent; isLive: boolean } | { ok: false; why: string }

export async function readSignedEvent(signed: Signed): Promise<ReadEvent> {
  if (!(await isSigned(signed))) return { ok: false, why: 'The signature is missing, wrong or too old.' }
  const event = readJson(new TextDecoder().decode(signed.body))
  if (!isObject(event) || !isObject(event['data']) || !isObject(event['data']['object']))
    return { ok: false, why: 'This is no event.' }
  const id = readString(event['id'])
  const type = readString(event['type'])
  if (id === undefined || type === undefined || event['object'] !== 'event')
    return { ok: false, why: 'This is no event.' }
  return {
    ok: true,
    event: {
      id,
      type,
      object: event['data']['object'],
      previous: objectOf(event['data']['previous_attributes']),
    },
    isLive: event['livemode'] === true,
  }
}

async function isSigned({ body, signature, secrets, nowMs }: Signed): Promise<boolean> {
  const { signature: verifier } = Stripe.webhooks
  assert(verifier !== null, 'the SDK can verify')
  const crypto = Stripe.createSubtleCryptoProvider()
  for (const secret of secrets) {
    try {
      await verifier.verifyHeaderAsync(body, signature, secret, toleranceSeconds, crypto, nowMs)
      return true
    } catch (error) {
      // Not a swallowed fault: this error is how the SDK says no.
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw error
    }
  }
  return false
}
