// Chat completions as OpenAI's clients write them: the request into what we bill and route on, and on to the upstream.
// Strict about those fields, indifferent to all others, which pass untouched.

import type { Refusal } from '#core/errors.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { editBody } from './body-edit.ts'
import { measureBody } from './body-measure.ts'
import type { AskedCall, UpstreamTarget } from './dialect.ts'
import { openAiEndUserOf, refuseEndUser } from './end-user-id.ts'
import { readJsonBody } from './json-body.ts'
import { refuseField } from './openai-chat-fields.ts'
import { withoutSealedThoughts } from './openai-chat-sealed.ts'
import { askedTier } from './openai-service-tier.ts'

export function readChatCall(bytes: Uint8Array): { ok: true; call: AskedCall } | Refusal {
  const read = readJsonBody(bytes)
  if (!read.ok) return read
  const { text, body } = read
  const refusal = refuseField(body)
  if (refusal !== undefined) return refusal
  const measure = measureBody(body)
  if (!measure.ok) return measure
  const endUser = openAiEndUserOf(body)
  const tooLong = refuseEndUser(endUser, 'user')
  if (tooLong !== undefined) return tooLong
  const streamOptions = body['stream_options']
  const includeUsage = isObject(streamOptions) ? streamOptions['include_usage'] : undefined
  return {
    ok: true,
    call: {
      dialect: 'chat',
      model: readString(body['model']) ?? '',
      isStreamed: body['stream'] === true,
      includeUsage: typeof includeUsage === 'boolean' ? includeUsage : undefined,
      // The newer name wins; upstream goes one of the two, so the other cannot raise what is held.
      outputTokensMax: readWhole(body['max_completion_tokens'], 1) ?? readWhole(body['max_tokens'], 1),
      choices: readWhole(body['n'], 1) ?? 1,
      endUser,
      text,
      body,
      textBytes: measure.textBytes,
      messages: lengthOf(body['messages']),
      tools: lengthOf(body['tools']) + lengthOf(body['functions']),
      images: measure.images,
      ...askedTier(body),
    },
  }
}

/** The client's body as the upstream gets it: its own model name, the output limit under the name that it reads, usage asked for. */
export function forwardChat(call: AskedCall, target: UpstreamTarget): string {
  const { body } = call
  const edits = new Map<string, string | undefined>()
  if (body['model'] !== target.upstreamModel) edits.set('model', JSON.stringify(target.upstreamModel))
  const limit = target.outputTokensMax ?? call.outputTokensMax
  for (const name of ['max_tokens', 'max_completion_tokens'] as const) {
    const value = name === target.outputParameter ? limit : undefined
    if (body[name] !== value) edits.set(name, value === undefined ? undefined : String(value))
  }
  const options = isObject(body['stream_options']) ? body['stream_options'] : {}
  if (!target.acceptsStreamOptions) edits.set('stream_options', undefined)
  else if (call.isStreamed && options['include_usage'] !== true)
    edits.set('stream_options', JSON.stringify({ ...options, include_usage: true }))
  const messages = withoutSealedThoughts(call.text, body['messages'])
  if (messages !== undefined) edits.set('messages', JSON.stringify(messages))
  return editBody(call.text, edits)
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}
