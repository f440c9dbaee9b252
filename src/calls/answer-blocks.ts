// The blocks of an answer put together from its events: for whole answers, and for dialects that repeat at the end what
// they have streamed.

import type { AnswerEvent, ContentEvent, EndReason, StartedBlock } from './answer-events.ts'
import type { ReasoningState } from './neutral-call.ts'

/** A block that has come to its end (or as far as it came). */
export type AnswerBlock = {
  started: StartedBlock
  text: string
  state?: ReasoningState
  isRedacted?: true
}

export type WholeAnswer = {
  upstreamId: string | undefined
  blocks: readonly AnswerBlock[]
  /** Undefined where the answer broke off. */
  endReason: EndReason | undefined
  stopSequence: string | undefined
}

export class AnswerBlocks {
  #upstreamId: string | undefined
  readonly #blocks = new Map<
    number,
    { started: StartedBlock; texts: string[]; more: Pick<AnswerBlock, 'state' | 'isRedacted'> }
  >()
  #end: { reason: EndReason; stopSequence?: string } | undefined

  add(event: AnswerEvent): void {
    switch (event.kind) {
      case 'start':
        this.#upstreamId = event.upstreamId
        break
      case 'block_start':
        this.#blocks.set(event.index, { started: event.block, texts: [], more: {} })
        break
      case 'delta':
        this.#blocks.get(event.index)?.texts.push(event.text)
        break
      case 'state':
        this.#keepState(event)
        break
      case 'end':
        this.#end = event
        break
      case 'block_end':
      case 'usage':
      case 'error':
        break
    }
  }

  whole(): WholeAnswer {
    const inOrder = [...this.#blocks.entries()].toSorted(([one], [other]) => one - other)
    return {
      upstreamId: this.#upstreamId,
      blocks: inOrder.map(([, { started, texts, more }]) => ({ started, text: texts.join(''), ...more })),
      endReason: this.#end?.reason,
      stopSequence: this.#end?.stopSequence,
    }
  }

  #keepState({ index, state, isRedacted }: Extract<ContentEvent, { kind: 'state' }>): void {
    const block = this.#blocks.get(index)
    if (block !== undefined) block.more = { state, ...(isRedacted === undefined ? {} : { isRedacted }) }
  }
}
