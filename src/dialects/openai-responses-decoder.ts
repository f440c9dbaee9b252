// An upstream's responses answer, streamed or whole, read into neutral events. Lenient: an item may come with or without
// its deltas, and whatever the closing events say beyond them is told then.

import type { AnswerEvent, EndReason } from '#calls/answer-events.ts'
import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'
import type { AnswerDecoder, DecodedFrame } from './dialect.ts'
import { DecodedItem, type DecodedPart } from './openai-responses-item-decoder.ts'
import { objectsOf } from './openai-responses-tools.ts'
import { readResponsesUsage } from './openai-responses-usage.ts'
import { readUpstreamJson } from './upstream-json.ts'

/** More items than any answer has: an upstream that opens so many is broken or hostile. */
const itemsMax = 4_096

/** The deltas and closing texts of parts, by what they are parts of. Open Responses names raw reasoning without `_text`. */
const partEvents: ReadonlyMap<string, { kind: DecodedPart; isWhole: boolean }> = new Map([
  ['response.output_text.delta', { kind: 'text', isWhole: false }],
  ['response.output_text.done', { kind: 'text', isWhole: true }],
  ['response.refusal.delta', { kind: 'refusal', isWhole: false }],
  ['response.refusal.done', { kind: 'refusal', isWhole: true }],
  ['response.reasoning_summary_text.delta', { kind: 'summary', isWhole: false }],
  ['response.reasoning_summary_text.done', { kind: 'summary', isWhole: true }],
  ['response.reasoning_text.delta', { kind: 'thoughts', isWhole: false }],
  ['response.reasoning_text.done', { kind: 'thoughts', isWhole: true }],
  ['response.reasoning.delta', { kind: 'thoughts', isWhole: false }],
  ['response.reasoning.done', { kind: 'thoughts', isWhole: true }],
  ['response.function_call_arguments.delta', { kind: 'call', isWhole: false }],
  ['response.function_call_arguments.done', { kind: 'call', isWhole: true }],
  ['response.custom_tool_call_input.delta', { kind: 'call', isWhole: false }],
  ['response.custom_tool_call_input.done', { kind: 'call', isWhole: true }],
])

export class ResponsesDecoder implements AnswerDecoder {
  readonly #origin: string
  readonly #items = new Map<string, DecodedItem>()
  readonly #itemsById = new Map<string, DecodedItem>()
  readonly #callIds = new Set<string>()
  #events: AnswerEvent[] = []
  #hasStarted = false
  #isOver = false
  #blocks = 0
  #hasToolCall = false
  #hasRefusal = false

  constructor(origin: string) {
    this.#origin = origin
  }

  frame(frame: Frame): DecodedFrame {
    const data = frame.data?.trim() ?? ''
    // Comments, also those that some upstreams wrap as data.
    if (this.#isOver || data === '' || data.startsWith(':')) return { events: [], isDone: false }
    if (data === '[DONE]') this.#finish(undefined)
    else this.#read(readUpstreamJson(data))
    return { events: this.#taken(), isDone: this.#isOver }
  }

  body(body: JsonObject): readonly AnswerEvent[] {
    if (!Array.isArray(body['output'])) this.#fail(body)
    else this.#close(body)
    return this.#taken()
  }

  /** Without its closing response an answer of this dialect is not complete. */
  end(): readonly AnswerEvent[] {
    return []
  }

  #taken(): readonly AnswerEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }

  #read(event: unknown): void {
    if (!isObject(event)) return this.#fail({})
    const type = readString(event['type']) ?? ''
    const { response } = event
    if (type === 'error' || isObject(event['error'])) return this.#fail(event)
    const part = partEvents.get(type)
    if (part !== undefined) return this.#readPart(event, part)
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        return this.#start(isObject(response) ? response : {})
      case 'response.output_item.added':
      case 'response.output_item.done':
        if (isObject(event['item'])) this.#readItem(event, event['item'], type.endsWith('done'))
        return undefined
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        return this.#close({
          status: type.slice('response.'.length),
          ...(isObject(response) ? response : {}),
        })
      // Parts are opened by their first text and closed by the next one; everything else shows progress only.
      default:
        return undefined
    }
  }

  #start(response: JsonObject): void {
    if (this.#hasStarted) return
    this.#hasStarted = true
    this.#events.push({ kind: 'start', upstreamId: readString(response['id']) })
  }

  #readPart(event: JsonObject, { kind, isWhole }: { kind: DecodedPart; isWhole: boolean }): void {
    this.#start({})
    const item = this.#items.get(keyOf(event)) ?? this.#withId(event['item_id'])
    if (item === undefined) return
    const index = readWhole(event['summary_index']) ?? readWhole(event['content_index']) ?? 0
    const text = readString(
      isWhole ? (event['text'] ?? event['refusal'] ?? event['arguments'] ?? event['input']) : event['delta'],
    )
    if (text !== undefined) item.tell({ kind, index }, text, isWhole)
  }

  #readItem(event: JsonObject, item: JsonObject, isDone: boolean): void {
    this.#start({})
    const key = keyOf({ ...event, item_id: item['id'] })
    const known = this.#items.get(key) ?? this.#newItem(key, item)
    if (isDone) known?.end(item)
  }

  #newItem(key: string, item: JsonObject): DecodedItem | undefined {
    if (this.#items.size >= itemsMax) return undefined
    const decoded = new DecodedItem(item, {
      origin: this.#origin,
      emit: (event) => this.#emit(event),
      nextIndex: () => this.#blocks,
      distinctCallId: (id) => this.#distinctCallId(id),
    })
    this.#items.set(key, decoded)
    const id = readString(item['id'])
    if (id !== undefined && id !== '') this.#itemsById.set(id, decoded)
    return decoded
  }

  #withId(id: unknown): DecodedItem | undefined {
    return this.#itemsById.get(readString(id) ?? '')
  }

  #emit(event: AnswerEvent): void {
    if (event.kind === 'block_start') {
      this.#blocks += 1
      if (event.block.kind === 'tool_call') this.#hasToolCall = true
      if (event.block.kind === 'refusal') this.#hasRefusal = true
    }
    this.#events.push(event)
  }

  #distinctCallId(id: string): string {
    let distinct = id === '' ? `call_${this.#callIds.size}` : id
    while (this.#callIds.has(distinct)) distinct = `${distinct}_${this.#callIds.size}`
    this.#callIds.add(distinct)
    return distinct
  }

  /** The closing response, which is also all that there is of an answer in one piece. */
  #close(response: JsonObject): void {
    this.#start(response)
    for (const [index, item] of objectsOf(response['output']).entries()) {
      // By id first: the places of a stream with gaps are not those of the closing list.
      const key = keyOf({ output_index: index })
      const known = this.#withId(item['id']) ?? this.#items.get(key) ?? this.#newItem(key, item)
      known?.end(item)
    }
    const usage = readResponsesUsage(response['usage'])
    if (usage !== undefined && isObject(response['usage']))
      this.#events.push({ kind: 'usage', usage, isClosing: true, stated: response['usage'] })
    if (response['status'] === 'failed' || isObject(response['error'])) return this.#fail(response)
    return this.#finish(response)
  }

  #finish(response: JsonObject | undefined): void {
    this.#start({})
    for (const item of this.#items.values()) item.end(undefined)
    this.#events.push({ kind: 'end', reason: this.#reasonOf(response ?? {}) })
    this.#isOver = true
  }

  #reasonOf({ status, incomplete_details: details }: JsonObject): EndReason {
    if (status === 'incomplete') {
      const reason = isObject(details) ? details['reason'] : undefined
      if (reason === 'content_filter') return 'content_filter'
      return reason === 'max_messages' || reason === 'steered' ? 'pause' : 'length'
    }
    if (this.#hasToolCall) return 'tool_calls'
    return this.#hasRefusal ? 'refusal' : 'stop'
  }

  #fail(said: JsonObject): void {
    const error = isObject(said['error']) ? said['error'] : said
    this.#events.push({ kind: 'error', message: readString(error['message']) })
    this.#isOver = true
  }
}

/** Items are told apart by their place in the output; by their id where an upstream leaves the place out. */
function keyOf(event: JsonObject): string {
  const index = readWhole(event['output_index'])
  return index === undefined ? `id:${readString(event['item_id']) ?? ''}` : `at:${index}`
}
