// The account object: the only authority over one account's money, keys and limits. Short methods over one group commit;
// every decision is the book's. Calls nothing but the queue.

import { DurableObject } from 'cloudflare:workers'

import { jsonLog } from '#core/log.ts'
import type { AccountPort } from './account-port.ts'
import * as admission from './admission.ts'
import { Alarm, isUnsent, nextDueAt } from './alarm.ts'
import { type Desk, ask, askCreate } from './book.ts'
import * as charges from './charges.ts'
import type {
  ChangeSettings,
  CheckKey,
  CheckKeyAnswer,
  CommandAnswer,
  Confirm,
  Create,
  Credit,
  CreditAnswer,
  KeyAnswer,
  PutKey,
  RevokeKey,
} from './account-commands.ts'
import type { AccountView, HoldView, KeyView } from './account-views.ts'
import type {
  Admit,
  AdmitAnswer,
  Beat,
  BeatAnswer,
  Capture,
  CaptureAnswer,
  Extend,
  ExtendAnswer,
  Release,
  ReleaseAnswer,
} from './call-commands.ts'
import type { EntriesMessage, Entry } from './entry.ts'
import { credit } from './credits.ts'
import type { Context, Draft } from './draft.ts'
import { GroupCommit } from './group-commit.ts'
import * as holds from './holds.ts'
import * as keys from './keys.ts'
import { confirm, keepMarksIfMoved, markSent, rewind, rewindIfDue } from './marks.ts'
import { zeroNanoUsd } from '#core/money.ts'
import { Outbox } from './outbox.ts'
import type { Changes } from './rows.ts'
import { changeSettings } from './settings.ts'
import { stateFrom } from './start.ts'
import type { State } from './state.ts'
import { Store } from './store.ts'
import { type Timings, timings, timingsScaledDown } from './timings.ts'
import { accountView, holdView, keyView } from './views.ts'

export type LedgerEnv = {
  ENVIRONMENT: string
  TIME_SCALE?: string
  ENTRIES_QUEUE: Queue<EntriesMessage>
}

const readLimitMax = 1_000
const recentEntries = 5
const rowsPerSnapshot = 500
/** A queue that does not take a message is asked again after this. */
const flushRetryMs = 5_000

const noAccount = { ok: false, code: 'no_such_account' } as const
const failed = { ok: false, code: 'internal' } as const

export class AccountObject extends DurableObject<LedgerEnv> implements AccountPort {
  readonly #store: Store
  readonly #timings: Timings
  readonly #commit: GroupCommit
  readonly #outbox: Outbox
  readonly #log = jsonLog(print, () => Date.now())
  readonly #alarm: Alarm
  /** The sent mark as its row knows it: the one in memory is ahead and is written once per wake. */
  #storedSentSeq = 0
  #isFlushSoon = false

  constructor(ctx: DurableObjectState, env: LedgerEnv) {
    super(ctx, env)
    const scale = env.ENVIRONMENT === 'production' ? 1 : Math.max(1, Number(env.TIME_SCALE ?? '1') || 1)
    this.#timings = scale === 1 ? timings : timingsScaledDown(scale)
    this.#store = new Store(ctx.storage.sql)
    this.#commit = new GroupCommit(this.#readState(), {
      context: () => this.#context(),
      write: (changes, next) => this.#write(changes, next),
      durable: () => ctx.storage.sync(),
      reload: () => this.#readState(),
      log: this.#log,
    })
    this.#outbox = new Outbox({
      entriesAfter: (seq, limit) => this.#store.entriesAfter(seq, limit),
      state: () => this.#commit.state,
      sent: (from, seq, hash) => this.#ask((draft) => markSent(draft, from, seq, hash), undefined, undefined),
      send: async (message) => void (await env.ENTRIES_QUEUE.send(message)),
      now: () => this.#now(),
    })
    this.#alarm = new Alarm((atMs) => {
      this.#store.rowsWritten += 1
      return ctx.storage.setAlarm(atMs)
    })
    if (this.#commit.state !== null && isUnsent(this.#commit.state)) ctx.waitUntil(this.#flushSoon())
    void ctx.blockConcurrencyWhile(async () => {
      this.#alarm.armedAtMs = await ctx.storage.getAlarm()
    })
  }

  /** Since this instance began: rows of tables and alarms, as the platform bills them. */
  get rowsWritten(): number {
    return this.#store.rowsWritten
  }

  // ── About a call ─────────────────────────────────────────────────────────────────────────────────────────────

  admit(command: Admit): Promise<AdmitAnswer> {
    const nothing = {
      availableNanoUsd: zeroNanoUsd,
      heldNanoUsd: zeroNanoUsd,
      requiredNanoUsd: command.holdNanoUsd,
    }
    const missing = { ...noAccount, ...nothing }
    return this.#ask<AdmitAnswer>((draft) => admission.admit(draft, command), missing, {
      ...failed,
      ...nothing,
    })
  }

  extend(command: Extend): Promise<ExtendAnswer> {
    return this.#ask<ExtendAnswer>((draft) => admission.extend(draft, command), noAccount, failed)
  }

  beat(command: Beat): Promise<BeatAnswer> {
    return this.#ask<BeatAnswer>(
      (draft) => holds.beat(draft, command),
      { state: 'no_such_account' },
      { state: 'internal' },
    )
  }

  capture(command: Capture): Promise<CaptureAnswer> {
    return this.#ask<CaptureAnswer>((draft) => charges.capture(draft, command), noAccount, failed)
  }

  release(command: Release): Promise<ReleaseAnswer> {
    return this.#ask<ReleaseAnswer>((draft) => holds.release(draft, command), noAccount, failed)
  }

  // ── About the account ────────────────────────────────────────────────────────────────────────────────────────

  create(command: Create): Promise<CommandAnswer> {
    return this.#commit.run<CommandAnswer>((desk) => askCreate(desk, command), failed)
  }

  credit(command: Credit): Promise<CreditAnswer> {
    return this.#ask<CreditAnswer>((draft) => credit(draft, command), noAccount, failed)
  }

  putKey(command: PutKey): Promise<KeyAnswer> {
    return this.#ask<KeyAnswer>((draft) => keys.putKey(draft, command), noAccount, failed)
  }

  revokeKey(command: RevokeKey): Promise<KeyAnswer> {
    return this.#ask<KeyAnswer>((draft) => keys.revokeKey(draft, command), noAccount, failed)
  }

  changeSettings(command: ChangeSettings): Promise<CommandAnswer> {
    return this.#ask<CommandAnswer>((draft) => changeSettings(draft, command), noAccount, failed)
  }

  async confirm(command: Confirm): Promise<CommandAnswer> {
    const proof = await this.#outbox.proofAt(command.seq)
    return this.#ask<CommandAnswer>((draft) => confirm(draft, command, proof), noAccount, failed)
  }

  async resend(): Promise<CommandAnswer> {
    const answer = await this.#ask<CommandAnswer>((draft) => rewind(draft), noAccount, failed)
    if (answer.ok) await this.#outbox.flush()
    return answer
  }

  // ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────

  async checkKey(command: CheckKey): Promise<CheckKeyAnswer> {
    return this.#commit.state === null ? noAccount : keys.checkKey(this.#commit.state, command)
  }

  async view(): Promise<AccountView | null> {
    const { state } = this.#commit
    if (state === null) return null
    return accountView(state, this.#store.entriesBefore(state.headSeq + 1, recentEntries), this.#now())
  }

  async keyView(number: number): Promise<KeyView | null> {
    const key = [...(this.#commit.state?.keys.values() ?? [])].find(({ keyNumber }) => keyNumber === number)
    return key === undefined ? null : keyView(key, this.#now())
  }

  async keys(): Promise<readonly KeyView[]> {
    return [...(this.#commit.state?.keys.values() ?? [])].map((key) => keyView(key, this.#now()))
  }

  async holds(): Promise<readonly HoldView[]> {
    return [...(this.#commit.state?.holds.values() ?? [])].map((hold) => holdView(hold, this.#now()))
  }

  async entriesAfter(afterSeq: number, limit: number): Promise<readonly Entry[]> {
    if (this.#commit.state === null) return []
    return this.#store.entriesAfter(afterSeq, Math.min(limit, readLimitMax))
  }

  async entriesBefore(beforeSeq: number, limit: number): Promise<readonly Entry[]> {
    if (this.#commit.state === null) return []
    return this.#store.entriesBefore(beforeSeq, Math.min(limit, readLimitMax))
  }

  async entriesOfCall(callId: string): Promise<readonly Entry[]> {
    return this.#commit.state === null ? [] : this.#store.entriesOfCall(callId)
  }

  // ── The alarm ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Expires, arms, sends. Never throws: seven failures in a row and the platform gives the alarm up. */
  override async alarm(): Promise<void> {
    this.#alarm.hasFired()
    try {
      // Whatever the wake was for, the group expires what is due before it decides anything.
      await this.#ask((draft) => rewindIfDue(draft, this.#timings), undefined, undefined)
      await this.#outbox.flush()
      await this.#ask((draft) => keepMarksIfMoved(draft, this.#storedSentSeq), undefined, undefined)
    } catch (cause) {
      this.#log.error('alarm_failed', { account: this.#commit.state?.accountId }, cause)
    }
    const { state } = this.#commit
    if (state === null) return
    const retryAtMs = isUnsent(state) ? this.#now() + flushRetryMs : undefined
    this.#alarm.armBy(retryAtMs ?? nextDueAt(state, this.#timings))
  }

  /** Entries wait a moment for company; an object that dies meanwhile is woken by its alarm. */
  async #flushSoon(): Promise<void> {
    this.#isFlushSoon = true
    await new Promise((resolve) => setTimeout(resolve, this.#timings.flushAfterMs))
    this.#isFlushSoon = false
    try {
      await this.#outbox.flush()
    } catch (cause) {
      this.#log.error('flush_failed', { account: this.#commit.state?.accountId }, cause)
    }
  }

  // ── Joining ──────────────────────────────────────────────────────────────────────────────────────────────────

  #ask<Answer>(decide: (draft: Draft) => Answer, missing: Answer, failure: Answer): Promise<Answer> {
    return this.#commit.run<Answer>((desk: Desk) => ask(desk, missing, decide), failure)
  }

  #write(changes: Changes, next: State): void {
    const armedBefore = this.#alarm.armedAtMs
    try {
      this.ctx.storage.transactionSync(() => {
        this.#store.write(changes)
        this.#alarm.armBy(nextDueAt(next, this.#timings))
      })
    } catch (cause) {
      this.#alarm.armedAtMs = armedBefore
      this.#store.readDays()
      throw cause
    }
    this.#storedSentSeq = changes.marks?.sentSeq ?? this.#storedSentSeq
    if (isUnsent(next) && !this.#isFlushSoon) this.ctx.waitUntil(this.#flushSoon())
  }

  #readState(): State | null {
    const stored = this.#store.read(this.#now())
    this.#storedSentSeq = stored?.marks?.sentSeq ?? 0
    return stored === null ? null : stateFrom(stored, this.#now(), this.#timings)
  }

  #context(): Context {
    return { nowMs: this.#now(), timings: this.#timings, lookup: this.#store.lookup, rowsPerSnapshot }
  }

  #now(): number {
    return Date.now()
  }
}

function print(line: string): void {
  // oxlint-disable-next-line no-console -- The object's log line, as the Worker's.
  console.log(line)
}
