// Our own count of an answer's text, for providers that say nothing about usage: o200k's tokens times the model's factor. The
// tokenizer is loaded when the first answer ends without a word about usage, so that no other call pays for it.

import { type CountTokens, countTokensByBytes, utf8BytesOf } from '#calls/count-tokens.ts'
import type { Model } from '#catalog/model.ts'
import { ownCountFactors } from '#catalog/own-count-factors.ts'
import type { Log } from '#core/log.ts'
import type { EndCause } from './settle.ts'

export class OwnCount {
  readonly #load: () => Promise<CountTokens>
  readonly #factor: number
  readonly #log: Log
  #countO200k: CountTokens | undefined
  /** An answer's end asks several times for the same text. */
  #counted: { text: string; tokens: number } | undefined

  constructor(model: Model, { countO200k, log }: { countO200k: () => Promise<CountTokens>; log: Log }) {
    this.#load = countO200k
    this.#factor = ownCountFactors[model.company] ?? 1
    this.#log = log
  }

  /**
   * Before `count` is asked for what will be charged. Never fails: without the tokenizer bytes are counted. Nor is it loaded for a
   * stream that lost its cover, which must end before the fence: loading holds everything up for a part of a second.
   */
  async ready(cause?: EndCause): Promise<void> {
    if (cause === 'cover_lost') return
    try {
      this.#countO200k ??= await this.#load()
    } catch (fault) {
      this.#log.error('own_count_by_bytes', {}, fault)
    }
  }

  /** No tokenizer makes more tokens than a text has bytes, whatever its factor. */
  readonly count: CountTokens = (text) => {
    if (this.#countO200k === undefined) return countTokensByBytes(text)
    if (this.#counted?.text === text) return this.#counted.tokens
    const tokens = Math.min(utf8BytesOf(text), Math.ceil(this.#countO200k(text) * this.#factor))
    this.#counted = { text, tokens }
    return tokens
  }
}
