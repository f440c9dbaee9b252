// A response that was recorded as its client got it, for whoever comes back: what it is now, and what follows any event of
// it. Pure, and read only when somebody asks.

import { isObject, type JsonObject, objectOf, readJson, readString, readWhole } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import type { AskedCall } from './dialect.ts'
import { cancelledFields, errorIn, eventFrame, responsesTerminator } from './openai-responses-encoder.ts'
import { ownFieldsOf, responseObject } from './openai-responses-object.ts'
import { RelayedOutput } from './openai-responses-relayed.ts'

export type KeptAnswer = {
  /** The response before anything of it had come. */
  opening: JsonObject
  /** What its client was answered with. */
  httpStatus: number
  /** Events; else one body. */
  isStreamed: boolean
  status: 'running' | 'completed' | 'failed' | 'cancelled' | 'lost'
  /** Dollars, for an answer that does not say it itself. */
  cost: number
}

/** The response that a client is told of before its model has begun. */
export function openingResponse(
  asked: Pick<AskedCall, 'echo' | 'isBackground' | 'isStored' | 'previousResponseId'>,
  facts: { answerId: string; model: string; createdAtSeconds: number },
): JsonObject {
  const { echo = {} } = asked
  const ownFields = ownFieldsOf(asked, { ...facts, isHosted: true })
  const shown = { ...facts, echo, ownFields }
  return responseObject(shown, { status: 'queued', output: [] })
}

/** Follows what was recorded and says what the response is by then; nothing of it but its output is held. */
export class KeptResponse {
  readonly #kept: KeptAnswer
  readonly #frames = new FrameReader(Infinity)
  readonly #output = new RelayedOutput()
  readonly #decoder = new TextDecoder()
  /** Of what is no stream. */
  #text = ''
  #last: JsonObject | undefined
  #isClosed = false

  constructor(kept: KeptAnswer) {
    this.#kept = kept
  }

  push(chunk: Uint8Array): void {
    if (!this.#isEvents()) this.#text += this.#decoder.decode(chunk, { stream: true })
    else for (const { data } of this.#frames.push(chunk)) this.#follow(readJson(data ?? ''))
  }

  response(): JsonObject {
    const { opening, status } = this.#kept
    if (!this.#isEvents()) return this.#ofBody()
    if (this.#isClosed) return closedResponse(objectOf(this.#last), this.#kept)
    const begun = { ...opening, ...this.#last, output: this.#output.present }
    if (status !== 'running') return failedResponse(begun, this.#kept, undefined)
    return { ...begun, status: this.#last === undefined ? 'queued' : 'in_progress' }
  }

  /** An answer that was refused is no stream, whatever was asked for. */
  #isEvents(): boolean {
    return this.#kept.isStreamed && this.#kept.httpStatus < errorsFrom
  }

  #follow(event: unknown): void {
    if (!isObject(event) || this.#isClosed) return
    this.#output.add(event)
    if (isObject(event['response'])) this.#last = event['response']
    this.#isClosed = closingTypes.has(event['type'])
  }

  #ofBody(): JsonObject {
    const { opening, status } = this.#kept
    if (status === 'running') return { ...opening, status: 'in_progress' }
    const body = readJson(this.#text)
    const isWhole = isObject(body) && status === 'completed' && this.#kept.httpStatus < errorsFrom
    return isWhole ? body : failedResponse(opening, this.#kept, objectOf(body)['error'])
  }
}

const errorsFrom = 400
const closingTypes: ReadonlySet<unknown> = new Set([
  'response.completed',
  'response.incomplete',
  'response.failed',
])

/** With the cost on top, as every charged answer in one piece has it. */
function closedResponse(response: JsonObject, { status }: KeptAnswer): JsonObject {
  const cost = objectOf(response['usage'])['cost']
  const shown = typeof cost === 'number' ? { cost } : {}
  return { ...response, ...shown, ...(status === 'cancelled' ? cancelledFields : {}) }
}

/** Nothing of its own words is there to say how it ended. */
function failedResponse(begun: JsonObject, { status, cost }: KeptAnswer, told: unknown): JsonObject {
  if (status === 'cancelled') return { ...begun, ...cancelledFields, cost }
  const { message, type } = objectOf(told)
  const said = readString(message) ?? 'The response broke off before its end.'
  return { ...begun, status: 'failed', error: errorIn(readString(type), said), cost }
}

/** The events of a response that was refused before it had any. */
export function refusedEvents(response: JsonObject): string {
  const begun = { ...response, status: 'in_progress', error: null }
  const { code, message } = objectOf(response['error'])
  const type = code === 'rate_limit_exceeded' ? 'rate_limit_error' : 'api_error'
  const error = { message, code, param: null }
  const events = [
    { type: 'response.created', response: begun },
    { type: 'response.failed', response },
    { type: 'error', ...error, error: { ...error, type } },
  ]
  return events.map(eventFrame).join('') + responsesTerminator
}

/** Lets through what comes after one event of a stream. Its events are numbered from 0, without a gap. */
export class EventsAfter {
  readonly #startingAfter: number
  readonly #frames = new FrameReader(Infinity)
  #isPast: boolean
  /** Bytes that came, and those of them that were whole events. */
  #received = 0
  #framed = 0

  /** Without a number from its beginning. */
  constructor(startingAfter: number | undefined) {
    this.#startingAfter = startingAfter ?? -1
    this.#isPast = startingAfter === undefined
  }

  push(chunk: Uint8Array): readonly Uint8Array[] {
    if (this.#isPast) return [chunk]
    const chunkStart = this.#received
    const isBetween = chunkStart === this.#framed
    this.#received += chunk.length
    for (const { bytes, data } of this.#frames.push(chunk)) {
      this.#framed += bytes.length
      this.#isPast = isAfter(data ?? '', this.#startingAfter)
      // From here on as it comes: keep-alives must not wait for the event behind them.
      if (this.#isPast) return [bytes, chunk.subarray(this.#framed - chunkStart)]
    }
    return isBetween && isComment(chunk) ? [chunk] : []
  }
}

/** One keep-alive, whole: it goes on also while the client has all events that there are. */
function isComment(chunk: Uint8Array): boolean {
  return chunk[0] === colon && chunk.indexOf(lf) === chunk.length - 1
}

const colon = 0x3a
const lf = 0x0a

/** The terminator has no number: it follows every event. */
function isAfter(data: string, number: number): boolean {
  if (data.trim() === '[DONE]') return true
  return (readWhole(objectOf(readJson(data))['sequence_number']) ?? -1) > number
}
