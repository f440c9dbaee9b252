// Blocks one after the other: what belongs to a block that began while another was open waits until that one has ended.
// Messages and responses number their blocks in this order; chat completions interleave parallel tool calls.

import type { AnswerEvent } from './answer-events.ts'

export class SequentialBlocks {
  /** Events of blocks that wait for their turn, by block, in the order in which the blocks began. */
  readonly #waiting = new Map<number, AnswerEvent[]>()
  #current: number | undefined

  /** The events that may go on now. */
  push(event: AnswerEvent): readonly AnswerEvent[] {
    if (!('index' in event)) return [event]
    this.#current ??= event.index
    if (event.index !== this.#current) {
      const waiting = this.#waiting.get(event.index)
      if (waiting === undefined) this.#waiting.set(event.index, [event])
      else waiting.push(event)
      return []
    }
    return event.kind === 'block_end' ? [event, ...this.#next()] : [event]
  }

  /** What still waits when an answer breaks off. */
  rest(): readonly AnswerEvent[] {
    const rest = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    return rest
  }

  /** The next block as far as it has come, and those after it for as long as each is whole. */
  #next(): AnswerEvent[] {
    const events: AnswerEvent[] = []
    this.#current = undefined
    for (const [index, waiting] of this.#waiting) {
      this.#waiting.delete(index)
      events.push(...waiting)
      if (waiting.at(-1)?.kind === 'block_end') continue
      this.#current = index
      break
    }
    return events
  }
}
