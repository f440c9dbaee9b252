// Events as Stripe remembers them, for thirty days.

import type Stripe from 'stripe'

import { objectOf } from '#core/readers.ts'
import type { ProviderEvents } from './provider.ts'
import { askStripe } from './stripe-call.ts'

export function stripeEvents(sdk: Stripe): ProviderEvents {
  return {
    look: (eventId) =>
      askStripe(
        'event',
        () => sdk.events.retrieve(eventId),
        ({ id, type, data }) => ({
          id,
          type,
          object: objectOf(data.object),
          previous: objectOf(data.previous_attributes),
        }),
      ),
  }
}
