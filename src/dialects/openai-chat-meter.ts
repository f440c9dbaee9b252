// Sees every frame of a chat answer on its way to the client: knows at any moment what was used, and says which frames
// must change. Frames in which nothing changes are passed as the bytes that came.

import type { PricedUsage } from '#calls/charge.ts'
import type { CountTokens } from '#calls/count-tokens.ts'
import type { Usage } from '#calls/usage.ts'
import { type MeteredUsage, UsageMeter } from '#calls/usage-meter.ts'
import { isObject, type JsonObject, readJson } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'
import { sseData } from '#sse/write.ts'
import { finishReasonOf, textsOf } from './openai-chat-text.ts'
import { usageWithCost } from './openai-cost.ts'
import { openAiUsageOf, readOpenAiUsage } from './openai-usage.ts'

/** What the relay does with a frame, and what the frame was. */
export type Seen = {
  action: 'pass' | 'drop' | 'replace'
  /** What goes to the client: the frame's own bytes, new ones, or none. */
  bytes: Uint8Array
  isDone: boolean
  /** The upstream's error, or a frame that cannot be read: dropped, and the relay ends the answer with an error of its own. */
  isError: boolean
  isUsage: boolean
  /** Some of the answer: text, reasoning, a tool call. */
  hasContent: boolean
  finishReason: string | undefined
}

export type ChatMeterOptions = {
  /** Our own count, for answers whose provider says nothing. */
  countTokens: CountTokens
  /** Charged for the input in that case. */
  expectedInputTokens: number
  /** The client asked for the usage chunk. */
  includeUsage: boolean
  /** Prices the usage chunk; undefined leaves the provider's own chunk as it is. */
  costOf: ((metered: MeteredUsage) => PricedUsage) | undefined
  /** The name that the client asked for, where the upstream's differs. */
  modelName: string | undefined
}

const encoder = new TextEncoder()
const noBytes = new Uint8Array(0)
/** What the usage chunk that we write takes over from the answer's other chunks. */
const sharedFields = ['id', 'object', 'created', 'model', 'system_fingerprint', 'service_tier']

export class ChatMeter {
  readonly #options: ChatMeterOptions
  readonly #meter: UsageMeter
  /** The provider's own object behind the last statement. */
  #statedUsage: JsonObject | undefined
  #lastChunk: JsonObject | undefined
  #hasFinished = false
  #isDone = false
  #isUsageShown = false

  constructor(options: ChatMeterOptions) {
    this.#options = options
    this.#meter = new UsageMeter(options.countTokens, options.expectedInputTokens)
  }

  /** UTF-8 bytes of all text in the answer so far. */
  get deliveredBytes(): number {
    return this.#meter.deliveredBytes
  }

  usage(): MeteredUsage {
    return this.#meter.usage()
  }

  /** For beats and pacing only. */
  runningUsage(): Usage {
    return this.#meter.runningUsage()
  }

  see(frame: Frame): Seen {
    const data = frame.data?.trim() ?? ''
    // Comments and empty events are ours to write: openai-python up to 2.37 fails on an event without data. Some upstreams
    // wrap a comment as data. After the terminator nothing belongs to the answer.
    if (data === '' || data.startsWith(':') || this.#isDone) return dropped({})
    if (data === '[DONE]') return this.#seeDone(frame)
    const chunk = readJson(data)
    if (
      !isObject(chunk) ||
      isObject(chunk['error']) ||
      typeof chunk['error'] === 'string' ||
      frame.event === 'error'
    )
      return dropped({ isError: true })
    const choices: unknown = chunk['choices']
    // A ping or another foreign event: clients of this dialect read `choices` of whatever comes.
    return Array.isArray(choices) ? this.#seeChunk(frame, chunk, choices) : dropped({})
  }

  /** A whole answer instead of frames. */
  seeBody(body: JsonObject): void {
    const choices: unknown = body['choices']
    if (Array.isArray(choices)) for (const text of textsOf(choices)) this.#meter.deliver(text)
    this.#readUsage(body['usage'], true)
    this.#meter.end()
  }

  /**
   * The one usage chunk of a client that asked for it, with its cost; undefined where none is due. Comes with the
   * terminator by itself; a relay that ends an answer without one asks for it.
   */
  usageFrame(): string | undefined {
    const { includeUsage, costOf, modelName } = this.#options
    if (!includeUsage || costOf === undefined || this.#isUsageShown || this.#lastChunk === undefined)
      return undefined
    this.#isUsageShown = true
    const metered = this.usage()
    const isStated = metered.source === 'final' || metered.source === 'zero'
    const usage = (isStated ? this.#statedUsage : undefined) ?? openAiUsageOf(metered.usage)
    const chunk = this.#lastChunk
    const shared = sharedFields.filter((field) => field in chunk).map((field) => [field, chunk[field]])
    return sseData(
      JSON.stringify({
        ...Object.fromEntries(shared),
        ...(modelName === undefined ? {} : { model: modelName }),
        choices: [],
        usage: usageWithCost(usage, { priced: costOf(metered), metered }),
      }),
    )
  }

  #seeDone(frame: Frame): Seen {
    this.#isDone = true
    this.#meter.end()
    const usage = this.usageFrame()
    const seen = { isDone: true, isUsage: usage !== undefined }
    return usage === undefined ? passed(frame, seen) : replaced(usage + sseData('[DONE]'), seen)
  }

  #seeChunk(frame: Frame, chunk: JsonObject, choices: readonly unknown[]): Seen {
    this.#lastChunk = chunk
    const texts = textsOf(choices)
    for (const text of texts) this.#meter.deliver(text)
    const finishReason = finishReasonOf(choices)
    if (finishReason !== undefined) this.#hasFinished = true
    const isUsage = isObject(chunk['usage'])
    this.#readUsage(chunk['usage'], choices.length === 0 || this.#hasFinished)

    const seen = { isUsage, hasContent: texts.length > 0, finishReason }
    // Held back until the end even from clients that asked: it may be repeated, and it comes once, with its cost.
    const isWithheld = isUsage && !(this.#options.includeUsage && this.#options.costOf === undefined)
    if (isWithheld && choices.length === 0) return dropped(seen)
    const changes = this.#changesOf(chunk, isWithheld)
    return changes === undefined ? passed(frame, seen) : replaced(sseData(JSON.stringify(changes)), seen)
  }

  /** The chunk that the client gets, or undefined where it is the upstream's own. */
  #changesOf(chunk: JsonObject, withoutUsage: boolean): JsonObject | undefined {
    const { modelName, includeUsage } = this.#options
    const isRenamed = modelName !== undefined && chunk['model'] !== modelName
    if (!isRenamed && !withoutUsage) return undefined
    const changed: JsonObject = { ...chunk, ...(isRenamed ? { model: modelName } : {}) }
    if (!withoutUsage) return changed
    // With the option, OpenAI's chunks before the last have a usage of null; without it, none.
    delete changed['usage']
    return includeUsage ? { ...changed, usage: null } : changed
  }

  #readUsage(value: unknown, isClosing: boolean): void {
    const usage = readOpenAiUsage(value)
    if (usage === undefined || !isObject(value)) return
    this.#meter.state(usage, isClosing)
    this.#statedUsage = value
  }
}

type Facts = Partial<Omit<Seen, 'action' | 'bytes'>>

const noFacts = { isDone: false, isError: false, isUsage: false, hasContent: false, finishReason: undefined }

function passed(frame: Frame, facts: Facts): Seen {
  return { action: 'pass', bytes: frame.bytes, ...noFacts, ...facts }
}

function dropped(facts: Facts): Seen {
  return { action: 'drop', bytes: noBytes, ...noFacts, ...facts }
}

function replaced(text: string, facts: Facts): Seen {
  return { action: 'replace', bytes: encoder.encode(text), ...noFacts, ...facts }
}
