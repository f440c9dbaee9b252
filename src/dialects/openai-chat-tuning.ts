// What a chat request asks for beside its messages: tools, how they are chosen, format, sampling, effort.

import { type NeutralCall, type Tool, type ToolChoice, reasoningEfforts } from '#calls/neutral-call.ts'
import { isObject, type JsonObject, readString } from '#core/readers.ts'

export function chatTools(body: JsonObject): readonly Tool[] {
  const [tools, functions]: unknown[] = [body['tools'], body['functions']]
  return [
    ...(Array.isArray(tools) ? tools.flatMap((tool: unknown) => toolOf(tool)) : []),
    ...(Array.isArray(functions)
      ? functions.flatMap((one: unknown) => toolOf({ type: 'function', function: one }))
      : []),
  ]
}

/** As responses say it: there a grammar's parts stand beside its type, here in an object of their own. */
function toolFormatOf(format: unknown): JsonObject | undefined {
  if (!isObject(format)) return undefined
  const { type, grammar } = format
  return type === 'grammar' && isObject(grammar) ? { type, ...grammar } : format
}

function toolOf(tool: unknown): readonly Tool[] {
  if (!isObject(tool)) return []
  const [defined, custom]: unknown[] = [tool['function'], tool['custom']]
  if (isObject(custom)) {
    const format = toolFormatOf(custom['format'])
    return [
      {
        kind: 'freeform',
        name: readString(custom['name']) ?? '',
        ...describedBy(custom),
        ...(format === undefined ? {} : { format }),
      },
    ]
  }
  if (!isObject(defined))
    return [
      { kind: 'hosted', type: readString(tool['type']) ?? '', foreign: { dialect: 'chat', fields: tool } },
    ]
  const schema: unknown = defined['parameters']
  const strict: unknown = defined['strict']
  return [
    {
      kind: 'function',
      name: readString(defined['name']) ?? '',
      ...describedBy(defined),
      ...(isObject(schema) ? { schema } : {}),
      ...(typeof strict === 'boolean' ? { isStrict: strict } : {}),
    },
  ]
}

function describedBy(tool: JsonObject): { description?: string } {
  const description = readString(tool['description'])
  return description === undefined ? {} : { description }
}

type Tuning = Omit<Partial<NeutralCall>, 'items' | 'tools' | 'stop' | 'isStreamed' | 'foreign'>

export function chatTuning(body: JsonObject): Tuning {
  const toolChoice = toolChoiceOf(body['tool_choice'] ?? body['function_call'])
  const allowsParallelTools: unknown = body['parallel_tool_calls']
  const reasoning: unknown = body['reasoning']
  const effort = readEffort(
    body['reasoning_effort'] ?? (isObject(reasoning) ? reasoning['effort'] : undefined),
  )
  const format = formatOf(body['response_format'])
  const metadata: unknown = body['metadata']
  return {
    ...numbersOf(body),
    ...textsOf(body),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(typeof allowsParallelTools === 'boolean' ? { allowsParallelTools } : {}),
    ...(effort === undefined ? {} : { reasoning: { effort } }),
    ...(format === undefined ? {} : { format }),
    ...(isObject(metadata) ? { metadata } : {}),
  }
}

const numberFields = {
  temperature: 'temperature',
  topP: 'top_p',
  topK: 'top_k',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
  seed: 'seed',
} as const

const textFields = {
  verbosity: 'verbosity',
  serviceTier: 'service_tier',
  cacheKey: 'prompt_cache_key',
} as const

function numbersOf(body: JsonObject): Tuning {
  const entries = Object.entries(numberFields).filter(([, name]) => typeof body[name] === 'number')
  return Object.fromEntries(entries.map(([field, name]) => [field, body[name]]))
}

function textsOf(body: JsonObject): Tuning {
  const entries = Object.entries(textFields).filter(([, name]) => typeof body[name] === 'string')
  const endUser = readString(body['safety_identifier']) ?? readString(body['user'])
  return {
    ...Object.fromEntries(entries.map(([field, name]) => [field, body[name]])),
    ...(endUser === undefined ? {} : { endUser }),
  }
}

function readEffort(value: unknown) {
  return reasoningEfforts.find((effort) => effort === value)
}

export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function toolChoiceOf(choice: unknown): ToolChoice | undefined {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { kind: choice }
  if (!isObject(choice)) return undefined
  const allowed: unknown = choice['allowed_tools']
  if (isObject(allowed)) {
    const tools: unknown = allowed['tools']
    const names = (Array.isArray(tools) ? tools : []).flatMap((tool: unknown) => namesOf(tool))
    return { kind: 'allowed', names, isRequired: allowed['mode'] === 'required' }
  }
  const [name] = namesOf(choice)
  return name === undefined ? undefined : { kind: 'named', name }
}

/** `{type: "function", function: {name}}`, a custom tool's, or the older `{name}`. */
function namesOf(choice: unknown): readonly string[] {
  if (!isObject(choice)) return []
  const named: unknown = choice['function'] ?? choice['custom'] ?? choice
  const name = isObject(named) ? readString(named['name']) : undefined
  return name === undefined ? [] : [name]
}

function formatOf(format: unknown): NeutralCall['format'] {
  if (!isObject(format)) return undefined
  if (format['type'] === 'text') return { kind: 'text' }
  if (format['type'] === 'json_object') return { kind: 'json' }
  const asked: unknown = format['json_schema']
  if (format['type'] !== 'json_schema' || !isObject(asked)) return undefined
  const schema: unknown = asked['schema']
  const strict: unknown = asked['strict']
  return {
    kind: 'schema',
    name: readString(asked['name']) ?? 'answer',
    schema: isObject(schema) ? schema : {},
    ...describedBy(asked),
    ...(typeof strict === 'boolean' ? { isStrict: strict } : {}),
  }
}
