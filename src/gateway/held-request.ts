// A request until it goes upstream. Then it is forgotten: a call may run for minutes, and the isolate's memory holds all that run.

import type { AskedCall } from '#dialects/dialect.ts'
import { messageTexts } from '#dialects/message-texts.ts'

/** The upstream's body under an output limit that the gateway set; undefined leaves the client's. */
export type WriteRequest = (outputTokensLoweredTo: number | undefined) => string

/** Less than a second of a tokenizer's work, and little enough to be kept while a short call runs. */
const keptCharactersMax = 524_288

export class HeldRequest {
  /** Of a call whose whole cost is its input: its provider may say nothing about usage, and then there is nothing else to count. */
  #texts: readonly string[] = []
  #held: { asked: Pick<AskedCall, 'dialect' | 'body'>; write: WriteRequest } | undefined

  constructor(asked: Pick<AskedCall, 'dialect' | 'body'>, write: WriteRequest) {
    this.#held = { asked, write }
  }

  /** What a tokenizer cuts as it stands. */
  plainTexts(): readonly string[] {
    return this.#held === undefined ? this.#texts : messageTexts(this.#held.asked)
  }

  /** The body for the upstream, once. */
  take(outputTokensLoweredTo: number | undefined): string {
    const held = this.#held
    if (held === undefined) throw new Error('The request has been sent already.')
    this.#held = undefined
    if (held.asked.dialect === 'embeddings') this.#texts = keptOf(messageTexts(held.asked))
    return held.write(outputTokensLoweredTo)
  }
}

/** All or none: half of them would be counted as if they were all. */
function keptOf(texts: readonly string[]): readonly string[] {
  const characters = texts.reduce((sum, text) => sum + text.length, 0)
  return characters > keptCharactersMax ? [] : texts
}
