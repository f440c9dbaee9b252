// Who listens to the account: WebSockets that the platform keeps while the object sleeps, so that nobody's listening keeps it
// awake. What each has heard lies with its socket. Thin: what is said is decided in events.ts.

import { hourMs, secondMs } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import type { Entry } from './entry.ts'
import { type AccountEvent, eventsSince } from './events.ts'
import { forceOf } from './key-force.ts'
import { type ListenQuestion, type ListenRefusal, listenersMax } from './listen-commands.ts'
import type { State } from './state.ts'

/** Whoever listens for longer is asked to come back: so a connection that nobody closed frees its place. */
const listenForMs = 1 * hourMs
/** What happens faster is told together. */
const tellEveryMs = 1 * secondMs

/** What the platform keeps with a socket. */
type Listener = { readonly keyNumber: number; readonly seq: number | null; readonly sinceMs: number }

export type ListenersParts = {
  ctx: Pick<DurableObjectState, 'acceptWebSocket' | 'getWebSockets'>
  entriesAfter: (seq: number, limit: number) => readonly Entry[]
  now: () => number
  log: Log
}

export class Listeners {
  readonly #parts: ListenersParts
  #isAnybodyHere: boolean
  /** What is durable: a listener hears of nothing else. */
  #state: State | null
  #toldAtMs = 0
  #isTelling = false

  constructor(state: State | null, parts: ListenersParts) {
    this.#parts = parts
    this.#state = state
    this.#isAnybodyHere = this.#sockets().length > 0
  }

  open(state: State, { keyNumber, after }: ListenQuestion): Response {
    this.#state = state
    const nowMs = this.#parts.now()
    if (!mayListen(state, keyNumber, nowMs)) return refused('key_disabled')
    for (const socket of this.#sockets()) endIfOver(socket, state, nowMs)
    if (this.#sockets().length >= listenersMax) return refused('too_many')
    const { 0: theirs, 1: ours } = new WebSocketPair()
    this.#parts.ctx.acceptWebSocket(ours)
    this.#isAnybodyHere = true
    keep(ours, { keyNumber, seq: after, sinceMs: nowMs })
    this.#tell(ours, state, this.#readerOf(state))
    // Its next balance comes no sooner than a second from now either.
    this.#toldAtMs = nowMs
    return new Response(null, { status: 101, webSocket: theirs })
  }

  /** Called with every state that became durable; the last one is always told. */
  changed(state: State): void {
    this.#state = state
    if (!this.#isAnybodyHere || this.#isTelling) return
    const waitMs = this.#toldAtMs + tellEveryMs - this.#parts.now()
    if (waitMs <= 0) return this.#tellAll()
    this.#isTelling = true
    setTimeout(() => {
      this.#isTelling = false
      this.#tellAll()
    }, waitMs)
  }

  /** Never throws: whoever waits for an answer of the book must not suffer from whoever listens. */
  #tellAll(): void {
    const state = this.#state
    if (state === null) return
    try {
      this.#tellAllOf(state)
    } catch (cause) {
      this.#parts.log.error('listeners_failed', { account: state.accountId }, cause)
    }
  }

  #tellAllOf(state: State): void {
    const nowMs = this.#parts.now()
    this.#toldAtMs = nowMs
    for (const socket of this.#sockets()) endIfOver(socket, state, nowMs)
    const sockets = this.#sockets()
    this.#isAnybodyHere = sockets.length > 0
    const since = this.#readerOf(state)
    for (const socket of sockets) this.#tell(socket, state, since)
  }

  /** Most have heard the same: what comes after a number is read once. */
  #readerOf(state: State): (seq: number | null) => readonly AccountEvent[] {
    const known = new Map<number | null, readonly AccountEvent[]>()
    const { entriesAfter, now } = this.#parts
    return (seq) => {
      const events = known.get(seq) ?? eventsSince(state, seq, { nowMs: now(), entriesAfter })
      known.set(seq, events)
      return events
    }
  }

  #tell(socket: WebSocket, state: State, since: (seq: number | null) => readonly AccountEvent[]): void {
    const listener = listenerOf(socket)
    socket.send(JSON.stringify(since(listener.seq)))
    keep(socket, { ...listener, seq: state.headSeq })
  }

  #sockets(): WebSocket[] {
    return this.#parts.ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN)
  }
}

function mayListen(state: State, keyNumber: number, nowMs: number): boolean {
  const key = [...state.keys.values()].find((one) => one.keyNumber === keyNumber)
  return key !== undefined && forceOf(key, nowMs) === 'active' && key.scopes.includes('balance:read')
}

function endIfOver(socket: WebSocket, state: State, nowMs: number): void {
  const { keyNumber, sinceMs } = listenerOf(socket)
  const isOver = nowMs - sinceMs >= listenForMs || !mayListen(state, keyNumber, nowMs)
  if (isOver) socket.close(1000, 'over')
}

function refused(code: ListenRefusal): Response {
  return Response.json({ code }, { status: 409 })
}

function keep(socket: WebSocket, listener: Listener): void {
  socket.serializeAttachment(listener)
}

function listenerOf(socket: WebSocket): Listener {
  // Written by `keep` before anybody could read it.
  return socket.deserializeAttachment() as Listener
}
