// Sees every frame of a messages answer on its way to a client of the same dialect: knows at any moment what was used, and
// says which frames must change. Frames in which nothing changes are passed as the bytes that came.

import type { Refusal } from '#core/errors.ts'
import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'
import { sseEvent } from '#sse/write.ts'
import { messagesErrorFrame } from './anthropic-messages-errors.ts'
import {
  laterUsage,
  messagesUsageOf,
  readMessagesUsage,
  wholeMessagesUsageOf,
} from './anthropic-messages-usage.ts'
import type { AnswerMeter, Seen, ShownCost } from './answer-meter.ts'
import type { SameDialectOptions } from './dialect.ts'
import { MeteredAnswer } from './metered-answer.ts'
import { costField, usageWithCost } from './openai-cost.ts'
import { dropped, type FrameFacts, passed, replaced } from './seen.ts'
import { isErrorChunk } from './upstream-error.ts'
import { readUpstreamJson } from './upstream-json.ts'

const encoder = new TextEncoder()

export class MessagesMeter extends MeteredAnswer implements AnswerMeter {
  readonly #options: SameDialectOptions
  /** The provider's own figures: those of the start, overwritten by what came later. */
  #stated: JsonObject = {}
  #message: JsonObject | undefined
  readonly #openBlocks = new Set<number>()
  /** The delta that ends the message waits for the terminator: it may be repeated, and it comes once, with its cost. */
  #ending: JsonObject | undefined
  #isDone = false
  /** The terminator as the upstream wrote it. */
  #stop: { frame: Frame; event: JsonObject } | undefined

  constructor(options: SameDialectOptions) {
    super(options)
    this.#options = options
  }

  get upstreamId(): string | undefined {
    return readString(this.#message?.['id'])
  }

  see(frame: Frame): Seen {
    const data = frame.data?.trim() ?? ''
    // Comments are ours to write, and some upstreams wrap one as data. After the terminator nothing belongs to the answer.
    if (data === '' || data.startsWith(':') || data === '[DONE]' || this.#isDone) return dropped({})
    const event = readUpstreamJson(data)
    if (!isObject(event) || isErrorChunk(event) || frame.event === 'error') return dropped({ isError: true })
    const type = readString(event['type']) ?? frame.event ?? ''
    return this.#seeEvent(frame, { ...event, type }, type)
  }

  seeBody(body: JsonObject): boolean {
    const content: unknown = body['content']
    if (isErrorChunk(body) || !Array.isArray(content)) return false
    for (const block of content) this.#deliver(textsOfBlock(block))
    this.#message = body
    this.#state(body['usage'], true)
    this.meter.end()
    return true
  }

  wholeBody(body: JsonObject, shown: ShownCost): JsonObject {
    const stated: unknown = body['usage']
    const usage = isObject(stated) ? stated : wholeMessagesUsageOf(shown.metered.usage)
    return {
      ...body,
      ...this.#named(),
      usage: usageWithCost(usage, shown),
      ...costField(shown),
    }
  }

  closingBytes(): Uint8Array {
    const ending = this.#closing()
    const { frame, event = {} } = this.#stop ?? {}
    if (ending === '' && frame?.event === 'message_stop') return frame.bytes
    return encoder.encode(ending + frameOf('message_stop', event))
  }

  lengthEndingBytes(): Uint8Array {
    const start = this.#message === undefined ? this.#startOfNothing() : ''
    const stops = [...this.#openBlocks].map((index) => frameOf('content_block_stop', { index }))
    this.#ending ??= { type: 'message_delta', delta: { ...endOfNothing, stop_reason: 'max_tokens' } }
    return encoder.encode(start + stops.join('') + this.#endingFrame() + frameOf('message_stop', {}))
  }

  errorBytes(refusal: Refusal): Uint8Array {
    return encoder.encode(messagesErrorFrame(refusal))
  }

  #seeEvent(frame: Frame, event: JsonObject, type: string): Seen {
    switch (type) {
      case 'message_start':
        return this.#seeStart(frame, event)
      case 'content_block_start':
        this.#openBlocks.add(readWhole(event['index']) ?? 0)
        return this.#pass(frame, event, this.#deliver(textsOfBlock(event['content_block'])))
      case 'content_block_delta':
        return this.#pass(frame, event, this.#deliver(textsOfDelta(event['delta'])))
      case 'content_block_stop':
        this.#openBlocks.delete(readWhole(event['index']) ?? 0)
        return this.#pass(frame, event, {})
      case 'message_delta':
        return this.#seeMessageDelta(frame, event)
      case 'message_stop':
        return this.#seeStop({ frame, event })
      default:
        // A ping, or what a later version adds: the client speaks that version.
        return this.#pass(frame, event, {})
    }
  }

  #seeStart(frame: Frame, event: JsonObject): Seen {
    const message: unknown = event['message']
    // A second start makes the SDK throw.
    if (this.#message !== undefined || !isObject(message)) return dropped({})
    this.#message = message
    const facts = { isUsage: this.#state(message['usage'], false) }
    const renamed = { ...message, ...this.#named() }
    if (renamed['model'] === message['model']) return this.#pass(frame, event, facts)
    return replaced(frameOf('message_start', { ...event, message: renamed }), facts)
  }

  #seeMessageDelta(frame: Frame, event: JsonObject): Seen {
    const delta: unknown = event['delta']
    const isFinished = isObject(delta) && typeof delta['stop_reason'] === 'string'
    const isUsage = this.#state(event['usage'], isFinished)
    if (!isFinished || this.#options.costOf === undefined)
      return this.#pass(frame, event, { isUsage, isFinished })
    this.#ending = event
    return dropped({ isUsage, isFinished })
  }

  #seeStop(stop: { frame: Frame; event: JsonObject }): Seen {
    this.#isDone = true
    this.#stop = stop
    this.meter.end()
    return dropped({ isDone: true })
  }

  #closing(): string {
    this.meter.end()
    return this.#endingFrame()
  }

  /** The closing delta with its cost, once; empty where none is due. */
  #endingFrame(): string {
    const ending = this.#ending
    this.#ending = undefined
    if (ending === undefined) return ''
    const { costOf } = this.#options
    const metered = this.usage()
    const isStated = metered.source === 'final' || metered.source === 'zero'
    const stated: unknown = isStated ? ending['usage'] : undefined
    const usage = isObject(stated) ? stated : messagesUsageOf(metered.usage)
    const shown = costOf === undefined ? usage : usageWithCost(usage, { priced: costOf(metered), metered })
    return frameOf('message_delta', { ...ending, usage: shown })
  }

  /** An answer that was cut before its first event still needs a start, or its client sees nothing at all. */
  #startOfNothing(): string {
    const usage = wholeMessagesUsageOf(this.meter.runningUsage())
    const message = {
      id: 'msg_cut',
      type: 'message',
      role: 'assistant',
      model: '',
      content: [],
      ...endOfNothing,
      usage,
    }
    return frameOf('message_start', { message: { ...message, ...this.#named() } })
  }

  #named(): JsonObject {
    const { modelName } = this.#options
    return modelName === undefined ? {} : { model: modelName }
  }

  /** As it came, but never without its name: clients would drop it. */
  #pass(frame: Frame, event: JsonObject, facts: FrameFacts): Seen {
    const type = readString(event['type']) ?? ''
    if (frame.event === type) return passed(frame, facts)
    return replaced(frameOf(type, event), facts)
  }

  #deliver(texts: readonly string[]): FrameFacts {
    for (const text of texts) this.meter.deliver(text)
    return { hasContent: texts.length > 0 }
  }

  /** Whether these are figures that can be true. */
  #state(value: unknown, isClosing: boolean): boolean {
    if (!isObject(value)) return false
    const later = laterUsage(this.#stated, value)
    const usage = readMessagesUsage(later)
    if (usage === undefined) return false
    this.#stated = later
    this.meter.stateTier(later['speed'])
    this.meter.state(usage, isClosing)
    return true
  }
}

const endOfNothing = { stop_reason: null, stop_sequence: null, stop_details: null, container: null }

/** All that a provider bills as output and shows: text, thoughts, names and inputs of tools. */
function textsOfBlock(block: unknown): readonly string[] {
  if (!isObject(block)) return []
  const { text, thinking, name, input } = block
  const written = isObject(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : ''
  return [text, thinking, name, written].filter(isText)
}

function textsOfDelta(delta: unknown): readonly string[] {
  return isObject(delta) ? [delta['text'], delta['thinking'], delta['partial_json']].filter(isText) : []
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function frameOf(type: string, fields: JsonObject): string {
  return sseEvent({ event: type, json: JSON.stringify({ type, ...fields }) })
}
