// The operator who has lost an account's object: asks for it to be made anew from Postgres until that is done, while the
// Worker that does it dies under way; and the hourly sweep that goes on with what is left half done.

import { rebuildAccount, resumeRebuilds } from '#settlement/rebuild.ts'
import type { SettlementParts } from '#settlement/parts.ts'
import type { Db } from '#db/client.ts'
import type { LossPlan } from './plan.ts'
import { Process } from './scheduler.ts'
import type { Setting } from './setting.ts'

const retryMs = 3_000
/** Hours of bad weather: an operator does not give an account up. */
const triesMax = 4_000
/** Who asked hears nothing, gives up and asks again: the Worker ends with the request. */
const patienceMs = 60_000

export class Rebuilder {
  readonly #world: Setting

  constructor(world: Setting) {
    this.#world = world
  }

  lose(plan: LossPlan): void {
    const { scheduler, outside, faults, host, postgres, accountId } = this.#world
    // Of what never reached Postgres nothing can be made.
    if (!postgres.marks.has(`${accountId} 1`)) return
    faults.fired(plan.isGivenUp ? 'object_given_up' : 'object_lost')
    if (!plan.isGivenUp) host.lose()
    scheduler.after(plan.rebuiltAfterMs, outside, () => this.#rebuild(plan, 0))
    const { againAfterMs, name } = plan
    if (againAfterMs === null) return
    const again = { ...plan, name: `${name} again`, isGivenUp: false, deaths: [], againAfterMs: null }
    scheduler.after(plan.rebuiltAfterMs + againAfterMs, outside, () => {
      faults.fired('object_lost')
      host.lose()
      this.#rebuild(again, 0)
    })
  }

  sweep(): void {
    const { scheduler } = this.#world
    const process = new Process('rebuild sweep', null)
    scheduler.after(0, process, () => void resumeRebuilds(this.#parts(process)))
  }

  #rebuild(plan: LossPlan, tries: number): void {
    const { scheduler, outside, faults, accountId, postgres, say } = this.#world
    const process = new Process(`rebuild ${tries}`, null)
    const rebuild = {
      accountId,
      reason: 'lost',
      idempotencyKey: plan.name,
      isDiscarding: plan.isGivenUp,
    }
    let isOver = false
    const again = () => {
      if (isOver) return
      isOver = true
      if (tries < triesMax) scheduler.after(retryMs, outside, () => this.#rebuild(plan, tries + 1))
    }
    scheduler.after(0, process, () => {
      // Postgres is a model of its own (postgres.ts).
      void rebuildAccount(rebuild, postgres as unknown as Db, this.#parts(process)).then((result) => {
        say(`rebuild ${JSON.stringify(result)}`)
        // Where the first request went on by itself, there is nothing to do for the second.
        if (result.ok ? result.step === 'done' : result.code === 'not_empty') isOver = true
        else scheduler.after(0, outside, again)
      }, again)
    })
    const diesAfterMs = plan.deaths[tries]
    scheduler.after(diesAfterMs ?? patienceMs, outside, () => {
      if (isOver) return
      if (diesAfterMs !== undefined) faults.fired('rebuild_killed')
      process.kill()
      again()
    })
  }

  #parts(process: Process): SettlementParts {
    const { network, host, scheduler, log, postgres } = this.#world
    return {
      db: postgres as unknown as Db,
      accounts: () => network.portOf(host, process),
      clock: scheduler.clockOf(process),
      log,
    }
  }
}
