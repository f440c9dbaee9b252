// An answer for a client that speaks messages: the events and the body of Anthropic's own types. Strict: every event has its
// name, blocks follow one another with indexes from 0, and none is empty.

import type { AnswerBlock, WholeAnswer } from '#calls/answer-blocks.ts'
import type { ContentEvent, EndReason, StartedBlock } from '#calls/answer-events.ts'
import type { ReasoningState } from '#calls/neutral-call.ts'
import { sealState } from '#calls/reasoning-state.ts'
import { freeformParameter } from '#calls/tool-names.ts'
import { noUsage } from '#calls/usage.ts'
import type { Refusal } from '#core/errors.ts'
import { type JsonObject } from '#core/readers.ts'
import { sseEvent } from '#sse/write.ts'
import { messagesErrorFrame } from './anthropic-messages-errors.ts'
import { messagesUsageOf, wholeMessagesUsageOf } from './anthropic-messages-usage.ts'
import type { ShownCost } from './answer-meter.ts'
import type { AnswerEncoder, AnswerEnd, AnswerFacts } from './dialect.ts'
import { costField, usageWithCost } from './openai-cost.ts'
import { toolIdFor } from './tool-ids.ts'
import { readUpstreamJson } from './upstream-json.ts'

/** A block of ours on its way to the client. Its start is written when there is something in it. */
type CurrentBlock = {
  started: StartedBlock
  isOpen: boolean
  isSealed: boolean
  /** Of a freeform call: any text is a JSON string only when it is whole. */
  input: string
  /** What has to follow the block. */
  next: JsonObject | undefined
}

export class MessagesEncoder implements AnswerEncoder {
  readonly #facts: AnswerFacts
  #hasStarted = false
  #current: CurrentBlock | undefined
  #blocks = 0
  #hasToolCalls = false

  constructor(facts: AnswerFacts) {
    this.#facts = facts
  }

  write(event: ContentEvent): string {
    switch (event.kind) {
      case 'start':
        return this.#start()
      case 'block_start':
        this.#current = { started: event.block, isOpen: false, isSealed: false, input: '', next: undefined }
        return ''
      case 'delta':
        return this.#delta(event.text)
      case 'state':
        return this.#state(event)
      case 'block_end':
        return this.#endBlock()
    }
  }

  close(end: AnswerEnd, shown: ShownCost): string {
    const before = this.#start() + this.#endBlock()
    const usage = usageWithCost(messagesUsageOf(shown.metered.usage), shown)
    const delta = { ...stopOf(end, this.#hasToolCalls), container: null }
    return before + frame('message_delta', { delta, usage }) + frame('message_stop', {})
  }

  fail(refusal: Refusal): string {
    return messagesErrorFrame(refusal)
  }

  whole(answer: WholeAnswer, shown: ShownCost): JsonObject {
    const content = answer.blocks.flatMap((block) => wholeBlocks(block, this.#facts.origin))
    const { endReason: reason = 'stop', stopSequence } = answer
    const hasToolCalls = content.some(({ type }) => type === 'tool_use')
    const end = stopSequence === undefined ? { reason } : { reason, stopSequence }
    return {
      ...this.#message(usageWithCost(wholeMessagesUsageOf(shown.metered.usage), shown)),
      content,
      ...stopOf(end, hasToolCalls),
      ...costField(shown),
    }
  }

  #start(): string {
    if (this.#hasStarted) return ''
    this.#hasStarted = true
    // Clients show it while the answer runs; `message_delta` has the true figure.
    const input = Math.max(1, this.#facts.expectedInputTokens)
    return frame('message_start', { message: this.#message(wholeMessagesUsageOf({ ...noUsage, input })) })
  }

  #message(usage: JsonObject): JsonObject {
    return {
      id: this.#facts.answerId,
      type: 'message',
      role: 'assistant',
      model: this.#facts.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      stop_details: null,
      container: null,
      diagnostics: null,
      usage,
    }
  }

  #delta(text: string): string {
    const current = this.#current
    if (current === undefined) return ''
    const { started } = current
    switch (started.kind) {
      case 'text':
      case 'refusal':
        return this.#open(current) + this.#deltaFrame({ type: 'text_delta', text })
      case 'reasoning':
        return this.#open(current) + this.#deltaFrame({ type: 'thinking_delta', thinking: text })
      case 'tool_call':
        if (!started.isFreeform)
          return this.#open(current) + this.#deltaFrame({ type: 'input_json_delta', partial_json: text })
        current.input += text
        return ''
      case 'unknown':
        return ''
    }
  }

  #state({ state, isRedacted }: Extract<ContentEvent, { kind: 'state' }>): string {
    const current = this.#current
    if (current?.started.kind === 'tool_call') return this.#stateOfCall(current, current.started.id, state)
    if (current?.started.kind !== 'reasoning') return ''
    current.isSealed = true
    if (isRedacted === true && !current.isOpen) {
      this.#current = undefined
      return this.#wholeBlock(redacted(state))
    }
    return this.#open(current) + this.#deltaFrame({ type: 'signature_delta', signature: sealState(state) })
  }

  /** In front of the call that it belongs to, or behind it where that has begun: it comes back with the call's id. */
  #stateOfCall(current: CurrentBlock, id: string, state: ReasoningState): string {
    const block = redacted({ ...state, id: toolIdFor('messages', id) })
    if (!current.isOpen) return this.#wholeBlock(block)
    current.next = block
    return ''
  }

  #endBlock(): string {
    const current = this.#current
    this.#current = undefined
    if (current === undefined) return ''
    const { started, isOpen } = current
    if (started.kind === 'unknown')
      return started.foreign.dialect === 'messages' ? this.#wholeBlock(started.foreign.fields) : ''
    if (!isOpen && started.kind !== 'tool_call') return ''
    const rest = this.#open(current) + this.#restOf(current) + this.#stop()
    return current.next === undefined ? rest : rest + this.#wholeBlock(current.next)
  }

  #restOf({ started, input, isSealed }: CurrentBlock): string {
    if (started.kind === 'tool_call' && started.isFreeform)
      return this.#deltaFrame({ type: 'input_json_delta', partial_json: freeformInput(input) })
    return started.kind === 'reasoning' && !isSealed ? this.#unsigned() : ''
  }

  /** Thoughts that nobody signed are marked as well, so that they can be told from Anthropic's when they come back. */
  #unsigned(): string {
    const signature = sealState({ origin: this.#facts.origin, value: '' })
    return this.#deltaFrame({ type: 'signature_delta', signature })
  }

  #open(current: CurrentBlock): string {
    if (current.isOpen) return ''
    current.isOpen = true
    if (current.started.kind === 'tool_call') this.#hasToolCalls = true
    return this.#startFrame(emptyBlock(current.started))
  }

  #wholeBlock(block: JsonObject): string {
    return this.#startFrame(block) + this.#stop()
  }

  #startFrame(block: JsonObject): string {
    return frame('content_block_start', { index: this.#blocks, content_block: block })
  }

  #deltaFrame(delta: JsonObject): string {
    return frame('content_block_delta', { index: this.#blocks, delta })
  }

  #stop(): string {
    this.#blocks += 1
    return frame('content_block_stop', { index: this.#blocks - 1 })
  }
}

/** The event's name is its type: clients see no event without one. */
function frame(type: string, fields: JsonObject): string {
  return sseEvent({ event: type, json: JSON.stringify({ type, ...fields }) })
}

const stopReasons: Readonly<Record<EndReason, string>> = {
  stop: 'end_turn',
  stop_sequence: 'stop_sequence',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'refusal',
  content_filter: 'refusal',
  pause: 'pause_turn',
}

function stopOf({ reason, stopSequence }: AnswerEnd, hasToolCalls: boolean): JsonObject {
  const told = reason === 'stop' || reason === 'tool_calls' ? (hasToolCalls ? 'tool_calls' : 'stop') : reason
  const stopReason = stopReasons[told]
  return {
    stop_reason: stopReason,
    stop_sequence: told === 'stop_sequence' ? (stopSequence ?? null) : null,
    stop_details: stopReason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null,
  }
}

function redacted(state: ReasoningState): JsonObject {
  return { type: 'redacted_thinking', data: sealState(state) }
}

function emptyBlock(started: StartedBlock): JsonObject {
  switch (started.kind) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: '', citations: null }
    case 'reasoning':
      return { type: 'thinking', thinking: '', signature: '' }
    case 'tool_call':
      return toolUse(started, {})
    case 'unknown':
      return started.foreign.fields
  }
}

function toolUse({ id, name }: { id: string; name: string }, input: unknown): JsonObject {
  return { type: 'tool_use', id: toolIdFor('messages', id), name, input, caller: { type: 'direct' } }
}

function wholeBlocks({ started, text, state, isRedacted }: AnswerBlock, origin: string): JsonObject[] {
  switch (started.kind) {
    case 'text':
    case 'refusal':
      return text === '' ? [] : [{ type: 'text', text, citations: null }]
    case 'reasoning': {
      if (text === '' && state === undefined) return []
      if (state !== undefined && isRedacted === true && text === '') return [redacted(state)]
      return [{ type: 'thinking', thinking: text, signature: sealState(state ?? { origin, value: '' }) }]
    }
    case 'tool_call': {
      const call = toolUse(started, inputOf(text, started.isFreeform))
      return state === undefined
        ? [call]
        : [redacted({ ...state, id: toolIdFor('messages', started.id) }), call]
    }
    case 'unknown':
      return started.foreign.dialect === 'messages' ? [started.foreign.fields] : []
  }
}

/** What is no JSON is shown as it stands: nothing that the model wrote is lost. */
function inputOf(text: string, isFreeform: boolean): unknown {
  if (isFreeform) return readUpstreamJson(freeformInput(text))
  return text === '' ? {} : (readUpstreamJson(text) ?? text)
}

function freeformInput(text: string): string {
  return JSON.stringify({ [freeformParameter]: text })
}
