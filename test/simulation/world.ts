// One simulated world: an account object on its platform, isolates with calls, clients, an operator, two queues with their
// consumers and Postgres, all under one scheduler. Runs a plan to its end and on until all is quiet.

import { type AccountId, makeAccountId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import type { Db } from '#db/client.ts'
import { consumeParkedCaptures } from '#gateway/parked-captures.ts'
import type { EntriesMessage } from '#ledger/entry.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import { timings } from '#ledger/timings.ts'
import { consumeEntries } from '#settlement/consumer.ts'
import { Books } from './books.ts'
import { Cashier } from './cashier.ts'
import { Charger } from './charger.ts'
import { Clients } from './clients.ts'
import { Dice } from './dice.ts'
import { Faults } from './faults.ts'
import { Network } from './network.ts'
import { MoneyIn } from './money-in.ts'
import { ObjectHost } from './object-host.ts'
import { Operator } from './operator.ts'
import { Oracle } from './oracle.ts'
import type { Item, Plan } from './plan.ts'
import { Postgres } from './postgres.ts'
import { checkQuiet } from './quiet.ts'
import { SimulatedQueue } from './queue.ts'
import { Rebuilder } from './rebuilder.ts'
import { Process, Scheduler } from './scheduler.ts'
import type { Setting } from './setting.ts'
import { strike } from './strikes.ts'
import { Violation } from './violation.ts'

export type Run = { steps: number; faults: Faults; violation: Violation | undefined; trace: string[] }

const hourMs = 3_600_000
const planEndsAfterMs = 10 * 60_000
const quietWithinMs = 12 * hourMs
/** What Stripe has forgotten by then comes to its end as well. */
const longQuietMs = 50 * hourMs
const compareWithinMs = hourMs / 60
/** More than any sound schedule needs: who runs in circles is stopped. */
const stepsMax = 60_000

export class World implements Setting {
  readonly plan: Plan
  readonly outside = new Process('outside', null)
  readonly scheduler: Scheduler
  readonly faults = new Faults()
  readonly oracle = new Oracle(this.faults)
  readonly accountId: AccountId
  readonly network: Network
  readonly host: ObjectHost
  /** An object that nobody has created. */
  readonly empty: ObjectHost
  readonly postgres: Postgres
  readonly books: Books
  readonly entries: SimulatedQueue<EntriesMessage>
  readonly captures: SimulatedQueue<ParkedCapture>
  readonly tasks: SimulatedQueue<EntriesMessage>
  readonly clients: Clients
  readonly operator: Operator
  readonly cashier: Cashier
  readonly charger: Charger
  readonly moneyIn: MoneyIn
  readonly rebuilder: Rebuilder
  readonly trace: string[] = []
  readonly #isTraced: boolean
  readonly log: Log
  #violation: Violation | undefined

  constructor(plan: Plan, isTraced: boolean) {
    this.plan = plan
    this.#isTraced = isTraced
    this.scheduler = new Scheduler(plan.startMs, this.outside)
    this.log = this.#traceLog()
    const { scheduler, outside: platform, faults, oracle } = this
    this.accountId = makeAccountId('w', new Dice(`account ${plan.seed}`).bytes)
    const parts = { scheduler, platform, faults }
    const dice = (name: string) => new Dice(`${name} ${plan.seed}`)
    this.network = new Network(scheduler, { ...parts, dice: dice('network') }, plan)
    this.network.heard = (question, answer, atMs) => this.guard(() => oracle.heard(question, answer, atMs))
    this.network.asked = (question) => oracle.asked(question)
    const watch = {
      answered: (question: Parameters<Oracle['answered']>[0], answer: unknown, ranAtMs: number) => {
        if (isTraced)
          this.say(`${question.method} ${JSON.stringify(question.command)} → ${JSON.stringify(answer)}`)
        this.guard(() => oracle.answered(question, answer, ranAtMs))
        this.moneyIn.answered(question, answer)
      },
      ran: () => undefined,
      trace: (what: string) => this.say(what),
    }
    this.host = new ObjectHost({
      ...parts,
      watch,
      dice: dice('object'),
      send: (message) => this.entries.send(message),
      sendTasks: (message) => this.tasks.send(message),
    })
    this.empty = new ObjectHost({
      ...parts,
      watch: { ...watch, answered: () => undefined },
      dice: dice('empty'),
      send: () => Promise.resolve(),
      sendTasks: () => Promise.resolve(),
    })
    this.postgres = new Postgres(scheduler, platform, dice('postgres'), faults)
    this.postgres.lossPercent = plan.postgresLossPercent
    this.books = new Books(this.host, oracle, this.postgres)
    oracle.rpm = plan.rpm
    oracle.nowMs = () => scheduler.nowMs
    oracle.objectStarts = () => this.host.starts
    this.entries = new SimulatedQueue(
      'entries',
      { ...parts, dice: dice('entries') },
      { ...plan.queue },
      (messages, turn) =>
        consumeEntries(messages, {
          // The two files that speak SQL are replaced by postgres.ts, which knows what this really is.
          db: this.postgres as unknown as Db,
          accounts: () => this.network.portOf(this.host, turn),
          clock: scheduler.clockOf(turn),
          log: this.log,
        }),
    )
    this.captures = new SimulatedQueue(
      'captures',
      { ...parts, dice: dice('captures') },
      { ...plan.queue },
      (messages, turn) =>
        consumeParkedCaptures(messages, {
          accounts: () => this.network.portOf(this.host, turn),
          clock: scheduler.clockOf(turn),
          timings,
          log: this.log,
        }),
    )
    this.tasks = new SimulatedQueue(
      'tasks',
      { ...parts, dice: dice('tasks') },
      { ...plan.queue, ...(isTold(plan) ? { lossPercent: 0 } : {}) },
      (messages, turn) => this.moneyIn.consume(messages, turn),
    )
    this.charger = new Charger(this)
    this.moneyIn = new MoneyIn(this)
    this.clients = new Clients(this)
    this.operator = new Operator(this)
    this.cashier = new Cashier(this)
    this.rebuilder = new Rebuilder(this)
  }

  /** In an event of its own, as `endTurn` wants it. */
  run(): Promise<Run> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        try {
          resolve(this.#run())
        } catch (cause) {
          reject(cause instanceof Error ? cause : new Error('The world threw.'))
        }
      })
    })
  }

  #run(): Run {
    const restore = this.#becomePresent()
    try {
      this.#play()
    } catch (cause) {
      // What nobody expected breaks this schedule, not the whole run.
      this.#violation = cause instanceof Violation ? cause : new Violation('threw', textOf(cause))
    } finally {
      restore()
      this.host.close()
      this.empty.close()
    }
    const { steps } = this.scheduler
    return { steps, faults: this.faults, violation: this.#violation, trace: this.trace }
  }

  #play(): void {
    const { plan, scheduler } = this
    this.operator.open()
    this.moneyIn.open()
    for (const item of plan.items) {
      scheduler.after(item.atMs, this.outside, () => {
        this.say(`${item.type} ${item.name}`)
        this.#do(item)
      })
    }
    this.#until(plan.startMs + planEndsAfterMs)
    this.#calmDown()
    this.#until(scheduler.nowMs + quietWithinMs)
    checkQuiet(this)
    if (this.moneyIn.isLong) this.#until(scheduler.nowMs + longQuietMs)
    this.moneyIn.compare()
    this.#until(scheduler.nowMs + compareWithinMs)
    this.charger.checkQuiet(this.books.lines)
    this.moneyIn.checkQuiet()
  }

  #do(item: Item): void {
    switch (item.type) {
      case 'call':
        return this.clients.call(item)
      case 'credit':
        return this.operator.credit(item)
      case 'reversal':
        return this.operator.reverse(item)
      case 'loss':
        return this.rebuilder.lose(item)
      case 'refund':
        return this.cashier.refund(item)
      case 'meter':
        return this.cashier.meter(item)
      case 'allowance':
        return this.cashier.agree(item)
      case 'top_up':
        return this.charger.agree(item)
      case 'order':
      case 'fact':
      case 'postpaid':
        return this.moneyIn.do(item)
      case 'strike':
        return strike(this, this, item)
    }
  }

  /** Runs events up to a time, and checks the books wherever something was written. */
  #until(atMs: number): void {
    while (this.scheduler.step(atMs)) {
      if (this.#violation !== undefined) throw this.#violation
      if (this.host.storage.writes !== this.#checkedWrites || this.host.process !== this.#checkedProcess) {
        this.#checkedWrites = this.host.storage.writes
        this.#checkedProcess = this.host.process
        this.books.check()
      }
      if (this.scheduler.steps > stepsMax) throw new Violation('liveness', 'the world runs in circles')
    }
    this.scheduler.nowMs = Math.max(this.scheduler.nowMs, atMs)
  }

  #checkedWrites = -1
  #checkedProcess: Process | null = null

  /** From here on nothing goes wrong any more, and whatever is left over must come right by itself and the hourly sweep. */
  #calmDown(): void {
    const { host, network, entries, captures, tasks, postgres, scheduler, outside } = this
    const kind = { duplicatePercent: 0, delayPercent: 0, lossPercent: 0, refusalPercent: 0 }
    Object.assign(entries.faults, kind)
    Object.assign(captures.faults, kind)
    Object.assign(tasks.faults, kind)
    Object.assign(network.unkindness, { replyLossPercent: 0, delayPercent: 0 })
    this.moneyIn.calmDown()
    postgres.isDown = false
    postgres.lossPercent = 0
    host.unreachableUntilMs = 0
    host.overloadedUntilMs = 0
    host.alarmLateMs = 0
    host.storage.isFailing = () => false
    for (let hour = 1; hour < 4; hour += 1)
      scheduler.after(hour * hourMs, outside, () => {
        this.operator.sweep()
        this.rebuilder.sweep()
      })
  }

  readonly guard = (check: () => void): void => {
    try {
      check()
    } catch (cause) {
      if (!(cause instanceof Violation)) throw cause
      this.#violation ??= cause
    }
  }

  readonly say = (what: string): void => {
    if (!this.#isTraced) return
    const { nowMs, current } = this.scheduler
    this.trace.push(`${String(nowMs - this.plan.startMs).padStart(8)} ${current.name}: ${what.slice(0, 700)}`)
  }

  #traceLog(): Log {
    const line = (event: string, fields: object, cause?: unknown) =>
      this.#isTraced &&
      this.say(`${event} ${JSON.stringify(fields)} ${cause instanceof Error ? cause.message : ''}`)
    return { info: line, error: line }
  }

  /** The platform's own clock and timers are this world's while it runs: the shipped class reads them. */
  #becomePresent(): () => void {
    const { scheduler } = this
    // oxlint-disable-next-line no-restricted-properties -- The simulated object reads the platform's clock: it gets ours.
    const kept = { now: Date.now, setTimeout: globalThis.setTimeout, log: console.log }
    const present = {
      now: () => scheduler.timeOf(scheduler.current),
      setTimeout: (run: () => void, ms: number) => scheduler.after(ms, scheduler.current, run),
      log: (line: string) => this.say(line),
    }
    Object.assign(Date, { now: present.now })
    Object.assign(globalThis, { setTimeout: present.setTimeout })
    Object.assign(console, { log: present.log })
    return () => {
      Object.assign(Date, { now: kept.now })
      Object.assign(globalThis, { setTimeout: kept.setTimeout })
      Object.assign(console, { log: kept.log })
    }
  }
}

/** The platform loses no task; what nobody reminds of would be lost with it. */
function isTold({ items }: Plan): boolean {
  return items.some(({ type }) => type === 'order' || type === 'postpaid')
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}
