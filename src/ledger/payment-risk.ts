// What the payments of an account say about it: whether one is disputed or said to be fraudulent. Follows from the log alone
// (replay.ts); what is done about it is the account's settings' business and automatic top-up's.

import type { AccountSettings } from './account-commands.ts'

export type PaymentRisk = {
  /** Undecided disputes, inquiries left out: those move no money. */
  readonly openDisputes: number
  /** Early warnings of fraud that nobody has settled. */
  readonly fraudWarnings: number
  /** Payments of which facts were told before their credit came. */
  readonly waitingPayments: number
}

export const noRisk: PaymentRisk = { openDisputes: 0, fraudWarnings: 0, waitingPayments: 0 }

/** Facts of payments that nobody has credited: more of them are no race but a mistake. */
export const waitingPaymentsMax = 1_000

export function afterRisk(risk: PaymentRisk, detail: { readonly [name: string]: unknown }): PaymentRisk {
  const change = (name: keyof PaymentRisk) => risk[name] + (readStep(detail[name]) ?? 0)
  return {
    openDisputes: change('openDisputes'),
    fraudWarnings: change('fraudWarnings'),
    waitingPayments: change('waitingPayments'),
  }
}

/** No card is charged by itself while one of its owner's payments is in doubt. */
export function isPaymentInDoubt({ openDisputes, fraudWarnings }: PaymentRisk): boolean {
  return openDisputes > 0 || fraudWarnings > 0
}

/** By the operator's hand, or by their standing order for disputes. */
export function isSuspended({ settings, risk }: { settings: AccountSettings; risk: PaymentRisk }): boolean {
  return settings.isFrozen || (settings.freezesOnDispute && risk.openDisputes > 0)
}

function readStep(value: unknown): number | undefined {
  return value === 1 || value === -1 ? value : undefined
}
