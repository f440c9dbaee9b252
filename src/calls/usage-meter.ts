// The ladder of usage figures while an answer goes by, the same for every dialect: what the provider said, and our own
// count of what was delivered since.

import { type CountTokens, utf8BytesOf } from './count-tokens.ts'
import { noUsage, outputTokensOf, type Usage, type UsageSource, usageUnits } from './usage.ts'

/** A usage and where its figures come from; `ownOutput` of its output tokens are our own count and no statement. */
export type MeteredUsage = {
  usage: Usage
  source: UsageSource
  ownOutput?: number
  /** The tier that the provider says it has served, in its own word. */
  serviceTier?: string
}

/**
 * Text that no statement covers is kept up to this length, since a provider that says nothing is known at its end alone.
 * What is longer is counted at the rate of what was kept: so are memory and time bounded.
 */
const keptCharactersMax = 262_144
/** Dearer than any real tokenizer on prose: the running cost paces and extends, it never charges. */
const runningBytesPerToken = 3

export class UsageMeter {
  readonly #countTokens: CountTokens
  readonly #expectedInputTokens: number
  #stated: Usage | undefined
  #isClosing = false
  #deliveredBytes = 0
  /** The text delivered since the last statement, which no statement covers: what is kept of it, and the bytes of the rest. */
  #tail: string[] = []
  #tailCharacters = 0
  #tailBytesBeyond = 0
  #serviceTier: string | undefined

  /** `expectedInputTokens` stands for the input where the provider never says. */
  constructor(countTokens: CountTokens, expectedInputTokens: number) {
    this.#countTokens = countTokens
    this.#expectedInputTokens = expectedInputTokens
  }

  /** UTF-8 bytes of all text so far. */
  get deliveredBytes(): number {
    return this.#deliveredBytes
  }

  /** True where `usage` has text to count, and so needs its counter. */
  get needsCount(): boolean {
    return this.#tailCharacters > 0
  }

  deliver(text: string): void {
    if (text === '') return
    const bytes = utf8BytesOf(text)
    const kept = text.slice(0, keptCharactersMax - this.#tailCharacters)
    this.#deliveredBytes += bytes
    if (kept.length < text.length) this.#tailBytesBeyond += bytes - utf8BytesOf(kept)
    if (kept === '') return
    this.#tail.push(kept)
    this.#tailCharacters += kept.length
  }

  /** The provider's figures for everything up to now: they replace what was said before, they never add to it. */
  state(usage: Usage, isClosing: boolean): void {
    this.#stated = usage
    this.#isClosing = isClosing
    this.#tail = []
    this.#tailCharacters = 0
    this.#tailBytesBeyond = 0
  }

  /** The provider's word for the tier of this answer; the last one stands. */
  stateTier(word: unknown): void {
    if (typeof word === 'string') this.#serviceTier = word
  }

  /** The answer came to its proper end: the last statement is the closing one. */
  end(): void {
    this.#isClosing = true
  }

  /**
   * Closing figures as they are; running ones with our count of what came after them; without any, the expected input
   * and our count of what was delivered. Nothing delivered and nothing said is nothing used.
   */
  usage(): MeteredUsage {
    const serviceTier = this.#serviceTier
    return { ...this.#figures(), ...(serviceTier === undefined ? {} : { serviceTier }) }
  }

  #figures(): MeteredUsage {
    const stated = this.#stated
    const ownOutput = this.#countTail()
    if (stated !== undefined && ownOutput === 0) {
      if (isZero(stated)) return { usage: stated, source: 'zero' }
      return { usage: stated, source: this.#isClosing ? 'final' : 'cumulative' }
    }
    // A running zero, overtaken by text, says no more than silence.
    if (stated !== undefined && !isZero(stated))
      return { usage: { ...stated, output: stated.output + ownOutput }, source: 'cumulative', ownOutput }
    if (ownOutput === 0) return { usage: noUsage, source: 'none' }
    const usage = { ...noUsage, input: this.#expectedInputTokens, output: ownOutput }
    return { usage, source: 'counted', ownOutput }
  }

  /** The usage for beats and pacing while the answer runs: no less than what was stated or delivered. */
  runningUsage(): Usage {
    const base = this.#stated ?? { ...noUsage, input: this.#expectedInputTokens }
    const delivered = Math.ceil(this.#deliveredBytes / runningBytesPerToken)
    // Asked at every beat, so nothing is counted for it.
    const isCovered = this.#stated !== undefined && !this.needsCount
    const more = isCovered ? 0 : Math.max(0, delivered - outputTokensOf(base))
    return { ...base, output: base.output + more }
  }

  #countTail(): number {
    if (this.#tailCharacters === 0) return 0
    const kept = this.#tail.join('')
    const tokens = this.#countTokens(kept)
    if (this.#tailBytesBeyond === 0) return tokens
    return tokens + Math.ceil((tokens * this.#tailBytesBeyond) / utf8BytesOf(kept))
  }
}

function isZero(usage: Usage): boolean {
  return usageUnits.every((unit) => usage[unit] === 0)
}
