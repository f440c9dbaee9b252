// The machinery of one account object: the rows, the group commit, the outbox and the alarm slot, joined. account.ts says
// what may be asked; this file sees to it that each answer is durable and each due thing has a wake.

import { type Log, jsonLog } from '#core/log.ts'
import { Alarm, isUnsent, nextDueAt } from './alarm.ts'
import { type Desk, ask, decide } from './book.ts'
import type { Context, Draft } from './draft.ts'
import type { EntriesMessage } from './entry.ts'
import { GroupCommit, commandsPerCommitMax } from './group-commit.ts'
import { Listeners } from './listeners.ts'
import { keepMarksIfMoved, markSent, rewindIfDue } from './marks.ts'
import { Outbox } from './outbox.ts'
import { type Pulse, oldestHoldAgeOf, overdueOf } from './pulse.ts'
import type { RebuildParts } from './rebuilding.ts'
import type { Changes } from './rows.ts'
import { stateFrom } from './start.ts'
import type { State } from './state.ts'
import { Store } from './store.ts'
import { sendTasksFirst } from './tasks.ts'
import { type Timings, timings, timingsScaledDown } from './timings.ts'

export type LedgerEnv = {
  ENVIRONMENT: string
  TIME_SCALE?: string
  /** For the bench alone: how many commands share a commit at most. */
  COMMANDS_PER_COMMIT?: string
  ENTRIES_QUEUE: Queue<EntriesMessage>
  TASKS_QUEUE: Queue<EntriesMessage>
}

const rowsPerSnapshot = 500
/** A queue that does not take a message is asked again after this. */
const flushRetryMs = 5_000

export class AccountEngine {
  readonly store: Store
  readonly outbox: Outbox
  readonly listeners: Listeners
  readonly #ctx: DurableObjectState
  readonly #timings: Timings
  readonly #commit: GroupCommit
  readonly #log: Log
  readonly now: () => number
  readonly #alarm: Alarm
  /** The sent mark as its row knows it: the one in memory is ahead and is written once per wake. */
  #storedSentSeq = 0
  #isFlushSoon = false
  #isWaking = false

  constructor(ctx: DurableObjectState, env: LedgerEnv, now: () => number) {
    this.#ctx = ctx
    this.now = now
    this.#log = jsonLog(print, now)
    const scale = env.ENVIRONMENT === 'production' ? 1 : Math.max(1, Number(env.TIME_SCALE ?? '1') || 1)
    this.#timings = scale === 1 ? timings : timingsScaledDown(scale)
    this.store = new Store(ctx.storage.sql)
    this.#commit = new GroupCommit(this.#readState(), {
      context: () => this.#context(),
      write: (changes, next) => this.#write(changes, next),
      durable: async () => {
        await ctx.storage.sync()
        if (this.state !== null) this.listeners.changed(this.state)
      },
      reload: () => this.#readState(),
      commandsPerCommit: commandsPerCommitOf(env),
      log: this.#log,
    })
    this.listeners = new Listeners(this.state, {
      ctx,
      entriesAfter: (seq, limit) => this.store.entriesAfter(seq, limit),
      now,
      log: this.#log,
    })
    this.outbox = new Outbox({
      entriesAfter: (seq, limit) => this.store.entriesAfter(seq, limit),
      state: () => this.#commit.state,
      sent: (from, seq, hash) => this.ask((draft) => markSent(draft, from, seq, hash), undefined, undefined),
      send: (message) => sendTasksFirst(message, { entries: env.ENTRIES_QUEUE, tasks: env.TASKS_QUEUE }),
      now: () => this.now(),
    })
    this.#alarm = new Alarm((atMs) => {
      this.store.rowsWritten += 1
      return ctx.storage.setAlarm(atMs)
    })
    if (this.#commit.state !== null && isUnsent(this.#commit.state)) ctx.waitUntil(this.#flushSoon())
    void ctx.blockConcurrencyWhile(async () => {
      this.#alarm.armedAtMs = await ctx.storage.getAlarm()
    })
  }

  /** What is durable; null before `create`. */
  get state(): State | null {
    return this.#commit.state
  }

  /** For every command but `create`: the answer once it is durable, `missing` where there is no account. */
  ask<Answer>(decideIt: (draft: Draft) => Answer, missing: Answer, failure: Answer): Promise<Answer> {
    return this.run<Answer>((desk: Desk) => ask(desk, missing, decideIt), failure)
  }

  /** What would be answered now: decided on a copy that is dropped. */
  imagine<Answer>(decideIt: (draft: Draft) => Answer, missing: Answer): Answer {
    const { answer } = decide(this.state, (desk: Desk) => ask(desk, missing, decideIt), this.#context())
    return answer ?? missing
  }

  run<Answer>(decideIt: (desk: Desk) => Answer, failure: Answer): Promise<Answer> {
    return this.#commit.run<Answer>(decideIt, failure)
  }

  /** What a rebuild works with; what it writes is durable before any answer leaves. */
  rebuildParts(): RebuildParts {
    return {
      sql: this.#ctx.storage.sql,
      store: this.store,
      transaction: (write) => this.#transaction(write),
      state: () => this.state,
      reload: () => {
        this.store.readDays()
        this.#commit.reload()
        if (this.state !== null) this.#alarm.armBy(nextDueAt(this.state, this.#timings))
      },
      context: () => this.#context(),
    }
  }

  /** Asked by the hourly sweep. A wake that the platform owes us is done now, and its alarm armed again. */
  async pulse(): Promise<Pulse | null> {
    const armedAtMs = await this.#ctx.storage.getAlarm()
    const { state } = this
    if (state === null) return null
    const nowMs = this.now()
    const [oldest] = this.store.entriesAfter(state.marks.confirmedSeq, 1)
    const overdue = this.#isWaking ? null : overdueOf(state, { armedAtMs, nowMs, timings: this.#timings })
    const pulse = {
      epoch: state.epoch,
      head: state.headSeq,
      sent: state.marks.sentSeq,
      confirmed: state.marks.confirmedSeq,
      overdue,
      unconfirmedForMs: oldest === undefined ? 0 : Math.max(0, nowMs - oldest.createdAtMs),
      oldestHoldAgeMs: oldestHoldAgeOf(state, nowMs),
      databaseBytes: this.#ctx.storage.sql.databaseSize,
    }
    // What this instance believes of its alarm may be older than the platform's word.
    if (overdue !== null) await this.wake()
    return pulse
  }

  /** Expires, arms, sends. Never throws: seven failures in a row and the platform gives the alarm up. */
  async wake(): Promise<void> {
    this.#alarm.hasFired()
    this.#isWaking = true
    try {
      // Whatever the wake was for, the group expires what is due before it decides anything.
      await this.ask((draft) => rewindIfDue(draft, this.#timings), undefined, undefined)
      await this.outbox.flush()
      await this.ask((draft) => keepMarksIfMoved(draft, this.#storedSentSeq), undefined, undefined)
    } catch (cause) {
      this.#log.error('alarm_failed', { account: this.state?.accountId }, cause)
    }
    this.#isWaking = false
    const { state } = this
    if (state === null) return
    const retryAtMs = isUnsent(state) ? this.now() + flushRetryMs : undefined
    this.#alarm.armBy(retryAtMs ?? this.#wakeAt(state))
  }

  /** After a group: what is due and was not done was put off (chores.ts), and asks for no wake before its time. */
  #wakeAt(state: State): number | undefined {
    const dueAtMs = nextDueAt(state, this.#timings)
    if (dueAtMs === undefined || dueAtMs > state.nowMs) return dueAtMs
    return state.nowMs + this.#timings.holdExpiryMs
  }

  /** Entries wait a moment for company; an object that dies meanwhile is woken by its alarm. */
  async #flushSoon(): Promise<void> {
    this.#isFlushSoon = true
    await new Promise((resolve) => setTimeout(resolve, this.#timings.flushAfterMs))
    this.#isFlushSoon = false
    try {
      await this.outbox.flush()
    } catch (cause) {
      this.#log.error('flush_failed', { account: this.state?.accountId }, cause)
    }
  }

  #write(changes: Changes, next: State): void {
    const armedBefore = this.#alarm.armedAtMs
    try {
      this.#transaction(() => {
        this.store.write(changes)
        this.#alarm.armBy(this.#wakeAt(next))
      })
    } catch (cause) {
      this.#alarm.armedAtMs = armedBefore
      throw cause
    }
    this.#storedSentSeq = changes.marks?.sentSeq ?? this.#storedSentSeq
    if (isUnsent(next) && !this.#isFlushSoon) this.#ctx.waitUntil(this.#flushSoon())
  }

  /** All of it or nothing; what is rolled back takes the tables with it that the store has just made. */
  #transaction(write: () => void): void {
    try {
      this.#ctx.storage.transactionSync(write)
    } catch (cause) {
      this.store.readDays()
      throw cause
    }
  }

  #readState(): State | null {
    const stored = this.store.read(this.now())
    this.#storedSentSeq = stored?.marks?.sentSeq ?? 0
    return stored === null ? null : stateFrom(stored, this.now(), this.#timings)
  }

  #context(): Context {
    return { nowMs: this.now(), timings: this.#timings, lookup: this.store.lookup, rowsPerSnapshot }
  }
}

function commandsPerCommitOf(env: LedgerEnv): number {
  const asked = env.ENVIRONMENT === 'production' ? 0 : Number(env.COMMANDS_PER_COMMIT ?? '0')
  return Number.isSafeInteger(asked) && asked > 0 ? asked : commandsPerCommitMax
}

function print(line: string): void {
  // oxlint-disable-next-line no-console -- The object's log line, as the Worker's.
  console.log(line)
}
