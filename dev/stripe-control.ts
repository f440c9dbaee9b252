// What tests and demos do to Stripe's stand-in besides using its API: its clock, its deliveries, its faults, and everything that
// people and banks do. The same functions over HTTP: POST /_control/<name> with a JSON list of arguments.

import type Stripe from 'stripe'
import type { Card, CardBehaviour, RefundBehaviour } from './stripe-cards.ts'
import {
  answerAuthentication,
  type PageOutcome,
  type PagePayment,
  paySession,
} from './stripe-checkout-payment.ts'
import { receiveTransfer, settle } from './stripe-confirm.ts'
import { deleteCustomer, detach } from './stripe-customers.ts'
import {
  type Delivery,
  type Endpoint,
  type EventFilter,
  fits,
  signatureOf,
  type StripeDeliveries,
} from './stripe-deliveries.ts'
import {
  type DisputeMove,
  type DisputeOpening,
  moveDispute,
  openDispute,
  warnOfFraud,
} from './stripe-disputes.ts'
import type { Fault, StripeFaults } from './stripe-faults.ts'
import { payByMethod, payOutside } from './stripe-invoice-payment.ts'
import { completeRefund, failRefund, refund } from './stripe-refunds.ts'
import { cancelSubscription, renewSubscription } from './stripe-subscriptions.ts'
import { idOf, known, type StripeEvent, type StripeState } from './stripe-state.ts'

/** One request to the API as it came. */
export type StripeRequest = {
  id: string
  method: string
  /** Without the query. */
  path: string
  params: { readonly [name: string]: unknown }
  idempotencyKey: string | null
  apiVersion: string | null
  /** Answered from the memory of its key. */
  isReplay: boolean
  /** 0 where no answer was sent. */
  status: number
  at: number
}

/** What is wrong with a request, a sentence each. */
export type StripeJudge = (request: StripeRequest) => readonly string[]

export type RequestFilter = { method?: string; path?: string; mentions?: string }

type Parts = {
  state: StripeState
  deliveries: StripeDeliveries
  faults: StripeFaults
  requests: StripeRequest[]
  wrong: string[]
  webhookSecret: string
}

export type StripeControl = ReturnType<typeof makeControl>

/** The same, from another process. */
export type RemoteControl = {
  readonly [Name in keyof StripeControl]: (
    ...given: Parameters<StripeControl[Name]>
  ) => Promise<Awaited<ReturnType<StripeControl[Name]>>>
}

export function makeControl(parts: Parts) {
  return {
    ...clockAndLog(parts),
    ...deliveryControl(parts),
    ...peopleControl(parts),
    ...bankControl(parts),
  }
}

function clockAndLog({ state, faults, requests, wrong }: Parts) {
  return {
    /** In seconds since 1970. */
    now: () => state.now(),
    /** What is due meanwhile happens: sessions expire, payments that process end, keys are forgotten. */
    advanceClock: ({ seconds }: { seconds: number }) => state.advance(seconds * 1_000),
    /** Of 10,000: 2,000 are 20 %. Added at checkouts with automatic tax. */
    setTax: ({ basisPoints }: { basisPoints: number }) => void (state.taxBasisPoints = basisPoints),
    /** The next requests that fit meet it. */
    plantFault: (fault: Fault) => faults.plant(fault),
    clearFaults: () => faults.clear(),
    requests: (filter: RequestFilter = {}): StripeRequest[] =>
      requests.filter((request) => isWanted(request, filter)),
    /** What the judge has found wrong since this was asked last. */
    takeFaults: (): string[] => wrong.splice(0),
    forgetRequests: () => void requests.splice(0),
    /** Any object by its id, as it is now; null where there is none. */
    object: ({ id }: { id: string }): unknown => state.find(id) ?? state.events.get(id) ?? null,
  }
}

function isWanted(request: StripeRequest, { method, path, mentions }: RequestFilter): boolean {
  if (method !== undefined && method !== request.method) return false
  if (path !== undefined && !request.path.startsWith(path)) return false
  return mentions === undefined || JSON.stringify(request).includes(mentions)
}

function deliveryControl({ state, deliveries, webhookSecret }: Parts) {
  return {
    setEndpoints: (endpoints: readonly (Omit<Endpoint, 'secret'> & { secret?: string })[]) =>
      void (deliveries.endpoints = endpoints.map((one) => ({ secret: webhookSecret, ...one }))),
    /** New events that fit wait until they are delivered, dropped or released. */
    holdDeliveries: (filter: EventFilter = {}) => deliveries.hold(filter),
    heldEvents: (filter: EventFilter = {}): readonly StripeEvent[] => deliveries.heldEvents(filter),
    /** One by one, once each; answers with what the product said. */
    deliverHeld: (given: { filter?: EventFilter; order?: 'forward' | 'reverse' } = {}): Promise<Delivery[]> =>
      deliveries.deliverHeld(given),
    /** For good: the webhook that never comes. */
    dropHeld: (filter: EventFilter = {}): number => deliveries.dropHeld(filter),
    resumeDeliveries: () => deliveries.resume(),
    /** Once more, all at the same time; delivered before or not. */
    redeliver: async (filter: EventFilter): Promise<Delivery[]> => {
      const events = [...state.events.values()].filter((event) => fits(event, filter))
      return (await Promise.all(events.map((event) => deliveries.sendOnce(event)))).flat()
    },
    /** Waits until no delivery is under way, retries included. */
    deliveriesSettled: () => deliveries.settled(),
    deliveries: (given: { eventId?: string } = {}): readonly Delivery[] =>
      deliveries.made.filter(({ eventId }) => given.eventId === undefined || given.eventId === eventId),
    events: (filter: EventFilter = {}): readonly StripeEvent[] =>
      [...state.events.values()].filter((event) => fits(event, filter)),
    /** The product's clock is so far ahead of the machine's: events are signed by it. */
    signAhead: ({ seconds }: { seconds: number }) => void (deliveries.productAheadMs = seconds * 1_000),
    /** Signs what a test wants to post itself; time and secret as Stripe's unless given. */
    sign: ({ body, ...given }: { body: string; secret?: string; atSeconds?: number }): string =>
      signatureOf(body, { secret: webhookSecret, atSeconds: deliveries.productSeconds(), ...given }),
  }
}

function peopleControl({ state }: Parts) {
  return {
    /** A person pays at a checkout page, with a payment method of stripe-cards.ts (`pm_card_visa`) or a saved one. */
    pay: ({ sessionId, ...payment }: { sessionId: string } & PagePayment): PageOutcome =>
      paySession(state, sessionId, payment),
    /** A person answers 3-D Secure. */
    authenticate: (given: { paymentIntentId: string; isPassed: boolean }): PageOutcome =>
      answerAuthentication(state, given.paymentIntentId, given.isPassed),
    /** The period of a subscription ends now, whatever the clock says: the next one is billed, or it ends. */
    renew: ({ subscriptionId }: { subscriptionId: string }) => renewSubscription(state, subscriptionId),
    /** In the dashboard, at once. */
    cancelSubscription: ({ subscriptionId }: { subscriptionId: string }) =>
      cancelSubscription(state, subscriptionId),
    detachCard: ({ paymentMethodId }: { paymentMethodId: string }) => detach(state, paymentMethodId),
    deleteCustomer: ({ customerId }: { customerId: string }) => deleteCustomer(state, customerId),
  }
}

function bankControl({ state }: Parts) {
  const chargeOf = (paymentIntentId: string): Stripe.Charge => {
    const intent = known(state.paymentIntents, 'payment_intent', paymentIntentId, 'intent')
    return known(state.charges, 'charge', idOf(intent.latest_charge) ?? '')
  }
  return {
    /** A payment that is processing ends. */
    settle: (given: { paymentIntentId: string; end: 'succeeded' | 'failed' }) =>
      settle(state, given.paymentIntentId, given.end),
    /** Money comes by bank transfer: exactly, too little, too much. */
    transfer: (given: { paymentIntentId: string; amount: number }) =>
      receiveTransfer(state, given.paymentIntentId, given.amount),
    /** An invoice is paid past Stripe, as the dashboard says; or by a saved card. */
    payInvoice: (given: { invoiceId: string; paymentMethodId?: string }) =>
      given.paymentMethodId === undefined
        ? payOutside(state, given.invoiceId)
        : payByMethod(state, given.invoiceId, given.paymentMethodId),
    /** From now on a saved card behaves otherwise: `{ does: 'decline', decline: 'stolen_card' }`. */
    setCard: (given: {
      paymentMethodId: string
      behaviour?: CardBehaviour
      refund?: RefundBehaviour
      afterwards?: Card['afterwards']
    }) => {
      const { paymentMethodId, ...change } = given
      Object.assign(known(state.cards, 'payment_method', paymentMethodId), change)
    },
    /** The network's updater has a new number or expiry for a saved card. */
    updateCard: (given: {
      paymentMethodId: string
      expMonth?: number
      expYear?: number
      fingerprint?: string
      funding?: string
    }) => {
      const method = known(state.paymentMethods, 'PaymentMethod', given.paymentMethodId)
      const { card } = method
      if (card === undefined) throw new Error(`${method.id} is no card`)
      const before = { exp_month: card.exp_month, exp_year: card.exp_year }
      card.exp_month = given.expMonth ?? card.exp_month
      card.exp_year = given.expYear ?? card.exp_year
      card.fingerprint = given.fingerprint ?? card.fingerprint ?? null
      card.funding = given.funding ?? card.funding
      state.emit('payment_method.automatically_updated', method, { card: before })
      return method
    },
    dispute: ({ paymentIntentId, ...opening }: { paymentIntentId: string } & DisputeOpening) =>
      openDispute(state, chargeOf(paymentIntentId), opening),
    moveDispute: ({ disputeId, move }: { disputeId: string; move: DisputeMove }) =>
      moveDispute(state, disputeId, move),
    fraudWarning: ({ paymentIntentId }: { paymentIntentId: string }) =>
      warnOfFraud(state, chargeOf(paymentIntentId)),
    /** Made in the dashboard, with nothing of the product's in it. */
    refund: (given: { paymentIntentId: string; amount?: number; reason?: Stripe.Refund.Reason }) =>
      refund(state, chargeOf(given.paymentIntentId), {
        amount: given.amount ?? null,
        reason: given.reason ?? null,
        metadata: {},
      }),
    failRefund: ({ refundId }: { refundId: string }) => failRefund(state, refundId),
    completeRefund: ({ refundId }: { refundId: string }) => completeRefund(state, refundId),
  }
}
