// The lease under a running call: beats to the object, and the fence after which no byte may be written.
// The owner's side of DESIGN's "cover is a lease with a fence"; the object's side is the expiry of holds.

import { type Clock, type Millis, addMillis } from '#core/clock.ts'
import type { CallId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import { StopController } from '#core/stop.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { BeatAnswer } from '#ledger/call-commands.ts'
import type { Timings } from '#ledger/timings.ts'
import { askOnce } from './object-call.ts'

/** Why cover ended under a call that still ran. */
export type CoverLoss = 'cover_lost' | 'key_revoked'

export type CoverParts = {
  callId: CallId
  account: () => AccountPort
  clock: Clock
  timings: Timings
  /** Proved usage or the expected count so far, priced; becomes the checkpoint that an expiry charges. */
  costSoFar: () => NanoUsd
  onLost: (loss: CoverLoss) => void
}

/** A failed beat is tried again after this share of the usual gap. */
const retryShare = 5

export class Cover {
  readonly #parts: CoverParts
  readonly #ended = new StopController()
  #wake = new StopController()
  #acknowledgedSentAt: Millis
  #beats = 0
  #hasClientLeft = false
  /** Watched from the first unanswered beat on: until then the fence is at least a beat away, and a timer costs time. */
  #fence: Promise<void> | undefined

  /** `admissionSentAt`: when the admission that was said yes to was sent, not when its answer came. */
  constructor(parts: CoverParts, admissionSentAt: Millis) {
    this.#parts = parts
    this.#acknowledgedSentAt = admissionSentAt
  }

  /** Runs until `end` or the loss of cover; resolves when both loops have stopped. */
  async run(): Promise<void> {
    const { beatEveryMs, objectCallMs, politeEndMs } = this.#parts.timings
    // An admission that took long has used the time up in which a first beat could fail.
    if (this.goodForMs() < beatEveryMs + objectCallMs + politeEndMs) this.#fence = this.#watchFence()
    await this.#beat()
    await this.#fence
  }

  end(): void {
    this.#ended.abort()
    this.#wake.abort()
  }

  /** False from the fence on: asked before every single write. */
  isGood(): boolean {
    return this.goodForMs() > 0
  }

  /** Until the fence. */
  goodForMs(): number {
    const { clock, timings } = this.#parts
    return addMillis(this.#acknowledgedSentAt, timings.fenceMs) - clock.now()
  }

  /** Beats at once: what is due by now must outlive this process. */
  beatNow(): void {
    this.#wake.abort()
  }

  /** Beats at once, then faster: the platform may now end this Worker within seconds. */
  clientLeft(): void {
    this.#hasClientLeft = true
    this.#wake.abort()
  }

  async #beat(): Promise<void> {
    const { clock, timings } = this.#parts
    let gapMs = timings.beatEveryMs
    while (!this.#ended.signal.aborted) {
      await clock.sleep(gapMs, this.#wake.signal)
      if (this.#ended.signal.aborted) return
      this.#wake = new StopController()
      const everyMs = this.#hasClientLeft ? timings.beatAfterLeaveMs : timings.beatEveryMs
      const state = await this.#sendBeat()
      if (this.#ended.signal.aborted) return
      if (state === 'ok') gapMs = everyMs
      else if (state === undefined || state === 'internal') {
        gapMs = Math.ceil(everyMs / retryShare)
        this.#fence ??= this.#watchFence()
      } else return this.#lose(state === 'stop' ? 'key_revoked' : 'cover_lost')
    }
  }

  /** The object's answer, or undefined where none came: an unacknowledged beat moves nothing. */
  async #sendBeat(): Promise<BeatAnswer['state'] | undefined> {
    const { clock, timings, account, callId, costSoFar } = this.#parts
    const sentAt = clock.now()
    this.#beats += 1
    const beat = { callId, n: this.#beats, costNanoUsd: costSoFar() }
    const how = { clock, attemptMs: timings.objectCallMs, signal: this.#ended.signal }
    const asked = await askOnce(() => account().beat(beat), how)
    if (!asked.ok) return undefined
    if (asked.answer.state === 'ok') this.#acknowledgedSentAt = sentAt
    return asked.answer.state
  }

  async #watchFence(): Promise<void> {
    const { clock, timings } = this.#parts
    while (!this.#ended.signal.aborted) {
      const endsAt = addMillis(this.#acknowledgedSentAt, timings.fenceMs - timings.politeEndMs)
      const leftMs = endsAt - clock.now()
      if (leftMs <= 0) return this.#lose('cover_lost')
      await clock.sleep(leftMs, this.#ended.signal)
    }
  }

  /** Said once: what ends the call now needs no beat any more, and `isGood` still bounds its last bytes. */
  #lose(loss: CoverLoss): void {
    this.end()
    this.#parts.onLost(loss)
  }
}
