// What Stripe's stand-in remembers: every object by its id, its own clock, what is due later, and the events that follow. In
// memory alone: a stop forgets it, as nothing of a test's should stay.

import { randomBytes } from 'node:crypto'
import type Stripe from 'stripe'
import type { Card } from './stripe-cards.ts'
import { noSuch } from './stripe-error.ts'
import type { Form } from './stripe-form.ts'

/** The version of Stripe's API that the product's package pins; test/unit holds the two together. */
export const stripeApiVersion = '2026-10-28.endive'

export type Kept<Thing> = Map<string, Thing>

/** What Stripe says happened, before it is signed and sent. */
export type StripeEvent = Stripe.EventBase & { object: 'event' }

/** Of each type the object that its event carries. */
export type EventObject<Type extends Stripe.Event['type']> = Extract<
  Stripe.Event,
  { type: Type }
>['data']['object']

export type Emit = <Type extends Stripe.Event['type']>(
  type: Type,
  object: EventObject<Type>,
  previous?: { readonly [name: string]: unknown },
) => void

/** Who asked for what happens now; empty where nobody did (a person on a page, the passing of time). */
export type Cause = { requestId: string | null; idempotencyKey: string | null }
export const nobody: Cause = { requestId: null, idempotencyKey: null }

/** What happens by itself when its time has come (stripe-due.ts). */
export type Due = {
  do:
    | 'expire_session'
    | 'settle_succeeded'
    | 'settle_failed'
    | 'overdue'
    | 'fail_refund'
    | 'complete_refund'
    | 'renew'
  id: string
}

/** All of a state as plain data. */
export type StateSnapshot = {
  kept: { readonly [name: string]: readonly (readonly [string, unknown])[] }
  detached: readonly string[]
  due: readonly (Due & { atMs: number })[]
  offsetMs: number
}

export class StripeState {
  readonly customers: Kept<Stripe.Customer | Stripe.DeletedCustomer> = new Map()
  readonly paymentMethods: Kept<Stripe.PaymentMethod> = new Map()
  /** How a payment method behaves, and whether it was set up to be charged without the customer. */
  readonly cards: Kept<Card & { isSetUp: boolean }> = new Map()
  /** Taken off its customer: it can never be charged again. */
  readonly detached = new Set<string>()
  readonly paymentIntents: Kept<Stripe.PaymentIntent> = new Map()
  readonly setupIntents: Kept<Stripe.SetupIntent> = new Map()
  readonly sessions: Kept<Stripe.Checkout.Session> = new Map()
  /** What a session sells; part of it only where it is asked for. */
  readonly lineItems: Kept<Stripe.LineItem[]> = new Map()
  /** What a session was asked for with: its payment intent gets a part of it, later. */
  readonly sessionForms: Kept<Form> = new Map()
  readonly products: Kept<Stripe.Product> = new Map()
  readonly prices: Kept<Stripe.Price> = new Map()
  readonly invoices: Kept<Stripe.Invoice> = new Map()
  readonly invoiceItems: Kept<Stripe.InvoiceItem> = new Map()
  readonly invoicePayments: Kept<Stripe.InvoicePayment> = new Map()
  readonly subscriptions: Kept<Stripe.Subscription> = new Map()
  readonly charges: Kept<Stripe.Charge> = new Map()
  readonly refunds: Kept<Stripe.Refund> = new Map()
  readonly disputes: Kept<Stripe.Dispute> = new Map()
  readonly warnings: Kept<Stripe.Radar.EarlyFraudWarning> = new Map()
  readonly balanceTransactions: Kept<Stripe.BalanceTransaction> = new Map()
  /** By customer, in cents: sent by bank transfer and used for nothing yet. */
  readonly cash: Kept<number> = new Map()
  readonly events: Kept<StripeEvent> = new Map()
  /** Told of every event as it happens. */
  onEvent: (event: StripeEvent) => void = () => undefined
  /** Told where a payment that was processing has ended: a checkout session waits for it. */
  onIntentEnd: (intent: Stripe.PaymentIntent, end: 'succeeded' | 'failed') => void = () => undefined
  onDue: (due: Due) => void = () => undefined
  /** Where the pages for people are. */
  pagesUrl = ''
  cause: Cause = nobody
  /** Of the price, added to it at checkout where tax is automatic: 2,000 are 20 %. */
  taxBasisPoints = 0
  /** Until a payment that is processing ends by itself. */
  pendingMs: number

  private due: (Due & { atMs: number })[] = []
  private offsetMs = 0

  constructor({ pendingMs }: { pendingMs: number }) {
    this.pendingMs = pendingMs
  }

  nowMs(): number {
    return Date.now() + this.offsetMs
  }

  /** In seconds, as Stripe counts. */
  now(): number {
    return Math.floor(this.nowMs() / 1_000)
  }

  newId(prefix: string): string {
    return `${prefix}_${randomText(24)}`
  }

  /** Runs when the clock has got there: at the next look at it, whoever looks. */
  later(afterMs: number, due: Due): void {
    this.due.push({ atMs: this.nowMs() + afterMs, ...due })
    this.due.sort((one, other) => one.atMs - other.atMs)
  }

  advance(ms: number): void {
    const untilMs = this.nowMs() + ms
    // Each at its own time: what is due in an hour may make something due in two.
    for (let first = this.due[0]; first !== undefined && first.atMs <= untilMs; first = this.due[0]) {
      this.offsetMs += Math.max(0, first.atMs - this.nowMs())
      this.due.shift()
      this.onDue(first)
    }
    this.offsetMs += Math.max(0, untilMs - this.nowMs())
  }

  runDue(): void {
    this.advance(0)
  }

  emit: Emit = (type, object, previous) => {
    const event: StripeEvent = {
      id: this.newId('evt'),
      object: 'event',
      api_version: stripeApiVersion,
      created: this.now(),
      data: {
        // As it is now: later changes are other events.
        object: JSON.parse(JSON.stringify(object)),
        ...(previous === undefined ? {} : { previous_attributes: previous }),
      },
      livemode: false,
      // Whoever delivers it says how many want it.
      pending_webhooks: 0,
      request: { id: this.cause.requestId, idempotency_key: this.cause.idempotencyKey },
      type,
    }
    this.events.set(event.id, event)
    this.onEvent(event)
  }

  snapshot(): StateSnapshot {
    const kept = [...this.maps()].map(([name, map]) => [name, [...map]] as const)
    const { detached, due, offsetMs } = this
    return { kept: Object.fromEntries(kept), detached: [...detached], due, offsetMs }
  }

  /** Of an earlier run, before anything has happened in this one. */
  restore({ kept, detached, due, offsetMs }: StateSnapshot): void {
    for (const [name, map] of this.maps()) for (const [id, value] of kept[name] ?? []) map.set(id, value)
    for (const id of detached) this.detached.add(id)
    this.due = [...due]
    this.offsetMs = offsetMs
  }

  private maps(): [string, Map<string, unknown>][] {
    return Object.entries(this).flatMap(([name, value]) => (value instanceof Map ? [[name, value]] : []))
  }

  /** Whatever has this id, for `expand`. */
  find(id: string): unknown {
    for (const kept of this.everything()) {
      const found = kept.get(id)
      if (found !== undefined) return found
    }
    return undefined
  }

  private everything(): readonly Kept<unknown>[] {
    return [
      this.customers,
      this.paymentMethods,
      this.paymentIntents,
      this.setupIntents,
      this.sessions,
      this.charges,
      this.refunds,
      this.disputes,
      this.balanceTransactions,
      this.products,
      this.prices,
      this.invoices,
      this.invoiceItems,
      this.subscriptions,
    ]
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

export function randomText(length: number): string {
  return [...randomBytes(length)].map((byte) => alphabet[byte % alphabet.length]).join('')
}

/** The object of that id, else what Stripe says where it has none. */
export function known<Thing>(kept: Kept<Thing>, kind: string, id: string, param?: string): Thing {
  const found = kept.get(id)
  if (found === undefined) throw noSuch(kind, id, param)
  return found
}

/** A customer that is still there. */
export function knownCustomer(state: StripeState, id: string, param?: string): Stripe.Customer {
  const found = known(state.customers, 'customer', id, param)
  if (found.deleted === true) throw noSuch('customer', id, param)
  return found
}

/** The id in a field that may hold the object itself. */
export function idOf(value: string | { id: string } | null | undefined): string | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : value.id
}
