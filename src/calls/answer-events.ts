// An answer in no vendor's words, as it comes: what an upstream's dialect is read into and a client's is written from.
// The order that holds in every answer is checked by answer-grammar.ts.

import type { JsonObject } from '#core/readers.ts'
import type { Foreign, ReasoningState } from './neutral-call.ts'
import type { Usage } from './usage.ts'

/** A block as it begins; its text follows in deltas. */
export type StartedBlock =
  | { kind: 'text' }
  | { kind: 'reasoning'; isSummary: boolean }
  | { kind: 'refusal' }
  | { kind: 'tool_call'; id: string; name: string; namespace?: string; isFreeform: boolean }
  /** Known to its own dialect alone (a server tool's call, its result): carried whole, without deltas. */
  | { kind: 'unknown'; type: string; foreign: Foreign }

/**
 * Why an answer ended. `pause` = the provider interrupted a long turn that may be continued; `content_filter` = the
 * provider withheld the rest; `refusal` = the model declined.
 */
export const endReasons = [
  'stop',
  'stop_sequence',
  'length',
  'tool_calls',
  'refusal',
  'content_filter',
  'pause',
] as const
export type EndReason = (typeof endReasons)[number]

/**
 * `index` numbers the blocks from 0 in the order in which they begin. Blocks may overlap (parallel tool calls of chat
 * completions do); sequential-blocks.ts puts them one after the other for dialects that know no overlap.
 */
export type ContentEvent =
  | { kind: 'start'; upstreamId: string | undefined }
  | { kind: 'block_start'; index: number; block: StartedBlock }
  /** Text, thoughts, or the input of a tool call, by the kind of its block. Never empty. */
  | { kind: 'delta'; index: number; text: string }
  /** Of a reasoning block or a tool call: what its origin needs to see again. At most once a block. */
  | { kind: 'state'; index: number; state: ReasoningState; isRedacted?: true }
  | { kind: 'block_end'; index: number }

export type AnswerEvent =
  | ContentEvent
  /** Everything up to now: a later one replaces it. `stated` is the provider's own object. */
  | { kind: 'usage'; usage: Usage; isClosing: boolean; stated: JsonObject }
  /** The model has said all; usage may still follow. */
  | { kind: 'end'; reason: EndReason; stopSequence?: string }
  /** The upstream says that it failed, in its own words. */
  | { kind: 'error'; message: string | undefined }
