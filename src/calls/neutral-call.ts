// A call in no vendor's words: what a dialect reads its request into and writes another dialect's request from. Only calls
// whose client and upstream speak different dialects take this form; where both speak the same, the bytes go as they came.

import type { JsonObject } from '#core/readers.ts'

export type DialectId = 'chat' | 'responses' | 'messages'

/** What only its own dialect understands, kept for the case that the upstream speaks it too. */
export type Foreign = { dialect: DialectId; fields: JsonObject }

type Carries = { foreign?: Foreign }

/** Bytes from outside: an address, the bytes themselves, or a name in one provider's own store. */
export type Media =
  | { kind: 'url'; url: string }
  | { kind: 'base64'; mediaType: string; data: string }
  | { kind: 'stored'; id: string }

/**
 * What a model must see again to go on thinking, readable by its origin alone: Anthropic's signature, OpenAI's encrypted
 * content with the id that it is bound to, Gemini's thought signature. `origin` is the provider whose credential made it.
 */
export type ReasoningState = { origin: string; value: string; id?: string }

export type TextBlock = Carries & { kind: 'text'; text: string }
export type ReasoningBlock = Carries & {
  kind: 'reasoning'
  text: string
  /** A summary of the thoughts and not the thoughts themselves. */
  isSummary: boolean
  /** Nothing of it may be shown: `state` is all there is. */
  isRedacted?: true
  state?: ReasoningState
}
export type ToolCallBlock = Carries & {
  kind: 'tool_call'
  id: string
  name: string
  namespace?: string
  /** JSON text as the model wrote it, `{}` where it wrote nothing; of a freeform tool any text. */
  input: string
  isFreeform: boolean
  state?: ReasoningState
}
export type ToolResultBlock = Carries & {
  kind: 'tool_result'
  callId: string
  parts: readonly ContentBlock[]
  isError: boolean
  isFreeform: boolean
}
export type ImageBlock = Carries & { kind: 'image'; media: Media; detail?: string }
export type FileBlock = Carries & { kind: 'file'; media: Media; name?: string }
export type AudioBlock = Carries & { kind: 'audio'; data: string; format: string }
export type RefusalBlock = Carries & { kind: 'refusal'; text: string }
/** A block that its dialect knows and we do not. */
export type UnknownBlock = { kind: 'unknown'; type: string; foreign: Foreign }

/** What a message or a tool's result may consist of. */
export type ContentBlock = TextBlock | ImageBlock | FileBlock | AudioBlock | RefusalBlock | UnknownBlock
export type Block = ContentBlock | ReasoningBlock | ToolCallBlock | ToolResultBlock

/**
 * One turn, in the order of the conversation. `tool` items hold nothing but results, and results stand nowhere else:
 * dialects that put them into a user's message take them out and merge them in again.
 */
export type Item = Carries & {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  blocks: readonly Block[]
}

export type Tool =
  | (Carries & {
      kind: 'function'
      name: string
      namespace?: string
      description?: string
      /** JSON Schema of the arguments. */
      schema?: JsonObject
      isStrict?: boolean
    })
  | (Carries & {
      kind: 'freeform'
      name: string
      namespace?: string
      description?: string
      format?: JsonObject
    })
  /** Run by the provider: it means nothing to any other one. */
  | { kind: 'hosted'; type: string; foreign: Foreign }

export type ToolChoice =
  | { kind: 'auto' | 'none' | 'required' }
  | { kind: 'named'; name: string }
  | { kind: 'allowed'; names: readonly string[]; isRequired: boolean }

export const reasoningEfforts = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const
export type ReasoningEffort = (typeof reasoningEfforts)[number]

export type ReasoningAsked = {
  effort?: ReasoningEffort
  /** The most tokens to think with. */
  budgetTokens?: number
  /** The model decides how much it thinks. */
  isAdaptive?: true
  /** Whether thoughts, or a summary of them, are to be shown; undefined leaves it to the provider. */
  isShown?: boolean
}

export type OutputFormat =
  | { kind: 'text' }
  | { kind: 'json' }
  | { kind: 'schema'; name: string; schema: JsonObject; description?: string; isStrict?: boolean }

export type NeutralCall = {
  items: readonly Item[]
  tools: readonly Tool[]
  toolChoice?: ToolChoice
  /** False: one tool call per turn at most. */
  allowsParallelTools?: boolean
  outputTokensMax?: number
  temperature?: number
  topP?: number
  topK?: number
  frequencyPenalty?: number
  presencePenalty?: number
  stop: readonly string[]
  seed?: number
  reasoning?: ReasoningAsked
  format?: OutputFormat
  verbosity?: string
  endUser?: string
  metadata?: JsonObject
  serviceTier?: string
  cacheKey?: string
  isStreamed: boolean
  /** Top-level fields of its dialect that have no place above. Another dialect refuses or leaves out each by name. */
  foreign: Foreign
}
