// A responses request in neutral form, for upstreams of another dialect. Its items are parts of turns: those of the
// assistant that follow one another become one turn, and so do the results of tools.

import type { Block, Item, NeutralCall, ReasoningState } from '#calls/neutral-call.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject, readString } from '#core/readers.ts'
import type { AskedCall } from './dialect.ts'
import { itemTypeOf } from './openai-responses-fields.ts'
import { contentOf, resultOf } from './openai-responses-parts.ts'
import { reasoningBlocks } from './openai-responses-reasoning.ts'
import { neutralTools, objectsOf } from './openai-responses-tools.ts'
import { responsesTuning } from './openai-responses-tuning.ts'

export function responsesToNeutral(asked: AskedCall): { ok: true; call: NeutralCall } | Refusal {
  const { body, isStreamed, outputTokensMax, endUser } = asked
  const refusal = refuseUncarried(body)
  if (refusal !== undefined) return refusal
  const call: NeutralCall = {
    items: itemsOf(body),
    tools: neutralTools(body),
    stop: [],
    isStreamed,
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    ...(endUser === undefined ? {} : { endUser }),
    ...responsesTuning(body),
    foreign: { dialect: 'responses', fields: foreignOf(body) },
  }
  return { ok: true, call }
}

/** What would change the meaning of a request if it were left out. */
function refuseUncarried(body: JsonObject): Refusal | undefined {
  const logprobs = body['top_logprobs'] ?? 0
  const include: unknown = body['include']
  const asksLogprobs = Array.isArray(include) && include.includes('message.output_text.logprobs')
  if (logprobs !== 0 || asksLogprobs)
    return refuse('invalid_request', {
      message: 'This model does not state the probabilities of its tokens.',
      param: logprobs === 0 ? 'include' : 'top_logprobs',
    })
  const at = objectsOf(body['input']).findIndex((item) => itemTypeOf(item) === 'compaction')
  if (at !== -1)
    return refuse('invalid_request', {
      message: 'A compacted conversation can be read only by the provider that compacted it.',
      param: `input[${at}]`,
    })
  const { tool_choice: choice } = body
  if (isObject(choice) && !namedChoices.has(choice['type']))
    return refuse('invalid_request', {
      message: 'This model cannot be made to use a tool that another provider runs.',
      param: 'tool_choice',
    })
  return undefined
}

const namedChoices: ReadonlySet<unknown> = new Set(['function', 'custom', 'allowed_tools'])

/** Read here or by the gateway, or of no consequence to another upstream: nothing is kept, and progress is not told. */
const readFields: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'stream',
  'stream_options',
  'store',
  'background',
  'include',
  'client_metadata',
  'max_output_tokens',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'temperature',
  'top_p',
  'top_logprobs',
  'frequency_penalty',
  'presence_penalty',
  'reasoning',
  'text',
  'user',
  'safety_identifier',
  'metadata',
  'service_tier',
  'prompt_cache_key',
])

function foreignOf(body: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(body).filter(
      ([name, value]) => !readFields.has(name) && (value ?? undefined) !== undefined && !isUsual(name, value),
    ),
  )
}

function isUsual(name: string, value: unknown): boolean {
  return name === 'truncation' && value === 'disabled'
}

function itemsOf(body: JsonObject): readonly Item[] {
  const { instructions, input } = body
  const items = new Turns()
  items.add('system', contentOf(instructions ?? ''))
  if (typeof input === 'string') items.add('user', contentOf(input))
  for (const item of objectsOf(input)) {
    const { role, blocks } = turnOf(item)
    items.add(role, blocks)
  }
  return items.all.map((item) => ({ ...item, blocks: withCallStates(item.blocks) }))
}

/** The state of a call came as an item of its own, under the call's id. */
function withCallStates(blocks: readonly Block[]): readonly Block[] {
  const calls = new Set(blocks.flatMap((block) => (block.kind === 'tool_call' ? [block.id] : [])))
  const states = new Map<string, ReasoningState>()
  const others = blocks.filter((block) => {
    const state = block.kind === 'reasoning' && block.text === '' ? block.state : undefined
    if (state?.id === undefined || !calls.has(state.id)) return true
    states.set(state.id, { origin: state.origin, value: state.value })
    return false
  })
  if (states.size === 0) return blocks
  return others.map((block) => {
    const state = block.kind === 'tool_call' ? states.get(block.id) : undefined
    return block.kind === 'tool_call' && state !== undefined ? { ...block, state } : block
  })
}

class Turns {
  readonly all: { role: Item['role']; blocks: Block[] }[] = []

  add(role: Item['role'], blocks: readonly Block[]): void {
    if (blocks.length === 0) return
    const last = this.all.at(-1)
    const isContinued = last?.role === role && (role === 'assistant' || role === 'tool')
    if (!isContinued) this.all.push({ role, blocks: [...blocks] })
    // One by one: a turn may consist of more blocks than a call can have arguments.
    else for (const block of blocks) last.blocks.push(block)
  }
}

const roles: ReadonlyMap<unknown, Item['role']> = new Map([
  ['system', 'system'],
  ['developer', 'developer'],
  ['assistant', 'assistant'],
])

function turnOf(item: JsonObject): { role: Item['role']; blocks: readonly Block[] } {
  const type = itemTypeOf(item)
  switch (type) {
    case 'message':
      return { role: roles.get(item['role']) ?? 'user', blocks: contentOf(item['content']) }
    case 'agent_message':
      return { role: 'user', blocks: agentMessage(item) }
    case 'reasoning':
      return { role: 'assistant', blocks: reasoningBlocks(item) }
    case 'additional_tools':
    case 'item_reference':
      return { role: 'assistant', blocks: [] }
    case 'tool_search_call':
    case 'tool_search_output':
    case 'web_search_call':
      return {
        role: 'assistant',
        blocks: [{ kind: 'unknown', type, foreign: { dialect: 'responses', fields: item } }],
      }
    default:
      return type.endsWith('_output')
        ? { role: 'tool', blocks: [toolResult(item, type)] }
        : { role: 'assistant', blocks: [toolCall(item, type)] }
  }
}

/** Another agent's words are no turn of this model: they come to it as a user's do, with their sender. */
function agentMessage(item: JsonObject): readonly Block[] {
  const blocks = contentOf(item['content']).filter(({ kind }) => kind !== 'unknown')
  const sender = readString(item['author'])
  if (blocks.length === 0 || sender === undefined) return blocks
  return [{ kind: 'text', text: `Message from agent ${sender}:` }, ...blocks]
}

function callIdOf(item: JsonObject): string {
  return readString(item['call_id']) ?? readString(item['id']) ?? ''
}

function toolCall(item: JsonObject, type: string): Block {
  const id = callIdOf(item)
  const named = {
    name: readString(item['name']) ?? type.replace(/_call$/, ''),
    ...(typeof item['namespace'] === 'string' ? { namespace: item['namespace'] } : {}),
  }
  if (type === 'custom_tool_call')
    return { kind: 'tool_call', id, ...named, input: readString(item['input']) ?? '', isFreeform: true }
  // Shells and patches have what they do as an object beside their name.
  const does: unknown = item['arguments'] ?? item['action'] ?? item['operation']
  const input = typeof does === 'string' ? does : JSON.stringify(does ?? {})
  return { kind: 'tool_call', id, ...named, input: input === '' ? '{}' : input, isFreeform: false }
}

function toolResult(item: JsonObject, type: string): Block {
  return {
    kind: 'tool_result',
    callId: callIdOf(item),
    parts: resultOf(item['output']),
    isError: false,
    isFreeform: type === 'custom_tool_call_output',
  }
}
