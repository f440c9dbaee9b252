// How far a stream may go under its hold: a rolling hold is extended in the background when half of its slice is used, and
// what the hold does not cover waits for the extension or is not delivered. One comparison for the usual frame.

import { affordableOutputTokens } from '#catalog/quote.ts'
import { type Clock, type Millis, addMillis } from '#core/clock.ts'
import { type NanoUsd, addNanoUsd, maxNanoUsd, minNanoUsd, nanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { Timings } from '#ledger/timings.ts'
import { askOnce } from './object-call.ts'
import type { PreparedCall } from './prepared-call.ts'

export type PacingParts = {
  call: PreparedCall
  heldNanoUsd: NanoUsd
  account: () => AccountPort
  clock: Clock
  timings: Timings
}

/** Dearer than any real tokenizer on prose: the running cost paces, it never charges. */
const bytesPerToken = 3
/** Less than this part of a slice is not worth a question: what is left of the money then stays with its owner. */
const slicePartsMax = 16

export class Pacing {
  readonly #parts: PacingParts
  #heldNanoUsd: NanoUsd
  /** Delivered bytes that the hold covers, and from how many on more is asked for. */
  #bytesCovered = 0
  #bytesToExtendAt = 0
  #extending: Promise<boolean> | undefined
  /** A refusal in the background is not asked about again before the edge: that would be a question per frame. */
  #isRefused = false

  constructor(parts: PacingParts) {
    this.#parts = parts
    this.#heldNanoUsd = parts.heldNanoUsd
    this.#measure()
  }

  /** What the object has acknowledged last. */
  get heldNanoUsd(): NanoUsd {
    return this.#heldNanoUsd
  }

  /** Before a frame is looked at: true where it may go out, else whether it may once the hold has grown. */
  passes(deliveredBytes: number): true | Promise<boolean> {
    if (deliveredBytes <= this.#bytesToExtendAt) return true
    if (deliveredBytes <= this.#bytesCovered) {
      // In the background: a refusal is looked at where the edge is reached.
      if (!this.#isRefused) void this.#extend()
      return true
    }
    return this.#until(() => deliveredBytes <= this.#bytesCovered)
  }

  /** After the provider has said what was used so far. */
  passesCost(costNanoUsd: NanoUsd): true | Promise<boolean> {
    const isEnough = () => costNanoUsd <= this.#heldNanoUsd || (!this.#canGrow() && !this.#isCapped)
    return isEnough() ? true : this.#until(isEnough)
  }

  /** Extends until it is enough; false where the object refuses or does not answer in time. */
  async #until(isEnough: () => boolean): Promise<boolean> {
    const { clock, timings } = this.#parts
    const deadline = addMillis(clock.now(), timings.extendWithinMs)
    // What was asked in the background may be about a moment that is over.
    await this.#extending
    while (!isEnough()) {
      if (clock.now() >= deadline || !(await this.#extend(deadline))) return isEnough()
    }
    return true
  }

  /** At a ceiling of the client's own an answer ends, whatever its limit. */
  get #isCapped(): boolean {
    return this.#parts.call.quote.isCapped
  }

  #canGrow(): boolean {
    return this.#heldNanoUsd < this.#parts.call.quote.ceilingNanoUsd
  }

  /** One question at a time; true where the hold has grown. */
  #extend(deadline?: Millis): Promise<boolean> {
    this.#extending ??= this.#ask(deadline).finally(() => {
      this.#extending = undefined
    })
    return this.#extending
  }

  async #ask(deadline: Millis | undefined): Promise<boolean> {
    const { call, account, clock, timings } = this.#parts
    const { sliceNanoUsd, ceilingNanoUsd } = call.quote
    const totalNanoUsd = minNanoUsd(ceilingNanoUsd, addNanoUsd(this.#heldNanoUsd, sliceNanoUsd))
    if (totalNanoUsd <= this.#heldNanoUsd) return false
    const leftMs = deadline === undefined ? timings.extendWithinMs : deadline - clock.now()
    const attemptMs = Math.max(0, Math.min(timings.objectCallMs, leftMs))
    const least = nanoUsd(this.#heldNanoUsd + Math.ceil(sliceNanoUsd / slicePartsMax))
    const command = { callId: call.callId, totalNanoUsd, leastNanoUsd: minNanoUsd(totalNanoUsd, least) }
    const asked = await askOnce(() => account().extend(command), { clock, attemptMs })
    this.#isRefused = !asked.ok || !asked.answer.ok
    if (!asked.ok || !asked.answer.ok) return false
    this.#heldNanoUsd = maxNanoUsd(this.#heldNanoUsd, asked.answer.heldNanoUsd)
    this.#measure()
    return true
  }

  #measure(): void {
    const { call } = this.#parts
    const { choices } = call.asked
    // At the ceiling the answer's own limit ends it: three bytes per token would end it early.
    if (!this.#canGrow() && !call.quote.isCapped) {
      this.#bytesCovered = Number.MAX_SAFE_INTEGER
      this.#bytesToExtendAt = Number.MAX_SAFE_INTEGER
      return
    }
    const covered = affordableOutputTokens(call.model, call.asked, this.#heldNanoUsd) * choices
    const slice =
      affordableOutputTokens(call.model, { ...call.asked, ...noInput }, call.quote.sliceNanoUsd) * choices
    this.#bytesCovered = covered * bytesPerToken
    this.#bytesToExtendAt = Math.max(0, covered - Math.ceil(slice / 2)) * bytesPerToken
  }
}

const noInput = { textBytes: 0, messages: 0, tools: 0, images: 0 }
