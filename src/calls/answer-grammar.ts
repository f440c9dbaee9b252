// The order of an answer's events, as one sentence per way to break it. Every decoder's tests hold its events against it, so
// that no encoder has to ask.

import type { AnswerEvent } from './answer-events.ts'

/** What is wrong with these events as one whole answer, or undefined. An answer that ends in an error may stop anywhere. */
export function grammarFault(events: readonly AnswerEvent[]): string | undefined {
  const open = new Set<number>()
  const withState = new Set<number>()
  let begun = 0
  let ends = 0
  let hasFailed = false
  for (const [at, event] of events.entries()) {
    if (hasFailed) return `event ${at} (${event.kind}) follows an error`
    if ((at === 0) !== (event.kind === 'start') && event.kind !== 'error')
      return at === 0 ? 'the first event is not a start' : `event ${at} is a second start`
    switch (event.kind) {
      case 'start':
      case 'usage':
        break
      case 'block_start':
        if (event.index !== begun) return `block ${event.index} begins after ${begun} blocks`
        if (ends > 0) return `block ${event.index} begins after the end`
        begun += 1
        open.add(event.index)
        break
      case 'delta':
        if (!open.has(event.index)) return `a delta of block ${event.index}, which is not open`
        if (event.text === '') return `an empty delta of block ${event.index}`
        break
      case 'state':
        if (!open.has(event.index)) return `a state of block ${event.index}, which is not open`
        if (withState.has(event.index)) return `a second state of block ${event.index}`
        withState.add(event.index)
        break
      case 'block_end':
        if (!open.delete(event.index)) return `block ${event.index} ends and is not open`
        break
      case 'end':
        ends += 1
        if (ends > 1) return 'the answer ends twice'
        if (open.size > 0) return `the answer ends while block ${[...open].join(', ')} is open`
        break
      case 'error':
        hasFailed = true
        break
    }
  }
  if (ends === 0 && !hasFailed) return 'the answer has no end'
  return undefined
}
