// The response object: every field that Open Responses requires, with what the request asked for repeated in it.

import { type JsonObject, objectOf, readString } from '#core/readers.ts'
import type { AnswerFacts, AskedCall } from './dialect.ts'
import { objectsOf } from './openai-responses-tools.ts'

/** Repeated three times in a stream and kept while it runs: of a longer request only the names of its tools are. */
const echoCharactersMax = 262_144
const slimToolsMax = 1_000

/** Repeated as the client wrote them; a value of null is an absent one. */
const echoed = [
  'frequency_penalty',
  'instructions',
  'max_output_tokens',
  'max_tool_calls',
  'metadata',
  'parallel_tool_calls',
  'presence_penalty',
  'prompt_cache_key',
  'reasoning',
  'safety_identifier',
  'service_tier',
  'temperature',
  'text',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'truncation',
  'user',
] as const

/** What is kept of a request to be repeated in its answer. */
export function echoOf(body: JsonObject, bodyCharacters: number): JsonObject {
  const echo: JsonObject = {}
  for (const field of echoed) {
    if ((body[field] ?? undefined) !== undefined) echo[field] = body[field]
  }
  if (bodyCharacters <= echoCharactersMax || JSON.stringify(echo).length <= echoCharactersMax) return echo
  return { tools: objectsOf(echo['tools']).slice(0, slimToolsMax).map(slimTool) }
}

function slimTool(tool: JsonObject): JsonObject {
  const { type, name } = tool
  return type === 'namespace'
    ? { type, name, description: '', tools: objectsOf(tool['tools']).map(slimTool) }
    : { type, name }
}

export type OwnFacts = { answerId: string; isHosted: boolean }

/**
 * What an answer says of where it came from and whether it can be had again, over what any other says; an upstream's own object
 * gets it too. The id of a hosted one names the object that keeps it.
 */
export function ownFieldsOf(
  asked: Pick<AskedCall, 'isBackground' | 'isStored' | 'previousResponseId'>,
  { answerId, isHosted }: OwnFacts,
): JsonObject | undefined {
  const { isBackground = false, isStored = false, previousResponseId } = asked
  const previous = { previous_response_id: previousResponseId ?? null }
  if (!isHosted) return previousResponseId === undefined ? undefined : previous
  return { id: responseId(answerId), background: isBackground, store: isStored, ...previous }
}

type ResponseState = {
  status: 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'
  output: readonly JsonObject[]
  usage?: JsonObject
  incompleteReason?: string
  error?: { code: string; message: string }
}

type ResponseFacts = Pick<AnswerFacts, 'answerId' | 'model' | 'createdAtSeconds' | 'echo' | 'ownFields'>

export function responseObject(facts: ResponseFacts, state: ResponseState): JsonObject {
  const { echo } = facts
  const orNull = (field: (typeof echoed)[number]) => echo[field] ?? null
  const { incompleteReason } = state
  return {
    id: responseId(facts.answerId),
    object: 'response',
    created_at: facts.createdAtSeconds,
    status: state.status,
    access_programs: null,
    background: false,
    completed_at: null,
    error: state.error ?? null,
    frequency_penalty: echo['frequency_penalty'] ?? 0,
    incomplete_details: incompleteReason === undefined ? null : { reason: incompleteReason },
    instructions: orNull('instructions'),
    max_output_tokens: orNull('max_output_tokens'),
    max_tool_calls: orNull('max_tool_calls'),
    metadata: echo['metadata'] ?? {},
    model: facts.model,
    output: state.output,
    parallel_tool_calls: echo['parallel_tool_calls'] ?? true,
    presence_penalty: echo['presence_penalty'] ?? 0,
    previous_response_id: null,
    prompt_cache_key: orNull('prompt_cache_key'),
    reasoning: { effort: null, summary: null, ...objectOf(echo['reasoning']) },
    safety_identifier: orNull('safety_identifier'),
    service_tier: 'default',
    // Nothing is kept, whatever was asked, unless `ownFields` say so.
    store: false,
    temperature: echo['temperature'] ?? 1,
    text: { format: { type: 'text' }, ...objectOf(echo['text']) },
    tool_choice: echo['tool_choice'] ?? 'auto',
    tools: objectsOf(echo['tools']).map(echoedTool),
    top_logprobs: echo['top_logprobs'] ?? 0,
    top_p: echo['top_p'] ?? 1,
    truncation: echo['truncation'] ?? 'disabled',
    usage: state.usage ?? null,
    user: orNull('user'),
    ...facts.ownFields,
  }
}

export function responseId(answerId: string): string {
  return answerId.startsWith('resp_') ? answerId : `resp_${answerId}`
}

/** A function has all of its fields in an answer. */
function echoedTool(tool: JsonObject): JsonObject {
  if (tool['type'] !== 'function') return tool
  return {
    ...tool,
    description: readString(tool['description']) ?? null,
    parameters: tool['parameters'] ?? null,
    strict: tool['strict'] ?? false,
  }
}
