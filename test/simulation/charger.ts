// The account's owner who agrees to automatic top-up, and what must be true of its attempts: a card is charged only below the
// threshold. What becomes of the payments is money-truth.ts.

import { exampleMethod } from '#ledger/example-commands.ts'
import type { Line } from './line.ts'
import type { TopUpPlan } from './money-plan.ts'
import type { Setting } from './setting.ts'
import { tell } from './tell.ts'
import { Violation } from './violation.ts'

export class Charger {
  readonly #world: Setting

  constructor(world: Setting) {
    this.#world = world
  }

  /** The account's owner agrees to it, and changes their mind. */
  agree(plan: TopUpPlan): void {
    const { scheduler, outside, faults } = this.#world
    const say = (reference: string, isEnabled: boolean) =>
      tell(this.#world, async (port) => {
        const terms = { ...plan.terms, isEnabled }
        const command = { reference, terms, method: exampleMethod, reason: 'test', actor: 'owner' }
        const answer = await port.setAutoTopUp(command)
        return answer.ok || answer.code !== 'internal'
      })
    faults.fired('top_up_agreed')
    for (const ms of [0, ...plan.repeatsAfterMs]) scheduler.after(ms, outside, () => say(plan.name, true))
    if (plan.endsAfterMs !== null)
      scheduler.after(plan.endsAfterMs, outside, () => say(`${plan.name} ends`, false))
  }

  /** At rest. */
  checkQuiet(lines: readonly Line[]): void {
    for (const { kind, reference, detail, balanceAfterNanoUsd } of lines) {
      if (kind !== 'attempt' || detail['step'] !== 'started') continue
      const threshold = Number(detail['thresholdNanoUsd'])
      if (balanceAfterNanoUsd >= threshold)
        throw new Violation('top-up', `${reference} charges a card at ${balanceAfterNanoUsd} of ${threshold}`)
    }
  }
}
