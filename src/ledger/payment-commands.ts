// What the account is told about its payments after they were made: each telling is the present state of one payment, and any
// order of tellings ends in the same books (payment-facts.ts).

import type { NanoUsd } from '#core/money.ts'
import type { Fact } from './payment-facts.ts'

export type TellFacts = {
  /** The reference of the credit that the payment brought, or will bring. */
  payment: string
  /** What the customer paid in all, tax included; null where only what was credited is known. */
  receivedNanoUsd: NanoUsd | null
  facts: readonly Fact[]
}

export type TellFactsAnswer =
  /** `bookedNanoUsd`: by how much the balance has changed. */
  | { ok: true; bookedNanoUsd: NanoUsd; balanceNanoUsd: NanoUsd; isPaymentKnown: boolean }
  | { ok: false; code: 'no_such_account' | 'invalid_command' | 'too_many_facts' | 'internal' }

/** What is known of a payment, for whoever acts on it outside. */
export type PaymentView = {
  /** Null while the payment has not been credited. */
  creditedNanoUsd: NanoUsd | null
  /** The provider's name of it; null where it came by none. */
  paymentId: string | null
  /** Tax included; null where nobody said. */
  receivedNanoUsd: NanoUsd | null
  facts: readonly Fact[]
  /** What has gone back of what was credited. */
  reversedNanoUsd: NanoUsd
}
