// The ladder of usage figures while an answer goes by, the same for every dialect: what the provider said, and our own
// count of what was delivered since.

import { type CountTokens, utf8BytesOf } from './count-tokens.ts'
import { noUsage, outputTokensOf, type Usage, type UsageSource, usageUnits } from './usage.ts'

/** A usage and where its figures come from. */
export type MeteredUsage = { usage: Usage; source: UsageSource }

/** Text waits for our own count up to this length and is then counted, so that a long answer is never kept whole. */
const keptCharactersMax = 262_144
/** Dearer than any real tokenizer on prose: the running cost paces and extends, it never charges. */
const runningBytesPerToken = 3

export class UsageMeter {
  readonly #countTokens: CountTokens
  readonly #expectedInputTokens: number
  #stated: Usage | undefined
  #isClosing = false
  #deliveredBytes = 0
  /** The text delivered since the last statement, which no statement covers: what is counted already, and the rest. */
  #tailCounted = 0
  #tail: string[] = []
  #tailCharacters = 0

  /** `expectedInputTokens` stands for the input where the provider never says. */
  constructor(countTokens: CountTokens, expectedInputTokens: number) {
    this.#countTokens = countTokens
    this.#expectedInputTokens = expectedInputTokens
  }

  /** UTF-8 bytes of all text so far. */
  get deliveredBytes(): number {
    return this.#deliveredBytes
  }

  deliver(text: string): void {
    this.#deliveredBytes += utf8BytesOf(text)
    this.#tail.push(text)
    this.#tailCharacters += text.length
    if (this.#tailCharacters < keptCharactersMax) return
    this.#tailCounted = this.#tailTokens()
    this.#forgetText()
  }

  /** The provider's figures for everything up to now: they replace what was said before, they never add to it. */
  state(usage: Usage, isClosing: boolean): void {
    this.#stated = usage
    this.#isClosing = isClosing
    this.#tailCounted = 0
    this.#forgetText()
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
    const stated = this.#stated
    const tailTokens = this.#tailTokens()
    if (stated !== undefined && tailTokens === 0) {
      if (isZero(stated)) return { usage: stated, source: 'zero' }
      return { usage: stated, source: this.#isClosing ? 'final' : 'cumulative' }
    }
    // A running zero, overtaken by text, says no more than silence.
    if (stated !== undefined && !isZero(stated))
      return { usage: { ...stated, output: stated.output + tailTokens }, source: 'cumulative' }
    if (tailTokens === 0) return { usage: noUsage, source: 'none' }
    return { usage: { ...noUsage, input: this.#expectedInputTokens, output: tailTokens }, source: 'counted' }
  }

  /** The usage for beats and pacing while the answer runs: no less than what was stated or delivered. */
  runningUsage(): Usage {
    const base = this.#stated ?? { ...noUsage, input: this.#expectedInputTokens }
    const delivered = Math.ceil(this.#deliveredBytes / runningBytesPerToken)
    // Asked at every beat, so nothing is counted for it.
    const isCovered = this.#stated !== undefined && this.#tailCounted + this.#tailCharacters === 0
    const more = isCovered ? 0 : Math.max(0, delivered - outputTokensOf(base))
    return { ...base, output: base.output + more }
  }

  #tailTokens(): number {
    return this.#tail.length === 0
      ? this.#tailCounted
      : this.#tailCounted + this.#countTokens(this.#tail.join(''))
  }

  #forgetText(): void {
    this.#tail = []
    this.#tailCharacters = 0
  }
}

function isZero(usage: Usage): boolean {
  return usageUnits.every((unit) => usage[unit] === 0)
}
