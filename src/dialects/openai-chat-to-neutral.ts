// A chat request in neutral form, for upstreams of another dialect. Lenient about how companies write it; a field that
// would change what is asked for and has no neutral place stays in `foreign`, for the other dialect to refuse by name.

import {
  type Block,
  type ContentBlock,
  type Item,
  type NeutralCall,
  type ReasoningBlock,
} from '#calls/neutral-call.ts'
import { mediaOfUrl } from '#calls/media.ts'
import { openState } from '#calls/reasoning-state.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject, readString } from '#core/readers.ts'
import type { AskedCall } from './dialect.ts'
import { chatTools, chatTuning, textsIn } from './openai-chat-tuning.ts'
import { reasoningDetailStates, reasoningTextsOf, textPartsOf } from './openai-chat-parts.ts'

export function chatToNeutral({
  body,
  isStreamed,
  outputTokensMax,
}: AskedCall): { ok: true; call: NeutralCall } | Refusal {
  const messages: unknown = body['messages']
  const items = (Array.isArray(messages) ? messages : []).map((message: unknown) => itemOf(message))
  const unread = items.findIndex((item) => item === undefined)
  if (unread !== -1)
    return refuse('invalid_request', {
      message: `messages[${unread}] has no role that is known: system, developer, user, assistant, tool or function.`,
      param: `messages[${unread}].role`,
    })
  const call: NeutralCall = {
    items: items.filter((item) => item !== undefined),
    tools: chatTools(body),
    stop: textsIn(body['stop']),
    isStreamed,
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    ...chatTuning(body),
    foreign: { dialect: 'chat', fields: foreignOf(body) },
  }
  return { ok: true, call }
}

/** Read above or here; `stream_options` and both limits are the gateway's own business. */
const readFields: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'tools',
  'functions',
  'stop',
  'tool_choice',
  'function_call',
  'parallel_tool_calls',
  'temperature',
  'top_p',
  'top_k',
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'reasoning_effort',
  'reasoning',
  'response_format',
  'verbosity',
  'user',
  'safety_identifier',
  'metadata',
  'service_tier',
  'prompt_cache_key',
])

function foreignOf(body: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(body).filter(
      ([name, value]) => !readFields.has(name) && value !== null && value !== undefined,
    ),
  )
}

function itemOf(message: unknown): Item | undefined {
  if (!isObject(message)) return undefined
  switch (message['role']) {
    case 'system':
    case 'developer':
      return { role: message['role'], blocks: contentOf(message['content']) }
    case 'user':
      return { role: 'user', blocks: contentOf(message['content']) }
    case 'assistant':
      return { role: 'assistant', blocks: assistantBlocks(message) }
    case 'tool':
      return resultItem(readString(message['tool_call_id']) ?? '', message['content'])
    case 'function':
      return resultItem(readString(message['name']) ?? '', message['content'])
    default:
      return undefined
  }
}

function resultItem(callId: string, content: unknown): Item {
  const parts = contentOf(content)
  return { role: 'tool', blocks: [{ kind: 'tool_result', callId, parts, isError: false, isFreeform: false }] }
}

function contentOf(content: unknown): readonly ContentBlock[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }]
  return Array.isArray(content) ? content.flatMap(partOf) : []
}

function partOf(part: unknown): readonly ContentBlock[] {
  if (!isObject(part)) return []
  const image: unknown = part['image_url']
  const file: unknown = part['file']
  const audio: unknown = part['input_audio']
  switch (part['type']) {
    case 'text':
      return textPartsOf(part['text']).map((text) => ({ kind: 'text', text }))
    case 'refusal':
      return textPartsOf(part['refusal']).map((text) => ({ kind: 'refusal', text }))
    case 'image_url':
      return imageOf(image)
    case 'file':
      return isObject(file) ? fileOf(file) : []
    case 'input_audio':
      if (!isObject(audio)) return []
      return [
        {
          kind: 'audio',
          data: readString(audio['data']) ?? '',
          format: readString(audio['format']) ?? 'wav',
        },
      ]
    default: {
      const type = readString(part['type']) ?? ''
      return [{ kind: 'unknown', type, foreign: { dialect: 'chat', fields: part } }]
    }
  }
}

function imageOf(image: unknown): readonly ContentBlock[] {
  const url = isObject(image) ? readString(image['url']) : readString(image)
  if (url === undefined) return []
  const detail = isObject(image) ? readString(image['detail']) : undefined
  return [{ kind: 'image', media: mediaOfUrl(url), ...(detail === undefined ? {} : { detail }) }]
}

function fileOf(file: JsonObject): readonly ContentBlock[] {
  const [id, data, name] = [file['file_id'], file['file_data'], file['filename']].map(readString)
  const named = name === undefined ? {} : { name }
  if (id !== undefined) return [{ kind: 'file', media: { kind: 'stored', id }, ...named }]
  return data === undefined ? [] : [{ kind: 'file', media: mediaOfUrl(data), ...named }]
}

function assistantBlocks(message: JsonObject): readonly Block[] {
  const refusal = readString(message['refusal']) ?? ''
  const calls: unknown = message['tool_calls']
  const called: unknown = message['function_call']
  return [
    ...reasoningBlocks(message),
    ...contentOf(message['content']).filter(({ kind, ...rest }) => !isThought(kind, rest)),
    ...(refusal === '' ? [] : [{ kind: 'refusal', text: refusal } as const]),
    ...(Array.isArray(calls) ? calls.flatMap((call: unknown) => toolCallOf(call)) : []),
    ...(isObject(called) ? toolCallOf({ id: readString(called['name']), function: called }) : []),
  ]
}

/** Mistral's thoughts stand among the parts; they are read with the other thoughts. */
function isThought(kind: string, rest: object): boolean {
  return kind === 'unknown' && 'type' in rest && rest.type === 'thinking'
}

/** The thoughts as they were shown, and what was sealed for their origin. Unsealed state is nobody's that we know. */
function reasoningBlocks(message: JsonObject): readonly ReasoningBlock[] {
  const text = reasoningTextsOf(message).join('')
  const states = reasoningDetailStates(message).flatMap(({ value }) => openState(value) ?? [])
  const [first, ...others] = states
  const shown: ReasoningBlock[] =
    text === ''
      ? []
      : [{ kind: 'reasoning', text, isSummary: false, ...(first === undefined ? {} : { state: first }) }]
  const hidden = text === '' ? states : others
  return [
    ...shown,
    ...hidden.map(
      (state) => ({ kind: 'reasoning', text: '', isSummary: false, isRedacted: true, state }) as const,
    ),
  ]
}

function toolCallOf(call: unknown): readonly Block[] {
  if (!isObject(call)) return []
  const custom: unknown = call['custom']
  const called: unknown = isObject(custom) ? custom : call['function']
  if (!isObject(called)) return []
  const name = readString(called['name']) ?? ''
  const input = readString(called['arguments']) ?? readString(called['input']) ?? ''
  const isFreeform = isObject(custom)
  const id = readString(call['id']) ?? name
  return [{ kind: 'tool_call', id, name, input: input === '' && !isFreeform ? '{}' : input, isFreeform }]
}
