// The door of the small JSON APIs (keys, operator): a bounded body in, an answer with its request id out. Calls have a door of
// their own: their bodies are larger and are kept as bytes.

import { type Json, type Refusal, refuse } from './errors.ts'
import type { RequestId } from './ids.ts'
import { readJson } from './readers.ts'

/** The largest body is a key with 200 allowed models. */
const bodyCharactersMax = 65_536

/** The parsed body; undefined where there is none: routes that take none do not look, the others name what is missing. */
export async function readJsonBody(request: Request): Promise<{ ok: true; value: unknown } | Refusal> {
  if (request.method === 'GET' || request.method === 'DELETE') return { ok: true, value: undefined }
  const text = await boundedText(request)
  if (text === undefined)
    return refuse('body_too_large', { message: `The body may have ${bodyCharactersMax} characters.` })
  if (text.trim() === '') return { ok: true, value: undefined }
  const value = readJson(text)
  return value === undefined
    ? refuse('invalid_request', { message: 'The body is not valid JSON.' })
    : { ok: true, value }
}

export function jsonAnswer(result: { status?: number; body: Json }, requestId: RequestId): Response {
  const headers = { 'x-request-id': requestId, 'request-id': requestId }
  return Response.json(result.body, { status: result.status ?? 200, headers })
}

/** Undefined for a body that is too long. It is read to its end all the same, and not kept: its client hears why. */
async function boundedText(request: Request): Promise<string | undefined> {
  if (request.body === null) return ''
  const reader = request.body.getReader()
  const decoder = new TextDecoder()
  let text: string | undefined = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (text !== undefined) text += done ? decoder.decode() : decoder.decode(value, { stream: true })
    if (text !== undefined && text.length > bodyCharactersMax) text = undefined
    if (done) return text
  }
}
