// Events about a payment that was made before: money that goes back, or may. Whatever an event says, the payment is looked at
// as it stands now (tell-facts.ts).

import { isObject, type JsonObject, readString } from '#core/readers.ts'
import type { ReadyParts } from './parts.ts'
import type { EventHandler, EventOutcome } from './payment-event.ts'
import type { ProviderAnswer } from './provider.ts'
import { tellFacts } from './tell-facts.ts'

export const tellFactsOf: EventHandler = async ({ object }, parts): Promise<EventOutcome> => {
  const named = await paymentNamedIn(object, parts)
  if (!named.ok) return named.code === 'gone' ? 'ignored' : 'again'
  return named.value === null ? 'ignored' : tellFacts(named.value, parts)
}

/** Refunds and disputes name their payment; an old charge of somebody else's has none. */
async function paymentNamedIn(
  object: JsonObject,
  { provider }: ReadyParts,
): Promise<ProviderAnswer<string | null>> {
  const paymentId = idIn(object['payment_intent'])
  if (paymentId !== undefined) return { ok: true, value: paymentId }
  const chargeId = object['object'] === 'charge' ? undefined : idIn(object['charge'])
  return chargeId === undefined ? { ok: true, value: null } : provider.payments.paymentOfCharge(chargeId)
}

function idIn(value: unknown): string | undefined {
  const id = isObject(value) ? readString(value['id']) : readString(value)
  return id === '' ? undefined : id
}
