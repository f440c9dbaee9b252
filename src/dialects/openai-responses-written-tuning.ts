// What a neutral call asks for beside its items and tools, as fields of a responses request. What only tunes is left out and
// named where the model does not take it; what would change the answer is refused by its name.

import type { NeutralCall, OutputFormat, ReasoningAsked, ToolChoice } from '#calls/neutral-call.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { JsonObject } from '#core/readers.ts'
import type { UpstreamTarget } from './dialect.ts'

/** Fields of the other dialects whose absence would change what is asked for. */
const meaningful: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['n', (value: unknown) => value !== 1],
  ['logprobs', (value: unknown) => value !== false],
  ['top_logprobs', (value: unknown) => value !== 0],
  ['logit_bias', (value: unknown) => JSON.stringify(value) !== '{}'],
  ['prediction', () => true],
  ['audio', () => true],
  ['best_of', (value: unknown) => value !== 1],
  ['suffix', () => true],
  ['echo', (value: unknown) => value !== false],
])

/** Names in `dropped` what may be left out. */
export function refuseForeign(call: NeutralCall, dropped: string[]): Refusal | undefined {
  if (call.stop.length > 0) return cannot('stop')
  if (call.seed !== undefined) return cannot('seed')
  for (const [name, value] of Object.entries(call.foreign.fields)) {
    if ((value ?? undefined) === undefined) continue
    const changes = meaningful.get(name)
    if (changes?.(value) === true) return cannot(name)
    if (changes === undefined) dropped.push(name)
  }
  return undefined
}

function cannot(param: string): Refusal {
  return refuse('invalid_request', { message: `This model does not take "${param}".`, param })
}

type Writer = { target: UpstreamTarget; dropped: string[]; hasTools: boolean }

export function writtenTuning(call: NeutralCall, writer: Writer): JsonObject {
  const { allowsParallelTools, toolChoice } = call
  const parallel = allowsParallelTools === undefined ? {} : { parallel_tool_calls: allowsParallelTools }
  const choice = toolChoice === undefined ? {} : { tool_choice: writtenChoice(toolChoice, call) }
  return {
    ...(writer.hasTools ? { ...choice, ...parallel } : {}),
    ...samplingOf(call, writer),
    ...reasoningOf(call.reasoning, writer),
    ...textOf(call, writer),
    ...identityOf(call, writer),
  }
}

function writtenChoice(choice: ToolChoice, { tools }: NeutralCall): unknown {
  const typeOf = (name: string) =>
    tools.some((tool) => tool.kind === 'freeform' && tool.name === name) ? 'custom' : 'function'
  switch (choice.kind) {
    case 'auto':
    case 'none':
    case 'required':
      return choice.kind
    case 'named':
      return { type: typeOf(choice.name), name: choice.name }
    case 'allowed':
      return {
        type: 'allowed_tools',
        mode: choice.isRequired ? 'required' : 'auto',
        tools: choice.names.map((name) => ({ type: typeOf(name), name })),
      }
  }
}

/** This dialect has no place for `top_k` and penalties, whatever the model says of other dialects. */
function samplingOf(call: NeutralCall, { target, dropped }: Writer): JsonObject {
  const { temperature, topP, topK, frequencyPenalty, presencePenalty } = call
  const sampling: JsonObject = {}
  for (const [name, value] of Object.entries({ temperature, top_p: topP })) {
    if (value === undefined) continue
    if (target.supportedParameters.includes(name)) sampling[name] = value
    else dropped.push(name)
  }
  const placeless = { top_k: topK, frequency_penalty: frequencyPenalty, presence_penalty: presencePenalty }
  for (const [name, value] of Object.entries(placeless)) if (value !== undefined) dropped.push(name)
  return sampling
}

/** The state is asked for whenever the model thinks: nothing is kept upstream, so the client has to bring it back. */
function reasoningOf(asked: ReasoningAsked | undefined, { target, dropped }: Writer): JsonObject {
  const thinks = ['reasoning', 'reasoning_effort'].some((name) => target.supportedParameters.includes(name))
  if (!thinks) {
    if (asked !== undefined && asked.effort !== 'none') dropped.push('reasoning')
    return {}
  }
  const include = { include: ['reasoning.encrypted_content'] }
  if (asked === undefined) return include
  const effort = asked.effort ?? effortOf(asked)
  // Only where it is asked for: OpenAI refuses summaries to organisations that it has not verified.
  const shown = asked.isShown === true && effort !== 'none' ? { summary: 'auto' } : {}
  return { ...include, reasoning: { ...(effort === undefined ? {} : { effort }), ...shown } }
}

const lowBudgetTokens = 4_096
const mediumBudgetTokens = 16_384

/** A budget of thoughts as the effort that takes about as many; an adaptive model is asked for what it does by itself. */
function effortOf({ budgetTokens }: ReasoningAsked): ReasoningAsked['effort'] {
  if (budgetTokens === undefined) return undefined
  if (budgetTokens < lowBudgetTokens) return 'low'
  return budgetTokens < mediumBudgetTokens ? 'medium' : 'high'
}

function textOf({ format, verbosity }: NeutralCall, { target, dropped }: Writer): JsonObject {
  const isVerbosityTaken = verbosity !== undefined && target.supportedParameters.includes('verbosity')
  if (verbosity !== undefined && !isVerbosityTaken) dropped.push('verbosity')
  const text = {
    ...(format === undefined ? {} : { format: writtenFormat(format) }),
    ...(isVerbosityTaken ? { verbosity } : {}),
  }
  return Object.keys(text).length === 0 ? {} : { text }
}

function writtenFormat(format: OutputFormat): JsonObject {
  switch (format.kind) {
    case 'text':
      return { type: 'text' }
    case 'json':
      return { type: 'json_object' }
    case 'schema': {
      const { name, schema, description, isStrict } = format
      const described = description === undefined ? {} : { description }
      return { type: 'json_schema', name, schema, ...described, strict: isStrict ?? false }
    }
  }
}

/** Metadata only labels what is kept, and nothing is. */
function identityOf(call: NeutralCall, { dropped }: Writer): JsonObject {
  const { endUser, cacheKey, metadata } = call
  if (metadata !== undefined && Object.keys(metadata).some((name) => name !== 'user_id'))
    dropped.push('metadata')
  return {
    ...(endUser === undefined ? {} : { safety_identifier: endUser }),
    ...(cacheKey === undefined ? {} : { prompt_cache_key: cacheKey }),
  }
}
