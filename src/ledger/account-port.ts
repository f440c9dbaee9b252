// The account object as its callers see it: the methods that the Durable Object has, without the platform's types.
// One port per attempt: a stub that threw is spent, so `AccountPorts` makes a new one each time it is called.

import type { AccountId, InvoiceId, OrderId } from '#core/ids.ts'
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
import type {
  AutoTopUpView,
  BeginAttempt,
  BeginAttemptAnswer,
  LoseMethod,
  LoseMethodAnswer,
  ReportAttempt,
  ReportAttemptAnswer,
  SetAutoTopUp,
  SetAutoTopUpAnswer,
} from './auto-top-up-commands.ts'
import type { Entry } from './entry.ts'
import type { ClearWarnings, ClearWarningsAnswer } from './fraud-warning-commands.ts'
import type {
  AskOfInvoice,
  AskOfInvoiceAnswer,
  CutInvoice,
  CutInvoiceAnswer,
  EndInvoice,
  EndInvoiceAnswer,
  InvoicePage,
  InvoicesView,
  InvoiceView,
  IssueInvoice,
  IssueInvoiceAnswer,
  PayInvoice,
  PayInvoiceAnswer,
} from './invoice-commands.ts'
import type {
  CloseOrder,
  CloseOrderAnswer,
  Customer,
  LinkCustomer,
  LinkCustomerAnswer,
  OpenOrder,
  OpenOrderAnswer,
  OrderView,
  PayOrder,
  PayOrderAnswer,
  PlaceOrder,
  PlaceOrderAnswer,
} from './order-commands.ts'
import type { PaymentView, TellFacts, TellFactsAnswer } from './payment-commands.ts'
import type { Pulse } from './pulse.ts'
import type { Meter, MeterAnswer, SetPlan, SetPlanAnswer } from './plan-commands.ts'
import type {
  BeginRebuild,
  FinishRebuild,
  Rebook,
  RebookAnswer,
  RebuildAnswer,
  TakeEntries,
} from './rebuild-commands.ts'
import type {
  AskForPlan,
  AskForPlanAnswer,
  DropPage,
  PlanView,
  TellSubscription,
  TellSubscriptionAnswer,
} from './subscription-commands.ts'

export type AccountPort = {
  admit(command: Admit): Promise<AdmitAnswer>
  /** What an admission would be answered now; nothing is held, counted or written. */
  wouldAdmit(command: Admit): Promise<AdmitAnswer>
  extend(command: Extend): Promise<ExtendAnswer>
  beat(command: Beat): Promise<BeatAnswer>
  capture(command: Capture): Promise<CaptureAnswer>
  release(command: Release): Promise<ReleaseAnswer>

  create(command: Create): Promise<CommandAnswer>
  credit(command: Credit): Promise<CreditAnswer>
  reverse(command: Reverse): Promise<ReverseAnswer>
  refund(command: Refund): Promise<RefundAnswer>
  tellFacts(command: TellFacts): Promise<TellFactsAnswer>
  /** Warnings of fraud that a human has looked at. */
  clearWarnings(command: ClearWarnings): Promise<ClearWarningsAnswer>
  putKey(command: PutKey): Promise<KeyAnswer>
  editKey(command: EditKey): Promise<KeyAnswer>
  rotateKey(command: RotateKey): Promise<KeyAnswer>
  revokeKey(command: RevokeKey): Promise<KeyAnswer>
  changeSettings(command: ChangeSettings): Promise<CommandAnswer>
  erase(command: Erase): Promise<EraseAnswer>
  setPlan(command: SetPlan): Promise<SetPlanAnswer>
  meter(command: Meter): Promise<MeterAnswer>

  /** Money that is about to come in (orders.ts). */
  placeOrder(command: PlaceOrder): Promise<PlaceOrderAnswer>
  openOrder(command: OpenOrder): Promise<OpenOrderAnswer>
  payOrder(command: PayOrder): Promise<PayOrderAnswer>
  closeOrder(command: CloseOrder): Promise<CloseOrderAnswer>
  cutInvoice(command: CutInvoice): Promise<CutInvoiceAnswer>
  issueInvoice(command: IssueInvoice): Promise<IssueInvoiceAnswer>
  payInvoice(command: PayInvoice): Promise<PayInvoiceAnswer>
  /** What the operator wants of the payment provider. */
  askOfInvoice(command: AskOfInvoice): Promise<AskOfInvoiceAnswer>
  endInvoice(command: EndInvoice): Promise<EndInvoiceAnswer>
  /** A plan that is paid for (subscriptions.ts). */
  askForPlan(command: AskForPlan): Promise<AskForPlanAnswer>
  dropPage(command: DropPage): Promise<AskForPlanAnswer>
  tellSubscription(command: TellSubscription): Promise<TellSubscriptionAnswer>
  plan(): Promise<PlanView | null>
  linkCustomer(command: LinkCustomer): Promise<LinkCustomerAnswer>
  order(orderId: OrderId): Promise<OrderView | null>
  orders(): Promise<readonly OrderView[]>
  customer(): Promise<Customer | null>
  setAutoTopUp(command: SetAutoTopUp): Promise<SetAutoTopUpAnswer>
  loseMethod(command: LoseMethod): Promise<LoseMethodAnswer>
  /** Before the provider is asked, every time. */
  beginAttempt(command: BeginAttempt): Promise<BeginAttemptAnswer>
  reportAttempt(command: ReportAttempt): Promise<ReportAttemptAnswer>
  invoice(invoiceId: InvoiceId): Promise<InvoiceView | null>
  invoices(page: InvoicePage): Promise<InvoicesView | null>

  /** Whether a key may read: known, its secret right, not disabled; a frozen account may still look at itself. */
  checkKey(command: CheckKey): Promise<CheckKeyAnswer>

  confirm(command: Confirm): Promise<CommandAnswer>
  /** Sends everything above the confirmed mark to the queue again, or the whole log. */
  resend(command?: Resend): Promise<CommandAnswer>

  /** The steps of a rebuild (rebuilding.ts); each may be repeated. */
  beginRebuild(command: BeginRebuild): Promise<RebuildAnswer>
  takeEntries(command: TakeEntries): Promise<RebuildAnswer>
  finishRebuild(command: FinishRebuild): Promise<RebuildAnswer>
  rebook(command: Rebook): Promise<RebookAnswer>

  /** For listening.ts alone: an upgrade to a WebSocket that tells what happens. */
  fetch(request: Request): Promise<Response>

  /** Null where there is no such account. */
  view(): Promise<AccountView | null>
  /** Its health; asking wakes it and arms an alarm that was lost. */
  pulse(): Promise<Pulse | null>
  autoTopUp(): Promise<AutoTopUpView | null>
  keyView(keyNumber: number): Promise<KeyView | null>
  keys(): Promise<readonly KeyView[]>
  holds(): Promise<readonly HoldView[]>
  /** Entries with seq above `afterSeq`, oldest first, at most `limit` (≤ 1,000). */
  entriesAfter(afterSeq: number, limit: number): Promise<readonly Entry[]>
  /** Entries with seq below `beforeSeq`, newest first, at most `limit`. */
  entriesBefore(beforeSeq: number, limit: number): Promise<readonly Entry[]>
  /** What was told of a payment; null where nothing was, and there is none. */
  paymentView(payment: string): Promise<PaymentView | null>
  /** The entries of one call (usage, late, reversal), oldest first; empty where it is unknown. */
  entriesOfCall(callId: string): Promise<readonly Entry[]>
}

export type AccountPorts = (accountId: AccountId) => AccountPort
