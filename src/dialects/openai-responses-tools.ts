// The tools of a responses request: those that the client runs, one by one and out of their namespaces, and those that
// the provider would run, which have no price here.

import type { Tool } from '#calls/neutral-call.ts'
import { isObject, type JsonObject, readString } from '#core/readers.ts'

/** The request's list and what its `additional_tools` items add to it. */
export function toolListOf(body: JsonObject): readonly JsonObject[] {
  const added = objectsOf(body['input'])
    .filter(({ type }) => type === 'additional_tools')
    .flatMap((item) => objectsOf(item['tools']))
  return [...objectsOf(body['tools']), ...added]
}

/** Every tool by itself: namespaces opened, hosted ones included. */
export function flatListOf(
  tools: readonly JsonObject[],
): readonly { tool: JsonObject; namespace?: string }[] {
  return tools.flatMap((tool) => {
    if (tool['type'] !== 'namespace') return [{ tool }]
    const namespace = readString(tool['name']) ?? ''
    return objectsOf(tool['tools']).map((inner) => ({ tool: inner, namespace }))
  })
}

/** OpenAI's names of tools whose calls the client carries out. */
const clientTools: ReadonlySet<unknown> = new Set(['function', 'custom', 'local_shell', 'apply_patch'])

/** Whether the provider would run it: searches, interpreters, foreign servers. */
export function isHostedTool(tool: JsonObject): boolean {
  const { type, environment, execution } = tool
  if (type === 'shell') return !isObject(environment) || environment['type'] !== 'local'
  if (type === 'tool_search') return execution !== 'client'
  return !clientTools.has(type)
}

export function hostedToolsOf(body: JsonObject): readonly string[] {
  const hosted = flatListOf(toolListOf(body)).filter(({ tool }) => isHostedTool(tool))
  return [...new Set(hosted.map(({ tool }) => readString(tool['type']) ?? 'without a type'))]
}

/** The request without hosted tools, wherever they stand; undefined where it has none. */
export function withoutHostedTools(body: JsonObject): { tools: unknown; input: unknown } | undefined {
  if (hostedToolsOf(body).length === 0) return undefined
  const { input } = body
  return {
    tools: body['tools'] === undefined ? undefined : withoutHosted(body['tools']),
    input: Array.isArray(input) ? input.map(itemWithoutHosted) : input,
  }
}

function itemWithoutHosted(item: unknown): unknown {
  if (!isObject(item) || item['type'] !== 'additional_tools') return item
  return { ...item, tools: withoutHosted(item['tools']) }
}

function withoutHosted(tools: unknown): readonly JsonObject[] {
  return objectsOf(tools).flatMap((tool) => {
    if (tool['type'] === 'namespace') return [{ ...tool, tools: withoutHosted(tool['tools']) }]
    return isHostedTool(tool) ? [] : [tool]
  })
}

export function neutralTools(body: JsonObject): readonly Tool[] {
  return flatListOf(toolListOf(body)).map(({ tool, namespace }) => neutralTool(tool, namespace))
}

function neutralTool(tool: JsonObject, namespace: string | undefined): Tool {
  const { type, parameters, strict, format } = tool
  const description = readString(tool['description'])
  const named = {
    name: readString(tool['name']) ?? '',
    ...(namespace === undefined ? {} : { namespace }),
    ...(description === undefined ? {} : { description }),
  }
  if (type === 'function')
    return {
      kind: 'function',
      ...named,
      ...(isObject(parameters) ? { schema: parameters } : {}),
      ...(typeof strict === 'boolean' ? { isStrict: strict } : {}),
    }
  if (type === 'custom') return { kind: 'freeform', ...named, ...(isObject(format) ? { format } : {}) }
  // What the client runs but only this dialect describes (a local shell, a patch tool) means nothing elsewhere either.
  return {
    kind: 'hosted',
    type: readString(type) ?? 'unknown',
    foreign: { dialect: 'responses', fields: tool },
  }
}

export function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
