// Moderations as OpenAI's clients ask for them: a text, a list of texts, or texts and pictures. Free of charge, and a call like
// any other: admitted, limited, logged.

import { utf8BytesOf } from '#calls/count-tokens.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, readString } from '#core/readers.ts'
import { editBody } from './body-edit.ts'
import type { AskedCall, ClientFormat } from './dialect.ts'
import { modelRule, refuseByRules } from './field-rules.ts'
import { readJsonBody } from './json-body.ts'
import { inputUsageOf, readInputUsage } from './openai-embeddings.ts'
import { openAiError } from './openai-errors.ts'

export const moderationsFormat: ClientFormat = {
  id: 'moderations',
  route: '/v1/moderations',
  upstreamPath: '/moderations',
  read: readModerationsCall,
  error: openAiError,
  forward: ({ text }, { upstreamModel }) =>
    editBody(text, new Map([['model', JSON.stringify(upstreamModel)]])),
  passed: { content: 'results', readUsage: readInputUsage, usageOf: inputUsageOf },
}

/** What OpenAI takes where its clients name none. */
const usualModel = 'omni-moderation-latest'
const inputsMax = 2_048

function readModerationsCall(bytes: Uint8Array): { ok: true; call: AskedCall } | Refusal {
  const read = readJsonBody(bytes)
  if (!read.ok) return read
  const { text, body } = read
  const model = body['model'] === undefined ? usualModel : (readString(body['model']) ?? '')
  const unnamed = refuseByRules({ model }, [modelRule])
  if (unnamed !== undefined) return unnamed
  if (body['stream'] === true) return invalid('stream', 'must be left out: a judgement comes in one piece')
  const { input } = body
  const inputs: readonly unknown[] = Array.isArray(input) ? input : [input]
  if (inputs.length === 0 || inputs.length > inputsMax)
    return invalid('input', `must have 1 to ${inputsMax} entries`)
  const parts = inputs.map(partOf)
  if (parts.some((part) => part === undefined))
    return invalid(
      'input',
      'must be a text, a list of texts, or a list of parts of type "text" and "image_url"',
    )
  const texts = parts.flatMap((part) => (part?.text === undefined ? [] : [part.text]))
  return {
    ok: true,
    call: {
      dialect: 'moderations',
      model,
      isStreamed: false,
      includeUsage: undefined,
      outputTokensMax: undefined,
      choices: 1,
      endUser: undefined,
      textBytes: texts.reduce((bytesSoFar, one) => bytesSoFar + utf8BytesOf(one), 0),
      messages: inputs.length,
      tools: 0,
      images: inputs.length - texts.length,
      text,
      body,
    },
  }
}

/** A text, or a picture, which has none. */
function partOf(part: unknown): { text?: string } | undefined {
  if (typeof part === 'string') return { text: part }
  if (!isObject(part)) return undefined
  const text = readString(part['text'])
  if (part['type'] === 'text' && text !== undefined) return { text }
  return part['type'] === 'image_url' && isObject(part['image_url']) ? {} : undefined
}

function invalid(param: string, must: string): Refusal {
  return refuse('invalid_request', { message: `"${param}" ${must}.`, param })
}
