// The client's end of a stream: whole events in, one at a time, so that a slow reader slows the upstream down and no byte
// is buffered here. Knows when the client has left; never throws for it.

import type { Clock, Millis } from '#core/clock.ts'
import type { ClientEnd } from './answer-record.ts'
import { StopController } from '#core/stop.ts'

export class ClientStream implements ClientEnd {
  readonly readable: ReadableStream<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #clock: Clock
  #isGone = false
  #isClosed = false
  #waitingWrites = 0
  /** Since when the client has taken nothing although a write waits for it. */
  #waitingSince: Millis | undefined
  #lastWriteAt: Millis

  constructor(clock: Clock, onGone: () => void) {
    const { readable, writable } = new IdentityTransformStream()
    this.readable = readable
    this.#writer = writable.getWriter()
    this.#clock = clock
    this.#lastWriteAt = clock.now()
    // Rejects when the client disconnects, one write before `write` would notice it.
    this.#writer.closed.catch(() => {
      if (this.#isGone || this.#isClosed) return
      this.#isGone = true
      onGone()
    })
  }

  get isGone(): boolean {
    return this.#isGone
  }

  get lastWriteAt(): Millis {
    return this.#lastWriteAt
  }

  /** How long the client has let the present write wait. */
  stalledMs(now: Millis): number {
    return this.#waitingSince === undefined ? 0 : now - this.#waitingSince
  }

  /** Resolves when the client has taken the bytes, or with false when it is gone. */
  async write(bytes: Uint8Array): Promise<boolean> {
    if (this.#isGone || this.#isClosed) return false
    this.#waitingWrites += 1
    this.#waitingSince ??= this.#clock.now()
    try {
      await this.#writer.write(bytes)
      this.#lastWriteAt = this.#clock.now()
      return true
    } catch {
      // The only way that a write fails is the client's leaving: that is the answer, not a fault.
      this.#isGone = true
      return false
    } finally {
      // A keep-alive and an event may wait together; the one that is taken starts the other's time anew.
      this.#waitingWrites -= 1
      this.#waitingSince = this.#waitingWrites === 0 ? undefined : this.#clock.now()
    }
  }

  /** The last bytes and the end of the stream; a client that does not take both within the time is cut off. */
  async finish(bytes: Uint8Array, withinMs: number): Promise<void> {
    const taken = new StopController()
    const limit = this.#clock.sleep(withinMs, taken.signal).then(() => {
      if (!taken.signal.aborted) this.#cut('The client did not take the end of the stream.')
    })
    await this.write(bytes)
    await this.close()
    taken.abort()
    await limit
  }

  /** Ends the stream as a whole one. */
  async close(): Promise<void> {
    if (this.#isGone || this.#isClosed) return
    this.#isClosed = true
    await this.#writer.close().catch(() => {
      this.#isGone = true
    })
  }

  /** Cuts the stream: the client sees a broken connection, never a quiet end. */
  abort(reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#cut(reason)
  }

  #cut(reason: string): void {
    this.#writer.abort(new Error(reason)).catch(() => {
      this.#isGone = true
    })
  }
}
