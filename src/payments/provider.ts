// The port to whoever takes money from customers, in our own words. Stripe is the only implementation (stripe.ts); nothing
// outside these two files and their neighbours knows its names. Each subject is a small port of its own.

import type { AccountId, InvoiceId, OrderId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { Fact } from '#ledger/payment-facts.ts'
import type { JsonObject } from '#core/readers.ts'
import type { Charge, NewCharge } from './charge.ts'
import type { NewPlanPage, PlanChange, PlanPage, SubscriptionState } from './subscription-state.ts'

/**
 * `unknown`: nobody can say whether it was done, so the same is asked again under the same key, or looked up. `refused`:
 * it was certainly not done. `gone`: there is no such thing (any more).
 */
export type ProviderFailure = { ok: false; code: 'unknown' | 'refused' | 'gone'; message: string }

export type ProviderAnswer<Value> = { ok: true; value: Value } | ProviderFailure

/** Follows from its cause alone. Where it was used for another request, nothing is done and the answer is `unknown`. */
export type ProviderKey = string

export type PaymentProvider = {
  /** Whether real money moves. What was begun in one mode is unknown in the other. */
  readonly isLive: boolean
  readonly customers: Customers
  readonly checkouts: Checkouts
  readonly cards: Cards
  readonly charges: Charges
  readonly portals: Portals
  readonly payments: Payments
  readonly invoices: Invoices
  readonly subscriptions: Subscriptions
  readonly events: ProviderEvents
}

export type Customers = {
  /** Whose it is, as we wrote on it, and where mail to it goes. */
  look(customerId: string): Promise<ProviderAnswer<{ accountId: string | null; email: string | null }>>
  make(customer: { key: ProviderKey; accountId: AccountId }): Promise<ProviderAnswer<{ customerId: string }>>
  setEmail(asked: {
    key: ProviderKey
    customerId: string
    email: string
  }): Promise<ProviderAnswer<{ customerId: string }>>
  /** What has come by bank transfer and pays for nothing yet; the provider uses it for the next transfer. */
  unused(customerId: string): Promise<ProviderAnswer<NanoUsd>>
}

/** A page of the provider's on which a person pays for one order. */
export type Checkouts = {
  open(asked: NewCheckout): Promise<ProviderAnswer<OpenCheckout>>
  /** How it stands now: what an event says may be older. */
  look(checkoutId: string): Promise<ProviderAnswer<Checkout>>
}

/** What was paid, and what has become of it since. */
export type Payments = {
  look(paymentId: string): Promise<ProviderAnswer<PaymentState>>
  /** Null for a charge that belongs to none. */
  paymentOfCharge(chargeId: string): Promise<ProviderAnswer<string | null>>
  /** Whether it pays an invoice, which has books of its own. */
  paysInvoice(paymentId: string): Promise<ProviderAnswer<boolean>>
  /** By what it was paid, and how it is called on the statement of whoever paid it. */
  describe(paymentId: string): Promise<ProviderAnswer<PaidBy>>
  refund(asked: NewRefund): Promise<ProviderAnswer<{ refundId: string }>>
  /** Page by page, newest first; `next` goes on below it. */
  madeBetween(asked: {
    fromMs: number
    toMs: number
    after: string | null
  }): Promise<ProviderAnswer<{ payments: readonly Omit<PaymentState, 'facts'>[]; next: string | null }>>
}

/** Plans that are paid for month by month; the provider collects, we say what and how much. */
export type Subscriptions = {
  openPage(asked: NewPlanPage): Promise<ProviderAnswer<PlanPage>>
  lookAtPage(checkoutId: string): Promise<ProviderAnswer<PlanPage>>
  /** So that nobody can pay on it any more; refused where somebody has. */
  closePage(asked: { key: ProviderKey; checkoutId: string }): Promise<ProviderAnswer<PlanPage>>
  /** As it stands now, with its newest invoices. */
  look(subscriptionId: string): Promise<ProviderAnswer<SubscriptionState>>
  /** Those of a customer that have not ended. */
  running(customerId: string): Promise<ProviderAnswer<readonly { subscriptionId: string }[]>>
  change(asked: PlanChange): Promise<ProviderAnswer<{ subscriptionId: string }>>
  /** Whether it ends with its period. */
  setEnding(asked: {
    key: ProviderKey
    subscriptionId: string
    isEnding: boolean
  }): Promise<ProviderAnswer<{ subscriptionId: string }>>
  /** At once. What was paid is not given back by it. */
  end(asked: {
    key: ProviderKey
    subscriptionId: string
  }): Promise<ProviderAnswer<{ subscriptionId: string }>>
  /** What a payment was for; null where it paid no invoice of a subscription. */
  paidBy(paymentId: string): Promise<ProviderAnswer<{ accountId: string | null; invoiceId: string } | null>>
}

/** What the provider has told, for as long as it remembers. */
export type ProviderEvents = { look(eventId: string): Promise<ProviderAnswer<ToldEvent>> }

/** As it was when it was told; `previous`: what of its object was otherwise before. */
export type ToldEvent = { id: string; type: string; object: JsonObject; previous: JsonObject }

export type PaymentState = {
  paymentId: string
  /** As we wrote them on it. */
  accountId: string | null
  orderId: string | null
  isLive: boolean
  currency: string
  isPaid: boolean
  receivedNanoUsd: NanoUsd
  madeAtMs: number
  facts: readonly Fact[]
}

export type PaidBy = {
  /** The brand of a card, else the name of the method. */
  method: string | null
  last4: string | null
  statement: string | null
}

export type NewRefund = {
  key: ProviderKey
  paymentId: string
  /** Of what was received, in whole cents. */
  amountNanoUsd: NanoUsd
  /** Our name of it: its fact comes back under it. */
  reference: string
}

export type NewCheckout = {
  key: ProviderKey
  accountId: AccountId
  orderId: OrderId
  customerId: string
  /** Without tax. */
  netNanoUsd: NanoUsd
  page: CheckoutPage
  /** Where the person comes back to; a path of ours under this origin. */
  origin: string
  /** Whether the card may be charged later without the person. */
  savesCard: boolean
}

/** `embedded` stands inside our own page, `hosted` at an address of the provider's. */
export type CheckoutPage = 'embedded' | 'hosted'

export type OpenCheckout = {
  checkoutId: string
  /** For an embedded page. */
  clientSecret: string | null
  /** For a hosted one. */
  url: string | null
}

export type Checkout = OpenCheckout & {
  /** `pending`: sent off, and the money has not arrived (a bank transfer). */
  status: 'open' | 'pending' | 'paid' | 'failed' | 'expired'
  /** As we wrote them on it. */
  accountId: string | null
  orderId: string | null
  isLive: boolean
  /** Lower case, as ISO 4217 names it. */
  currency: string
  /** For what was bought, without tax and after any discount. */
  netNanoUsd: NanoUsd
  taxNanoUsd: NanoUsd
  /** What the customer was asked for in all; once it is paid, what has arrived. */
  totalNanoUsd: NanoUsd
  /** Names the payment for refunds and disputes; null until there is one. */
  paymentId: string | null
  /** While it waits for one. */
  transfer?: BankTransfer
}

/** A payment is made when all of it has come; what is sent beyond it is left with the provider, in the customer's name. */
export type BankTransfer = {
  receivedNanoUsd: NanoUsd
  missingNanoUsd: NanoUsd
  /** Where the customer sees which account to send it to. */
  url: string | null
}

/** Cards that a person has left with the provider. Only a card can be charged without its owner. */
export type Cards = {
  list(customerId: string): Promise<ProviderAnswer<readonly Card[]>>
  look(cardId: string): Promise<ProviderAnswer<Card>>
  /** Those whose bank has confirmed them when they were left, newest first; some may have been removed since. */
  confirmed(customerId: string): Promise<ProviderAnswer<readonly Card[]>>
  /** A page on which a person leaves a card, with a mandate to charge it later. */
  openPage(asked: NewCardPage): Promise<ProviderAnswer<OpenCheckout>>
  remove(removed: { key: ProviderKey; cardId: string }): Promise<ProviderAnswer<Card>>
}

export type Card = {
  cardId: string
  /** Null once it was removed. */
  customerId: string | null
  /** The same for the same card, however often it is saved; null for what is no card. */
  fingerprint: string | null
  /** Paid in before: anybody buys as many as they like. */
  isPrepaid: boolean
  brand: string
  last4: string
  expiresMonth: number
  expiresYear: number
}

export type NewCardPage = {
  key: ProviderKey
  accountId: AccountId
  customerId: string
  page: CheckoutPage
  origin: string
}

/** Payments by a saved card without its owner. */
export type Charges = {
  make(asked: NewCharge): Promise<ProviderAnswer<Charge>>
  look(paymentId: string): Promise<ProviderAnswer<Charge>>
  /** By what we wrote on it, among the newest of the customer. */
  find(wanted: { customerId: string; orderId: OrderId }): Promise<ProviderAnswer<Charge | null>>
}

/** The provider's own pages about a customer: cards, invoices. */
export type Portals = {
  open(asked: {
    key: ProviderKey
    customerId: string
    returnUrl: string
  }): Promise<ProviderAnswer<{ url: string }>>
}

/** A document is drafted, gets its lines, is finalised, and only then may be sent or paid. */
export type Invoices = {
  draft(asked: NewInvoice): Promise<ProviderAnswer<InvoiceDocument>>
  addLine(asked: NewInvoiceLine): Promise<ProviderAnswer<{ lineId: string }>>
  finalise(asked: { key: ProviderKey; documentId: string }): Promise<ProviderAnswer<InvoiceDocument>>
  /** To the customer's address, where the provider knows one. */
  send(asked: { key: ProviderKey; documentId: string }): Promise<ProviderAnswer<InvoiceDocument>>
  /** It was paid past the provider: a transfer, a cheque. Nothing is collected. */
  payOutside(asked: { key: ProviderKey; documentId: string }): Promise<ProviderAnswer<InvoiceDocument>>
  /** So that it asks for nothing any more; a draft is thrown away. */
  withdraw(asked: { key: ProviderKey; documentId: string }): Promise<ProviderAnswer<InvoiceDocument>>
  /** How it stands now: what an event says may be older. */
  look(documentId: string): Promise<ProviderAnswer<InvoiceDocument>>
  /** By what we wrote on it: for when its key may be forgotten. Null where there is none. */
  find(asked: { customerId: string; invoiceId: InvoiceId }): Promise<ProviderAnswer<InvoiceDocument | null>>
  /** What has become final, paid, void or given up, by whosever hand: page by page, newest first. */
  changedSince(asked: {
    fromMs: number
    after: string | null
  }): Promise<ProviderAnswer<{ changes: readonly InvoiceChange[]; next: string | null }>>
}

export type InvoiceChange = { documentId: string; atMs: number }

export type NewInvoice = {
  key: ProviderKey
  accountId: AccountId
  invoiceId: InvoiceId
  customerId: string
  dueDays: number
  periodStartMs: number
  periodEndMs: number
}

export type NewInvoiceLine = Pick<NewInvoice, 'key' | 'accountId' | 'invoiceId'> & {
  documentId: string
  customerId: string
  text: string
  /** Below zero for what takes from the sum. */
  cents: number
}

export type InvoiceDocument = {
  documentId: string
  customerId: string | null
  /** Made by the provider for a subscription, not by us for what is owed. */
  isOfSubscription: boolean
  status: 'draft' | 'open' | 'paid' | 'void' | 'uncollectible'
  /** As we wrote them on it. */
  accountId: string | null
  invoiceId: string | null
  isLive: boolean
  currency: string
  /** Without tax. */
  netNanoUsd: NanoUsd
  taxNanoUsd: NanoUsd
  /** Null for a draft. */
  dueAtMs: number | null
  /** Where it can be looked at and paid. */
  url: string | null
  /** Names the payment for refunds and disputes; null where it came past the provider. */
  paymentId: string | null
}
