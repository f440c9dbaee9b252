// An answer for a client that speaks chat completions: the chunks and the body of OpenAI's own types. Thoughts stand under
// both names that clients read; what their origin needs to see again travels sealed in `reasoning_details`.

import type { AnswerBlock, WholeAnswer } from '#calls/answer-blocks.ts'
import type { ContentEvent, EndReason, StartedBlock } from '#calls/answer-events.ts'
import { sealState } from '#calls/reasoning-state.ts'
import type { Refusal } from '#core/errors.ts'
import type { JsonObject } from '#core/readers.ts'
import { sseData } from '#sse/write.ts'
import type { ShownCost } from './answer-meter.ts'
import type { AnswerEncoder, AnswerEnd, AnswerFacts } from './dialect.ts'
import { usageWithCost, withCost } from './openai-cost.ts'
import { openAiErrorFrame } from './openai-errors.ts'
import { openAiUsageOf } from './openai-usage.ts'

export class ChatEncoder implements AnswerEncoder {
  readonly #facts: AnswerFacts
  /** The block that is being written. */
  #block: { started: StartedBlock; hasText: boolean; call: number } | undefined
  #calls = 0
  #details = 0

  constructor(facts: AnswerFacts) {
    this.#facts = facts
  }

  write(event: ContentEvent): string {
    switch (event.kind) {
      case 'start':
        return this.#chunk({ role: 'assistant', content: '' })
      case 'block_start':
        return this.#begin(event.block)
      case 'delta':
        return this.#delta(event.text)
      case 'state':
        return this.#state(event)
      case 'block_end':
        return this.#end()
    }
  }

  close(end: AnswerEnd, shown: ShownCost): string {
    const open = this.#end()
    const finish = this.#frame([{ index: 0, delta: {}, finish_reason: finishReasons[end.reason] }])
    const { metered } = shown
    const usage = this.#facts.includeUsage
      ? this.#frame([], { usage: usageWithCost(openAiUsageOf(metered.usage), shown) })
      : ''
    return open + finish + usage + sseData('[DONE]')
  }

  fail(refusal: Refusal): string {
    return openAiErrorFrame(refusal)
  }

  whole(answer: WholeAnswer, shown: ShownCost): JsonObject {
    const { answerId, createdAtSeconds, model } = this.#facts
    const body = {
      id: answerId,
      object: 'chat.completion',
      created: createdAtSeconds,
      model,
      choices: [
        {
          index: 0,
          message: messageOf(answer.blocks),
          logprobs: null,
          finish_reason: finishReasons[answer.endReason ?? 'stop'],
        },
      ],
    }
    return withCost(body, shown)
  }

  #begin(started: StartedBlock): string {
    this.#block = { started, hasText: false, call: this.#calls }
    if (started.kind !== 'tool_call') return ''
    this.#calls += 1
    return this.#chunk({ tool_calls: [{ index: this.#block.call, ...calledOf(started, '') }] })
  }

  #delta(text: string): string {
    if (this.#block === undefined) return ''
    this.#block.hasText = true
    const { started, call } = this.#block
    switch (started.kind) {
      case 'text':
        return this.#chunk({ content: text })
      case 'refusal':
        return this.#chunk({ refusal: text })
      case 'reasoning': {
        const detail = { ...textDetail(started.isSummary, text), index: this.#details }
        return this.#chunk({ reasoning_content: text, reasoning: text, reasoning_details: [detail] })
      }
      case 'tool_call': {
        const piece = started.isFreeform ? { custom: { input: text } } : { function: { arguments: text } }
        return this.#chunk({ tool_calls: [{ index: call, ...piece }] })
      }
      case 'unknown':
        return ''
    }
  }

  #state({ state, isRedacted }: Extract<ContentEvent, { kind: 'state' }>): string {
    const { started } = this.#block ?? {}
    if (started === undefined) return ''
    const detail = stateDetail(started, sealState(state), isRedacted)
    return this.#chunk({ reasoning_details: [{ ...detail, index: this.#details }] })
  }

  #end(): string {
    const block = this.#block
    this.#block = undefined
    if (block?.started.kind === 'reasoning') this.#details += 1
    if (block?.started.kind !== 'tool_call' || block.hasText || block.started.isFreeform) return ''
    // A call without arguments has an empty object: clients parse what they have put together.
    return this.#chunk({ tool_calls: [{ index: block.call, function: { arguments: '{}' } }] })
  }

  #chunk(delta: JsonObject): string {
    return this.#frame([{ index: 0, delta, finish_reason: null }])
  }

  #frame(choices: readonly JsonObject[], more: JsonObject = {}): string {
    const { answerId, createdAtSeconds, model, includeUsage } = this.#facts
    const usage = includeUsage ? { usage: null } : {}
    const shared = { id: answerId, object: 'chat.completion.chunk', created: createdAtSeconds, model }
    return sseData(JSON.stringify({ ...shared, choices, ...usage, ...more }))
  }
}

const finishReasons: Readonly<Record<EndReason, string>> = {
  stop: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  refusal: 'content_filter',
  content_filter: 'content_filter',
  pause: 'stop',
}

type ToolCall = Extract<StartedBlock, { kind: 'tool_call' }>

function calledOf({ id, name, isFreeform }: ToolCall, input: string): JsonObject {
  return isFreeform
    ? { id, type: 'custom', custom: { name, input } }
    : { id, type: 'function', function: { name, arguments: input } }
}

/** OpenRouter's forms, which its own and Vercel's providers read. */
function textDetail(isSummary: boolean, text: string): JsonObject {
  return isSummary ? { type: 'reasoning.summary', summary: text } : { type: 'reasoning.text', text }
}

function stateDetail(started: StartedBlock, sealed: string, isRedacted: true | undefined): JsonObject {
  if (started.kind === 'tool_call') return { type: 'reasoning.encrypted', data: sealed, id: started.id }
  const isHidden = isRedacted === true || (started.kind === 'reasoning' && started.isSummary)
  return isHidden
    ? { type: 'reasoning.encrypted', data: sealed }
    : { type: 'reasoning.text', text: '', signature: sealed }
}

function messageOf(blocks: readonly AnswerBlock[]): JsonObject {
  const textOf = (kind: StartedBlock['kind']) =>
    blocks.flatMap(({ started, text }) => (started.kind === kind ? [text] : [])).join('')
  const calls = blocks.flatMap(({ started, text }) =>
    started.kind === 'tool_call' ? [calledOf(started, text === '' && !started.isFreeform ? '{}' : text)] : [],
  )
  const [content, reasoning, refusal] = [textOf('text'), textOf('reasoning'), textOf('refusal')]
  const details = detailsOf(blocks)
  return {
    role: 'assistant',
    content: content === '' ? null : content,
    refusal: refusal === '' ? null : refusal,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning, reasoning }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
}

function detailsOf(blocks: readonly AnswerBlock[]): JsonObject[] {
  return blocks.flatMap(({ started, text, state, isRedacted }, index) => {
    if (started.kind !== 'reasoning' && state === undefined) return []
    const isSummary = started.kind === 'reasoning' && started.isSummary
    const shown = started.kind === 'reasoning' && text !== '' ? textDetail(isSummary, text) : undefined
    const kept = state === undefined ? undefined : stateDetail(started, sealState(state), isRedacted)
    // One entry for thoughts and their signature, two where the state is of another form.
    const isOne = shown !== undefined && kept?.['type'] === shown['type']
    const entries = isOne ? [{ ...kept, ...shown }] : [shown, kept].filter((one) => one !== undefined)
    return entries.map((one) => ({ ...one, index }))
  })
}
