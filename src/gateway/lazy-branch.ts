// The meter's branch of a raw stream: read in large pieces and late, because what costs time is each read, not its bytes. The
// client's branch draws the stream on; this one must follow it and never draw much itself, or a client that takes nothing
// would have its answer collected here.

import { type Clock, type Millis, secondMs } from '#core/clock.ts'
import { StopController } from '#core/stop.ts'

const viewBytes = 64 * 1024
/** What one read draws from the upstream at most (measured). More than this was drawn by the client before. */
const drawnBytesMax = 16 * 1024
/** A read is put off until about so much waits for it: more than a read can draw, less than its view. */
const wantedBytes = 24 * 1024
const pauseMsMin = 250
const pauseMsMax = 20 * secondMs
/** So much may have been drawn here that the client has not taken, before it is looked whether it takes anything. */
const unprovenBytesMax = 64 * 1024
/** A second read that is answered within this finds the upstream's bytes waiting: nobody else draws them. */
const promptMs = 5
const probeBytes = 1024
/** In a row, before a client is taken for one that takes nothing. */
const stalledProbesMin = 3

export class LazyBranch {
  readonly #reader: ReadableStreamBYOBReader
  readonly #clock: Clock
  readonly #stallMs: number
  /** Lent to each read and given back with its bytes. */
  #buffer: ArrayBufferLike = new ArrayBuffer(viewBytes)
  #wake = new StopController()
  #isEager = true
  #isWatched = true
  #pauseMs = pauseMsMin
  #readAt: Millis
  #waitingSince: Millis | undefined
  #unprovenBytes = 0
  #stalledSince: Millis | undefined
  #stalledProbes = 0
  #probe: Promise<ReadableStreamReadResult<Uint8Array>> | undefined

  constructor(branch: ReadableStream<Uint8Array>, { clock, stallMs }: { clock: Clock; stallMs: number }) {
    this.#reader = branch.getReader({ mode: 'byob' })
    this.#clock = clock
    this.#stallMs = stallMs
    this.#readAt = clock.now()
  }

  /** The client has taken nothing for its time, while the upstream had more. */
  get isStalled(): boolean {
    return (
      this.#stalledSince !== undefined &&
      this.#stalledProbes >= stalledProbesMin &&
      this.#clock.now() - this.#stalledSince >= this.#stallMs
    )
  }

  /** How long the upstream has let a read wait; none waits while we pause. */
  silentMs(now: Millis): number {
    return this.#waitingSince === undefined ? 0 : now - this.#waitingSince
  }

  /** From here on every read waits for company: the first token has been seen. */
  relax(): void {
    this.#isEager = false
  }

  /** Reads on at once and all the way: the client has all it gets, or is gone. */
  hurry(): void {
    this.#isEager = true
    this.#isWatched = false
    this.#wake.abort()
  }

  /** The bytes that came next, valid until the next call; undefined at the end. Throws where the upstream broke off. */
  async next(): Promise<Uint8Array | undefined> {
    if (!this.#isEager) await this.#clock.sleep(this.#pauseMs, this.#wake.signal)
    const read = await this.#read()
    if (read.done) return undefined
    const { length } = read.value
    this.#adapt(length)
    if (this.#isWatched) await this.#follow(length)
    return read.value
  }

  cancel(): void {
    this.#reader.cancel().catch(() => undefined)
  }

  async #read(): Promise<ReadableStreamReadResult<Uint8Array>> {
    const probe = this.#probe
    this.#probe = undefined
    this.#waitingSince = this.#clock.now()
    const read = await (probe ?? this.#reader.read(new Uint8Array(this.#buffer, 0, viewBytes)))
    this.#waitingSince = undefined
    if (probe === undefined && read.value !== undefined) this.#buffer = read.value.buffer
    return read
  }

  #adapt(length: number): void {
    const now = this.#clock.now()
    const tookMs = Math.max(1, now - this.#readAt)
    this.#readAt = now
    const wantedMs = (tookMs * wantedBytes) / Math.max(1, length)
    const pauseMs = (this.#pauseMs + wantedMs) / 2
    this.#pauseMs = Math.ceil(Math.min(pauseMsMax, Math.max(pauseMsMin, pauseMs)))
  }

  async #follow(length: number): Promise<void> {
    if (length > drawnBytesMax) return this.#proved()
    this.#unprovenBytes += length
    if (this.#unprovenBytes <= unprovenBytesMax) return
    const isPrompt = await this.#isMoreWaiting()
    if (!isPrompt) return this.#proved()
    this.#stalledSince ??= this.#clock.now()
    this.#stalledProbes += 1
    this.#pauseMs = Math.min(pauseMsMax, this.#pauseMs * 2)
  }

  #proved(): void {
    this.#unprovenBytes = 0
    this.#stalledSince = undefined
    this.#stalledProbes = 0
  }

  /** Right after a read that took all there was: more can only be there at once where the client does not draw it. */
  async #isMoreWaiting(): Promise<boolean> {
    const probe = this.#reader.read(new Uint8Array(new ArrayBuffer(probeBytes)))
    // A read that fails is looked at when it is next asked for.
    probe.catch(() => undefined)
    this.#probe = probe
    const over = new StopController()
    const isPrompt = await Promise.race([
      probe.then(
        () => true,
        () => false,
      ),
      this.#clock.sleep(promptMs, over.signal).then(() => false),
    ])
    over.abort()
    return isPrompt
  }
}
