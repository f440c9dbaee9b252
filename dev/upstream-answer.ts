// An answer of the local model upstream before it is written in any dialect. Pure and deterministic: the same request always
// gets the same answer.

import type { Directive } from './upstream-directive.ts'

/** What of the request shapes the answer. */
export type AskedAnswer = {
  model: string
  isStreamed: boolean
  includesUsage: boolean
  choices: number
  outputTokensMax: number | null
  inputTokens: number
  /** The conversation holds a tool's result already: no tool is called again. */
  hasToolResult: boolean
  serviceTier: unknown
  /** What is to be turned into vectors, and how. */
  embedding?: { inputs: number; dimensions: number; isBase64: boolean }
  /** How many texts and pictures are to be judged. */
  judged?: number
  /** The text that is to be gone on with. */
  prompt?: string
}

/** A frame with the count of visible output tokens in it; some dialects name their events. */
export type Frame = { event?: string; data: string; tokens: number }

export type ToolCall = { id: string; name: string; pieces: readonly string[] }

export type Answer = {
  id: string
  created: number
  request: AskedAnswer
  directive: Directive
  words: readonly string[]
  thoughts: readonly string[]
  calls: readonly ToolCall[]
}

/** One dialect as an upstream speaks it. */
export type UpstreamDialect = {
  path: string
  idPrefix: string
  read(body: unknown): AskedAnswer
  /** Every frame in order, the terminator included. */
  frames(answer: Answer): Iterable<Frame>
  whole(answer: Answer): unknown
  errorFrame: Frame
  error(given: { status: number; type: string; message: string; code: string | null }): unknown
}

export function makeAnswer(
  id: string,
  created: number,
  given: { request: AskedAnswer; directive: Directive },
): Answer {
  const { request, directive } = given
  const { text, tokens, thinking } = directive
  const all = text === null ? Array.from({ length: tokens }, (_, at) => ` word${at}`) : wordsOf(text)
  const calls = request.hasToolResult ? [] : callsOf(directive)
  const words =
    directive.call === null && calls.length > 0 ? [] : all.slice(0, request.outputTokensMax ?? all.length)
  return { id, created, request, directive, words, thoughts: wordsOf(thinking ?? ''), calls }
}

/** What was asked for, unless the directive says that another tier is served. */
export function tierOf({ request, directive }: Answer): 'default' | 'flex' | 'priority' {
  const asked = directive.serviceTier ?? request.serviceTier
  return asked === 'flex' ? asked : asked === 'priority' || asked === 'fast' ? 'priority' : 'default'
}

/** All visible output tokens of the answer, over all its choices: a word each, a tool call its name and its pieces. */
export function tokensOf({ words, calls, thoughts, request }: Answer): number {
  const inCalls = calls.reduce((sum, { pieces }) => sum + 1 + pieces.length, 0)
  return (words.length + thoughts.length + inCalls) * request.choices
}

export function endOf({ directive, words, calls, request }: Answer): 'stop' | 'length' | 'tool_calls' {
  if (calls.length > 0) return 'tool_calls'
  const wanted = directive.text === null ? directive.tokens : wordsOf(directive.text).length
  return words.length < wanted && words.length === request.outputTokensMax ? 'length' : 'stop'
}

export type Count = { input: number; cached: number; output: number; reasoning: number }

/** What is billed at this moment of the answer. `wrong` figures cannot be true. */
export function countOf({ directive, request, thoughts }: Answer, visibleTokens: number): Count {
  if (directive.usage === 'zero') return { input: 0, cached: 0, output: 0, reasoning: 0 }
  const input = directive.inputTokens ?? request.inputTokens
  if (directive.usage === 'wrong') return { input: -input, cached: input * 2, output: 0.5, reasoning: 1e15 }
  const reasoning = directive.reasoningTokens + thoughts.length
  return {
    input,
    cached: directive.cachedTokens,
    output: visibleTokens + directive.reasoningTokens,
    reasoning,
  }
}

const weather = { name: 'get_weather', pieces: ['{"city"', ':"', 'Paris', '"}'] }
const clock = { name: 'get_time', pieces: ['{"zone"', ':"', 'Europe/Paris', '"}'] }

function callsOf({ toolCalls, parallelToolCalls, call }: Directive): readonly ToolCall[] {
  if (call !== null) return [{ id: 'call_local_1', name: call.name, pieces: [JSON.stringify(call.input)] }]
  if (parallelToolCalls)
    return [weather, clock].map((one, index) => ({ id: `call_local_${index + 1}`, ...one }))
  return toolCalls ? [{ id: 'call_local_1', ...weather }] : []
}

/** Words with the space before them, as tokenizers cut text. */
function wordsOf(text: string): readonly string[] {
  return text.match(/\s*\S+/g) ?? []
}
