// The fields of a completion that decide what it costs or where it goes. A value that could not be billed or routed on is refused.

import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject, readWhole } from '#core/readers.ts'
import { type FieldRule, modelRule, refuseByRules } from './field-rules.ts'

const choicesMax = 128
/** As OpenAI bounds it. */
const bestOfMax = 20
const promptsMax = 128

const isWholeUpTo = (most: number) => (value: unknown) => (readWhole(value, 1) ?? most + 1) <= most
const isBoolean = (value: unknown) => typeof value === 'boolean'

// Null reads as absent everywhere but in required fields, as in OpenAI's own types.
const rules: readonly FieldRule[] = [
  modelRule,
  {
    field: 'prompt',
    isValid: (value) =>
      isPrompt(value) ||
      (Array.isArray(value) && value.length > 0 && value.length <= promptsMax && value.every(isPrompt)),
    must: `must be a text, tokens, or a list of at most ${promptsMax} of either`,
    isRequired: true,
  },
  { field: 'suffix', isValid: (value) => typeof value === 'string', must: 'must be a text' },
  { field: 'stream', isValid: isBoolean, must: 'must be true or false' },
  { field: 'stream_options', isValid: isObject, must: 'must be an object' },
  { field: 'echo', isValid: isBoolean, must: 'must be true or false' },
  {
    field: 'max_tokens',
    isValid: (value) => readWhole(value, 1) !== undefined,
    must: 'must be a whole number of at least 1',
  },
  {
    field: 'service_tier',
    isValid: (value) => value === 'auto' || value === 'default',
    must: 'must be "auto" or "default": other tiers have no price here',
  },
  { field: 'n', isValid: isWholeUpTo(choicesMax), must: `must be a whole number from 1 to ${choicesMax}` },
  {
    field: 'best_of',
    isValid: isWholeUpTo(bestOfMax),
    must: `must be a whole number from 1 to ${bestOfMax}`,
  },
]

/** The first field that cannot be billed or routed on, as the refusal that names it. */
export function refuseCompletionsField(body: JsonObject): Refusal | undefined {
  const broken = refuseByRules(body, rules)
  if (broken !== undefined) return broken
  if (body['stream'] !== true) return undefined
  if (body['echo'] === true) return invalid('echo', 'must be left out of streams: the prompt is known')
  return bestOfMost(body) > 1
    ? invalid('best_of', 'must be left out of streams, as OpenAI has it')
    : undefined
}

export function choicesMost(body: JsonObject): number {
  return readWhole(body['n'], 1) ?? 1
}

export function bestOfMost(body: JsonObject): number {
  return readWhole(body['best_of'], 1) ?? 1
}

function isPrompt(value: unknown): boolean {
  return (
    typeof value === 'string' ||
    (Array.isArray(value) && value.length > 0 && value.every((one) => readWhole(one) !== undefined))
  )
}

function invalid(param: string, must: string): Refusal {
  return refuse('invalid_request', { message: `"${param}" ${must}.`, param })
}
