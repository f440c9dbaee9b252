// What may be asked about an account's plan and its consumables: the first outcome stands for ever, by reference.

import type { Consumable, PerConsumable } from '#core/consumables.ts'
import type { KeyNumber } from '#core/ids.ts'
import type { NanoUsd, PicoUsd } from '#core/money.ts'
import type { AdmitRefused, RateFigures } from './call-commands.ts'

/** A plan's figures as agreed with this account: they stay what they are, whatever the list of plans says later. */
export type PlanTerms = {
  id: string
  name: string
  /** Units per period. */
  included: PerConsumable<number>
  /** Per unit beyond them. */
  overage: PerConsumable<PicoUsd>
  /** Money per period, gone at its end. */
  monthlyCreditNanoUsd: NanoUsd
}

export type SetPlan = {
  reference: string
  terms: PlanTerms
  /** Day of the month (UTC) on which periods begin; null keeps the present one, or takes today's. */
  anchorDay: number | null
  reason: string
  actor: string
}

export type SetPlanAnswer =
  | { ok: true; anchorDay: number; isRepeat: boolean }
  | { ok: false; code: 'no_such_account' | 'invalid_command' | 'reference_reused' | 'internal' }

/** Takes from the allowance first; what exceeds it is priced and charged at once. */
export type Meter = {
  /** Made of the client's idempotency key: the same one is booked once. */
  id: string
  requestId: string
  keyNumber: KeyNumber
  secretHash: string
  consumable: Consumable
  quantity: number
  /** What a unit costs an account without a plan; null where nothing is asked for it. */
  standardPicoUsd: PicoUsd | null
}

export type MeterAnswer =
  | {
      ok: true
      isRepeat: boolean
      allowanceUsed: number
      chargedQuantity: number
      costNanoUsd: NanoUsd
      /** As it was when this was booked. */
      balanceNanoUsd: NanoUsd
      rate: RateFigures
    }
  | MeterRefused

export type MeterRefused =
  | AdmitRefused
  | { ok: false; code: 'unpriced_consumable' | 'reference_reused' | 'invalid_command' }
