// Which event of Stripe's is about what: its type, and who looks after it. An event is a hint that something has changed;
// whoever is told looks at the present state of what it names. What is not listed is acknowledged and left alone.

import type { JsonObject } from '#core/readers.ts'
import type { ReadyParts } from './parts.ts'

export type PaymentEvent = {
  id: string
  type: string
  /** As it was when the event was made: to read names from, never figures. */
  object: JsonObject
}

/** `ignored`: not ours. `again`: could not be done now; Stripe delivers it once more. */
export type EventOutcome = 'done' | 'ignored' | 'again'

export type EventHandler = (event: PaymentEvent, parts: ReadyParts) => Promise<EventOutcome>

export const eventTable: { readonly [type: string]: EventHandler } = {}
