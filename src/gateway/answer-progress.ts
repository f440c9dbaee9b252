// How far a streamed answer has come, by the frames that its meter has seen: the same for every way that its bytes may take.

import { type NanoUsd, timesNanoUsd } from '#core/money.ts'
import type { AnswerMeter, Seen } from '#dialects/answer-meter.ts'
import { upstreamErrorMessage } from '#providers/upstream-refusal.ts'
import type { Frame } from '#sse/frames.ts'
import { priceSoFar } from './ending.ts'
import type { PreparedCall } from './prepared-call.ts'
import type { Phase } from './settle.ts'

/** Providers send a token or more per event; some cut one into letters or bytes. More than this is no answer within its limit. */
const framesPerTokenMax = 4
/** A provider may add a little of its own to the input; that is booked as an overrun. This much more is no such thing. */
const statedCeilingsMax = 2

export class AnswerProgress {
  readonly #call: PreparedCall
  readonly #meter: AnswerMeter
  readonly #onFirstToken: () => void
  #upstreamError: string | undefined
  /** The upstream has sent its terminator; the answer's end is held back until the charge is on its way. */
  #isTerminated = false
  #isComplete = false
  #isDelivering = false
  #isUsageSaid = false
  #contentFrames = 0

  constructor(call: PreparedCall, meter: AnswerMeter, onFirstToken: () => void) {
    this.#call = call
    this.#meter = meter
    this.#onFirstToken = onFirstToken
  }

  /** True once the model has said all, so that a missing terminator is no cut. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  get isTerminated(): boolean {
    return this.#isTerminated
  }

  get upstreamError(): string | undefined {
    return this.#upstreamError
  }

  get phase(): Phase {
    if (this.#isTerminated) return 'after_terminator'
    if (this.#isUsageSaid) return 'after_usage'
    return this.#isDelivering ? 'delivering' : 'answered'
  }

  /** What the frame was, the cost that it states while the answer runs, and whether the answer passes its ceiling by it. */
  see(frame: Frame): { seen: Seen; statedNanoUsd: NanoUsd | undefined; isPastCeiling: boolean } {
    const seen = this.#meter.see(frame)
    if (seen.isError) {
      this.#upstreamError = frame.data === undefined ? undefined : upstreamErrorMessage(frame.data)
      return { seen, statedNanoUsd: undefined, isPastCeiling: false }
    }
    if (seen.hasContent && !this.#isDelivering) {
      this.#isDelivering = true
      this.#onFirstToken()
    }
    if (seen.isUsage) this.#isUsageSaid = true
    if (seen.isFinished) this.#isComplete = true
    if (seen.hasContent) this.#contentFrames += 1
    const statedNanoUsd = seen.isUsage && !this.#isComplete ? this.#statedCost() : undefined
    const isPastCeiling = !this.#isComplete && this.#isPastCeiling(statedNanoUsd)
    if (seen.isDone && !isPastCeiling) this.#isTerminated = true
    return { seen, statedNanoUsd, isPastCeiling }
  }

  /** The ceiling covers the answer that was asked for; an upstream that ignores the limit is stopped before it costs more. */
  #isPastCeiling(statedNanoUsd: NanoUsd | undefined): boolean {
    const { quote, asked } = this.#call
    if (this.#contentFrames > quote.outputTokens * asked.choices * framesPerTokenMax) return true
    return (
      statedNanoUsd !== undefined && statedNanoUsd > timesNanoUsd(quote.ceilingNanoUsd, statedCeilingsMax)
    )
  }

  #statedCost(): NanoUsd {
    return priceSoFar(this.#call, this.#meter.usage()).costNanoUsd
  }
}
