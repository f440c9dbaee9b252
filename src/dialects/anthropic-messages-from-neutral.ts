// A neutral call as a messages request, for upstreams that speak this dialect and clients that do not. Strict: what
// Anthropic's own types allow under version 2023-06-01, and what the model takes. What would change the answer is refused by
// its name, what only tunes it is left out and named.

import type { NeutralCall, OutputFormat, Tool } from '#calls/neutral-call.ts'
import { flatToolName, freeformParameter } from '#calls/tool-names.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject } from '#core/readers.ts'
import { writtenThinking } from './anthropic-messages-thinking.ts'
import { messagesTurns } from './anthropic-messages-turns.ts'
import type { UpstreamTarget, WrittenCall } from './dialect.ts'

type Writer = { target: UpstreamTarget; dropped: Set<string> }

export function messagesFromNeutral(call: NeutralCall, target: UpstreamTarget): WrittenCall {
  const dropped = new Set<string>()
  const writer: Writer = { target, dropped }
  const refusal = refuseMeaningful(call, writer)
  if (refusal !== undefined) return refusal
  const turns = messagesTurns(call.items, { origin: target.origin, dropped })
  if (!turns.ok) return turns
  const { system, messages } = turns
  const stop = stopSequences(call, dropped)
  const tools = toolsOf(call, writer)
  const { thinking, effort, isDropped } = writtenThinking(call, target, canThink(call, target))
  if (isDropped) dropped.add('reasoning')
  const output = { ...(effort === undefined ? {} : { effort }), ...formatOf(call.format) }
  const isThinking = thinking !== undefined && thinking['type'] !== 'disabled'
  const body: JsonObject = {
    model: target.upstreamModel,
    ...(system.length === 0 ? {} : { system }),
    messages,
    ...tools,
    ...(stop.length === 0 ? {} : { stop_sequences: stop }),
    ...(call.isStreamed ? { stream: true } : {}),
    ...samplingOf(call, writer, isThinking),
    ...(thinking === undefined ? {} : { thinking }),
    ...(Object.keys(output).length === 0 ? {} : { output_config: output }),
    ...(call.endUser === undefined ? {} : { metadata: { user_id: call.endUser } }),
  }
  return { ok: true, body, dropped: [...dropped] }
}

/** Fields of the other dialects whose absence would change what is asked for, and the values with which it would not. */
const meaningful: ReadonlyMap<string, readonly string[]> = new Map([
  ['n', ['1']],
  ['best_of', ['1']],
  ['logprobs', ['false']],
  ['top_logprobs', ['0']],
  ['logit_bias', ['{}']],
  ['prediction', []],
  ['audio', []],
  ['modalities', ['["text"]']],
  ['suffix', ['""']],
  ['echo', ['false']],
  ['prompt', []],
  ['conversation', []],
])

function refuseMeaningful(call: NeutralCall, { target, dropped }: Writer): Refusal | undefined {
  if (call.seed !== undefined) return cannot('seed')
  for (const [name, value] of Object.entries(call.foreign.fields)) {
    if ((value ?? undefined) === undefined) continue
    const harmless = meaningful.get(name)
    if (harmless === undefined) dropped.add(name)
    else if (!harmless.includes(JSON.stringify(value))) return cannot(name)
  }
  const kind = call.format?.kind
  if (kind === 'json')
    return refuse('invalid_request', {
      message: 'This model has no free JSON mode. Send a schema: "response_format" of type "json_schema".',
      param: 'response_format',
    })
  return kind === 'schema' && !target.supportedParameters.includes('response_format')
    ? cannot('response_format')
    : undefined
}

function cannot(param: string): Refusal {
  return refuse('invalid_request', { message: `This model does not take "${param}".`, param })
}

/** What could not be carried beside: each tunes, and is named. */
function samplingOf(call: NeutralCall, { target, dropped }: Writer, isThinking: boolean): JsonObject {
  for (const [name, value] of Object.entries({
    frequency_penalty: call.frequencyPenalty,
    presence_penalty: call.presencePenalty,
  }))
    if (value !== undefined && value !== 0) dropped.add(name)
  if (call.verbosity !== undefined) dropped.add('verbosity')
  if (call.cacheKey !== undefined) dropped.add('prompt_cache_key')
  if (call.metadata !== undefined) dropped.add('metadata')
  if (call.serviceTier !== undefined && call.serviceTier !== 'auto' && call.serviceTier !== 'default')
    dropped.add('service_tier')
  const sampling: JsonObject = {}
  for (const [name, value] of Object.entries({
    temperature: call.temperature,
    top_p: call.topP,
    top_k: call.topK,
  })) {
    if (value === undefined) continue
    // Newer models refuse any, and those before them two at once; all refuse them beside thoughts.
    const isTaken = target.supportedParameters.includes(name) && !isThinking
    const isSecond = name === 'top_p' && 'temperature' in sampling
    const isHotter = name === 'temperature' && value > temperatureMax
    if (isTaken && !isSecond && !isHotter) sampling[name] = value
    else dropped.add(name)
  }
  return sampling
}

/** OpenAI's goes up to 2. */
const temperatureMax = 1

/** Anthropic refuses a stop text of white space only. */
function stopSequences({ stop }: NeutralCall, dropped: Set<string>): readonly string[] {
  const visible = stop.filter((text) => text.trim() !== '')
  if (visible.length < stop.length) dropped.add('stop')
  return visible
}

/**
 * Thoughts cannot be had beside a forced tool; nor, where the model has a budget for them, in the middle of a turn whose
 * tool calls came without thoughts of the same provider.
 */
function canThink(call: NeutralCall, { origin, reasoning }: UpstreamTarget): boolean {
  const { toolChoice, items } = call
  const kind = toolChoice?.kind
  if (kind === 'required' || kind === 'named' || (kind === 'allowed' && toolChoice?.isRequired === true))
    return false
  if (reasoning !== 'budget') return true
  const turn = items.slice(items.findLastIndex(({ role }) => role === 'user') + 1)
  const assistants = turn.filter(({ role }) => role === 'assistant').flatMap(({ blocks }) => blocks)
  const hasCalls = assistants.some((block) => block.kind === 'tool_call')
  return !hasCalls || assistants.some((block) => block.kind === 'reasoning' && block.state?.origin === origin)
}

function toolsOf(call: NeutralCall, writer: Writer): JsonObject {
  const { toolChoice, allowsParallelTools } = call
  const offered =
    toolChoice?.kind === 'allowed'
      ? call.tools.filter((tool) => isAllowed(tool, toolChoice.names))
      : call.tools
  const tools = offered.flatMap((tool) => toolOf(tool, writer))
  // A history of calls is refused without any tools: these are known by name only, and none may be called.
  const past = tools.length === 0 ? pastTools(call) : []
  if (past.length > 0) return { tools: past, tool_choice: { type: 'none' } }
  if (tools.length === 0) return {}
  const choice = choiceOf(call)
  const isSerial = allowsParallelTools === false && choice?.['type'] !== 'none'
  const written = isSerial ? { ...(choice ?? { type: 'auto' }), disable_parallel_tool_use: true } : choice
  return { tools, ...(written === undefined ? {} : { tool_choice: written }) }
}

function isAllowed(tool: Tool, names: readonly string[]): boolean {
  return tool.kind !== 'hosted' && (names.includes(tool.name) || names.includes(flatToolName(tool)))
}

function choiceOf({ toolChoice, tools }: NeutralCall): JsonObject | undefined {
  switch (toolChoice?.kind) {
    case undefined:
      return undefined
    case 'auto':
    case 'none':
      return { type: toolChoice.kind }
    case 'required':
      return { type: 'any' }
    case 'named': {
      const named = tools.find((tool) => tool.kind !== 'hosted' && tool.name === toolChoice.name)
      const isKnown = named !== undefined && named.kind !== 'hosted'
      return { type: 'tool', name: isKnown ? flatToolName(named) : toolChoice.name }
    }
    case 'allowed':
      return { type: toolChoice.isRequired ? 'any' : 'auto' }
  }
}

function toolOf(tool: Tool, { dropped }: Writer): readonly JsonObject[] {
  if (tool.kind === 'hosted') {
    dropped.add(`tool ${tool.type}`)
    return []
  }
  const described = tool.description === undefined ? {} : { description: tool.description }
  return [{ name: flatToolName(tool), ...described, input_schema: inputSchema(tool) }]
}

function inputSchema(tool: Exclude<Tool, { kind: 'hosted' }>): JsonObject {
  if (tool.kind === 'function') return { type: 'object', ...(tool.schema ?? { properties: {} }) }
  return {
    type: 'object',
    properties: { [freeformParameter]: { type: 'string' } },
    required: [freeformParameter],
  }
}

function pastTools({ items }: NeutralCall): readonly JsonObject[] {
  const names = items.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === 'tool_call' ? [flatToolName(block)] : [])),
  )
  return [...new Set(names)].map((name) => ({ name, input_schema: { type: 'object', properties: {} } }))
}

function formatOf(format: OutputFormat | undefined): JsonObject {
  return format?.kind === 'schema' ? { format: { type: 'json_schema', schema: closed(format.schema) } } : {}
}

/** Anthropic takes no object that is left open; what fits the closed one fits the open one too. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (!isObject(schema)) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]))
  return schema['type'] === 'object' && !('additionalProperties' in schema)
    ? { ...inner, additionalProperties: false }
    : inner
}
