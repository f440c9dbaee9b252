// A request until it goes upstream. Then it is forgotten: a call may run for minutes, and the isolate's memory holds all that run.

import type { AskedCall } from '#dialects/dialect.ts'
import { messageTexts } from '#dialects/message-texts.ts'

/** The upstream's body under an output limit that the gateway set; undefined leaves the client's. */
export type WriteRequest = (outputTokensLoweredTo: number | undefined) => string

export class HeldRequest {
  #held: { asked: Pick<AskedCall, 'dialect' | 'body'>; write: WriteRequest } | undefined

  constructor(asked: Pick<AskedCall, 'dialect' | 'body'>, write: WriteRequest) {
    this.#held = { asked, write }
  }

  /** What a tokenizer cuts as it stands. */
  plainTexts(): readonly string[] {
    return this.#held === undefined ? [] : messageTexts(this.#held.asked)
  }

  /** The body for the upstream, once. */
  take(outputTokensLoweredTo: number | undefined): string {
    const held = this.#held
    if (held === undefined) throw new Error('The request has been sent already.')
    this.#held = undefined
    return held.write(outputTokensLoweredTo)
  }
}
