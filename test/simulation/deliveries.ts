// Stripe's webhook: tells each event once, several times, late, in any order or never, to the shipped handlers in a Worker that
// may die under them, and comes again, ever more rarely, until it is told that all is done.

import { lookAfter } from '#payments/webhook.ts'
import type { PaymentEvent } from '#payments/payment-event.ts'
import { Dice } from './dice.ts'
import type { MoneyWorkers } from './money-workers.ts'
import { Process } from './scheduler.ts'
import type { Setting } from './setting.ts'
import { copied } from './stripe-line.ts'

/** Nobody looks for these later. */
const isSure = /^(?:refund|charge|radar)\./v

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** Three days in all. */
const againAfterMs = [
  5_000,
  30_000,
  5 * minuteMs,
  30 * minuteMs,
  hourMs,
  5 * hourMs,
  10 * hourMs,
  24 * hourMs,
]
/** Stripe waits no longer for an answer; whoever is at it goes on. */
const patienceMs = 20_000

export class Deliveries {
  /** Of a hundred events, how many are never told. */
  lossPercent: number
  /** The objects of which an event was never told. */
  readonly lost = new Set<string>()
  readonly #world: Setting
  readonly #workers: MoneyWorkers
  #told = 0

  constructor(world: Setting, workers: MoneyWorkers, lossPercent: number) {
    this.#world = world
    this.#workers = workers
    this.lossPercent = lossPercent
  }

  tell(type: string, object: object, previous: object = {}): void {
    const { plan, faults, scheduler, outside, say } = this.#world
    this.#told += 1
    const id = `evt_${this.#told}`
    const dice = new Dice(`${id} ${plan.seed}`)
    say(`Stripe: ${id} ${type} ${JSON.stringify(object)}`)
    if (!isSure.test(type) && dice.chance(this.lossPercent)) {
      this.lost.add((object as { id: string }).id)
      return faults.fired('event_lost')
    }
    const event = { id, type, object: copied(object), previous: copied(previous) } as PaymentEvent
    const copies = dice.pick([1, 1, 1, 2, 3])
    if (copies > 1) faults.fired('event_told_again')
    for (let copy = 0; copy < copies; copy += 1) {
      const isLate = dice.chance(15)
      if (isLate) faults.fired('event_late')
      const ms = isLate ? dice.between(20_000, 10 * minuteMs) : dice.between(50, 8_000)
      scheduler.after(ms, outside, () => this.#deliver(event, dice, 0))
    }
  }

  #deliver(event: PaymentEvent, dice: Dice, tries: number): void {
    const { scheduler, outside, faults } = this.#world
    const process = new Process(`webhook ${event.id}.${tries}`, null)
    let isOver = false
    const over = (isDone: boolean) => {
      if (isOver) return
      isOver = true
      const ms = againAfterMs[tries]
      if (isDone || ms === undefined) return
      scheduler.after(ms, outside, () => this.#deliver(event, dice, tries + 1))
    }
    scheduler.after(0, process, () => {
      void lookAfter(event, this.#workers.ready(process)).then((outcome) =>
        scheduler.after(1, outside, () => over(outcome !== 'again')),
      )
    })
    if (dice.chance(this.#workers.deathPercent))
      scheduler.after(dice.between(1, 400), outside, () => {
        if (!isOver) faults.fired('webhook_killed')
        process.kill()
      })
    scheduler.after(patienceMs, outside, () => over(false))
  }
}
