// An answer of an upstream that speaks messages, as neutral events. Lenient: events may be missing, repeated or out of order,
// and what comes out still holds to the grammar of an answer.

import type { AnswerEvent, EndReason, StartedBlock } from '#calls/answer-events.ts'
import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'
import { laterUsage, readMessagesUsage } from './anthropic-messages-usage.ts'
import type { AnswerDecoder, DecodedFrame } from './dialect.ts'
import { isErrorChunk } from './upstream-error.ts'
import { upstreamWords } from './upstream-words.ts'
import { readUpstreamJson } from './upstream-json.ts'

/** A block between its start and its stop. */
type OpenBlock = {
  /** Its place among our blocks; undefined for one that is carried whole and begins when it has ended. */
  index: number | undefined
  block: JsonObject
  kind: StartedBlock['kind']
  hasText: boolean
  /** The last one counts, as in the vendor's SDK. */
  signature: string | undefined
  /** Of a tool call that is carried whole. */
  input: string
}

const nothing: DecodedFrame = { events: [], isDone: false }

export class MessagesDecoder implements AnswerDecoder {
  readonly #origin: string
  readonly #open = new Map<number, OpenBlock>()
  #begun = 0
  #usage: JsonObject = {}
  #hasStarted = false
  #hasEnded = false
  #hasToolCalls = false
  /** After a terminator or an error nothing belongs to the answer. */
  #isOver = false

  /** `origin`: the provider that the answer's signatures belong to. */
  constructor(origin: string) {
    this.#origin = origin
  }

  frame(frame: Frame): DecodedFrame {
    const data = frame.data?.trim() ?? ''
    if (this.#isOver || data === '' || data.startsWith(':') || data === '[DONE]') return nothing
    const event = readUpstreamJson(data)
    if (!isObject(event) || isErrorChunk(event) || frame.event === 'error') {
      this.#isOver = true
      return { events: [{ kind: 'error', message: upstreamWords(event) }], isDone: false }
    }
    // The type stands in the data and before it; some upstreams write one of the two.
    const events = this.#read({ type: frame.event, ...event })
    return { events, isDone: this.#isOver }
  }

  body(body: JsonObject): readonly AnswerEvent[] {
    const content: unknown = body['content']
    if (isErrorChunk(body) || !Array.isArray(content))
      return [{ kind: 'error', message: upstreamWords(body) }]
    const events = this.#read({ type: 'message_start', message: body })
    for (const [index, block] of content.entries()) {
      events.push(...this.#read({ type: 'content_block_start', index, content_block: block }))
      events.push(...this.#read({ type: 'content_block_stop', index }))
    }
    events.push(...this.#read({ type: 'message_delta', delta: body, usage: body['usage'] }))
    events.push(...this.#read({ type: 'message_stop' }))
    return events
  }

  /** An answer without its end was broken off: it owes nothing more. */
  end(): readonly AnswerEvent[] {
    return []
  }

  #read(event: JsonObject): AnswerEvent[] {
    const index = readWhole(event['index']) ?? 0
    switch (event['type']) {
      case 'message_start':
        return this.#start(event['message'])
      case 'content_block_start':
        return [...this.#started(), ...this.#beginBlock(index, event['content_block'])]
      case 'content_block_delta':
        return this.#delta(index, event['delta'])
      case 'content_block_stop':
        return this.#endBlock(index)
      case 'message_delta':
        return [...this.#started(), ...this.#messageDelta(event)]
      case 'message_stop':
        this.#isOver = true
        return [...this.#started(), ...this.#end('stop')]
      default:
        // A ping, or what a later version adds.
        return []
    }
  }

  #start(message: unknown): AnswerEvent[] {
    if (this.#hasStarted || !isObject(message)) return []
    return [...this.#started(readString(message['id'])), ...this.#state(message['usage'], false)]
  }

  #started(upstreamId?: string): AnswerEvent[] {
    if (this.#hasStarted) return []
    this.#hasStarted = true
    return [{ kind: 'start', upstreamId }]
  }

  #state(stated: unknown, isClosing: boolean): AnswerEvent[] {
    if (!isObject(stated)) return []
    this.#usage = laterUsage(this.#usage, stated)
    const usage = readMessagesUsage(this.#usage)
    return usage === undefined ? [] : [{ kind: 'usage', usage, isClosing, stated: this.#usage }]
  }

  #beginBlock(index: number, block: unknown): AnswerEvent[] {
    if (this.#hasEnded || this.#open.has(index) || !isObject(block)) return []
    const started = startedBlock(block)
    const open: OpenBlock = {
      index: started === undefined ? undefined : this.#begun,
      block,
      kind: started?.kind ?? 'unknown',
      hasText: false,
      signature: readString(block['signature']) ?? readString(block['data']),
      input: '',
    }
    this.#open.set(index, open)
    if (started === undefined) return []
    this.#begun += 1
    if (started.kind === 'tool_call') this.#hasToolCalls = true
    const begin: AnswerEvent = { kind: 'block_start', index: this.#begun - 1, block: started }
    const text = readString(block['text']) ?? readString(block['thinking']) ?? ''
    return [begin, ...textOf(open, started.kind === 'tool_call' ? '' : text)]
  }

  #delta(index: number, delta: unknown): AnswerEvent[] {
    const open = this.#open.get(index)
    if (open === undefined || !isObject(delta)) return []
    switch (delta['type']) {
      case 'text_delta':
        return open.kind === 'text' ? textOf(open, delta['text']) : []
      case 'thinking_delta':
        return open.kind === 'reasoning' ? textOf(open, delta['thinking']) : []
      case 'input_json_delta':
        if (open.kind === 'unknown') open.input += readString(delta['partial_json']) ?? ''
        return open.kind === 'tool_call' ? textOf(open, delta['partial_json']) : []
      case 'signature_delta':
        open.signature = readString(delta['signature']) ?? open.signature
        return []
      default:
        // Citations: no other dialect has a place for them.
        return []
    }
  }

  #endBlock(index: number): AnswerEvent[] {
    const open = this.#open.get(index)
    if (open === undefined) return []
    this.#open.delete(index)
    if (open.index === undefined) return this.#wholeBlock(open)
    const end: AnswerEvent = { kind: 'block_end', index: open.index }
    if (open.kind === 'tool_call' && !open.hasText)
      return [...textOf(open, JSON.stringify(open.block['input'] ?? {})), end]
    return [...this.#stateOf(open, open.index), end]
  }

  #stateOf({ kind, block, signature }: OpenBlock, index: number): AnswerEvent[] {
    if (kind !== 'reasoning' || signature === undefined || signature === '') return []
    const state = { origin: this.#origin, value: signature }
    const isRedacted = block['type'] === 'redacted_thinking'
    return [{ kind: 'state', index, state, ...(isRedacted ? { isRedacted } : {}) }]
  }

  /** A block that only this dialect knows, with the input that came after its start. */
  #wholeBlock({ block, input }: OpenBlock): AnswerEvent[] {
    const type = readString(block['type']) ?? ''
    const read = input === '' ? undefined : readUpstreamJson(input)
    const fields = read === undefined ? block : { ...block, input: read }
    const index = this.#begun
    this.#begun += 1
    const carried: StartedBlock = { kind: 'unknown', type, foreign: { dialect: 'messages', fields } }
    return [
      { kind: 'block_start', index, block: carried },
      { kind: 'block_end', index },
    ]
  }

  #messageDelta({ delta, usage }: JsonObject): AnswerEvent[] {
    const reason = isObject(delta) ? readString(delta['stop_reason']) : undefined
    const isClosing = reason !== undefined
    const stated = this.#state(usage, isClosing)
    if (!isClosing) return stated
    const sequence = isObject(delta) ? readString(delta['stop_sequence']) : undefined
    return [...this.#end(endReasons.get(reason) ?? 'stop', sequence), ...stated]
  }

  #end(reason: EndReason, stopSequence?: string): AnswerEvent[] {
    if (this.#hasEnded) return []
    const blocks = [...this.#open.keys()].flatMap((index) => this.#endBlock(index))
    this.#hasEnded = true
    const end: AnswerEvent = {
      kind: 'end',
      reason: reason === 'stop' && this.#hasToolCalls ? 'tool_calls' : reason,
      ...(stopSequence === undefined ? {} : { stopSequence }),
    }
    return [...blocks, end]
  }
}

const endReasons: ReadonlyMap<string, EndReason> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop_sequence'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['refusal', 'refusal'],
  ['pause_turn', 'pause'],
])

/** Undefined for a block that is carried whole. */
function startedBlock(block: JsonObject): StartedBlock | undefined {
  switch (block['type']) {
    case 'text':
      return { kind: 'text' }
    case 'thinking':
    case 'redacted_thinking':
      return { kind: 'reasoning', isSummary: false }
    case 'tool_use': {
      const [id = '', name = ''] = [readString(block['id']), readString(block['name'])]
      return { kind: 'tool_call', id, name, isFreeform: false }
    }
    default:
      return undefined
  }
}

function textOf(open: OpenBlock, text: unknown): AnswerEvent[] {
  if (typeof text !== 'string' || text === '' || open.index === undefined) return []
  open.hasText = true
  return [{ kind: 'delta', index: open.index, text }]
}
