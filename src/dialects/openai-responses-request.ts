// A responses request: into what we bill and route on, and on to an upstream of the same dialect. Strict about those
// fields, indifferent to all others, which pass untouched.

import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { editBody } from './body-edit.ts'
import { measureBody, type MeasureRules } from './body-measure.ts'
import type { AskedCall, UpstreamTarget } from './dialect.ts'
import { openAiEndUserOf, refuseEndUser } from './end-user-id.ts'
import { readJsonBody } from './json-body.ts'
import { askedTier } from './openai-service-tier.ts'
import { itemTypeOf, refuseResponsesField } from './openai-responses-fields.ts'
import { echoOf } from './openai-responses-object.ts'
import { forwardedReasoning } from './openai-responses-reasoning.ts'
import {
  flatListOf,
  hostedToolsOf,
  isHostedTool,
  toolListOf,
  withoutHostedTools,
} from './openai-responses-tools.ts'

/** Encrypted thoughts and ids count as the text that they are: they cost no more. */
const measureRules: MeasureRules = {
  counting: new Map([
    ['input', 'values'],
    ['instructions', 'values'],
    ['tools', 'all'],
    ['text', 'all'],
  ]),
  partsIn: 'input',
  imageType: 'input_image',
  jsonType: 'additional_tools',
}

export function readResponsesCall(bytes: Uint8Array): { ok: true; call: AskedCall } | Refusal {
  const parsed = readJsonBody(bytes)
  if (!parsed.ok) return parsed
  const { text, body } = parsed
  // First, because it bounds the depth for all that follows.
  const measure = measureBody(body, measureRules)
  if (!measure.ok) return measure
  const refusal = refuseResponsesField(body)
  if (refusal !== undefined) return refusal
  const endUser = openAiEndUserOf(body)
  const tooLong = refuseEndUser(endUser, 'user')
  if (tooLong !== undefined) return tooLong
  const { input } = body
  const isBackground = body['background'] === true
  return {
    ok: true,
    call: {
      ...(isBackground ? { isBackground, isAcknowledged: body['stream'] !== true } : {}),
      ...(isBackground || body['store'] === true ? { isStored: true } : {}),
      dialect: 'responses',
      model: readString(body['model']) ?? '',
      // In the background every answer is asked for as a stream: it can be looked at, and stopped where it stands.
      isStreamed: body['stream'] === true || isBackground,
      includeUsage: undefined,
      outputTokensMax: readWhole(body['max_output_tokens'], 1),
      choices: 1,
      endUser,
      textBytes: measure.textBytes,
      messages: (Array.isArray(input) ? input.length : 1) + (body['instructions'] === undefined ? 0 : 1),
      tools: flatListOf(toolListOf(body)).length,
      images: measure.images,
      ...askedTier(body),
      text,
      body,
      echo: echoOf(body, text.length),
    },
  }
}

/**
 * What of a request an upstream of this dialect is not asked to do: it would run these tools itself, at a price that nobody
 * has stated here. An agent goes on with its own tools; a request that has no others, or demands one, is refused.
 */
export function leftOutOfResponses({
  body,
}: Pick<AskedCall, 'body'>): { ok: true; dropped: readonly string[] } | Refusal {
  const hosted = hostedToolsOf(body)
  if (hosted.length === 0) return { ok: true, dropped: [] }
  const choice = isObject(body['tool_choice']) ? readString(body['tool_choice']['type']) : undefined
  const isDemanded = choice !== undefined && hosted.includes(choice)
  const own = flatListOf(toolListOf(body)).some(({ tool }) => !isHostedTool(tool))
  if (own && !isDemanded) return { ok: true, dropped: hosted.map((type) => `tool ${type}`) }
  return invalid(`Tools that the provider runs have no price here: ${hosted.join(', ')}.`, 'tools')
}

/** The client's own body with what must change: names, the limit that is covered, and what must not be kept or run upstream. */
export function forwardResponses(call: AskedCall, target: UpstreamTarget): string {
  const { body } = call
  const edits = new Map<string, string | undefined>()
  if (body['model'] !== target.upstreamModel) edits.set('model', JSON.stringify(target.upstreamModel))
  const limit = target.outputTokensMax ?? call.outputTokensMax
  if ((body['max_output_tokens'] ?? undefined) !== limit)
    edits.set('max_output_tokens', limit === undefined ? undefined : String(limit))
  // OpenAI keeps answers where nothing is said; ours could then be continued by an id that we refuse.
  if (body['store'] !== false) edits.set('store', 'false')
  if (call.isBackground === true) edits.set('background', undefined)
  if (call.isStreamed && body['stream'] !== true) edits.set('stream', 'true')
  const client = withoutHostedTools(body)
  if (client?.tools !== undefined) edits.set('tools', JSON.stringify(client.tools))
  const input = client?.input ?? body['input']
  const readable = readableItems(input, target.origin)
  if (readable !== body['input']) edits.set('input', JSON.stringify(readable))
  return editBody(call.text, edits)
}

/** The input itself where every item of it may go on. */
function readableItems(input: unknown, origin: string): unknown {
  if (!Array.isArray(input)) return input
  const readable = input.flatMap((item: unknown) => {
    if (!isObject(item)) return [item]
    const type = itemTypeOf(item)
    if (type === 'item_reference') return []
    return type === 'reasoning' ? (forwardedReasoning(item, origin) ?? []) : [item]
  })
  const isSame = readable.length === input.length && readable.every((item, index) => item === input[index])
  return isSame ? input : readable
}

function invalid(message: string, param: string): Refusal {
  return refuse('invalid_request', { message, param })
}
