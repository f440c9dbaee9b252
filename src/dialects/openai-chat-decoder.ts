// The answer of an upstream that speaks chat completions, in neutral events. Lenient: many companies speak it, each in its
// own accent. Only the first of several choices is read; whoever asks for more is answered in the same dialect.

import type { AnswerEvent, EndReason, StartedBlock } from '#calls/answer-events.ts'
import type { ReasoningState } from '#calls/neutral-call.ts'
import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'
import type { AnswerDecoder, DecodedFrame } from './dialect.ts'
import { reasoningDetailStates, reasoningTextsOf, textPartsOf } from './openai-chat-parts.ts'
import { readOpenAiUsage } from './openai-usage.ts'
import { isErrorChunk } from './upstream-error.ts'
import { upstreamWords } from './upstream-words.ts'
import { readUpstreamJson } from './upstream-json.ts'

type OpenBlock = { index: number; kind: StartedBlock['kind'] }
type OpenCall = { index: number; hasEnded: boolean }

export class ChatDecoder implements AnswerDecoder {
  readonly #origin: string
  #events: AnswerEvent[] = []
  #hasStarted = false
  #hasEnded = false
  #nextIndex = 0
  /** Text, reasoning or refusal that is being written. */
  #open: OpenBlock | undefined
  /** Tool calls by their place in the upstream's list. */
  readonly #calls = new Map<number, OpenCall>()
  /** The blocks whose state has come. */
  readonly #withState = new Set<number>()

  constructor(origin: string) {
    this.#origin = origin
  }

  frame(frame: Frame): DecodedFrame {
    const data = frame.data?.trim() ?? ''
    // Some upstreams wrap a comment as data (Vertex, behind a proxy).
    if (data === '' || data.startsWith(':')) return { events: [], isDone: false }
    if (data === '[DONE]') return { events: this.end(), isDone: true }
    const chunk = readUpstreamJson(data)
    if (!isObject(chunk) || isErrorChunk(chunk) || frame.event === 'error')
      return { events: [{ kind: 'error', message: upstreamWords(chunk) }], isDone: false }
    this.#chunk(chunk, 'delta')
    return { events: this.#taken(), isDone: false }
  }

  body(body: JsonObject): readonly AnswerEvent[] {
    if (isErrorChunk(body)) return [{ kind: 'error', message: upstreamWords(body) }]
    if (!Array.isArray(body['choices'])) return [{ kind: 'error', message: undefined }]
    this.#chunk(body, 'message')
    return [...this.#taken(), ...this.end()]
  }

  end(): readonly AnswerEvent[] {
    if (!this.#hasStarted) this.#start({})
    this.#finish('stop')
    return this.#taken()
  }

  #taken(): AnswerEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  #chunk(chunk: JsonObject, field: 'delta' | 'message'): void {
    const choices: unknown = chunk['choices']
    // A ping or another foreign event is no part of the answer.
    if (!Array.isArray(choices)) return
    if (!this.#hasStarted) this.#start(chunk)
    const choice: unknown = choices.find((one) => isObject(one) && (readWhole(one['index']) ?? 0) === 0)
    if (isObject(choice)) {
      const message: unknown = choice[field] ?? choice['message']
      if (isObject(message) && !this.#hasEnded) this.#message(message)
      const reason = readString(choice['finish_reason'])
      if (reason !== undefined) this.#finish(reason)
    }
    const stated: unknown = chunk['usage']
    const usage = readOpenAiUsage(stated)
    if (usage !== undefined && isObject(stated))
      this.#events.push({ kind: 'usage', usage, isClosing: this.#hasEnded || choices.length === 0, stated })
  }

  #start(chunk: JsonObject): void {
    this.#hasStarted = true
    this.#events.push({ kind: 'start', upstreamId: readString(chunk['id']) })
  }

  #message(message: JsonObject): void {
    for (const text of reasoningTextsOf(message)) this.#text('reasoning', text)
    for (const { value, id } of reasoningDetailStates(message))
      this.#state({ origin: this.#origin, value, ...(id === undefined ? {} : { id }) })
    for (const text of textPartsOf(message['content'])) this.#text('text', text)
    for (const text of textPartsOf(message['refusal'])) this.#text('refusal', text)
    const calls: unknown = message['tool_calls']
    if (Array.isArray(calls)) for (const [at, call] of calls.entries()) this.#toolCall(call, at)
    // The older name, of one call without an id.
    const called: unknown = message['function_call']
    if (isObject(called)) this.#toolCall({ index: 0, id: 'call_0', function: called }, 0)
  }

  #text(kind: 'text' | 'reasoning' | 'refusal', text: string): void {
    if (this.#open?.kind !== kind) {
      this.#closeOpen()
      this.#open = { index: this.#begin(kind === 'reasoning' ? { kind, isSummary: false } : { kind }), kind }
    }
    this.#events.push({ kind: 'delta', index: this.#open.index, text })
  }

  /** Belongs to the thoughts before it; thoughts that may not be shown have a block of their own. */
  #state(state: ReasoningState): void {
    if (this.#open?.kind === 'reasoning' && !this.#withState.has(this.#open.index)) {
      this.#withState.add(this.#open.index)
      this.#events.push({ kind: 'state', index: this.#open.index, state })
      return
    }
    this.#closeOpen()
    const index = this.#begin({ kind: 'reasoning', isSummary: false })
    this.#events.push({ kind: 'state', index, state, isRedacted: true }, { kind: 'block_end', index })
  }

  #toolCall(call: unknown, at: number): void {
    if (!isObject(call)) return
    const place = readWhole(call['index']) ?? at
    const custom: unknown = call['custom']
    const called: unknown = isObject(custom) ? custom : call['function']
    if (!isObject(called)) return
    const open =
      this.#calls.get(place) ?? this.#openCall({ place, call, called, isFreeform: isObject(custom) })
    if (open === undefined) return
    const signature = thoughtSignatureOf(call)
    if (signature !== undefined && !this.#withState.has(open.index)) {
      this.#withState.add(open.index)
      const state = { origin: this.#origin, value: signature }
      this.#events.push({ kind: 'state', index: open.index, state })
    }
    const input = readString(called['arguments']) ?? readString(called['input']) ?? ''
    if (input !== '') this.#events.push({ kind: 'delta', index: open.index, text: input })
  }

  /** Undefined for a delta without a name: it continues nothing that we know. */
  #openCall(begun: {
    place: number
    call: JsonObject
    called: JsonObject
    isFreeform: boolean
  }): OpenCall | undefined {
    const name = readString(begun.called['name']) ?? ''
    if (name === '') return undefined
    this.#closeOpen()
    const id = readString(begun.call['id']) || `call_${begun.place}`
    const index = this.#begin({ kind: 'tool_call', id, name, isFreeform: begun.isFreeform })
    const open = { index, hasEnded: false }
    this.#calls.set(begun.place, open)
    return open
  }

  #begin(block: StartedBlock): number {
    const index = this.#nextIndex
    this.#nextIndex += 1
    this.#events.push({ kind: 'block_start', index, block })
    return index
  }

  #closeOpen(): void {
    if (this.#open !== undefined) this.#events.push({ kind: 'block_end', index: this.#open.index })
    this.#open = undefined
  }

  /** The first reason stands: some upstreams send several. */
  #finish(reason: string): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#closeOpen()
    for (const { index } of this.#calls.values()) this.#events.push({ kind: 'block_end', index })
    this.#events.push({ kind: 'end', reason: endReasonOf(reason, this.#calls.size > 0) })
  }
}

/** Some upstreams say "stop" after tool calls. */
function endReasonOf(reason: string, hasCalls: boolean): EndReason {
  if (reason === 'length' || reason === 'max_tokens') return 'length'
  if (reason === 'content_filter') return 'content_filter'
  return hasCalls ? 'tool_calls' : 'stop'
}

/** Gemini's, which must come back with the call. */
function thoughtSignatureOf(call: JsonObject): string | undefined {
  const extra: unknown = call['extra_content']
  const google: unknown = isObject(extra) ? extra['google'] : undefined
  return isObject(google) ? readString(google['thought_signature']) : undefined
}
