// Sends the stand-in's events to webhook endpoints as Stripe does: signed, several times where they are not taken, in no order
// that anybody may rely on. Tests hold them back, drop them and send them again.

import { createHmac } from 'node:crypto'
import { stripeEventTypes } from './stripe-event-types.ts'
import type { StripeEvent } from './stripe-state.ts'

export type Endpoint = { url: string; secret: string; types?: readonly string[] }

/** One try to hand an event over; status 0 where nobody answered. */
export type Delivery = { eventId: string; type: string; url: string; status: number; at: number }

/** Events of these types, in which this text occurs (an account's id, an object's). Without any: all. */
export type EventFilter = { types?: readonly string[]; mentions?: string; ids?: readonly string[] }

/** Between two tries. Stripe goes on for three days; a product that has restarted is back within these. */
const retryAfterMs = [200, 400, 800, 1_600, 3_000, 5_000, 8_000, 12_000] as const
const answerMsMax = 20_000
/** What is remembered of the tries. */
const deliveriesMax = 10_000

export class StripeDeliveries {
  endpoints: Endpoint[] = []
  readonly made: Delivery[] = []
  private readonly held: StripeEvent[] = []
  private holds: EventFilter[] = []
  private readonly timers = new Set<NodeJS.Timeout>()
  private readonly underWay = new Set<Promise<unknown>>()
  /** How far the product's clock is ahead of the machine's. */
  productAheadMs = 0
  private isStopped = false

  take(event: StripeEvent): void {
    event.pending_webhooks = this.endpoints.filter((endpoint) => wants(endpoint, event)).length
    if (this.holds.some((filter) => fits(event, filter))) this.held.push(event)
    else this.sendLater(event)
  }

  hold(filter: EventFilter = {}): void {
    this.holds.push(filter)
  }

  heldEvents(filter: EventFilter = {}): readonly StripeEvent[] {
    return this.held.filter((event) => fits(event, filter))
  }

  /** Sends what was held back, one after the other in this order, once each; what is held from now on stays so. */
  async deliverHeld(
    given: { filter?: EventFilter; order?: 'forward' | 'reverse' } = {},
  ): Promise<Delivery[]> {
    const taken = this.takeHeld(given.filter)
    if (given.order === 'reverse') taken.reverse()
    const made: Delivery[] = []
    for (const event of taken) made.push(...(await this.sendOnce(event)))
    return made
  }

  /** As if Stripe had given up on them. */
  dropHeld(filter?: EventFilter): number {
    return this.takeHeld(filter).length
  }

  /** Nothing is held any more, and what was goes on its way. */
  resume(): void {
    this.holds = []
    for (const event of this.takeHeld()) this.sendLater(event)
  }

  private takeHeld(filter: EventFilter = {}): StripeEvent[] {
    const taken = this.held.filter((event) => fits(event, filter))
    const kept = this.held.filter((event) => !taken.includes(event))
    this.held.splice(0, this.held.length, ...kept)
    return taken
  }

  /** As the product's clock says, which does not follow the stand-in's. */
  productSeconds(): number {
    return Math.floor((Date.now() + this.productAheadMs) / 1_000)
  }

  /** To every endpoint that wants it, once, whatever is answered. */
  async sendOnce(event: StripeEvent): Promise<Delivery[]> {
    const wanted = this.endpoints.filter((endpoint) => wants(endpoint, event))
    return Promise.all(wanted.map((endpoint) => this.post(endpoint, event)))
  }

  /** Nothing is on its way any more, tries to come included. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay)
  }

  stop(): void {
    this.isStopped = true
    for (const timer of this.timers) clearTimeout(timer)
  }

  private sendLater(event: StripeEvent): void {
    for (const endpoint of this.endpoints)
      if (wants(endpoint, event)) this.track(this.sendUntilTaken(endpoint, event))
  }

  private track(work: Promise<unknown>): void {
    this.underWay.add(work)
    void work.finally(() => this.underWay.delete(work))
  }

  private async sendUntilTaken(endpoint: Endpoint, event: StripeEvent): Promise<void> {
    // The request that made the event is answered first, as at Stripe it nearly always is.
    await this.pause(0)
    for (const waitMs of [...retryAfterMs, 0]) {
      if (this.isStopped) return
      const { status } = await this.post(endpoint, event)
      if (isTaken(status)) return
      if (waitMs > 0) await this.pause(waitMs)
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((next) => {
      const timer = setTimeout(() => {
        this.timers.delete(timer)
        next()
      }, ms)
      this.timers.add(timer)
    })
  }

  private async post(endpoint: Endpoint, event: StripeEvent): Promise<Delivery> {
    const body = JSON.stringify(event, null, 2)
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      'stripe-signature': signatureOf(body, { secret: endpoint.secret, atSeconds: this.productSeconds() }),
    }
    const signal = AbortSignal.timeout(answerMsMax)
    let status = 0
    try {
      const response = await fetch(endpoint.url, { method: 'POST', body, headers, signal })
      await response.arrayBuffer()
      status = response.status
    } catch {
      // Not there at the moment: status 0 says so, and the next try follows.
    }
    if (isTaken(status)) event.pending_webhooks = Math.max(0, event.pending_webhooks - 1)
    const delivery = { eventId: event.id, type: event.type, url: endpoint.url, status, at: Date.now() }
    this.made.push(delivery)
    if (this.made.length > deliveriesMax) this.made.shift()
    return delivery
  }
}

function isTaken(status: number): boolean {
  return status >= 200 && status < 300
}

/** The header by which a webhook knows Stripe. */
export function signatureOf(
  body: string,
  { secret, atSeconds }: { secret: string; atSeconds: number },
): string {
  const signature = createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex')
  return `t=${atSeconds},v1=${signature}`
}

export function fits(event: StripeEvent, { types, mentions, ids }: EventFilter): boolean {
  if (types !== undefined && !types.includes(event.type)) return false
  if (ids !== undefined && !ids.includes(event.id)) return false
  return mentions === undefined || JSON.stringify(event).includes(mentions)
}

function wants({ types = stripeEventTypes }: Endpoint, { type }: StripeEvent): boolean {
  return types.includes('*') || types.includes(type)
}
