// The platform around one account object: starts the shipped class on the first call, lets it hibernate when idle, crashes
// and freezes it, holds every answer back until the writes before it are durable, and fires its alarm at least once.

import type { LedgerEnv } from '#ledger/account-engine.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import { AccountObject } from '#ledger/account.ts'
import type { EntriesMessage } from '#ledger/entry.ts'
import type { Dice } from './dice.ts'
import type { Faults } from './faults.ts'
import { Process, type Scheduler } from './scheduler.ts'
import { ObjectStorage } from './storage.ts'
import { inWordsOf } from './versions.ts'

export type Method = keyof AccountPort
export type Question = { readonly method: Method; readonly command: unknown; readonly caller: Process }

/** What the world wants to know of an object. */
export type HostWatch = {
  /** An answer has passed the output gate: what it says is durable. It was asked of the ledger at `ranAtMs`, a freeze ago perhaps. */
  answered: (question: Question, answer: unknown, ranAtMs: number) => void
  /** The object has run and its rows may have changed. */
  ran: (host: ObjectHost) => void
  trace: (what: string) => void
}

export type HostParts = {
  scheduler: Scheduler
  platform: Process
  dice: Dice
  faults: Faults
  send: (message: EntriesMessage) => Promise<void>
  sendTasks: (message: EntriesMessage) => Promise<void>
  watch: HostWatch
}

type Reply = { readonly resolve: (answer: unknown) => void; readonly reject: (cause: Error) => void }
type Waiting = { readonly question: Question; readonly reply: Reply }
type Instance = {
  readonly object: AccountObject
  readonly process: Process
  readonly ready: Promise<void>
  readonly waiting: Set<Waiting>
  isInAlarm: boolean
  busyUntilMs: number
}

const hibernatesAfterMs = 10_000
/** As the platform: six more tries of an alarm that failed, and then it is given up. */
const alarmTriesMax = 7
const alarmRetryMs = 2_000

export class ObjectHost {
  readonly storage = new ObjectStorage()
  readonly #parts: HostParts
  #instance: Instance | null = null
  version = 0
  /** Instances so far. */
  starts = 0
  /** The machine's clock; another machine may have another one. */
  skewMs = 0
  unreachableUntilMs = 0
  overloadedUntilMs = 0
  alarmLateMs = 0
  #alarmTries = 0
  #alarmEvent = 0
  #alarmScheduledMs: number | null = null
  isAlarmDead = false
  /** The next alarm finds its object dying under it. */
  isCrashingInAlarm = false

  constructor(parts: HostParts) {
    this.#parts = parts
    this.storage.onDirty = () => this.#commitSoon()
  }

  /** The running instance, for looking at; null while it hibernates. */
  get object(): AccountObject | null {
    return this.#instance?.object ?? null
  }

  /** Starts it where it sleeps, to look at it. */
  look(): AccountObject {
    return this.#start().object
  }

  get process(): Process | null {
    return this.#instance?.process ?? null
  }

  get isAlarming(): boolean {
    return this.#instance?.isInAlarm === true
  }

  get nowMs(): number {
    return this.#parts.scheduler.nowMs + this.skewMs
  }

  /** A question has arrived at the object's door. */
  arrive(question: Question, reply: Reply): void {
    const { scheduler, faults } = this.#parts
    if (scheduler.nowMs < this.unreachableUntilMs) {
      faults.fired('object_unreachable')
      return reply.reject(new Error('Network connection lost.'))
    }
    if (scheduler.nowMs < this.overloadedUntilMs) {
      faults.fired('object_overloaded')
      return reply.reject(new Error('Durable Object is overloaded.'))
    }
    const instance = this.#start()
    const waiting: Waiting = { question, reply }
    instance.waiting.add(waiting)
    // The event is the object's own from here on: it waits while the object is frozen and dies with it.
    scheduler.after(0, instance.process, () => void this.#run(instance, waiting))
  }

  async #run(instance: Instance, waiting: Waiting): Promise<void> {
    await instance.ready
    const { question, reply } = waiting
    const { object } = instance
    const ranAtMs = this.#parts.scheduler.nowMs
    instance.busyUntilMs = ranAtMs
    try {
      // The shipped methods take one command each; which it is was checked where the question was asked.
      const method = object[question.method] as (command: unknown) => Promise<unknown>
      const answer = await method.call(object, question.command)
      await this.storage.sync()
      if (!instance.process.isAlive) return
      this.#parts.watch.answered(question, answer, ranAtMs)
      reply.resolve(answer)
    } catch (cause) {
      reply.reject(cause instanceof Error ? cause : new Error('The object threw.'))
    }
    instance.waiting.delete(waiting)
    instance.busyUntilMs = this.#parts.scheduler.nowMs
    this.#hibernateLater(instance)
  }

  /** Memory and what was not durable are gone; who waits for an answer hears of it. */
  crash(): void {
    const instance = this.#instance
    if (instance === null) return
    if (this.storage.isDirty) this.#parts.faults.fired('object_lost_undurable_writes')
    instance.process.kill()
    this.#instance = null
    this.storage.crash()
    for (const { reply } of instance.waiting) reply.reject(new Error('The object was reset.'))
    if (instance.isInAlarm) this.#alarmFailed()
    this.#armAlarm()
  }

  /** Goes on as another version, which may have been here before and left a snapshot of its own. */
  deploy(): void {
    this.crash()
    this.version += 1
    if (this.storage.leaveSnapshotOfAnotherVersion()) this.#parts.faults.fired('snapshot_of_another_version')
  }

  /** Nothing of it is left: the next call finds an object that nobody has created. */
  lose(): void {
    this.crash()
    this.storage.wipe()
    this.#armAlarm()
  }

  /** Another machine, another clock. */
  stepClock(toMs: number): void {
    this.crash()
    this.skewMs = toMs
    this.#alarmScheduledMs = null
    this.#armAlarm()
  }

  freeze(forMs: number): boolean {
    if (this.#instance === null) return false
    this.#instance.process.frozenUntilMs = this.#parts.scheduler.nowMs + forMs
    return true
  }

  close(): void {
    this.storage.close()
  }

  #start(): Instance {
    if (this.#instance !== null) return this.#instance
    const { scheduler, send, sendTasks, watch } = this.#parts
    this.starts += 1
    const process = new Process(`object#${this.starts}`, null, this.skewMs)
    const before = scheduler.current
    scheduler.current = process
    const blocked: Promise<unknown>[] = []
    const context = {
      storage: this.storage,
      // Nobody listens here: what is told is read from what is durable and changes nothing.
      getWebSockets: () => [],
      waitUntil: (work: Promise<unknown>) => {
        process.timers += 1
        void work.finally(() => (process.timers -= 1))
      },
      blockConcurrencyWhile: (work: () => Promise<unknown>) => {
        const done = work()
        blocked.push(done)
        return done
      },
    }
    const env: LedgerEnv = {
      ENVIRONMENT: 'production',
      ENTRIES_QUEUE: queueOf(async (message) => {
        await this.storage.sync()
        // The same message, with a field that its reader may not know.
        return send(inWordsOf(this.version, message) as EntriesMessage)
      }),
      TASKS_QUEUE: queueOf(async (message) => {
        await this.storage.sync()
        return sendTasks(message)
      }),
    }
    const object = new AccountObject(context as unknown as DurableObjectState, env)
    const ready = Promise.all(blocked).then(() => undefined)
    const instance = {
      object,
      process,
      ready,
      waiting: new Set<Waiting>(),
      isInAlarm: false,
      busyUntilMs: scheduler.nowMs,
    }
    this.#instance = instance
    scheduler.current = before
    watch.trace(`object starts as ${process.name}`)
    this.#hibernateLater(instance)
    return instance
  }

  #commitSoon(): void {
    const { scheduler, dice } = this.#parts
    const process = this.#instance?.process ?? scheduler.current
    scheduler.after(dice.chance(15) ? dice.between(20, 80) : dice.between(1, 6), process, () => {
      this.storage.commit()
      this.#armAlarm()
    })
  }

  #hibernateLater(instance: Instance): void {
    const { scheduler, faults, platform } = this.#parts
    scheduler.after(hibernatesAfterMs, platform, () => {
      const isIdle = scheduler.nowMs - instance.busyUntilMs >= hibernatesAfterMs
      if (this.#instance !== instance || !isIdle || instance.waiting.size > 0) return
      if (instance.isInAlarm || instance.process.timers > 0 || this.storage.isDirty) return
      faults.fired('object_hibernated')
      instance.process.kill()
      this.#instance = null
    })
  }

  // ── The alarm ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** The platform's own record: what is durable, fired by the clock of the object's machine. */
  #armAlarm(): void {
    // One whose handler is under way is not fired a second time for that.
    if (this.storage.isAlarmUnderWay) return
    const atMs = this.storage.durableAlarmMs
    if (atMs === this.#alarmScheduledMs) return
    this.#alarmScheduledMs = atMs
    this.#alarmEvent += 1
    if (atMs === null) return
    const event = this.#alarmEvent
    const { scheduler, platform } = this.#parts
    const inMs = Math.max(0, atMs - this.nowMs) + this.alarmLateMs
    if (this.alarmLateMs > 0) this.#parts.faults.fired('alarm_late')
    scheduler.after(inMs, platform, () => {
      if (event === this.#alarmEvent) this.#fireAlarm()
    })
  }

  #fireAlarm(): void {
    const { scheduler } = this.#parts
    const instance = this.#start()
    this.#alarmScheduledMs = null
    instance.isInAlarm = true
    if (this.isCrashingInAlarm) {
      this.isCrashingInAlarm = false
      scheduler.after(2, this.#parts.platform, () => this.crash())
    }
    scheduler.after(0, instance.process, () => void this.#runAlarm(instance))
  }

  async #runAlarm(instance: Instance): Promise<void> {
    await instance.ready
    this.storage.alarmBegins()
    await instance.object.alarm()
    await this.storage.sync()
    if (!instance.process.isAlive) return
    this.#alarmTries = 0
    instance.isInAlarm = false
    instance.busyUntilMs = this.#parts.scheduler.nowMs
    this.storage.alarmIsOver()
    this.#armAlarm()
    this.#hibernateLater(instance)
  }

  #alarmFailed(): void {
    const { scheduler, platform, faults } = this.#parts
    faults.fired('alarm_died_under_way')
    this.#alarmTries += 1
    if (this.#alarmTries >= alarmTriesMax) {
      this.isAlarmDead = true
      this.storage.alarmMs = null
      this.storage.alarmIsOver()
      return
    }
    this.#alarmEvent += 1
    const event = this.#alarmEvent
    this.#alarmScheduledMs = this.storage.durableAlarmMs
    scheduler.after(alarmRetryMs * 2 ** (this.#alarmTries - 1), platform, () => {
      if (event === this.#alarmEvent) this.#fireAlarm()
    })
  }
}

/** The one method of the platform's queue that the object uses. */
function queueOf(send: (message: EntriesMessage) => Promise<void>): LedgerEnv['ENTRIES_QUEUE'] {
  return { send } as unknown as LedgerEnv['ENTRIES_QUEUE']
}
