// Embeddings as OpenAI's clients ask for them: a text, a list of texts, tokens, or a list of those. The request goes up as it
// came but for the model's name, the answer comes back unparsed: it may be larger than an isolate's memory.

import { utf8BytesOf } from '#calls/count-tokens.ts'
import { inputTokensOf, noUsage, type Usage } from '#calls/usage.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import { editBody } from './body-edit.ts'
import type { AskedCall, ClientFormat } from './dialect.ts'
import { openAiEndUserOf, refuseEndUser } from './end-user-id.ts'
import { modelRule, refuseByRules } from './field-rules.ts'
import { readJsonBody } from './json-body.ts'
import { openAiError } from './openai-errors.ts'
import { readTokens } from './usage-figures.ts'

export const embeddingsFormat: ClientFormat = {
  id: 'embeddings',
  route: '/v1/embeddings',
  upstreamPath: '/embeddings',
  read: readEmbeddingsCall,
  error: openAiError,
  forward: ({ text }, { upstreamModel }) =>
    editBody(text, new Map([['model', JSON.stringify(upstreamModel)]])),
  passed: { content: 'data', readUsage: readInputUsage, usageOf: inputUsageOf },
}

/** As OpenAI bounds them. */
const inputsMax = 2_048
const dimensionsMax = 65_536

function readEmbeddingsCall(bytes: Uint8Array): { ok: true; call: AskedCall } | Refusal {
  const read = readJsonBody(bytes)
  if (!read.ok) return read
  const { text, body } = read
  const model = readString(body['model']) ?? ''
  const unnamed = refuseByRules({ model }, [modelRule])
  if (unnamed !== undefined) return unnamed
  const refusal = refuseOption(body)
  if (refusal !== undefined) return refusal
  const measure = measureInput(body['input'])
  if (typeof measure === 'string') return invalid('input', measure)
  const endUser = openAiEndUserOf(body)
  const tooLong = refuseEndUser(endUser, 'user')
  if (tooLong !== undefined) return tooLong
  const { textBytes, givenTokens, inputs } = measure
  return {
    ok: true,
    call: {
      dialect: 'embeddings',
      model,
      isStreamed: false,
      includeUsage: undefined,
      outputTokensMax: undefined,
      choices: 1,
      endUser,
      textBytes,
      givenTokens,
      messages: inputs,
      tools: 0,
      images: 0,
      text,
      body,
    },
  }
}

function refuseOption(body: JsonObject): Refusal | undefined {
  const dimensions = body['dimensions'] ?? undefined
  const format = body['encoding_format'] ?? undefined
  if (dimensions !== undefined && (readWhole(dimensions, 1) ?? dimensionsMax + 1) > dimensionsMax)
    return invalid('dimensions', `must be a whole number from 1 to ${dimensionsMax}`)
  if (format !== undefined && format !== 'float' && format !== 'base64')
    return invalid('encoding_format', 'must be "float" or "base64"')
  if (body['stream'] === true) return invalid('stream', 'must be left out: embeddings come in one piece')
  return undefined
}

type Measure = { textBytes: number; givenTokens: number; inputs: number }

/** What is to be embedded, or what is wrong with it. */
function measureInput(input: unknown): Measure | string {
  const inputs: readonly unknown[] = Array.isArray(input) && !isTokens(input) ? input : [input]
  if (inputs.length > inputsMax)
    return `has ${inputs.length} entries; ${inputsMax} is the most that one request takes`
  const measure: Measure = { textBytes: 0, givenTokens: 0, inputs: inputs.length }
  for (const one of inputs) {
    if (typeof one === 'string' && one !== '') measure.textBytes += utf8BytesOf(one)
    else if (isTokens(one)) measure.givenTokens += one.length
    else if (isObject(one)) return 'must be text or tokens: pictures and other parts have no price here'
    else return 'must be a text, a list of texts, tokens, or a list of lists of tokens, none of them empty'
  }
  return inputs.length === 0 ? 'must not be empty' : measure
}

function isTokens(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => readWhole(one) !== undefined)
}

/** Some providers state the total alone, some add an output of zero. */
export function readInputUsage(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined
  const input = readTokens(value['prompt_tokens']) ?? readTokens(value['total_tokens'])
  return input === undefined ? undefined : { ...noUsage, input }
}

export function inputUsageOf(usage: Usage): JsonObject {
  const tokens = inputTokensOf(usage)
  return { prompt_tokens: tokens, total_tokens: tokens }
}

function invalid(param: string, must: string): Refusal {
  return refuse('invalid_request', { message: `"${param}" ${must}.`, param })
}
