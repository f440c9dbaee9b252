// What a contract of the payment provider's port needs beside the port: the hands of people, of banks and of whoever sits at the
// provider's back office, and a bad network. In words that fit every provider.

import type { NanoUsd } from '#core/money.ts'
import type { PaymentProvider, ToldEvent } from '#payments/provider.ts'

/** By what a person pays on a page, or leaves there: cards that pay, that are declined, whose bank asks, whose refunds take days; debits that arrive later or never; a bank transfer. */
export type PageMethod =
  | 'card'
  | 'declined_card'
  | 'asking_card'
  | 'slow_refund_card'
  | 'debit'
  | 'failing_debit'
  | 'transfer'

/** How a saved card behaves from now on. */
export type CardMood =
  | 'pays'
  | 'lacks_funds'
  | 'is_stolen'
  /** For no reason that anybody knows, with the network's word that it is not to be tried again. */
  | 'is_refused_for_good'
  | 'asks_its_owner'

/**
 * Before anything happened: a proxy's page and its refusal, `{}` with 200 or 404, too many requests, an error of the provider's own, a line that
 * breaks. After it happened: a line that breaks, an error that the provider keeps under the key.
 */
export const earlyTroubles = [
  'proxy_page',
  'proxy_refusal',
  'empty_answer',
  'empty_404',
  'too_many',
  'own_error',
  'hang_up',
] as const
export type Trouble = (typeof earlyTroubles)[number] | 'lost_answers' | 'kept_errors'

/** The same provider thrice: as it is, told that real money moves, and told to add tax. */
export type ProviderUnderTest = {
  provider: PaymentProvider
  inOtherMode: PaymentProvider
  withTax: PaymentProvider
  world: ProviderWorld
  /** What the provider itself has found wrong with what it was asked; keys that were used for two requests are named by `reusedKey`. */
  complaints(): Promise<readonly string[]>
  stop(): Promise<void>
}

/** In the names of keys that a contract uses for two requests on purpose. */
export const reusedKey = 'used twice on purpose'

export type ProviderWorld = {
  nowMs(): Promise<number>
  /** Of what is bought, that is added by `withTax`. */
  readonly taxBasisPoints: number
  /** On a page for an order, a card or a plan; `presented`: in the money of home. */
  payPage(paying: {
    checkoutId: string
    by: PageMethod
    presented?: { amount: number; currency: string }
  }): Promise<'done' | 'declined' | 'asked'>
  /** The person answers their bank. */
  answerBank(answered: { paymentId: string; isPassed: boolean }): Promise<void>
  /** Nobody pays on any open page for so long that it closes. */
  letPagesExpire(): Promise<void>
  /** What was pending comes, or does not. */
  endPending(ended: { paymentId: string; isArriving: boolean }): Promise<void>
  transfer(sent: { paymentId: string; amountNanoUsd: NanoUsd }): Promise<void>
  setMood(set: { cardId: string; mood: CardMood }): Promise<void>
  /** No money moves by it yet. */
  openDispute(opened: { paymentId: string }): Promise<{ disputeId: string }>
  moveDispute(moved: { disputeId: string; move: 'withdraw' | 'reinstate' | 'win' | 'lose' }): Promise<void>
  warnOfFraud(warned: { paymentId: string }): Promise<void>
  /** By the back office, without anything of ours in it. */
  refund(made: { paymentId: string; amountNanoUsd: NanoUsd }): Promise<{ refundId: string }>
  endRefund(ended: { refundId: string; isGood: boolean }): Promise<void>
  /** The back office no longer expects the money. */
  giveUpDocument(documentId: string): Promise<void>
  payDocument(paid: { documentId: string; cardId: string }): Promise<void>
  deleteCustomer(customerId: string): Promise<void>
  /** A person begins to leave a card, and their bank never confirms it. */
  leaveUnconfirmedCard(customerId: string): Promise<void>
  removeCard(cardId: string): Promise<void>
  /** The period of a subscription ends now. */
  renew(subscriptionId: string): Promise<void>
  /** The payment that was made last by a card. */
  newestPaymentBy(cardId: string): Promise<string>
  /** The internal name of the money's movement, as disputes name it. */
  chargeOf(paymentId: string): Promise<string>
  /** All that was told about an object, oldest first. */
  toldAbout(id: string): Promise<readonly ToldEvent[]>
  /** Parts of the provider that may be away while the rest answers; the names are its own. */
  readonly doors: readonly string[]
  /** Everything that is asked meets it, or what is asked at one door, until it is over. */
  begin(trouble: Trouble, door?: string): Promise<void>
  endTrouble(): Promise<void>
}
