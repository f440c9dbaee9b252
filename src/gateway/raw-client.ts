// The client's end of a raw stream: the platform's own pipe from the upstream, which only a signal stops, and what may be
// written behind it. Knows how the pipe came to its end.

import type { Clock } from '#core/clock.ts'
import { StopController } from '#core/stop.ts'

/** `ended`: the upstream's last byte was taken. `broken`: either side broke, or the pipe was stopped; it does not say which. */
export type Settled = 'ended' | 'broken'

const encoder = new TextEncoder()

export class RawClient {
  readonly #source: ReadableStream<Uint8Array>
  readonly #clock: Clock
  readonly #stop = new AbortController()
  readonly #settled = Promise.withResolvers<Settled>()
  #writer: WritableStreamDefaultWriter<Uint8Array> | undefined

  constructor(source: ReadableStream<Uint8Array>, clock: Clock) {
    this.#source = source
    this.#clock = clock
  }

  get settled(): Promise<Settled> {
    return this.#settled.promise
  }

  /** Instead of `open`. */
  discard(): void {
    this.#source.cancel().catch(() => undefined)
  }

  open(): ReadableStream<Uint8Array> {
    const { readable, writable } = new IdentityTransformStream()
    const how = { preventClose: true, preventAbort: true, signal: this.#stop.signal }
    const settle = (how: Settled) => {
      this.#writer = writable.getWriter()
      this.#settled.resolve(how)
    }
    void this.#source.pipeTo(writable, how).then(
      () => settle('ended'),
      () => settle('broken'),
    )
    return readable
  }

  /** No byte more: the pipe ends wherever it stands. */
  stop(): void {
    this.#stop.abort()
  }

  /** Waits until what is on its way has been taken; without an end of the upstream, the pipe is stopped. */
  async rest(withinMs: number, hasEnd: boolean): Promise<void> {
    const over = new StopController()
    const late = this.#clock.sleep(withinMs, over.signal).then(() => {
      if (!over.signal.aborted && !hasEnd) this.stop()
    })
    await Promise.race([this.settled, late])
    over.abort()
    if (!hasEnd) await this.settled
  }

  /** The last words and the end; a client that is not ready for them, or does not take them in time, is cut off. */
  async finish(words: string, withinMs: number): Promise<void> {
    const writer = this.#writer
    if (writer === undefined || withinMs <= 0)
      return this.cut('The client did not take the end of the stream.')
    const taken = new StopController()
    const limit = this.#clock.sleep(withinMs, taken.signal).then(() => {
      if (!taken.signal.aborted) this.cut('The client did not take the end of the stream.')
    })
    try {
      await writer.write(encoder.encode(words))
      await writer.close()
    } catch {
      // The only way that a write fails is the client's leaving, and nothing is owed to it any more.
    }
    taken.abort()
    await limit
  }

  /** The client sees a broken connection, never a quiet end. */
  cut(reason: string): void {
    this.stop()
    void this.settled.then(() => this.#writer?.abort(new Error(reason)).catch(() => undefined))
  }
}
