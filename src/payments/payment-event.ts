// An event of the payment provider's, and whoever looks after it.

import type { JsonObject } from '#core/readers.ts'
import type { ReadyParts } from './parts.ts'

export type PaymentEvent = {
  id: string
  type: string
  /** As it was when the event was made: to read names from, never figures. */
  object: JsonObject
  /** What of it was otherwise before; empty where the event does not say. */
  previous: JsonObject
}

/** `ignored`: not ours. `again`: could not be done now; Stripe delivers it once more. */
export type EventOutcome = 'done' | 'ignored' | 'again'

export type EventHandler = (event: PaymentEvent, parts: ReadyParts) => Promise<EventOutcome>
