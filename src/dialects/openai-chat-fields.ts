// The fields of a chat request that decide what it costs or where it goes. A value that we could not bill or route on is
// refused here, and so is every part that has no price: nothing unpriced goes upstream.

import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject, readWhole } from '#core/readers.ts'
import { type FieldRule, modelRule, noServerTools, refuseByRules } from './field-rules.ts'
import { servedTiers } from './openai-service-tier.ts'

const choicesMax = 128

const isWholeFrom1 = (value: unknown) => readWhole(value, 1) !== undefined

// Null reads as absent everywhere but in required fields, as in OpenAI's own types.
const rules: readonly FieldRule[] = [
  modelRule,
  {
    field: 'messages',
    isValid: (value) => Array.isArray(value) && value.length > 0 && value.every(isObject),
    must: 'must be a list of at least one message',
    isRequired: true,
  },
  { field: 'stream', isValid: (value) => typeof value === 'boolean', must: 'must be true or false' },
  { field: 'stream_options', isValid: isObject, must: 'must be an object' },
  { field: 'max_tokens', isValid: isWholeFrom1, must: 'must be a whole number of at least 1' },
  { field: 'max_completion_tokens', isValid: isWholeFrom1, must: 'must be a whole number of at least 1' },
  {
    field: 'n',
    isValid: (value) => isWholeFrom1(value) && Number(value) <= choicesMax,
    must: `must be a whole number from 1 to ${choicesMax}`,
  },
  { field: 'tools', isValid: isListOfObjects, must: 'must be a list of tools' },
  { field: 'functions', isValid: isListOfObjects, must: 'must be a list of functions' },
  {
    field: 'tools',
    isValid: (value) => isListOfObjects(value) && value.every(isClientTool),
    must: `may hold tools of type "function" and "custom" only: ${noServerTools}`,
  },
  {
    field: 'service_tier',
    isValid: (value) => servedTiers.has(value),
    must: `must be one of ${[...servedTiers].join(', ')}: other tiers have no price here`,
  },
  {
    field: 'modalities',
    isValid: (value) => Array.isArray(value) && value.every((modality) => modality === 'text'),
    must: 'must be ["text"]: other kinds of output have no price here',
  },
  {
    field: 'web_search_options',
    isValid: () => false,
    must: `must be left out: ${noServerTools}`,
  },
]

/** The first field that cannot be billed or routed on, as the refusal that names it. */
export function refuseField(body: JsonObject): Refusal | undefined {
  const broken = refuseByRules(body, rules)
  if (broken !== undefined) return broken
  return refuseIncludeUsage(body['stream_options']) ?? refuseContent(body['messages'])
}

function refuseIncludeUsage(streamOptions: unknown): Refusal | undefined {
  const value = isObject(streamOptions) ? (streamOptions['include_usage'] ?? undefined) : undefined
  if (value === undefined || typeof value === 'boolean') return undefined
  const param = 'stream_options.include_usage'
  return refuse('invalid_request', { message: `"${param}" must be true or false.`, param })
}

// `thinking` and `reference` are Mistral's, replayed from its own answers.
const pricedParts: ReadonlySet<unknown> = new Set(['text', 'refusal', 'image_url', 'thinking', 'reference'])

function refuseContent(messages: unknown): Refusal | undefined {
  if (!Array.isArray(messages)) return undefined
  for (const [index, message] of messages.entries()) {
    const content: unknown = isObject(message) ? message['content'] : undefined
    const part: unknown = Array.isArray(content) ? content.find((one) => !isPricedPart(one)) : undefined
    if (part === undefined) continue
    const type = isObject(part) ? JSON.stringify(part['type'] ?? null).slice(0, 60) : 'of another type'
    return refuse('invalid_request', {
      message: `A content part ${type} has no price here; parts of type "text" and "image_url" have.`,
      param: `messages[${index}].content`,
    })
  }
  return undefined
}

function isPricedPart(part: unknown): boolean {
  return isObject(part) && pricedParts.has(part['type'])
}

function isListOfObjects(value: unknown): value is JsonObject[] {
  return Array.isArray(value) && value.every(isObject)
}

function isClientTool(tool: JsonObject): boolean {
  const type = tool['type'] ?? undefined
  return type === 'function' || type === 'custom' || (type === undefined && isObject(tool['function']))
}
