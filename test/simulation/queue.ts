// A queue as the platform promises it: at least once, in any order, with delays and with batches; and, beyond what it
// promises, it may lose a message for ever, because the ledger claims to live with that.

import type { Dice } from './dice.ts'
import type { Faults } from './faults.ts'
import type { Process, Scheduler } from './scheduler.ts'
import { Process as NewProcess } from './scheduler.ts'

export type QueueMessage<Body> = {
  readonly id: string
  readonly body: Body
  readonly attempts: number
  ack(): void
  retry(options?: { delaySeconds?: number }): void
}

export type QueueFaults = {
  duplicatePercent: number
  delayPercent: number
  lossPercent: number
  refusalPercent: number
}

const batchMax = 10
const batchWaitMs = 200
/** A turn of a consumer that did not finish: its messages are delivered again. */
const visibleAgainMs = 30_000
/** What has failed so often comes later than asked for: an outage of a day is not a thousand tries. */
const oftenAttempts = 10
const oftenFactor = 12

type Stored<Body> = { readonly id: string; readonly text: string; readonly body?: Body; attempts: number }

export class SimulatedQueue<Body> {
  readonly faults: QueueFaults
  /** Not yet acknowledged. */
  pending = 0
  readonly #name: string
  readonly #scheduler: Scheduler
  readonly #platform: Process
  readonly #dice: Dice
  readonly #counts: Faults
  readonly #consume: (messages: QueueMessage<Body>[], process: Process) => Promise<void>
  #ready: Stored<Body>[] = []
  #isDelivering = false
  #sent = 0
  /** The consumer's present turn, which may be killed. */
  turn: Process | null = null

  constructor(
    name: string,
    world: { scheduler: Scheduler; platform: Process; dice: Dice; faults: Faults },
    faults: QueueFaults,
    consume: (messages: QueueMessage<Body>[], process: Process) => Promise<void>,
  ) {
    this.#name = name
    this.#scheduler = world.scheduler
    this.#platform = world.platform
    this.#dice = world.dice
    this.#counts = world.faults
    this.faults = faults
    this.#consume = consume
  }

  /** Resolves when the queue has taken the message. */
  send(body: Body): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const caller = this.#scheduler.current
    const text = JSON.stringify(body)
    const isRefused = this.#dice.chance(this.faults.refusalPercent)
    this.#scheduler.after(this.#dice.between(1, 10), this.#platform, () => {
      if (isRefused) this.#counts.fired('queue_refused')
      else this.#take(text)
      const tell = isRefused ? () => reject(new Error('The queue does not take it.')) : resolve
      this.#scheduler.after(this.#dice.between(1, 10), caller, tell)
    })
    return promise
  }

  #take(text: string): void {
    if (this.#dice.chance(this.faults.lossPercent)) return this.#counts.fired('queue_lost')
    const copies = this.#dice.chance(this.faults.duplicatePercent) ? 2 : 1
    if (copies > 1) this.#counts.fired('queue_duplicated')
    for (let copy = 0; copy < copies; copy += 1) {
      this.#sent += 1
      this.pending += 1
      const isDelayed = this.#dice.chance(this.faults.delayPercent)
      if (isDelayed) this.#counts.fired('queue_delayed')
      const delayMs = isDelayed ? this.#dice.between(5_000, 120_000) : this.#dice.between(10, 500)
      this.#makeReady({ id: `${this.#name}-${this.#sent}`, text, attempts: 0 }, delayMs)
    }
  }

  #makeReady(stored: Stored<Body>, delayMs: number): void {
    this.#scheduler.after(delayMs, this.#platform, () => {
      const isFirst = this.#ready.length === 0 || this.#dice.chance(70)
      if (!isFirst) this.#counts.fired('queue_reordered')
      if (isFirst) this.#ready.push(stored)
      else this.#ready.unshift(stored)
      this.#scheduler.after(batchWaitMs, this.#platform, () => this.#deliver())
    })
  }

  #deliver(): void {
    if (this.#isDelivering || this.#ready.length === 0) return
    this.#isDelivering = true
    const batch = this.#ready.splice(0, batchMax)
    const turn = new NewProcess(`${this.#name} consumer`, null)
    this.turn = turn
    const settled = new Set<string>()
    const messages = batch.map((stored) => this.#messageOf(stored, settled))
    this.#scheduler.after(
      0,
      turn,
      () => void this.#consume(messages, turn).then(() => this.#endTurn(turn, batch, settled)),
    )
    this.#scheduler.after(visibleAgainMs, this.#platform, () => {
      if (this.turn === turn) this.#endTurn(turn, batch, settled)
    })
  }

  /** What was neither acknowledged nor given back is delivered again, as after a throw. */
  #endTurn(turn: Process, batch: readonly Stored<Body>[], settled: ReadonlySet<string>): void {
    if (this.turn !== turn) return
    turn.kill()
    this.turn = null
    for (const stored of batch) if (!settled.has(stored.id)) this.#makeReady(stored, 1_000)
    this.#isDelivering = false
    this.#scheduler.after(0, this.#platform, () => this.#deliver())
  }

  #messageOf(stored: Stored<Body>, settled: Set<string>): QueueMessage<Body> {
    stored.attempts += 1
    const settle = (then: () => void) => {
      if (settled.has(stored.id)) return
      settled.add(stored.id)
      then()
    }
    return {
      id: stored.id,
      body: JSON.parse(stored.text) as Body,
      attempts: stored.attempts,
      ack: () => settle(() => (this.pending -= 1)),
      retry: (options) => {
        const factor = stored.attempts > oftenAttempts ? oftenFactor : 1
        settle(() => this.#makeReady(stored, (options?.delaySeconds ?? 1) * 1_000 * factor))
      },
    }
  }
}
