// A request's bytes as the JSON object that they must be, bounded before it is parsed.

import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject, readJson } from '#core/readers.ts'
import { refuseManyValues } from './body-measure.ts'

// Fatal: a body that is not UTF-8 is refused instead of being forwarded with replaced characters.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

export function readJsonBody(bytes: Uint8Array): { ok: true; text: string; body: JsonObject } | Refusal {
  const tooMany = refuseManyValues(bytes)
  if (tooMany !== undefined) return tooMany
  const text = decoded(bytes)
  if (text === undefined) return invalid('The request body is not UTF-8 text.')
  const body = readJson(text)
  if (body === undefined) return invalid('The request body is not valid JSON.')
  return isObject(body) ? { ok: true, text, body } : invalid('The request body is not a JSON object.')
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    // Not a swallowed fault: "not UTF-8" is the answer.
    return undefined
  }
}

function invalid(message: string): Refusal {
  return refuse('invalid_request', { message })
}
