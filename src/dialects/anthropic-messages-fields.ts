// The fields of a messages request that decide what it costs or where it goes. A value that we could not bill or route on is
// refused here, and so is every part and tool that has no price: nothing unpriced goes upstream.

import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject, readWhole } from '#core/readers.ts'
import { type FieldRule, modelRule, noServerTools, refuseByRules } from './field-rules.ts'

const isNever = () => false
const isListOfObjects = (value: unknown): value is JsonObject[] =>
  Array.isArray(value) && value.every(isObject)

// Null reads as absent everywhere but in required fields.
const rules: readonly FieldRule[] = [
  modelRule,
  {
    field: 'messages',
    isValid: (value) => isListOfObjects(value) && value.length > 0,
    must: 'must be a list of at least one message',
    isRequired: true,
  },
  {
    field: 'system',
    isValid: (value) => typeof value === 'string' || isListOfObjects(value),
    must: 'must be a text or a list of text blocks',
  },
  { field: 'stream', isValid: (value) => typeof value === 'boolean', must: 'must be true or false' },
  { field: 'tools', isValid: isListOfObjects, must: 'must be a list of tools' },
  { field: 'metadata', isValid: isObject, must: 'must be an object' },
  {
    field: 'service_tier',
    isValid: (value) => value === 'auto' || value === 'standard_only',
    must: 'must be "auto" or "standard_only": other tiers have no price here',
  },
  {
    field: 'speed',
    isValid: (value) => value === 'standard' || value === 'fast',
    must: 'must be "standard" or "fast": other speeds have no price here',
  },
  {
    field: 'inference_geo',
    isValid: (value) => value === 'global',
    must: 'must be "global": other places have no price here',
  },
  {
    field: 'mcp_servers',
    isValid: (value) => Array.isArray(value) && value.length === 0,
    must: `must be left out: ${noServerTools}`,
  },
  {
    field: 'fallbacks',
    isValid: isNever,
    must: 'must be left out: an answer of another model has another price',
  },
  {
    field: 'fallback_credit_token',
    isValid: isNever,
    must: 'must be left out: it belongs to another account with the provider',
  },
  {
    field: 'context_management',
    isValid: (value) => !compactionType.test(JSON.stringify(value) ?? ''),
    must: 'may clear, but not compact: what the provider uses for that has no price here',
  },
]

/** The edit of a beta in which a second, unseen answer is made and billed. */
const compactionType = /"type":"compact_/

const outputLimitRule: FieldRule = {
  field: 'max_tokens',
  isValid: (value) => readWhole(value, 1) !== undefined,
  must: 'must be a whole number of at least 1',
  isRequired: true,
}

/** The first field that cannot be billed or routed on, as the refusal that names it. */
export function refuseMessagesField(body: JsonObject, kind: 'message' | 'count'): Refusal | undefined {
  const broken = refuseByRules(body, kind === 'count' ? rules : [...rules, outputLimitRule])
  if (broken !== undefined) return broken
  return refuseTools(body['tools']) ?? refuseContent(body['messages'])
}

/** Tools that the client runs itself, by the beginning of their type: only their description reaches the model. */
const clientTools = /^(custom$|bash_|text_editor_|computer_|memory_|browser_toolset_)/

function refuseTools(tools: unknown): Refusal | undefined {
  if (!Array.isArray(tools)) return undefined
  for (const [index, tool] of tools.entries()) {
    const type: unknown = isObject(tool) ? (tool['type'] ?? 'custom') : undefined
    if (typeof type === 'string' && clientTools.test(type)) continue
    return refuse('invalid_request', {
      message: `A tool of type ${shown(type)} has no price here: ${noServerTools}.`,
      param: `tools[${index}].type`,
    })
  }
  return undefined
}

// What the model reads as text or sees as a picture, and what its own hosted tools have left in a history.
const pricedBlocks: ReadonlySet<unknown> = new Set([
  'text',
  'image',
  'document',
  'search_result',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'tool_result',
  'tool_reference',
  'browser_state',
  'server_tool_use',
  'web_search_tool_result',
  'web_fetch_tool_result',
  'code_execution_tool_result',
  'bash_code_execution_tool_result',
  'text_editor_code_execution_tool_result',
  'tool_search_tool_result',
])
const textSources: ReadonlySet<unknown> = new Set(['text', 'content'])

function refuseContent(messages: unknown): Refusal | undefined {
  if (!Array.isArray(messages)) return undefined
  for (const [index, message] of messages.entries()) {
    const content: unknown = isObject(message) ? message['content'] : undefined
    const refusal = refuseBlocks(content, `messages[${index}].content`)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function refuseBlocks(content: unknown, param: string): Refusal | undefined {
  if (!Array.isArray(content)) return undefined
  for (const block of content) {
    const type: unknown = isObject(block) ? (block['type'] ?? null) : undefined
    if (!isObject(block) || !pricedBlocks.has(type))
      return refuse('invalid_request', {
        message: `A content block of type ${shown(type)} has no price here.`,
        param,
      })
    const source: unknown = block['source']
    const from: unknown = isObject(source) ? source['type'] : undefined
    if (type === 'document' && !textSources.has(from))
      return refuse('invalid_request', {
        message: `A document from a source of type ${shown(from)} has no price here. Send its text.`,
        param,
      })
    const refusal = type === 'tool_result' ? refuseBlocks(block['content'], param) : undefined
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function shown(type: unknown): string {
  return type === undefined ? 'unknown' : (JSON.stringify(type) ?? 'unknown').slice(0, 60)
}
