// Whoever commands the account from outside: opens it, credits it, tells everything until it is acknowledged and sometimes
// again, and sweeps by the hour.

import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { Credit, Reverse } from '#ledger/account-commands.ts'
import { grantOf, keyOf } from '#ledger/example-commands.ts'
import type { CreditPlan, ReversalPlan } from './plan.ts'
import type { Setting } from './setting.ts'
import { tell } from './tell.ts'

export class Operator {
  readonly #world: Setting

  constructor(world: Setting) {
    this.#world = world
  }

  open(): void {
    const { plan, accountId } = this.#world
    const { rpm, inFlight } = plan
    tell(
      this.#world,
      async (port) =>
        (await port.create({ accountId, name: 'Test', settings: { rpm, inFlight } })).ok ||
        (await port.view()) !== null,
    )
    for (let n = 1; n <= plan.keys; n += 1) {
      const budget = plan.dayBudgets[n - 1] ?? null
      const budgets = budget === null ? [] : [{ window: 'day' as const, amountNanoUsd: budget }]
      tell(this.#world, async (port) => (await port.putKey(keyOf(n, { budgets }))).ok)
    }
    this.#credit(grantOf(plan.balanceNanoUsd, { kind: 'purchase', reference: 'first' }))
  }

  credit(plan: CreditPlan): void {
    const { scheduler, outside, faults } = this.#world
    const command: Credit = {
      reference: plan.name,
      kind: plan.kind,
      amountNanoUsd: nanoUsd(plan.amountNanoUsd),
      reason: 'test',
      actor: 'operator',
      ...(plan.expiresInMs === null ? {} : { expiresInMs: plan.expiresInMs }),
    }
    if (plan.kind === 'adjustment') faults.fired('credit_taken_back')
    this.#credit(command)
    for (const ms of plan.repeatsAfterMs) {
      scheduler.after(ms, outside, () => {
        faults.fired(ms > 30_000 ? 'credit_late' : 'credit_duplicated')
        this.#credit(command)
      })
    }
  }

  reverse(plan: ReversalPlan): void {
    const { scheduler, outside, faults, books } = this.#world
    const charged = books.chargedCalls()
    const call = charged[plan.which % Math.max(1, charged.length)]
    if (call === undefined) return
    const amount =
      plan.percent === null ? null : nanoUsd(Math.ceil((call.chargedNanoUsd * plan.percent) / 100))
    faults.fired('charge_given_back')
    const command: Reverse = {
      reference: plan.name,
      callId: call.callId,
      amountNanoUsd: amount,
      reason: 'test',
      actor: 'operator',
    }
    for (const ms of [0, ...plan.repeatsAfterMs])
      scheduler.after(ms, outside, () =>
        tell(this.#world, async (port) => {
          const answer = await port.reverse(command)
          return answer.ok || answer.code !== 'internal'
        }),
      )
  }

  revokeKey(number: number): void {
    const { oracle, faults } = this.#world
    faults.fired('key_revoked')
    tell(this.#world, async (port) => {
      const answer = await port.revokeKey({ reference: `revoke ${number}`, keyNumber: keyNumber(number) })
      if (answer.ok) oracle.revokedKeys.add(number)
      return answer.ok
    })
  }

  setFrozen(isFrozen: boolean, reference: string): void {
    const settings = { isFrozen }
    tell(
      this.#world,
      async (port) =>
        (await port.changeSettings({ reference, settings, reason: 'test', actor: 'operator' })).ok,
    )
  }

  /** The hourly sweep: looks at the object, and asks for what Postgres has not seen. */
  sweep(): void {
    tell(this.#world, async (port) => {
      const view = await port.view()
      if (view !== null && view.marks.confirmed < view.marks.head) await port.resend()
      return true
    })
  }

  #credit(command: Credit): void {
    this.#world.oracle.askedCredits.set(command.reference, command.amountNanoUsd)
    tell(this.#world, async (port) => (await port.credit(command)).ok)
  }
}
