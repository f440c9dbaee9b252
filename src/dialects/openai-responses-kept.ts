// A response that was recorded as its client got it, for whoever comes back: what it is now, and what follows any event of
// it. Pure, and read only when somebody asks.

import { isObject, type JsonObject, objectOf, readJson, readString, readWhole } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import type { AskedCall } from './dialect.ts'
import { errorIn } from './openai-responses-encoder.ts'
import { type KeptFacts, keptFieldsOf, responseObject } from './openai-responses-object.ts'
import { RelayedOutput } from './openai-responses-relayed.ts'

export type KeptAnswer = {
  /** The response before anything of it had come. */
  opening: JsonObject
  /** Of a stream its events; else one body. */
  bytes: Uint8Array
  /** What `bytes` would be answered with. */
  httpStatus: number
  isStreamed: boolean
  status: 'running' | 'completed' | 'failed' | 'cancelled' | 'lost'
}

/** The response that a client is told of before its model has begun. */
export function openingResponse(
  asked: AskedCall,
  facts: KeptFacts & { createdAtSeconds: number },
): JsonObject {
  const { createdAtSeconds, answerId } = facts
  const { model, echo = {} } = asked
  const kept = keptFieldsOf(asked, { answerId })
  const shown = { answerId, model, createdAtSeconds, echo, kept }
  return responseObject(shown, { status: 'queued', output: [] })
}

/** The response as it stands. */
export function keptResponse(kept: KeptAnswer): JsonObject {
  if (kept.httpStatus >= errorsFrom) return failedResponse(kept)
  return kept.isStreamed ? responseOfEvents(kept) : responseOfBody(kept)
}

const errorsFrom = 400
const decoder = new TextDecoder()
const closingTypes: ReadonlySet<unknown> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
])

function responseOfBody(kept: KeptAnswer): JsonObject {
  const { opening, bytes, status } = kept
  if (status === 'running') return { ...opening, status: 'in_progress' }
  const body = readJson(decoder.decode(bytes))
  return isObject(body) && status === 'completed' ? body : failedResponse(kept)
}

function responseOfEvents(kept: KeptAnswer): JsonObject {
  const output = new RelayedOutput()
  let last: JsonObject | undefined
  for (const { data } of new FrameReader().push(kept.bytes)) {
    const event = readJson(data ?? '')
    if (!isObject(event)) continue
    output.add(event)
    if (isObject(event['response'])) last = event['response']
    if (closingTypes.has(event['type'])) return closedResponse(objectOf(last), kept)
  }
  const begun = { ...kept.opening, ...last, output: output.present }
  return kept.status === 'running'
    ? { ...begun, status: last === undefined ? 'queued' : 'in_progress' }
    : failedResponse({ ...kept, opening: begun })
}

/** With the cost on top, as every charged answer in one piece has it. */
function closedResponse(response: JsonObject, { status }: KeptAnswer): JsonObject {
  const cost = objectOf(response['usage'])['cost']
  const shown = typeof cost === 'number' ? { cost } : {}
  return { ...response, ...shown, ...(status === 'cancelled' ? cancelled : {}) }
}

const cancelled = { status: 'cancelled', incomplete_details: null, error: null }

/** Nothing of its own words is there to say how it ended. */
function failedResponse({ opening, bytes, httpStatus, status }: KeptAnswer): JsonObject {
  if (status === 'cancelled') return { ...opening, ...cancelled }
  const error = httpStatus >= errorsFrom ? objectOf(objectOf(readJson(decoder.decode(bytes)))['error']) : {}
  const message = readString(error['message']) ?? 'The response broke off before its end.'
  return { ...opening, status: 'failed', error: errorIn(readString(error['type']), message) }
}

/** Lets through what comes after one event of a stream. Its events are numbered from 0, without a gap. */
export class EventsAfter {
  readonly #startingAfter: number
  readonly #frames = new FrameReader()
  #isPast: boolean

  constructor(startingAfter: number | undefined) {
    this.#startingAfter = startingAfter ?? -1
    this.#isPast = startingAfter === undefined
  }

  push(chunk: Uint8Array): readonly Uint8Array[] {
    return this.#frames.push(chunk).flatMap(({ bytes, data }) => {
      this.#isPast ||= isAfter(data ?? '', this.#startingAfter)
      return this.#isPast ? [bytes] : []
    })
  }
}

/** The terminator has no number: it follows every event. */
function isAfter(data: string, number: number): boolean {
  if (data.trim() === '[DONE]') return true
  return (readWhole(objectOf(readJson(data))['sequence_number']) ?? -1) > number
}
