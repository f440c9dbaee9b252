// Sees every event of a responses answer on its way from an upstream of this dialect to a client of it. Events in which
// nothing changes are passed as the bytes that came; the closing response gets its cost and the terminator.

import type { Refusal } from '#core/errors.ts'
import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'
import type { AnswerMeter, Seen, ShownCost } from './answer-meter.ts'
import type { SameDialectOptions } from './dialect.ts'
import { MeteredAnswer } from './metered-answer.ts'
import { eventFrame, failureFrames, responsesTerminator } from './openai-responses-encoder.ts'
import { RelayedOutput, textsOfItem } from './openai-responses-relayed.ts'
import { objectsOf } from './openai-responses-tools.ts'
import {
  costOfFailed,
  readResponsesUsage,
  shownResponsesUsage,
  withResponsesCost,
} from './openai-responses-usage.ts'
import { dropped, passed, replaced } from './seen.ts'
import { readUpstreamJson } from './upstream-json.ts'

const encoder = new TextEncoder()
const noBytes = new Uint8Array(0)
const closingTypes: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete'])

export class ResponsesMeter extends MeteredAnswer implements AnswerMeter {
  readonly #options: SameDialectOptions
  readonly #output = new RelayedOutput()
  /** The last response object that the upstream sent: at first an empty one, in the end the whole. */
  #response: JsonObject = {}
  #nextSequence = 0
  #isDone = false
  /** The closing response waits for its cost. */
  #closing: { event: JsonObject; frame: Frame } | undefined

  constructor(options: SameDialectOptions) {
    super(options)
    this.#options = options
  }

  get upstreamId(): string | undefined {
    return readString(this.#response['id'])
  }

  see(frame: Frame): Seen {
    const data = frame.data?.trim() ?? ''
    // Comments and empty events are ours to write, and so is the terminator behind the closing response.
    if (data === '' || data.startsWith(':') || data === '[DONE]' || this.#isDone) return dropped({})
    const event = readUpstreamJson(data)
    if (!isObject(event) || isErrorEvent(event) || frame.event === 'error') return this.#seeError(event)
    const type = readString(event['type']) ?? ''
    // A ping of another dialect: OpenAI's own client stops at a type that it does not know.
    if (type !== 'keepalive' && !type.startsWith('response.')) return dropped({})
    this.#nextSequence = (readWhole(event['sequence_number']) ?? this.#nextSequence) + 1
    if (closingTypes.has(type)) return this.#seeClosing(event, frame)
    const texts = this.#output.add(event)
    for (const text of texts) this.meter.deliver(text)
    if (isObject(event['response'])) this.#response = event['response']
    const seen = { hasContent: texts.length > 0 }
    const changed = this.#ours(event)
    if (changed === undefined && frame.event === type) return passed(frame, seen)
    return replaced(eventFrame(changed ?? event, this.#nextSequence - 1), seen)
  }

  seeBody(body: JsonObject): boolean {
    if (isObject(body['error']) || body['status'] === 'failed' || !Array.isArray(body['output'])) return false
    this.#response = body
    for (const item of objectsOf(body['output']))
      for (const text of textsOfItem(item)) this.meter.deliver(text)
    this.#readUsage(body)
    this.meter.end()
    return true
  }

  wholeBody(body: JsonObject, shown: ShownCost): JsonObject {
    return { ...withResponsesCost(body, shown, this.#options.modelName), ...this.#options.ownFields }
  }

  /** An upstream that closes without its closing response has not ended its answer; this is for clients that were owed one. */
  closingBytes(): Uint8Array {
    return this.#isDone ? this.#closingAsSent() : this.#ending('completed')
  }

  lengthEndingBytes(): Uint8Array {
    return this.#isDone ? this.#closingAsSent() : this.#ending('incomplete')
  }

  errorBytes(refusal: Refusal, shown?: ShownCost): Uint8Array {
    // Told by no event: it stands in the last response, with as much as had come of it.
    this.#output.finish()
    const failed = (error: JsonObject) =>
      this.#responseWith({ status: 'failed', error, ...costOfFailed(shown) })
    return encoder.encode(failureFrames(refusal, this.#nextSequence, failed).frames)
  }

  #ending(status: 'completed' | 'incomplete'): Uint8Array {
    this.#isDone = true
    this.meter.end()
    const reason = status === 'completed' ? null : { reason: 'max_output_tokens' }
    const events = [...this.#output.finish()]
    const response = this.#responseWith({ status, incomplete_details: reason, ...this.#usageField({}) })
    events.push({ type: `response.${status}`, response })
    const frames = events.map((event, at) => eventFrame(event, this.#nextSequence + at))
    return encoder.encode(frames.join('') + responsesTerminator)
  }

  #responseWith(fields: JsonObject): JsonObject {
    const { modelName, ownFields } = this.#options
    const model = modelName === undefined ? {} : { model: modelName }
    return { ...this.#response, ...model, ...ownFields, output: this.#output.output, ...fields }
  }

  #seeClosing(event: JsonObject, frame: Frame): Seen {
    this.#isDone = true
    this.#closing = { event, frame }
    this.#response = isObject(event['response']) ? event['response'] : {}
    const isUsage = this.#readUsage(this.#response)
    this.meter.end()
    return dropped({ isUsage, isDone: true, isFinished: true })
  }

  /** The closing response of the upstream, once, with its cost. */
  #closingAsSent(): Uint8Array {
    if (this.#closing === undefined) return noBytes
    const { event, frame } = this.#closing
    this.#closing = undefined
    const response = this.#response
    const usage = this.#usageField(response)
    const ours = this.#ours(event)
    if (ours === undefined && !('usage' in usage) && frame.event === event['type'])
      return withTerminator(frame.bytes)
    const shown = isObject(ours?.['response']) ? ours['response'] : response
    const changed = { ...event, response: { ...shown, ...usage } }
    return encoder.encode(eventFrame(changed, this.#nextSequence - 1) + responsesTerminator)
  }

  /** What was used until then is charged, so it is read before the answer ends in our own words. */
  #seeError(event: unknown): Seen {
    const response: unknown = isObject(event) ? event['response'] : undefined
    const isUsage = isObject(response) && this.#readUsage(response)
    return dropped({ isError: true, isUsage })
  }

  /** Empty where the provider's own usage stays. */
  #usageField(response: JsonObject): { usage?: JsonObject } {
    const { costOf } = this.#options
    if (costOf === undefined) return {}
    const metered = this.usage()
    const isStated = metered.source === 'final' || metered.source === 'zero'
    const stated = isStated ? response['usage'] : undefined
    return { usage: shownResponsesUsage(stated, { priced: costOf(metered), metered }) }
  }

  /** The event with the client's name of the model and what is ours to say, or undefined where it may pass. */
  #ours(event: JsonObject): JsonObject | undefined {
    const { modelName, ownFields } = this.#options
    const { response } = event
    if (!isObject(response)) return undefined
    const isNamed = modelName === undefined || response['model'] === modelName
    if (isNamed && ownFields === undefined) return undefined
    return { ...event, response: { ...response, ...(isNamed ? {} : { model: modelName }), ...ownFields } }
  }

  /** Whether these are figures that can be true. */
  #readUsage(response: JsonObject): boolean {
    const usage = readResponsesUsage(response['usage'])
    this.meter.stateTier(response['service_tier'])
    if (usage !== undefined) this.meter.state(usage, true)
    return usage !== undefined
  }
}

function isErrorEvent(event: JsonObject): boolean {
  return event['type'] === 'error' || event['type'] === 'response.failed' || isObject(event['error'])
}

function withTerminator(bytes: Uint8Array): Uint8Array {
  const terminator = encoder.encode(responsesTerminator)
  const both = new Uint8Array(bytes.length + terminator.length)
  both.set(bytes)
  both.set(terminator, bytes.length)
  return both
}
