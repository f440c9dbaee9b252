// One stream from the upstream to the client: whole events, as they come, every one seen by the meter. Decides when a stream
// is over and why; what is charged for that is settle.ts, and who is told is execution.ts.

import { type Clock, type Millis, minuteMs } from '#core/clock.ts'
import { StopController } from '#core/stop.ts'
import type { CancellationPolicy } from '#catalog/model.ts'
import type { UpstreamTimings } from '#providers/upstream-timings.ts'
import type { Timings } from '#ledger/timings.ts'
import { type Frame, FrameReader, FrameTooLarge } from '#sse/frames.ts'
import { sseComment } from '#sse/write.ts'
import type { ClientEnd } from './answer-record.ts'
import type { EndCause } from './settle.ts'

/** What one frame means for the relay; `bytes` is absent where nothing of it goes to the client. */
export type RelayedFrame = {
  bytes?: Uint8Array
  /** The upstream's own end or error, or an answer that passes its hold: nothing of it goes on from here. */
  ends?: 'done' | 'upstream_error' | 'hold_refused'
  /** The hold has to grow before these bytes may go out; false ends the answer without them. */
  waits?: Promise<boolean>
}

export type RelayParts = {
  client: ClientEnd
  clock: Clock
  upstreamTimings: UpstreamTimings
  timings: Timings
  policy: CancellationPolicy
  /** Before a frame is seen: whether the hold covers it, now or after it has grown. */
  pace: (frame: Frame) => true | Promise<boolean>
  /** Sees every frame once, in order, and says what the client gets of it. */
  edit: (frame: Frame) => RelayedFrame
  /** True once the upstream's answer was complete, so that a missing terminator is no cut. */
  isComplete: () => boolean
  isCovered: () => boolean
  hangUp: () => void
  onClientLeft: () => void
  /** A bug in `edit`: the stream is cut, and somebody has to say why. */
  onFault?: (fault: unknown) => void
}

const pulsesPerKeepAlive = 2
const encoder = new TextEncoder()

export class Relay {
  readonly #parts: RelayParts
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #frames = new FrameReader()
  readonly #startedAt: Millis
  readonly #over = new StopController()
  #cause: EndCause | undefined
  #lastChunkAt: Millis
  #leftAt: Millis | undefined
  #wake = new StopController()
  #next: Promise<ReadableStreamReadResult<Uint8Array>>

  constructor(body: ReadableStream<Uint8Array>, parts: RelayParts) {
    this.#parts = parts
    this.#reader = body.getReader()
    this.#startedAt = parts.clock.now()
    this.#lastChunkAt = this.#startedAt
    this.#next = this.#reader.read()
    // A read that fails is looked at in `run`; this one may fail before anybody waits for it.
    this.#next.catch(() => undefined)
  }

  /** Waits a moment for the first chunk, so that an error can still become a status; the chunk stays for `run`. */
  async firstChunk(): Promise<Uint8Array | 'silent' | 'ended'> {
    const arrived = new StopController()
    const silence = this.#parts.clock
      .sleep(this.#parts.upstreamTimings.firstChunkMs, arrived.signal)
      .then(() => 'silent' as const)
    const chunk = this.#next.then(
      (read) => (read.done ? ('ended' as const) : read.value),
      () => 'ended' as const,
    )
    const first = await Promise.race([chunk, silence])
    arrived.abort()
    return first
  }

  /** Relays to the end and says why it ended. Writes nothing after the last whole event: endings are the caller's words. */
  async run(): Promise<EndCause> {
    const pulse = this.#pulse()
    try {
      while (this.#cause === undefined) await this.#step()
    } catch (fault) {
      if (!(fault instanceof FrameTooLarge)) this.#parts.onFault?.(fault)
      this.end('cut')
    }
    this.#over.abort()
    this.#wake.abort()
    await pulse
    if (this.#cause === 'done') this.#readOut()
    if (this.#cause === 'done' && this.#leftAt !== undefined) return 'client_gone'
    return this.#cause ?? 'cut'
  }

  /** Ends the stream from outside: lost cover, a time-out, a client whose model stops. The first cause stands. */
  end(cause: EndCause): void {
    if (this.#cause !== undefined) return
    this.#cause = cause
    if (cause === 'done') return
    this.#parts.hangUp()
    // Wakes a read that is still waiting, whether or not hanging up does, and the pulse for a write that is.
    this.#reader.cancel().catch(() => undefined)
    this.#wake.abort()
  }

  /** The client left: a `stop` model is hung up, any other runs on for its drain time. */
  clientLeft(): void {
    if (this.#leftAt !== undefined || this.#cause !== undefined) return
    this.#leftAt = this.#parts.clock.now()
    this.#parts.onClientLeft()
    if (this.#parts.policy === 'stop') this.end('client_gone')
    this.#wake.abort()
  }

  async #step(): Promise<void> {
    // A read fails when the upstream breaks or when we hung up; in the latter case the cause is already known.
    const read = await this.#next.catch(() => undefined)
    if (this.#cause !== undefined) return
    if (read === undefined) return this.end('cut')
    if (read.done) {
      await this.#relay(this.#frames.end())
      this.end(this.#parts.isComplete() ? 'done' : 'cut')
      return
    }
    this.#lastChunkAt = this.#parts.clock.now()
    await this.#relay(this.#frames.push(read.value))
    // Only now: a reader that is not asked for more is the back-pressure that a slow client needs.
    if (this.#cause === undefined) this.#next = this.#reader.read()
  }

  async #relay(frames: readonly Frame[]): Promise<void> {
    // Before the meter sees them: what is not delivered for want of cover is not counted either.
    if (this.#leftAt === undefined && !this.#parts.isCovered()) return this.end('cover_lost')
    let out: Uint8Array[] = []
    /** What is covered goes out before anything waits; false where the answer ends here. */
    const isCoveredAfter = async (cover: Promise<boolean>) => {
      await this.#write(joined(out))
      out = []
      const isMore = await cover
      if (!isMore) this.end('hold_refused')
      return isMore && this.#cause === undefined
    }
    for (const frame of frames) {
      const pace = this.#parts.pace(frame)
      if (pace !== true && !(await isCoveredAfter(pace))) return
      const { bytes, ends, waits } = this.#parts.edit(frame)
      if (waits !== undefined && !(await isCoveredAfter(waits))) return
      if (bytes !== undefined) out.push(bytes)
      if (ends === undefined) continue
      await this.#write(joined(out))
      return this.end(ends)
    }
    await this.#write(joined(out))
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { client, isCovered } = this.#parts
    if (bytes.length === 0 || this.#leftAt !== undefined || this.#cause !== undefined) return
    // Asked before every single write: a timer that is late must never let a byte through.
    if (!isCovered()) return this.end('cover_lost')
    if (!(await client.write(bytes))) this.clientLeft()
  }

  /** Looks after silence: of the upstream, of the client, of both. */
  async #pulse(): Promise<void> {
    const { clock, upstreamTimings } = this.#parts
    const everyMs = Math.ceil(upstreamTimings.keepAliveMs / pulsesPerKeepAlive)
    while (this.#cause === undefined) {
      await clock.sleep(Math.min(everyMs, this.#drainLeftMs()), this.#wake.signal)
      if (this.#wake.signal.aborted) this.#wake = new StopController()
      if (this.#cause === undefined) this.#checkTimes(clock.now())
    }
    // A write that still waits would be taken whenever the client likes, after the fence as well.
    await clock.sleep(this.#parts.timings.politeEndMs, this.#over.signal)
    if (!this.#over.signal.aborted)
      this.#parts.client.abort('The stream ended while the client took no byte.')
  }

  #checkTimes(now: Millis): void {
    const { client, upstreamTimings } = this.#parts
    const stalledMs = client.stalledMs(now)
    if (now - this.#startedAt >= upstreamTimings.totalMs) return this.end('timeout')
    if (this.#drainLeftMs() <= 0) return this.end('drain_limit')
    if (stalledMs >= upstreamTimings.clientStallMs) {
      client.abort('The client took no byte for too long.')
      return this.clientLeft()
    }
    // While a write waits, the upstream is silent because we do not read it.
    if (stalledMs > 0) return
    if (now - this.#lastChunkAt >= upstreamTimings.idleMs) return this.end('timeout')
    if (now - client.lastWriteAt >= upstreamTimings.keepAliveMs) this.#keepAlive()
  }

  #keepAlive(): void {
    this.#write(encoder.encode(sseComment('keep-alive'))).catch(() => this.clientLeft())
  }

  /** What lies behind the terminator, usually nothing: a connection whose answer was read to its end is used again. */
  #readOut(): void {
    this.#reader
      .read()
      .then((read) => (read.done ? undefined : this.#reader.cancel()))
      .catch(() => undefined)
  }

  #drainLeftMs(): number {
    if (this.#leftAt === undefined) return minuteMs
    return Math.max(0, this.#leftAt + this.#parts.timings.drainMs - this.#parts.clock.now())
  }
}

/** One write per chunk, however many events it holds; untouched neighbours of one chunk are not copied. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts
  if (first === undefined) return new Uint8Array(0)
  const last = parts.at(-1) ?? first
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const isContiguous =
    first.buffer === last.buffer &&
    last.byteOffset + last.length - first.byteOffset === length &&
    parts.every((part) => part.buffer === first.buffer)
  if (isContiguous) return new Uint8Array(first.buffer, first.byteOffset, length)
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}
