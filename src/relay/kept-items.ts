// Items of stored responses, looked for by their ids: in what was recorded of each answer, and in the request beside it. Pure.

import { inputItemsOf, listedIdPrefix } from '#dialects/openai-responses-continued.ts'
import { KeptResponse } from '#dialects/openai-responses-kept.ts'
import { type JsonObject, isObject } from '#core/readers.ts'
import type { GenerationRow } from './generation-store.ts'

/** What is read at once, from the newest answer on: a look for names must not hold up the answers of others. */
const searchedBytesMax = 16 * 1024 * 1024

export type StoredCall = { row: GenerationRow; request: string | null; answer: () => Uint8Array }

/** As JSON texts, for the way out of the object. */
export function itemsNamed(ids: readonly string[], stored: Iterable<StoredCall>): { [id: string]: string } {
  const found: { [id: string]: string } = {}
  const wanted = new Set(ids)
  let bytes = 0
  for (const { row, request, answer } of stored) {
    bytes += row.bytes
    if (wanted.size === 0 || bytes > searchedBytesMax) break
    for (const item of itemsOf(row, request, answer())) {
      const { id } = item
      if (typeof id === 'string' && wanted.delete(id)) found[id] = JSON.stringify(asSent(item))
    }
  }
  return found
}

/** What its client sent had no id: the one that it is listed under means nothing to a model. */
function asSent(item: JsonObject): JsonObject {
  const { id, ...rest } = item
  return typeof id === 'string' && id.startsWith(listedIdPrefix) ? rest : item
}

function itemsOf(row: GenerationRow, request: string | null, answer: Uint8Array): readonly JsonObject[] {
  const { status, httpStatus, callId } = row
  const kept = new KeptResponse({
    opening: {},
    httpStatus,
    isStreamed: row.facts.isStreamed,
    status,
    cost: 0,
  })
  kept.push(answer)
  const { output } = kept.response()
  const items = Array.isArray(output) ? output.filter(isObject) : []
  return request === null ? items : [...items, ...inputItemsOf(request, callId)]
}
