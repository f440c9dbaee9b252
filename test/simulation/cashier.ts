// Who moves money beside calls and credits: gives payments back, charges what no model prices, agrees on a plan. Each is told
// until it is answered, and often again.

import { keyNumber } from '#core/ids.ts'
import type { Refund } from '#ledger/account-commands.ts'
import { meterOf, planOf } from '#ledger/example-commands.ts'
import { secretHashOf } from '#ledger/example-commands.ts'
import { type AllowancePlan, type MeterPlan, type RefundPlan, messagePicoUsd } from './money-plan.ts'
import type { Setting } from './setting.ts'
import { tell } from './tell.ts'

export class Cashier {
  readonly #world: Setting

  constructor(world: Setting) {
    this.#world = world
  }

  refund(plan: RefundPlan): void {
    const { faults } = this.#world
    const command: Refund = {
      reference: plan.name,
      payment: plan.payment,
      amountNanoUsd: plan.amountNanoUsd,
      reason: 'test',
      actor: 'operator',
      ...(plan.isDisputed ? { isPaidOut: true } : {}),
    }
    faults.fired(plan.isDisputed ? 'payment_disputed' : 'payment_refunded')
    if (plan.isEarly) faults.fired('refund_before_its_payment')
    this.#often(plan.repeatsAfterMs, 'refund_told_again', () =>
      tell(this.#world, async (port) => {
        const answer = await port.refund(command)
        // A payment that nobody knows yet may be on its way.
        return answer.ok || (answer.code !== 'internal' && answer.code !== 'no_such_payment')
      }),
    )
  }

  meter(plan: MeterPlan): void {
    const { faults } = this.#world
    const say = (quantity: number) =>
      tell(this.#world, async (port) => {
        const answer = await port.meter(
          meterOf(0, quantity, {
            id: plan.id,
            keyNumber: keyNumber(plan.keyNumber),
            secretHash: secretHashOf(plan.keyNumber),
            standardPicoUsd: messagePicoUsd,
          }),
        )
        return answer.ok || answer.code !== 'internal'
      })
    faults.fired('charge_metered')
    this.#often(plan.repeatsAfterMs, 'meter_told_again', () => say(plan.quantity))
    if (plan.otherQuantity !== null) say(plan.otherQuantity)
  }

  agree(plan: AllowancePlan): void {
    const { included, monthlyCreditNanoUsd, anchorDay } = plan
    const terms = {
      id: 'plan',
      name: 'Plan',
      included: { sms: included },
      overage: { sms: messagePicoUsd },
      monthlyCreditNanoUsd,
    }
    const command = planOf(plan.name, { terms, anchorDay })
    this.#world.oracle.payments.includedUnits = included
    this.#often(plan.repeatsAfterMs, 'plan_told_again', () =>
      tell(this.#world, async (port) => {
        const answer = await port.setPlan(command)
        return answer.ok || answer.code !== 'internal'
      }),
    )
  }

  #often(
    afterMs: readonly number[],
    fault: 'refund_told_again' | 'meter_told_again' | 'plan_told_again',
    say: () => void,
  ): void {
    const { scheduler, outside, faults } = this.#world
    say()
    for (const ms of afterMs) {
      scheduler.after(ms, outside, () => {
        faults.fired(fault)
        say()
      })
    }
  }
}
