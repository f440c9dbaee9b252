// What a responses request asks for beside its items and tools, in neutral form: how tools are chosen, format, effort, sampling.

import { type NeutralCall, reasoningEfforts, type ToolChoice } from '#calls/neutral-call.ts'
import { flatToolName } from '#calls/tool-names.ts'
import { isObject, type JsonObject, readString } from '#core/readers.ts'
import { flatListOf, objectsOf, toolListOf } from './openai-responses-tools.ts'

type Tuning = Omit<Partial<NeutralCall>, 'items' | 'tools' | 'stop' | 'isStreamed' | 'foreign'>

export function responsesTuning(body: JsonObject): Tuning {
  const { text, metadata, parallel_tool_calls: allowsParallelTools } = body
  const toolChoice = toolChoiceOf(body)
  const format = isObject(text) ? formatOf(text['format']) : undefined
  const verbosity = isObject(text) ? readString(text['verbosity']) : undefined
  const reasoning = reasoningOf(body['reasoning'])
  return {
    ...numbersOf(body),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(typeof allowsParallelTools === 'boolean' ? { allowsParallelTools } : {}),
    ...(reasoning === undefined ? {} : { reasoning }),
    ...(format === undefined ? {} : { format }),
    ...(verbosity === undefined ? {} : { verbosity }),
    ...(isObject(metadata) ? { metadata } : {}),
    ...textOf('serviceTier', body['service_tier']),
    ...textOf('cacheKey', body['prompt_cache_key']),
  }
}

const numberFields = {
  temperature: 'temperature',
  topP: 'top_p',
  frequencyPenalty: 'frequency_penalty',
  presencePenalty: 'presence_penalty',
} as const

function numbersOf(body: JsonObject): Tuning {
  const given = Object.entries(numberFields).filter(([, name]) => typeof body[name] === 'number')
  return Object.fromEntries(given.map(([field, name]) => [field, body[name]]))
}

function textOf(field: 'serviceTier' | 'cacheKey', value: unknown): Tuning {
  return typeof value === 'string' ? { [field]: value } : {}
}

/** Names are those that the upstream gets. */
function toolChoiceOf(body: JsonObject): ToolChoice | undefined {
  const { tool_choice: choice } = body
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { kind: choice }
  if (!isObject(choice)) return undefined
  if (choice['type'] === 'allowed_tools') {
    const names = objectsOf(choice['tools']).flatMap((tool) => flatNames(body, tool))
    return { kind: 'allowed', names, isRequired: choice['mode'] === 'required' }
  }
  const [name] = flatNames(body, choice)
  return name === undefined ? undefined : { kind: 'named', name }
}

/** A tool of a namespace may be chosen by its own name, and a namespace by its: then all of its tools are. */
function flatNames(body: JsonObject, chosen: JsonObject): readonly string[] {
  const name = readString(chosen['name'])
  if (name === undefined) return []
  const named = flatListOf(toolListOf(body)).filter(({ tool, namespace }) =>
    chosen['type'] === 'namespace' ? namespace === name : tool['name'] === name,
  )
  const flat = named.map(({ tool, namespace }) => {
    const own = readString(tool['name']) ?? ''
    return flatToolName(namespace === undefined ? { name: own } : { name: own, namespace })
  })
  return flat.length === 0 ? [name] : flat
}

function reasoningOf(reasoning: unknown): NeutralCall['reasoning'] {
  if (!isObject(reasoning)) return undefined
  const effort = reasoningEfforts.find((one) => one === reasoning['effort'])
  const summary = reasoning['summary'] ?? reasoning['generate_summary'] ?? undefined
  if (effort === undefined && summary === undefined) return undefined
  return {
    ...(effort === undefined ? {} : { effort }),
    ...(summary === undefined ? {} : { isShown: summary !== 'none' }),
  }
}

function formatOf(format: unknown): NeutralCall['format'] {
  if (!isObject(format)) return undefined
  const { type, schema, strict } = format
  if (type === 'text') return { kind: 'text' }
  if (type === 'json_object') return { kind: 'json' }
  if (type !== 'json_schema') return undefined
  const description = readString(format['description'])
  return {
    kind: 'schema',
    name: readString(format['name']) ?? 'answer',
    schema: isObject(schema) ? schema : {},
    ...(description === undefined ? {} : { description }),
    ...(typeof strict === 'boolean' ? { isStrict: strict } : {}),
  }
}
