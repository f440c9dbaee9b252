// Completions, OpenAI's older form: a text that is gone on with. Goes up as it came where a provider serves it, and as the one
// message of a conversation everywhere else; what has no place there is refused by name.

import { utf8BytesOf } from '#calls/count-tokens.ts'
import type { NeutralCall } from '#calls/neutral-call.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { editBody } from './body-edit.ts'
import type { AskedCall, ClientFormat, UpstreamTarget } from './dialect.ts'
import { openAiEndUserOf, refuseEndUser } from './end-user-id.ts'
import { readJsonBody } from './json-body.ts'
import { ChatMeter } from './openai-chat-meter.ts'
import { chatTuning, textsIn } from './openai-chat-tuning.ts'
import { CompletionsEncoder, completionsShape } from './openai-completions-answer.ts'
import { bestOfMost, choicesMost, refuseCompletionsField } from './openai-completions-fields.ts'
import { openAiError } from './openai-errors.ts'

export const completionsFormat: ClientFormat = {
  id: 'completions',
  route: '/v1/completions',
  upstreamPath: '/completions',
  read: readCompletionsCall,
  error: openAiError,
  forward: forwardCompletions,
  sameDialectMeter: (options) => new ChatMeter(options, completionsShape),
  toNeutral: completionsToNeutral,
  encoder: (facts) => new CompletionsEncoder(facts),
}

/** OpenAI's own where a request names none: a limit like any other, held and sent up. */
const usualOutputTokensMax = 16
/** What is repeated before the answer is kept while the call runs. */
const echoBytesMax = 65_536

function readCompletionsCall(bytes: Uint8Array): { ok: true; call: AskedCall } | Refusal {
  const read = readJsonBody(bytes)
  if (!read.ok) return read
  const { text, body } = read
  const refusal = refuseCompletionsField(body)
  if (refusal !== undefined) return refusal
  const endUser = openAiEndUserOf(body)
  const tooLong = refuseEndUser(endUser, 'user')
  if (tooLong !== undefined) return tooLong
  const prompts = promptsOf(body['prompt'])
  const texts = [...prompts, body['suffix']].filter((one) => typeof one === 'string')
  const given = prompts.reduce<number>((tokens, one) => tokens + (Array.isArray(one) ? one.length : 0), 0)
  const options = body['stream_options']
  const includeUsage: unknown = isObject(options) ? options['include_usage'] : undefined
  const echoed = body['echo'] === true ? readString(prompts[0]) : undefined
  return {
    ok: true,
    call: {
      dialect: 'completions',
      model: readString(body['model']) ?? '',
      isStreamed: body['stream'] === true,
      includeUsage: typeof includeUsage === 'boolean' ? includeUsage : undefined,
      outputTokensMax: readWhole(body['max_tokens'], 1) ?? usualOutputTokensMax,
      choices: Math.max(choicesMost(body), bestOfMost(body)) * prompts.length,
      endUser,
      textBytes: texts.reduce((sum, one) => sum + utf8BytesOf(one), 0),
      givenTokens: given,
      messages: prompts.length,
      tools: 0,
      images: 0,
      text,
      body,
      ...(echoed === undefined ? {} : { echo: { prompt: echoed } }),
    },
  }
}

/** A text or tokens each. */
function promptsOf(prompt: unknown): readonly unknown[] {
  return Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt : [prompt]
}

/** The client's body with the limit that is held, which the upstream's own would not be. */
function forwardCompletions({ text, body, isStreamed, outputTokensMax }: AskedCall, target: UpstreamTarget) {
  const edits = new Map<string, string | undefined>()
  if (body['model'] !== target.upstreamModel) edits.set('model', JSON.stringify(target.upstreamModel))
  const limit = target.outputTokensMax ?? outputTokensMax
  if (body['max_tokens'] !== limit) edits.set('max_tokens', String(limit))
  const options = isObject(body['stream_options']) ? body['stream_options'] : {}
  if (!target.acceptsStreamOptions) edits.set('stream_options', undefined)
  else if (isStreamed && options['include_usage'] !== true)
    edits.set('stream_options', JSON.stringify({ ...options, include_usage: true }))
  return editBody(text, edits)
}

function completionsToNeutral({
  body,
  isStreamed,
  outputTokensMax,
  echo,
}: AskedCall): { ok: true; call: NeutralCall } | Refusal {
  const [prompt, ...others] = promptsOf(body['prompt'])
  if (others.length > 0) return untranslatable('prompt', 'can be one text alone. Send one request for each')
  if (typeof prompt !== 'string' || prompt === '')
    return untranslatable('prompt', 'must be a text. Send text')
  const missing = withoutPlace.find(({ name, isAsked }) => isAsked(body[name]))
  if (missing !== undefined) return untranslatable(missing.name, missing.instead)
  if (echo !== undefined && utf8BytesOf(prompt) > echoBytesMax)
    return untranslatable('echo', `repeats prompts of up to ${echoBytesMax} bytes. Leave it out`)
  const foreign = Object.entries(body).filter(
    ([name, value]) => !readFields.has(name) && value !== null && value !== undefined,
  )
  const call: NeutralCall = {
    items: [{ role: 'user', blocks: [{ kind: 'text', text: prompt }] }],
    tools: [],
    stop: textsIn(body['stop']),
    isStreamed,
    ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    ...chatTuning(body),
    foreign: { dialect: 'chat', fields: Object.fromEntries(foreign) },
  }
  return { ok: true, call }
}

type WithoutPlace = { name: string; isAsked: (value: unknown) => boolean; instead: string }

const isGiven = (value: unknown) => value !== undefined && value !== null
const isAbove1 = (value: unknown) => readWhole(value, 2) !== undefined

/** What a conversation has no place for, and what to do instead. */
const withoutPlace: readonly WithoutPlace[] = [
  {
    name: 'suffix',
    isAsked: (value) => isGiven(value) && value !== '',
    instead: 'has no place there. Say in the prompt what follows',
  },
  { name: 'logprobs', isAsked: isGiven, instead: 'has no place there. Ask at /v1/chat/completions' },
  {
    name: 'logit_bias',
    isAsked: (value) => isObject(value) && Object.keys(value).length > 0,
    instead: 'has no place there. Leave it out',
  },
  { name: 'best_of', isAsked: isAbove1, instead: 'can be 1 alone. Leave it out' },
  { name: 'n', isAsked: isAbove1, instead: 'can be 1 alone. Send one request for each answer' },
]

/** Read above or here. */
const readFields: ReadonlySet<string> = new Set([
  ...withoutPlace.map(({ name }) => name),
  'model',
  'prompt',
  'max_tokens',
  'echo',
  'stream',
  'stream_options',
  'stop',
  'temperature',
  'top_p',
  'top_k',
  'frequency_penalty',
  'presence_penalty',
  'seed',
  'reasoning_effort',
  'response_format',
  'user',
  'safety_identifier',
  'metadata',
])

function untranslatable(param: string, why: string): Refusal {
  const message = `This model is reached as a conversation, and "${param}" ${why}. Nothing was charged.`
  return refuse('invalid_request', { message, param })
}
