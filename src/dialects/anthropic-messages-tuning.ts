// What a messages request asks for beside its conversation, in neutral form: tools, how they are chosen, format, sampling,
// thoughts.

import {
  type NeutralCall,
  type OutputFormat,
  type ReasoningAsked,
  reasoningEfforts,
  type Tool,
  type ToolChoice,
} from '#calls/neutral-call.ts'
import { isObject, type JsonObject, objectOf, readString, readWhole } from '#core/readers.ts'

export function messagesTools(body: JsonObject): readonly Tool[] {
  const tools: unknown = body['tools']
  return Array.isArray(tools) ? tools.filter(isObject).map(toolOf) : []
}

/** A tool without a type is a custom one; one with a type of its own means something to its provider alone. */
function toolOf(tool: JsonObject): Tool {
  const type = readString(tool['type']) ?? 'custom'
  if (type !== 'custom') return { kind: 'hosted', type, foreign: { dialect: 'messages', fields: tool } }
  const description = readString(tool['description'])
  const schema: unknown = tool['input_schema']
  return {
    kind: 'function',
    name: readString(tool['name']) ?? '',
    ...(description === undefined ? {} : { description }),
    ...(isObject(schema) ? { schema } : {}),
    ...(tool['strict'] === true && isStrictSchema(schema) ? { isStrict: true } : {}),
  }
}

type Tuning = Omit<Partial<NeutralCall>, 'items' | 'tools' | 'stop' | 'isStreamed' | 'foreign'>

export function messagesTuning(body: JsonObject): Tuning {
  const choice: unknown = body['tool_choice']
  const toolChoice = toolChoiceOf(choice)
  const isSerial = isObject(choice) && choice['disable_parallel_tool_use'] === true
  const reasoning = reasoningOf(body)
  const format = formatOf(body)
  return {
    ...numbersOf(body),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(isSerial ? { allowsParallelTools: false } : {}),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(format === undefined ? {} : { format }),
  }
}

const numberFields = { temperature: 'temperature', topP: 'top_p', topK: 'top_k' } as const

function numbersOf(body: JsonObject): Tuning {
  const entries = Object.entries(numberFields).filter(([, name]) => typeof body[name] === 'number')
  return Object.fromEntries(entries.map(([field, name]) => [field, body[name]]))
}

function toolChoiceOf(choice: unknown): ToolChoice | undefined {
  if (!isObject(choice)) return undefined
  switch (choice['type']) {
    case 'auto':
      return { kind: 'auto' }
    case 'none':
      return { kind: 'none' }
    case 'any':
      return { kind: 'required' }
    case 'tool':
      return { kind: 'named', name: readString(choice['name']) ?? '' }
    default:
      return undefined
  }
}

function reasoningOf(body: JsonObject): ReasoningAsked | undefined {
  const thinking = objectOf(body['thinking'])
  const asked = objectOf(body['output_config'])['effort']
  const effort = reasoningEfforts.find((one) => one === asked)
  if (thinking['type'] === 'disabled') return { effort: 'none' }
  const budgetTokens = readWhole(thinking['budget_tokens'], 1)
  const isAdaptive = thinking['type'] === 'adaptive' || thinking['type'] === 'between_tools'
  const display: unknown = thinking['display']
  const reasoning: ReasoningAsked = {
    ...(effort === undefined ? {} : { effort }),
    ...(budgetTokens === undefined ? {} : { budgetTokens }),
    ...(isAdaptive ? { isAdaptive: true } : {}),
    ...(display === 'omitted' || display === 'summarized' ? { isShown: display === 'summarized' } : {}),
  }
  return Object.keys(reasoning).length === 0 ? undefined : reasoning
}

/** `output_format` is the name of the beta. */
function formatOf(body: JsonObject): OutputFormat | undefined {
  const format = objectOf(objectOf(body['output_config'])['format'] ?? body['output_format'])
  const schema: unknown = format['schema']
  if (format['type'] !== 'json_schema' || !isObject(schema)) return undefined
  return { kind: 'schema', name: 'answer', schema, ...(isStrictSchema(schema) ? { isStrict: true } : {}) }
}

/** OpenAI's rule is narrower than Anthropic's: every object is closed, and each of its properties is required. */
function isStrictSchema(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrictSchema)
  if (!isObject(schema)) return true
  const properties: unknown = schema['properties']
  if (schema['type'] === 'object' || isObject(properties)) {
    const required: unknown = schema['required']
    const names = Object.keys(objectOf(properties))
    const isRequired = (name: string) => Array.isArray(required) && required.includes(name)
    if (schema['additionalProperties'] !== false || !names.every(isRequired)) return false
  }
  return Object.values(schema).every(isStrictSchema)
}
