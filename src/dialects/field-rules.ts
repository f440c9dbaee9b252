// What fields of a request must be, as rules that a format's file lists and one function holds a request against.

import { type Refusal, refuse } from '#core/errors.ts'
import type { JsonObject } from '#core/readers.ts'

export type FieldRule = {
  field: string
  isValid: (value: unknown) => boolean
  /** Completes `"field" …`. */
  must: string
  isRequired?: true
}

/** No name of a model is longer; it goes into logs and refusals. */
const modelCharactersMax = 256

export const modelRule: FieldRule = {
  field: 'model',
  isValid: (value) => typeof value === 'string' && value !== '' && value.length <= modelCharactersMax,
  must: 'must be the name of a model',
  isRequired: true,
}

/** Why, and what instead: docs/decisions/0031-server-tools.md. */
export const noServerTools =
  'tools that the provider runs have no price here. Search by a function of yours, or take a model with cancellation_policy "accept"'

/** The first rule that is broken, as the refusal that names its field. Null reads as absent everywhere but in required fields. */
export function refuseByRules(body: JsonObject, rules: readonly FieldRule[]): Refusal | undefined {
  for (const { field, isValid, must, isRequired } of rules) {
    const value = body[field] ?? undefined
    const isMissing = value === undefined
    if (isMissing ? isRequired === true : !isValid(value))
      return refuse('invalid_request', { message: `"${field}" ${must}.`, param: field })
  }
  return undefined
}
