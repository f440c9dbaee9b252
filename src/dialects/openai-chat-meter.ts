// Sees every frame of a chat answer on its way to the client: knows at any moment what was used, and says which frames
// must change. Frames in which nothing changes are passed as the bytes that came.

import type { Refusal } from '#core/errors.ts'
import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'
import { sseData } from '#sse/write.ts'
import type { AnswerMeter, Seen, ShownCost } from './answer-meter.ts'
import type { SameDialectOptions } from './dialect.ts'
import { MeteredAnswer } from './metered-answer.ts'
import { finishReasonOf, textsOf } from './openai-chat-text.ts'
import { usageWithCost, withCost } from './openai-cost.ts'
import { openAiErrorFrame } from './openai-errors.ts'
import { openAiUsageOf, readOpenAiUsage } from './openai-usage.ts'
import { dropped, passed, replaced } from './seen.ts'
import { isErrorChunk } from './upstream-error.ts'
import { readUpstreamJson } from './upstream-json.ts'

const encoder = new TextEncoder()
/** What the usage chunk that we write takes over from the answer's other chunks. */
const sharedFields = ['id', 'object', 'created', 'model', 'system_fingerprint', 'service_tier']

/** What differs in the choices of formats that otherwise answer alike. */
export type ChoiceShape = {
  textsOf: (choices: readonly unknown[]) => readonly string[]
  /** A chunk's choice that ends an answer for its length. */
  ended: (index: number) => JsonObject
}

const chatShape: ChoiceShape = {
  textsOf,
  ended: (index) => ({ index, delta: {}, finish_reason: 'length' }),
}

export class ChatMeter extends MeteredAnswer implements AnswerMeter {
  readonly #options: SameDialectOptions
  readonly #shape: ChoiceShape
  /** The provider's own object behind the last statement. */
  #statedUsage: JsonObject | undefined
  #lastChunk: JsonObject | undefined
  #hasFinished = false
  /** The answers (by `index`) that have begun and not finished. */
  readonly #openChoices = new Set<number>()
  #isDone = false
  /** As the upstream wrote it. */
  #terminator: Uint8Array | undefined
  #isUsageShown = false

  constructor(options: SameDialectOptions, shape = chatShape) {
    super(options)
    this.#options = options
    this.#shape = shape
  }

  /** The provider's id of the answer. */
  get upstreamId(): string | undefined {
    return readString(this.#lastChunk?.['id'])
  }

  see(frame: Frame): Seen {
    const data = frame.data?.trim() ?? ''
    // Comments and empty events are ours to write: openai-python up to 2.37 fails on an event without data. Some upstreams
    // wrap a comment as data. After the terminator nothing belongs to the answer.
    if (data === '' || data.startsWith(':') || this.#isDone) return dropped({})
    if (data === '[DONE]') return this.#seeDone(frame)
    const chunk = readUpstreamJson(data)
    if (!isObject(chunk) || isErrorChunk(chunk) || frame.event === 'error') return dropped({ isError: true })
    const choices: unknown = chunk['choices']
    // A ping or another foreign event: clients of this dialect read `choices` of whatever comes.
    return Array.isArray(choices) ? this.#seeChunk(frame, chunk, choices) : dropped({})
  }

  /** A whole answer instead of frames. */
  seeBody(body: JsonObject): boolean {
    if (isErrorChunk(body)) return false
    const choices: unknown = body['choices']
    if (Array.isArray(choices)) for (const text of this.#shape.textsOf(choices)) this.meter.deliver(text)
    this.#lastChunk = body
    this.meter.stateTier(body['service_tier'])
    this.#readUsage(body['usage'], true)
    this.meter.end()
    return true
  }

  wholeBody(body: JsonObject, shown: ShownCost): JsonObject {
    return withCost(body, shown, this.#options.modelName)
  }

  errorBytes(refusal: Refusal): Uint8Array {
    return encoder.encode(openAiErrorFrame(refusal))
  }

  closingBytes(): Uint8Array {
    this.meter.end()
    // Without a cost the answer stays as it came, whether or not it stated usage.
    const isOwn = this.#options.costOf === undefined && this.#terminator !== undefined
    const usage = isOwn ? undefined : this.usageFrame()
    if (usage === undefined && this.#terminator !== undefined) return this.#terminator
    return encoder.encode((usage ?? '') + sseData('[DONE]'))
  }

  /** The polite end of an answer that we cut: every open choice ends with "length", then usage and terminator. */
  lengthEndingBytes(): Uint8Array {
    const open = this.#openChoices.size === 0 && !this.#hasFinished ? [0] : [...this.#openChoices]
    const choices = open.map((index) => this.#shape.ended(index))
    const ending = choices.length === 0 ? '' : sseData(JSON.stringify({ ...this.#sharedChunk(), choices }))
    return encoder.encode(ending + (this.usageFrame() ?? '') + sseData('[DONE]'))
  }

  /** The one usage chunk of a client that asked for it, with its cost; undefined where none is due. */
  usageFrame(): string | undefined {
    const { includeUsage, costOf } = this.#options
    if (!includeUsage || this.#isUsageShown) return undefined
    this.#isUsageShown = true
    const metered = this.usage()
    const isStated = metered.source === 'final' || metered.source === 'zero'
    const stated = (isStated ? this.#statedUsage : undefined) ?? openAiUsageOf(metered.usage)
    const usage = usageWithCost(stated, { priced: costOf?.(metered), metered })
    return sseData(JSON.stringify({ ...this.#sharedChunk(), choices: [], usage }))
  }

  #sharedChunk(): JsonObject {
    const chunk = this.#lastChunk ?? {}
    const { modelName } = this.#options
    const shared = sharedFields.filter((field) => field in chunk).map((field) => [field, chunk[field]])
    return { ...Object.fromEntries(shared), ...(modelName === undefined ? {} : { model: modelName }) }
  }

  #seeDone(frame: Frame): Seen {
    this.#isDone = true
    this.#terminator = frame.bytes
    this.meter.end()
    return dropped({ isDone: true })
  }

  #seeChunk(frame: Frame, chunk: JsonObject, choices: readonly unknown[]): Seen {
    this.#lastChunk = chunk
    this.meter.stateTier(chunk['service_tier'])
    const texts = this.#shape.textsOf(choices)
    for (const text of texts) this.meter.deliver(text)
    const finishReason = finishReasonOf(choices)
    if (finishReason !== undefined) this.#hasFinished = true
    this.#followChoices(choices)
    const isUsage = this.#readUsage(chunk['usage'], choices.length === 0 || this.#hasFinished)

    const seen = { isUsage, hasContent: texts.length > 0, isFinished: finishReason !== undefined }
    // Held back until the end even from clients that asked: it may be repeated, and it comes once, with its cost.
    const { includeUsage, costOf } = this.#options
    const isPassedOn = includeUsage && costOf === undefined
    if (isUsage && isPassedOn) this.#isUsageShown = true
    const isWithheld = isObject(chunk['usage']) && !isPassedOn
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

  #followChoices(choices: readonly unknown[]): void {
    for (const choice of choices) {
      const index = isObject(choice) ? readWhole(choice['index']) : undefined
      if (index === undefined) continue
      if (finishReasonOf([choice]) === undefined) this.#openChoices.add(index)
      else this.#openChoices.delete(index)
    }
  }

  /** Whether these are figures that can be true. */
  #readUsage(value: unknown, isClosing: boolean): boolean {
    const usage = readOpenAiUsage(value)
    if (usage === undefined || !isObject(value)) return false
    this.meter.state(usage, isClosing)
    this.#statedUsage = value
    return true
  }
}
