// GET /v1/account/events: what happens to the account's money, as server-sent events, from the object that decides it.

import { asMillis, isoTime, secondMs, type Clock } from '#core/clock.ts'
import { refuse, type Json, type Refusal } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import type { AccountEvent } from '#ledger/events.ts'
import { listenersMax, type Ears, type ListenRefusal } from '#ledger/listen-commands.ts'
import { sseComment, sseEvent } from '#sse/write.ts'
import type { Read } from './query.ts'
import { askObject, type Answer, type Reading } from './reader.ts'

/** Proxies close what is silent; most wait for a minute. */
const keepAliveEveryMs = 15 * secondMs
/** How soon a client that lost the connection comes back. */
const comeBackAfterMs = 2 * secondMs
/** A client that reads this many messages too late is let go: it comes back and hears what it missed. */
const unreadMax = 64

export async function answerEvents(reading: Reading): Promise<Answer> {
  const after = readLastEventId(reading.lastEventId)
  if (!after.ok) return after
  const { parts, port, keyNumber } = reading
  const stream = new EventStream(parts.clock)
  const asked = await askObject(reading, () => parts.listen(port, { keyNumber, after: after.value }, stream))
  if (!asked.ok) stream.over()
  if (!asked.ok) return asked
  const { value } = asked
  if (value.ok) {
    stream.leave = value.leave
    const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }
    return { ok: true, response: new Response(stream.body, { headers }) }
  }
  stream.over()
  return refusalOf(value.code)
}

/** The number of the newest entry that the client has heard of, as the `id` of its last event named it. */
export function readLastEventId(text: string | null): Read<number | null> {
  if (text === null || text === '') return { ok: true, value: null }
  if (/^\d{1,15}$/.test(text)) return { ok: true, value: Number(text) }
  return refuse('invalid_request', {
    message: 'Last-Event-ID must be the id of an event of this stream.',
    param: 'Last-Event-ID',
  })
}

function refusalOf(code: ListenRefusal): Refusal {
  switch (code) {
    case 'no_such_account':
      return refuse('invalid_api_key')
    case 'key_disabled':
      return refuse('key_disabled')
    case 'too_many':
      return refuse('rate_limit_exceeded', {
        message: `This account already has ${listenersMax} listeners at /v1/account/events. Close one of them and try again.`,
        metadata: { limit_source: 'listeners', limit: listenersMax },
        retryAfterSeconds: 5,
      })
  }
}

const encoder = new TextEncoder()

class EventStream implements Ears {
  readonly body: ReadableStream<Uint8Array>
  /** Ends the listening; set once it has begun. */
  leave: () => void = () => undefined
  readonly #over = new AbortController()
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(clock: Clock) {
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        cancel: () => this.#end(),
      },
      new CountQueuingStrategy({ highWaterMark: unreadMax }),
    )
    this.#write(`retry: ${comeBackAfterMs}\n\n`)
    void this.#keepAlive(clock)
  }

  hear(events: readonly AccountEvent[]): void {
    this.#write(framesOf(events))
  }

  over(): void {
    if (this.#over.signal.aborted) return
    this.#end()
    this.#controller?.close()
  }

  #end(): void {
    this.#over.abort()
    this.leave()
  }

  #write(text: string): void {
    if (this.#over.signal.aborted) return
    if ((this.#controller?.desiredSize ?? 0) <= 0) return this.over()
    this.#controller?.enqueue(encoder.encode(text))
  }

  async #keepAlive(clock: Clock): Promise<void> {
    while (!this.#over.signal.aborted) {
      await clock.sleep(keepAliveEveryMs, this.#over.signal)
      this.#write(sseComment('keep-alive'))
    }
  }
}

/**
 * Only the last event behind an entry carries its number: a client that is cut off in between comes back with the number
 * before it and hears all of them again.
 */
export function framesOf(events: readonly AccountEvent[]): string {
  return events
    .map((event, at) => {
      const isLast = events[at + 1]?.seq !== event.seq
      const json = JSON.stringify(bodyOf(event))
      return sseEvent({ event: event.event, ...(isLast ? { id: String(event.seq) } : {}), json })
    })
    .join('')
}

function bodyOf(event: AccountEvent): { readonly [name: string]: Json } {
  const shared = {
    seq: event.seq,
    balance: formatUsd(event.balanceNanoUsd),
    at: isoTime(asMillis(event.atMs)),
  }
  switch (event.event) {
    case 'balance':
      return {
        ...shared,
        held: formatUsd(event.heldNanoUsd),
        available: formatUsd(event.availableNanoUsd),
        open_holds: event.openHolds,
        level: event.level,
      }
    case 'low_balance':
    case 'depleted':
    case 'recovered':
      return { ...shared, low_balance_threshold: formatUsd(event.thresholdNanoUsd) }
    case 'top_up':
      return { ...shared, kind: event.kind, amount: formatUsd(event.amountNanoUsd) }
    case 'refund':
    case 'dispute':
      return { ...shared, amount: formatUsd(event.amountNanoUsd), reference: event.reference }
    case 'limit_reached':
      return {
        ...shared,
        percent: event.percent,
        limit: event.limit,
        limit_amount: formatUsd(event.limitNanoUsd),
        spent: formatUsd(event.spentNanoUsd),
        key: event.keyNumber,
        end_user: event.endUser,
        resets_at: timeOf(event.endsAtMs),
      }
    case 'payment_failed':
    case 'payment_action_required':
      return { ...shared, ...paymentOf(event) }
    case 'invoice_issued':
    case 'invoice_overdue':
      return {
        ...shared,
        number: event.reference,
        amount: formatUsd(event.amountNanoUsd),
        due_at: timeOf(event.dueAtMs),
        pay_at: event.url,
      }
  }
}

type PaymentEvent = Extract<AccountEvent, { event: 'payment_failed' | 'payment_action_required' }>

function paymentOf({ amountNanoUsd, reference, why, nextTryAtMs }: PaymentEvent) {
  return { amount: formatUsd(amountNanoUsd), reference, why, next_try_at: timeOf(nextTryAtMs) }
}

function timeOf(atMs: number | null): string | null {
  return atMs === null ? null : isoTime(asMillis(atMs))
}
