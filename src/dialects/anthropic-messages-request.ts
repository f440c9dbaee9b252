// Messages as Anthropic's clients write them: the request into what we bill and route on, and on to an upstream of the same
// dialect. Strict about those fields, indifferent to all others, which pass untouched. The same in every version of the API.

import type { Refusal } from '#core/errors.ts'
import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import { refuseMessagesField } from './anthropic-messages-fields.ts'
import { messagesEdit } from './anthropic-messages-replay.ts'
import { thinkingBelow } from './anthropic-messages-thinking.ts'
import { editBody } from './body-edit.ts'
import { type MeasureRules, measureBody } from './body-measure.ts'
import type { AskedCall, UpstreamTarget } from './dialect.ts'
import { refuseEndUser } from './end-user-id.ts'
import { readJsonBody } from './json-body.ts'

type Read = { ok: true; call: AskedCall } | Refusal

export function readMessagesCall(bytes: Uint8Array): Read {
  return readCall(bytes, 'message')
}

/** A request whose tokens are to be counted: the same, without a limit of the output. */
export function readCountTokensCall(bytes: Uint8Array): Read {
  return readCall(bytes, 'count')
}

/** The answer of `/v1/messages/count_tokens`: what the same call is expected to have as its input. */
export function countTokensAnswer({ expectedInputTokens }: { expectedInputTokens: number }) {
  return { input_tokens: expectedInputTokens }
}

const measureRules: MeasureRules = {
  counting: new Map([
    ['messages', 'values'],
    ['system', 'values'],
    ['tools', 'all'],
    ['output_config', 'all'],
    ['output_format', 'all'],
  ]),
  partsIn: 'messages',
  imageType: 'image',
  jsonType: 'tool_use',
}

function readCall(bytes: Uint8Array, kind: 'message' | 'count'): Read {
  const read = readJsonBody(bytes)
  if (!read.ok) return read
  const { text, body } = read
  // First, because it bounds the depth for all that follows.
  const measure = measureBody(body, measureRules)
  if (!measure.ok) return measure
  const refusal = refuseMessagesField(body, kind)
  if (refusal !== undefined) return refusal
  const metadata = body['metadata']
  const endUser = isObject(metadata) ? readString(metadata['user_id']) : undefined
  const tooLong = refuseEndUser(endUser, 'metadata.user_id')
  if (tooLong !== undefined) return tooLong
  return {
    ok: true,
    call: {
      dialect: 'messages',
      model: readString(body['model']) ?? '',
      isStreamed: body['stream'] === true,
      includeUsage: undefined,
      outputTokensMax: readWhole(body['max_tokens'], 1),
      choices: 1,
      endUser,
      text,
      body,
      textBytes: measure.textBytes,
      messages: messagesIn(body),
      tools: Array.isArray(body['tools']) ? body['tools'].length : 0,
      images: measure.images,
      // Its own service tiers are contracts; what has a price by itself is the speed.
      ...(body['speed'] === 'fast' ? { serviceTier: 'fast' } : {}),
    },
  }
}

/** Each result of a tool may become a message of its own upstream, and so may the system's text. */
function messagesIn(body: JsonObject): number {
  const messages: readonly unknown[] = Array.isArray(body['messages']) ? body['messages'] : []
  const results = messages.flatMap((message) => {
    const content: unknown = isObject(message) ? message['content'] : undefined
    return Array.isArray(content)
      ? content.filter((block) => isObject(block) && block['type'] === 'tool_result')
      : []
  })
  return messages.length + results.length + (body['system'] === undefined ? 0 : 1)
}

/** The client's body as the upstream gets it: its own model name, the limit that is covered, no other provider's thoughts. */
export function forwardMessages(call: AskedCall, target: UpstreamTarget): string {
  const { body, text } = call
  const edits = new Map<string, string | undefined>()
  if (body['model'] !== target.upstreamModel) edits.set('model', JSON.stringify(target.upstreamModel))
  const limit = target.outputTokensMax ?? call.outputTokensMax
  if (limit !== undefined && body['max_tokens'] !== limit) {
    edits.set('max_tokens', String(limit))
    const below = thinkingBelow(body['thinking'], limit)
    if (below !== undefined) edits.set('thinking', JSON.stringify(below.thinking))
  }
  const messages = messagesEdit(text, body['messages'], target.origin)
  if (messages !== undefined) edits.set('messages', messages)
  return edits.size === 0 ? text : editBody(text, edits)
}
