// Answers of completions: how a provider's own are followed, and how a conversation's answer is written as one. Thoughts have no
// place in them and are left out; they are used and charged all the same.

import type { WholeAnswer } from '#calls/answer-blocks.ts'
import type { ContentEvent, EndReason } from '#calls/answer-events.ts'
import type { Refusal } from '#core/errors.ts'
import { isObject, type JsonObject, readString } from '#core/readers.ts'
import { sseData } from '#sse/write.ts'
import type { ShownCost } from './answer-meter.ts'
import type { AnswerEncoder, AnswerEnd, AnswerFacts } from './dialect.ts'
import type { ChoiceShape } from './openai-chat-meter.ts'
import { usageWithCost, withCost } from './openai-cost.ts'
import { openAiErrorFrame } from './openai-errors.ts'
import { openAiUsageOf } from './openai-usage.ts'

export const completionsShape: ChoiceShape = {
  textsOf: (choices) =>
    choices.flatMap((choice) => {
      const text = isObject(choice) ? readString(choice['text']) : undefined
      return text === undefined || text === '' ? [] : [text]
    }),
  ended: (index) => choiceOf('', 'length', index),
}

export class CompletionsEncoder implements AnswerEncoder {
  readonly #facts: AnswerFacts
  /** The block that is being written is shown to the client. */
  #isShown = false

  constructor(facts: AnswerFacts) {
    this.#facts = facts
  }

  write(event: ContentEvent): string {
    if (event.kind === 'block_start') this.#isShown = isShown(event.block.kind)
    return event.kind === 'delta' && this.#isShown ? this.#frame([choiceOf(event.text, null)]) : ''
  }

  close(end: AnswerEnd, shown: ShownCost): string {
    const finish = this.#frame([choiceOf('', finishReasons[end.reason])])
    const usage = this.#facts.includeUsage
      ? this.#frame([], { usage: usageWithCost(openAiUsageOf(shown.metered.usage), shown) })
      : ''
    return finish + usage + sseData('[DONE]')
  }

  fail(refusal: Refusal): string {
    return openAiErrorFrame(refusal)
  }

  whole({ blocks, endReason }: WholeAnswer, shown: ShownCost): JsonObject {
    const text = blocks.flatMap((block) => (isShown(block.started.kind) ? [block.text] : [])).join('')
    const prompt = readString(this.#facts.echo['prompt']) ?? ''
    const choices = [choiceOf(`${prompt}${text}`, finishReasons[endReason ?? 'stop'])]
    return withCost({ ...this.#shared(), choices }, shown)
  }

  #frame(choices: readonly JsonObject[], more: JsonObject = {}): string {
    const usage = this.#facts.includeUsage ? { usage: null } : {}
    return sseData(JSON.stringify({ ...this.#shared(), choices, ...usage, ...more }))
  }

  #shared(): JsonObject {
    const { answerId: id, createdAtSeconds: created, model } = this.#facts
    return { id, object: 'text_completion', created, model }
  }
}

function isShown(kind: string): boolean {
  return kind === 'text' || kind === 'refusal'
}

function choiceOf(text: string, reason: string | null, index = 0): JsonObject {
  return { text, index, logprobs: null, finish_reason: reason }
}

const finishReasons: Readonly<Record<EndReason, string>> = {
  stop: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  tool_calls: 'stop',
  refusal: 'content_filter',
  content_filter: 'content_filter',
  pause: 'stop',
}
