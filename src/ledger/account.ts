// The account object: the only authority over one account's money, keys and limits. Short methods over one group commit;
// every decision is the book's. Calls nothing but the queue.

import type { AccountPort } from './account-port.ts'
import * as admission from './admission.ts'
import { askCreate } from './book.ts'
import * as charges from './charges.ts'
import type {
  ChangeSettings,
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
import { noAccount } from './account-reads.ts'
import { AccountSubscriptions } from './account-subscriptions.ts'
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
import type {
  BeginAttempt,
  BeginAttemptAnswer,
  LoseMethod,
  LoseMethodAnswer,
  ReportAttempt,
  ReportAttemptAnswer,
  SetAutoTopUp,
  SetAutoTopUpAnswer,
} from './auto-top-up-commands.ts'
import { setAutoTopUp } from './auto-top-up-terms.ts'
import * as autoTopUp from './auto-top-up.ts'
import { credit } from './credits.ts'
import type { Draft } from './draft.ts'
import { erase } from './erasure.ts'
import type { ClearWarnings, ClearWarningsAnswer } from './fraud-warning-commands.ts'
import { clearWarnings } from './fraud-warnings.ts'
import * as holds from './holds.ts'
import * as keys from './keys.ts'
import { confirm, rewind } from './marks.ts'
import type {
  CloseOrder,
  CloseOrderAnswer,
  LinkCustomer,
  LinkCustomerAnswer,
  OpenOrder,
  OpenOrderAnswer,
  PayOrder,
  PayOrderAnswer,
  PlaceOrder,
  PlaceOrderAnswer,
} from './order-commands.ts'
import { linkCustomer } from './customers.ts'
import * as orders from './orders.ts'
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
import type { TellFacts, TellFactsAnswer } from './payment-commands.ts'
import type { Meter, MeterAnswer, SetPlan, SetPlanAnswer } from './plan-commands.ts'
import { setPlan } from './plans.ts'
import { refund } from './refunds.ts'
import { reverse } from './reversals.ts'
import * as rebuilding from './rebuilding.ts'
import { zeroNanoUsd } from '#core/money.ts'
import { changeSettings } from './settings.ts'
import { tellFacts } from './told-facts.ts'

const failed = { ok: false, code: 'internal' } as const

export class AccountObject extends AccountSubscriptions implements AccountPort {
  // ── About a call ─────────────────────────────────────────────────────────────────────────────────────────────

  admit(command: Admit): Promise<AdmitAnswer> {
    const failure = { ...failed, ...nothingFor(command) }
    const missing = { ...noAccount, ...nothingFor(command) }
    return this.#ask<AdmitAnswer>((draft) => admission.admit(draft, command), missing, failure)
  }

  async wouldAdmit(command: Admit): Promise<AdmitAnswer> {
    const missing = { ...noAccount, ...nothingFor(command) }
    return this.engine.imagine<AdmitAnswer>((draft) => admission.admit(draft, command), missing)
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
    return this.engine.run<CommandAnswer>((desk) => askCreate(desk, command), failed)
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

  placeOrder(command: PlaceOrder): Promise<PlaceOrderAnswer> {
    return this.#ask<PlaceOrderAnswer>((draft) => orders.placeOrder(draft, command), noAccount, failed)
  }

  openOrder(command: OpenOrder): Promise<OpenOrderAnswer> {
    return this.#ask<OpenOrderAnswer>((draft) => orders.openOrder(draft, command), noAccount, failed)
  }

  payOrder(command: PayOrder): Promise<PayOrderAnswer> {
    return this.#ask<PayOrderAnswer>((draft) => orders.payOrder(draft, command), noAccount, failed)
  }

  closeOrder(command: CloseOrder): Promise<CloseOrderAnswer> {
    return this.#ask<CloseOrderAnswer>((draft) => orders.closeOrder(draft, command), noAccount, failed)
  }

  linkCustomer(command: LinkCustomer): Promise<LinkCustomerAnswer> {
    return this.#ask<LinkCustomerAnswer>((draft) => linkCustomer(draft, command), noAccount, failed)
  }

  tellFacts(command: TellFacts): Promise<TellFactsAnswer> {
    return this.#ask<TellFactsAnswer>((draft) => tellFacts(draft, command), noAccount, failed)
  }

  clearWarnings(command: ClearWarnings): Promise<ClearWarningsAnswer> {
    return this.#ask<ClearWarningsAnswer>((draft) => clearWarnings(draft, command), noAccount, failed)
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

  setAutoTopUp(command: SetAutoTopUp): Promise<SetAutoTopUpAnswer> {
    return this.#ask<SetAutoTopUpAnswer>((draft) => setAutoTopUp(draft, command), noAccount, failed)
  }

  loseMethod(command: LoseMethod): Promise<LoseMethodAnswer> {
    return this.#ask<LoseMethodAnswer>((draft) => autoTopUp.loseMethod(draft, command), noAccount, failed)
  }

  beginAttempt(command: BeginAttempt): Promise<BeginAttemptAnswer> {
    return this.#ask<BeginAttemptAnswer>((draft) => autoTopUp.beginAttempt(draft, command), noAccount, failed)
  }

  reportAttempt(command: ReportAttempt): Promise<ReportAttemptAnswer> {
    return this.#ask<ReportAttemptAnswer>(
      (draft) => autoTopUp.reportAttempt(draft, command),
      noAccount,
      failed,
    )
  }

  async confirm(command: Confirm): Promise<CommandAnswer> {
    const proof = await this.engine.outbox.proofAt(command.seq)
    return this.#ask<CommandAnswer>((draft) => confirm(draft, command, proof), noAccount, failed)
  }

  async resend(command?: Resend): Promise<CommandAnswer> {
    const answer = await this.#ask<CommandAnswer>((draft) => rewind(draft, command), noAccount, failed)
    if (answer.ok) await this.engine.outbox.flush()
    return answer
  }

  async beginRebuild(command: BeginRebuild): Promise<RebuildAnswer> {
    return rebuilding.beginRebuild(command, this.engine.rebuildParts())
  }

  async takeEntries(command: TakeEntries): Promise<RebuildAnswer> {
    return rebuilding.takeEntries(command, this.engine.rebuildParts())
  }

  async finishRebuild(command: FinishRebuild): Promise<RebuildAnswer> {
    const answer = rebuilding.finishRebuild(command, this.engine.rebuildParts())
    if (answer.ok) await this.engine.outbox.flush()
    return answer
  }

  rebook(command: Rebook): Promise<RebookAnswer> {
    return this.#ask<RebookAnswer>((draft) => rebook(draft, command), noAccount, failed)
  }

  // ── The alarm ────────────────────────────────────────────────────────────────────────────────────────────────

  override alarm(): Promise<void> {
    return this.engine.wake()
  }

  #ask<Answer>(decide: (draft: Draft) => Answer, missing: Answer, failure: Answer): Promise<Answer> {
    return this.engine.ask<Answer>(decide, missing, failure)
  }
}

function nothingFor(command: Admit) {
  return {
    availableNanoUsd: zeroNanoUsd,
    heldNanoUsd: zeroNanoUsd,
    requiredNanoUsd: command.holdNanoUsd,
  }
}
