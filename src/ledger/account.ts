// The account object: the only authority over one account's money, keys and limits. Short methods over one group commit;
// every decision is the book's. Calls nothing but the queue.

import { DurableObject } from 'cloudflare:workers'

import { AccountEngine, type LedgerEnv } from './account-engine.ts'
import type { AccountPort } from './account-port.ts'
import * as admission from './admission.ts'
import { askCreate } from './book.ts'
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
  EditKey,
  Erase,
  EraseAnswer,
  PutKey,
  Resend,
  Refund,
  RefundAnswer,
  Reverse,
  ReverseAnswer,
  RevokeKey,
  RotateKey,
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
import type { Entry } from './entry.ts'
import { credit } from './credits.ts'
import type { Draft } from './draft.ts'
import { erase } from './erasure.ts'
import * as holds from './holds.ts'
import * as keys from './keys.ts'
import { readListenQuestion } from './listening.ts'
import { confirm, rewind } from './marks.ts'
import { rebook } from './rebook.ts'
import type {
  BeginRebuild,
  FinishRebuild,
  Rebook,
  RebookAnswer,
  RebuildAnswer,
  TakeEntries,
} from './rebuild-commands.ts'
import { meter } from './meter.ts'
import type { Meter, MeterAnswer, SetPlan, SetPlanAnswer } from './plan-commands.ts'
import type { Pulse } from './pulse.ts'
import { isRenewalDue, setPlan } from './plans.ts'
import { refund } from './refunds.ts'
import { reverse } from './reversals.ts'
import * as rebuilding from './rebuilding.ts'
import { zeroNanoUsd } from '#core/money.ts'
import { changeSettings } from './settings.ts'
import type { State } from './state.ts'
import { accountView, holdView, keyView } from './views.ts'

const readLimitMax = 1_000
const recentEntries = 5

const noAccount = { ok: false, code: 'no_such_account' } as const
const failed = { ok: false, code: 'internal' } as const

export class AccountObject extends DurableObject<LedgerEnv> implements AccountPort {
  readonly #engine: AccountEngine

  constructor(ctx: DurableObjectState, env: LedgerEnv) {
    super(ctx, env)
    this.#engine = new AccountEngine(ctx, env, () => Date.now())
  }

  /** Since this instance began: rows of tables and alarms, as the platform bills them. */
  get rowsWritten(): number {
    return this.#engine.store.rowsWritten
  }

  // ── About a call ─────────────────────────────────────────────────────────────────────────────────────────────

  admit(command: Admit): Promise<AdmitAnswer> {
    const failure = { ...failed, ...nothingFor(command) }
    const missing = { ...noAccount, ...nothingFor(command) }
    return this.#ask<AdmitAnswer>((draft) => admission.admit(draft, command), missing, failure)
  }

  async wouldAdmit(command: Admit): Promise<AdmitAnswer> {
    const missing = { ...noAccount, ...nothingFor(command) }
    return this.#engine.imagine<AdmitAnswer>((draft) => admission.admit(draft, command), missing)
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
    return this.#engine.run<CommandAnswer>((desk) => askCreate(desk, command), failed)
  }

  credit(command: Credit): Promise<CreditAnswer> {
    return this.#ask<CreditAnswer>((draft) => credit(draft, command), noAccount, failed)
  }

  reverse(command: Reverse): Promise<ReverseAnswer> {
    return this.#ask<ReverseAnswer>((draft) => reverse(draft, command), noAccount, failed)
  }

  refund(command: Refund): Promise<RefundAnswer> {
    return this.#ask<RefundAnswer>((draft) => refund(draft, command), noAccount, failed)
  }

  putKey(command: PutKey): Promise<KeyAnswer> {
    return this.#ask<KeyAnswer>((draft) => keys.putKey(draft, command), noAccount, failed)
  }

  editKey(command: EditKey): Promise<KeyAnswer> {
    return this.#ask<KeyAnswer>((draft) => keys.editKey(draft, command), noAccount, failed)
  }

  rotateKey(command: RotateKey): Promise<KeyAnswer> {
    return this.#ask<KeyAnswer>((draft) => keys.rotateKey(draft, command), noAccount, failed)
  }

  revokeKey(command: RevokeKey): Promise<KeyAnswer> {
    return this.#ask<KeyAnswer>((draft) => keys.revokeKey(draft, command), noAccount, failed)
  }

  changeSettings(command: ChangeSettings): Promise<CommandAnswer> {
    return this.#ask<CommandAnswer>((draft) => changeSettings(draft, command), noAccount, failed)
  }

  erase(command: Erase): Promise<EraseAnswer> {
    return this.#ask<EraseAnswer>((draft) => erase(draft, command), noAccount, failed)
  }

  setPlan(command: SetPlan): Promise<SetPlanAnswer> {
    return this.#ask<SetPlanAnswer>((draft) => setPlan(draft, command), noAccount, failed)
  }

  meter(command: Meter): Promise<MeterAnswer> {
    const figures = { availableNanoUsd: zeroNanoUsd, heldNanoUsd: zeroNanoUsd, requiredNanoUsd: zeroNanoUsd }
    return this.#ask<MeterAnswer>(
      (draft) => meter(draft, command),
      { ...noAccount, ...figures },
      { ...failed, ...figures },
    )
  }

  async confirm(command: Confirm): Promise<CommandAnswer> {
    const proof = await this.#engine.outbox.proofAt(command.seq)
    return this.#ask<CommandAnswer>((draft) => confirm(draft, command, proof), noAccount, failed)
  }

  async resend(command?: Resend): Promise<CommandAnswer> {
    const answer = await this.#ask<CommandAnswer>((draft) => rewind(draft, command), noAccount, failed)
    if (answer.ok) await this.#engine.outbox.flush()
    return answer
  }

  async beginRebuild(command: BeginRebuild): Promise<RebuildAnswer> {
    return rebuilding.beginRebuild(command, this.#engine.rebuildParts())
  }

  async takeEntries(command: TakeEntries): Promise<RebuildAnswer> {
    return rebuilding.takeEntries(command, this.#engine.rebuildParts())
  }

  async finishRebuild(command: FinishRebuild): Promise<RebuildAnswer> {
    const answer = rebuilding.finishRebuild(command, this.#engine.rebuildParts())
    if (answer.ok) await this.#engine.outbox.flush()
    return answer
  }

  rebook(command: Rebook): Promise<RebookAnswer> {
    return this.#ask<RebookAnswer>((draft) => rebook(draft, command), noAccount, failed)
  }

  // ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────

  async checkKey(command: CheckKey): Promise<CheckKeyAnswer> {
    return this.#engine.state === null
      ? noAccount
      : keys.checkKey(this.#engine.state, command, this.#engine.now())
  }

  async view(): Promise<AccountView | null> {
    const state = await this.#renewed()
    if (state === null) return null
    return accountView(
      state,
      this.#engine.store.entriesBefore(state.headSeq + 1, recentEntries),
      this.#engine.now(),
    )
  }

  pulse(): Promise<Pulse | null> {
    return this.#engine.pulse()
  }

  /** A listener: an upgrade to a WebSocket that the platform keeps while the object sleeps. */
  override async fetch(request: Request): Promise<Response> {
    const question = readListenQuestion(request)
    const state = await this.#renewed()
    if (question === undefined || state === null)
      return Response.json({ code: noAccount.code }, { status: 404 })
    return this.#engine.listeners.open(state, question)
  }

  async keyView(number: number): Promise<KeyView | null> {
    const { state } = this.#engine
    const key = [...(state?.keys.values() ?? [])].find(({ keyNumber }) => keyNumber === number)
    return state === null || key === undefined ? null : keyView(state, key, this.#engine.now())
  }

  async keys(): Promise<readonly KeyView[]> {
    const { state } = this.#engine
    return state === null
      ? []
      : [...state.keys.values()].map((key) => keyView(state, key, this.#engine.now()))
  }

  async holds(): Promise<readonly HoldView[]> {
    return [...(this.#engine.state?.holds.values() ?? [])].map((hold) => holdView(hold, this.#engine.now()))
  }

  async entriesAfter(afterSeq: number, limit: number): Promise<readonly Entry[]> {
    if (this.#engine.state === null) return []
    return this.#engine.store.entriesAfter(afterSeq, Math.min(limit, readLimitMax))
  }

  async entriesBefore(beforeSeq: number, limit: number): Promise<readonly Entry[]> {
    if (this.#engine.state === null) return []
    return this.#engine.store.entriesBefore(beforeSeq, Math.min(limit, readLimitMax))
  }

  async entriesOfCall(callId: string): Promise<readonly Entry[]> {
    return this.#engine.state === null ? [] : this.#engine.store.entriesOfCall(callId)
  }

  // ── The alarm ────────────────────────────────────────────────────────────────────────────────────────────────

  override alarm(): Promise<void> {
    return this.#engine.wake()
  }

  /** Looking is a touch like any other: whoever looks after the period's end sees the new one. */
  async #renewed(): Promise<State | null> {
    if (isRenewalDue(this.#engine.state, this.#engine.now()))
      await this.#ask<boolean>(() => true, false, false)
    return this.#engine.state
  }

  #ask<Answer>(decide: (draft: Draft) => Answer, missing: Answer, failure: Answer): Promise<Answer> {
    return this.#engine.ask<Answer>(decide, missing, failure)
  }
}

function nothingFor(command: Admit) {
  return {
    availableNanoUsd: zeroNanoUsd,
    heldNanoUsd: zeroNanoUsd,
    requiredNanoUsd: command.holdNanoUsd,
  }
}
