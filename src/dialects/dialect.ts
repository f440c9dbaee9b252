// What the gateway needs of a public wire format, whichever it is: to read a request, to write one for an upstream, and to
// follow an answer between two of them.

import type { PricedUsage } from '#calls/charge.ts'
import type { CountTokens } from '#calls/count-tokens.ts'
import type { AnswerEvent, ContentEvent, EndReason } from '#calls/answer-events.ts'
import type { WholeAnswer } from '#calls/answer-blocks.ts'
import type { DialectId, NeutralCall } from '#calls/neutral-call.ts'
import type { Usage } from '#calls/usage.ts'
import type { MeteredUsage } from '#calls/usage-meter.ts'
import type { Refusal } from '#core/errors.ts'
import type { JsonObject } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'
import type { AnswerMeter, ShownCost } from './answer-meter.ts'

/** What clients may write to: the dialects of chat, in which any chat model can be reached, and the formats of other work. */
export type FormatId = DialectId | 'completions' | 'embeddings' | 'moderations'

/** A request as far as we bill and route on it. All of it but `text` and `body` is kept for as long as the call runs. */
export type AskedCall = {
  dialect: FormatId
  model: string
  isStreamed: boolean
  /** Chat completions: the client's explicit choice. The other dialects always state usage. */
  includeUsage: boolean | undefined
  outputTokensMax: number | undefined
  /** How many answers are asked for. */
  choices: number
  endUser: string | undefined
  /** The bytes that bound the tokens of all decoded text of messages and tools, without pictures (calls/bound-bytes.ts). */
  textBytes: number
  messages: number
  tools: number
  images: number
  /** What the client asks for by name; absent where it says nothing. */
  serviceTier?: string
  /** Tokens that the client has cut itself, beside its text; none where absent. */
  givenTokens?: number
  /** The request as its client wrote it, and parsed. */
  text: string
  body: JsonObject
  /** Runs on without its client, who comes back for the answer (responses only). */
  isBackground?: boolean
  /** Its answer is to be had again later (responses only). */
  isStored?: boolean
  /** A background call whose client wants no stream: it is told of the call at once, and no more (responses only). */
  isAcknowledged?: boolean
  /** The kept answer that this request goes on from; its items are part of the input already (responses only). */
  previousResponseId?: string
  /** The fields of the request that the answer repeats (responses only); small. */
  echo?: JsonObject
}

export type UpstreamTarget = {
  upstreamModel: string
  /** The provider whose credential is used: reasoning state of any other origin stays here. */
  origin: string
  /** The name of the output limit in chat completions; the other dialects have one name. */
  outputParameter: 'max_tokens' | 'max_completion_tokens'
  /** The limit that is covered, where it is not the client's own. */
  outputTokensMax: number | undefined
  /** What the upstream's model takes: parameters as it announces them, and the facts of catalog/model.ts. */
  supportedParameters: readonly string[]
  /** How the model is told how much to think (catalog/model.ts). */
  reasoning?: 'none' | 'effort' | 'budget' | 'adaptive'
  acceptsStreamOptions: boolean
}

/** A body for an upstream, and the names of what could not be carried there. */
export type WrittenCall = { ok: true; body: JsonObject; dropped: readonly string[] } | Refusal

/** What an answer says of itself. */
export type AnswerFacts = {
  /** The answer's id: the provider's own, or ours where it says none. */
  answerId: string
  /** The name that the client asked for. */
  model: string
  createdAtSeconds: number
  /** Shown where a dialect states input before any is known. */
  expectedInputTokens: number
  /** Of chat completions: whether the client asked for the usage chunk. */
  includeUsage: boolean
  /** The provider that the upstream's reasoning state belongs to. */
  origin: string
  echo: JsonObject
  /** What it says of where it came from and whether it is kept (responses only). */
  ownFields?: JsonObject | undefined
}

/** Reads one answer of an upstream: frames in their order, or one body. Events hold to calls/answer-grammar.ts. */
export type AnswerDecoder = {
  frame(frame: Frame): DecodedFrame
  /** The events of a whole answer; an answer that cannot be read is one `error`. */
  body(body: JsonObject): readonly AnswerEvent[]
  /** The upstream stopped sending: what its answer still owes, if it was complete. */
  end(): readonly AnswerEvent[]
}
export type DecodedFrame = {
  events: readonly AnswerEvent[]
  /** The dialect's terminator: nothing of the answer follows. */
  isDone: boolean
}

export type AnswerEnd = { reason: EndReason; stopSequence?: string }

/**
 * Writes one answer for a client; the texts are SSE frames with their blank lines, or empty. Given events are sequential
 * (calls/sequential-blocks.ts) and begin with `start`. Nothing may be written after `close` or `fail`.
 */
export type AnswerEncoder = {
  write(event: ContentEvent): string
  /** Ends blocks that are open, then reason, usage with cost, terminator. `cost` undefined: the usage without one. */
  close(end: AnswerEnd, shown: ShownCost): string
  /** The error frame that every client of the dialect raises for, after whatever was written; the cost where it has a place. */
  fail(refusal: Refusal, shown?: ShownCost): string
  /** The same answer in one piece. */
  whole(answer: WholeAnswer, shown: ShownCost): JsonObject
}

export type ErrorAnswer = { status: number; headers: { [name: string]: string }; body: object }

export type SameDialectOptions = {
  /** Our own count, for answers whose provider says nothing. */
  countTokens: CountTokens
  /** Charged for the input in that case. */
  expectedInputTokens: number
  /** The client asked for the usage chunk (chat completions). */
  includeUsage: boolean
  /** Prices the final usage; undefined leaves the provider's own as it is. */
  costOf: ((metered: MeteredUsage) => PricedUsage) | undefined
  /** The name that the client asked for, where the upstream's differs. */
  modelName: string | undefined
  /** The fields of the answer's object that are ours to say (responses only). */
  ownFields?: JsonObject | undefined
}

/** A format as clients and upstreams of the same one meet in it. */
export type WireFormat = {
  id: FormatId
  /** Our route, and the path behind an upstream's base URL. */
  route: `/v1/${string}`
  upstreamPath: `/${string}`
  read: (bytes: Uint8Array) => { ok: true; call: AskedCall } | Refusal
  error: (refusal: Refusal, requestId: string) => ErrorAnswer
  /** What `forward` leaves out of a request, by name, or why it cannot be sent on; absent where nothing is ever left out. */
  leftOut?: (call: AskedCall) => { ok: true; dropped: readonly string[] } | Refusal
  /** The client's own body with what must change: the model's name, the output limit, the usage asked for. */
  forward: (call: AskedCall, target: UpstreamTarget) => string
  /** What an answer says of where it came from and whether it is kept. */
  ownFields?: (
    asked: Omit<AskedCall, 'text' | 'body'>,
    facts: { answerId: string; isHosted: boolean },
  ) => JsonObject | undefined
  /** Absent where answers are passed on unparsed. */
  sameDialectMeter?: (options: SameDialectOptions) => AnswerMeter
  passed?: PassedFormat
}

/** Of answers in one piece that pass unparsed, because they may be larger than an isolate's memory: what is read and written there. */
export type PassedFormat = {
  /** The field without which it is no answer. */
  content: string
  /** Undefined where the provider states none, or none that can be true. */
  readUsage: (value: unknown) => Usage | undefined
  /** The usage object where the provider states none. */
  usageOf: (usage: Usage) => JsonObject
}

/** A format as the client's side of a translation. */
export type ClientSide = {
  toNeutral: (call: AskedCall) => { ok: true; call: NeutralCall } | Refusal
  encoder: (facts: AnswerFacts) => AnswerEncoder
}

/** A dialect as the upstream's side of a translation. */
export type UpstreamTranslation = {
  /** Without the output limit: that is put in last, when it is known what is covered. */
  fromNeutral: (call: NeutralCall, target: UpstreamTarget) => WrittenCall
  /** A written body under the limit that is covered, where more than its limit depends on that. */
  limited?: (body: JsonObject, outputTokens: number) => JsonObject
  decoder: (origin: string) => AnswerDecoder
}

/** What a client speaks. Without its side of a translation it reaches those upstreams alone that speak it too. */
export type ClientFormat = WireFormat & Partial<ClientSide>

export type Dialect = WireFormat &
  Required<Pick<WireFormat, 'sameDialectMeter'>> &
  ClientSide &
  UpstreamTranslation & { id: DialectId }
