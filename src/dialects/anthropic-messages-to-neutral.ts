// A messages request in neutral form, for upstreams of another dialect. Lenient: what no other dialect knows is carried as it
// is, and thoughts that were not sealed here belong to Anthropic alone.

import type { Block, ContentBlock, Item, Media, NeutralCall, ReasoningState } from '#calls/neutral-call.ts'
import { openState } from '#calls/reasoning-state.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject, readString } from '#core/readers.ts'
import { messagesTools, messagesTuning } from './anthropic-messages-tuning.ts'
import type { AskedCall } from './dialect.ts'

export function messagesToNeutral(asked: AskedCall): { ok: true; call: NeutralCall } | Refusal {
  const { body, isStreamed, outputTokensMax, endUser } = asked
  const items: Item[] = []
  const system = contentOf(body['system'])
  if (system.length > 0) items.push({ role: 'system', blocks: system })
  const messages: readonly unknown[] = Array.isArray(body['messages']) ? body['messages'] : []
  for (const [index, message] of messages.entries()) {
    const read = itemsOf(message)
    if (read === undefined)
      return refuse('invalid_request', {
        message: `messages[${index}] has no role that is known: user, assistant or system.`,
        param: `messages[${index}].role`,
      })
    items.push(...read)
  }
  if (body['speed'] === 'fast')
    return refuse('invalid_request', {
      message: 'This model does not take "speed": only models of Anthropic do. Leave it out.',
      param: 'speed',
    })
  const stop: unknown = body['stop_sequences']
  const call: NeutralCall = {
    items,
    tools: messagesTools(body),
    stop: Array.isArray(stop) ? stop.filter((one) => typeof one === 'string') : [],
    isStreamed,
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    ...(endUser === undefined ? {} : { endUser }),
    ...messagesTuning(body),
    foreign: { dialect: 'messages', fields: foreignOf(body) },
  }
  return { ok: true, call }
}

/** Read above or in the tuning; tier, speed and place are the usual ones, or the request was refused. */
const readFields: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'stream',
  'max_tokens',
  'tools',
  'tool_choice',
  'stop_sequences',
  'temperature',
  'top_p',
  'top_k',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'service_tier',
  'speed',
  'inference_geo',
  'mcp_servers',
])

function foreignOf(body: JsonObject): JsonObject {
  const entries = Object.entries(body).filter(
    ([name, value]) => !readFields.has(name) && (value ?? undefined) !== undefined,
  )
  return Object.fromEntries(entries)
}

function itemsOf(message: unknown): readonly Item[] | undefined {
  if (!isObject(message)) return undefined
  const content: unknown = message['content']
  switch (message['role']) {
    case 'user':
      return userItems(content)
    case 'assistant':
      return [{ role: 'assistant', blocks: assistantBlocks(content) }]
    case 'system':
      return [{ role: 'system', blocks: contentOf(content) }]
    default:
      return undefined
  }
}

/** The results of tools are a turn of their own and come first, wherever they stood; all else stays the user's. */
function userItems(content: unknown): readonly Item[] {
  const blocks: readonly unknown[] = Array.isArray(content) ? content : []
  const results = blocks.filter(isToolResult).map(resultOf)
  const rest = contentOf(Array.isArray(content) ? blocks.filter((block) => !isToolResult(block)) : content)
  return [
    ...(results.length === 0 ? [] : [{ role: 'tool' as const, blocks: results }]),
    ...(results.length > 0 && rest.length === 0 ? [] : [{ role: 'user' as const, blocks: rest }]),
  ]
}

function isToolResult(block: unknown): block is JsonObject {
  return isObject(block) && block['type'] === 'tool_result'
}

function resultOf(block: JsonObject): Block {
  return {
    kind: 'tool_result',
    callId: readString(block['tool_use_id']) ?? '',
    parts: contentOf(block['content']),
    isError: block['is_error'] === true,
    isFreeform: false,
  }
}

function assistantBlocks(content: unknown): readonly Block[] {
  if (!Array.isArray(content)) return contentOf(content)
  const blocks = content.filter(isObject)
  const callIds = new Set(blocks.flatMap((block) => (block['type'] === 'tool_use' ? [block['id']] : [])))
  const states = new Map<unknown, ReasoningState>()
  for (const block of blocks) {
    const state = redactedState(block)
    if (state?.id !== undefined && callIds.has(state.id)) states.set(state.id, state)
  }
  return blocks.flatMap((block) => assistantBlock(block, states))
}

/** `states`: what was told in front of a tool call, because the call itself has no place for it. */
function assistantBlock(block: JsonObject, states: ReadonlyMap<unknown, ReasoningState>): readonly Block[] {
  switch (block['type']) {
    case 'thinking':
      return thinkingOf(block)
    case 'redacted_thinking': {
      const state = redactedState(block)
      if (state === undefined || states.has(state.id)) return []
      return [{ kind: 'reasoning', text: '', isSummary: false, isRedacted: true, state }]
    }
    case 'tool_use': {
      const { id, name } = block
      const state = states.get(id)
      return [
        {
          kind: 'tool_call',
          id: readString(id) ?? '',
          name: readString(name) ?? '',
          input: JSON.stringify(block['input'] ?? {}),
          isFreeform: false,
          ...(state === undefined ? {} : { state: { origin: state.origin, value: state.value } }),
        },
      ]
    }
    default:
      return contentOf([block])
  }
}

function thinkingOf(block: JsonObject): readonly Block[] {
  const text = readString(block['thinking']) ?? ''
  const state = sealedState(block['signature'])
  if (text === '' && state === undefined) return []
  return [{ kind: 'reasoning', text, isSummary: false, ...(state === undefined ? {} : { state }) }]
}

function redactedState(block: JsonObject): ReasoningState | undefined {
  return block['type'] === 'redacted_thinking' ? sealedState(block['data']) : undefined
}

/** Undefined for what nobody signed and for what was not sealed here. */
function sealedState(sealed: unknown): ReasoningState | undefined {
  const state = typeof sealed === 'string' ? openState(sealed) : undefined
  return state === undefined || state.value === '' ? undefined : state
}

function contentOf(content: unknown): readonly ContentBlock[] {
  if (typeof content === 'string') return textBlock(content)
  return Array.isArray(content) ? content.filter(isObject).flatMap(contentBlock) : []
}

function contentBlock(block: JsonObject): readonly ContentBlock[] {
  switch (block['type']) {
    case 'text':
      return textBlock(block['text'])
    case 'image': {
      const media = mediaOf(block['source'])
      return media === undefined ? [] : [{ kind: 'image', media }]
    }
    case 'document':
      return documentOf(block)
    case 'search_result': {
      const about = [block['title'], block['source']].filter((one) => typeof one === 'string')
      return [...textBlock(about.join('\n')), ...contentOf(block['content'])]
    }
    default: {
      const type = readString(block['type']) ?? ''
      return [{ kind: 'unknown', type, foreign: { dialect: 'messages', fields: block } }]
    }
  }
}

function textBlock(text: unknown): readonly ContentBlock[] {
  return typeof text === 'string' && text !== '' ? [{ kind: 'text', text }] : []
}

/** A document of text is text with its title in front; any other is a file. */
function documentOf(block: JsonObject): readonly ContentBlock[] {
  const source: unknown = block['source']
  const [title, context] = [readString(block['title']), readString(block['context'])]
  if (!isObject(source)) return []
  if (source['type'] === 'text' || source['type'] === 'content') {
    const about = [title, context].filter((one) => one !== undefined).join('\n')
    return [...textBlock(about), ...contentOf(source['type'] === 'text' ? source['data'] : source['content'])]
  }
  const media = mediaOf(source)
  return media === undefined ? [] : [{ kind: 'file', media, ...(title === undefined ? {} : { name: title }) }]
}

function mediaOf(source: unknown): Media | undefined {
  if (!isObject(source)) return undefined
  const [url, data, id] = [source['url'], source['data'], source['file_id']].map(readString)
  if (url !== undefined) return { kind: 'url', url }
  if (id !== undefined) return { kind: 'stored', id }
  if (data === undefined) return undefined
  return { kind: 'base64', mediaType: readString(source['media_type']) ?? 'application/octet-stream', data }
}
