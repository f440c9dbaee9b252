// A response that goes on from one that is kept: the earlier items and then its own, in one request. Nothing else of the
// earlier request counts, its instructions included, as OpenAI has it.

import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject, readJson, readString } from '#core/readers.ts'
import { editBody, elementTexts, fieldText } from './body-edit.ts'
import { itemTypeOf, refuseNamedItem } from './openai-responses-fields.ts'
import { objectsOf } from './openai-responses-tools.ts'

/** The request as it was run, what it went on from included, and what came of it. */
export type EarlierResponse = { request: string | null; response: JsonObject }

const continuable: ReadonlySet<unknown> = new Set(['completed', 'incomplete'])

/** The id that a request goes on from, as it stands there. */
export function previousIdOf(text: string): string | undefined {
  const body = readJson(text)
  return isObject(body) ? readString(body['previous_response_id']) : undefined
}

/** The same request without the id, its input behind that of the earlier one and its answer. */
export function continuedRequest(
  text: string,
  { request, response }: EarlierResponse,
): { ok: true; text: string } | Refusal {
  const { status } = response
  if (!continuable.has(status))
    return notContinued(`is ${String(status)}: only one that is completed or incomplete can be continued`)
  if (request === null) return notContinued('has a request that was too long to be kept')
  const edits = new Map<string, string | undefined>([['previous_response_id', undefined]])
  const own = fieldText(text, 'input')
  if (own !== undefined) {
    const answered = objectsOf(response['output']).map((item) => JSON.stringify(item))
    const items = [...inputTextsOf(fieldText(request, 'input')), ...answered, ...inputTextsOf(own)]
    edits.set('input', `[${items.join(',')}]`)
  }
  return { ok: true, text: editBody(text, edits) }
}

/** The items that a request only names, by their ids. */
export function namedItemsOf(text: string): readonly string[] {
  const ids = inputTextsOf(fieldText(text, 'input')).map(namedItemOf)
  return [...new Set(ids.filter((id) => id !== undefined))]
}

function namedItemOf(text: string): string | undefined {
  const item = readJson(text)
  return isObject(item) && itemTypeOf(item) === 'item_reference' ? readString(item['id']) : undefined
}

/** The same request with each item that was found in the place of its name. Thoughts that were not are left to be left out. */
export function withNamedItems(
  text: string,
  found: ReadonlyMap<string, string>,
): { ok: true; text: string } | Refusal {
  const items: string[] = []
  for (const [index, own] of inputTextsOf(fieldText(text, 'input')).entries()) {
    const id = namedItemOf(own)
    const item = id === undefined ? own : found.get(id)
    if (item === undefined && id?.startsWith('rs_') !== true)
      return refuseNamedItem(id ?? '', `input[${index}]`)
    items.push(item ?? own)
  }
  return { ok: true, text: editBody(text, new Map([['input', `[${items.join(',')}]`]])) }
}

/** An input as the texts of its items; what is neither a list nor a text is left for the reader of requests to refuse. */
function inputTextsOf(input: string | undefined): readonly string[] {
  if (input === undefined) return []
  if (input.startsWith('[')) return elementTexts(input)
  return input.startsWith('"') ? [`{"type":"message","role":"user","content":${input}}`] : [input]
}

function notContinued(why: string): Refusal {
  return refuse('previous_response_not_found', {
    message: `The previous response ${why}. Send the earlier items in "input".`,
    param: 'previous_response_id',
  })
}

export type ItemPage = { order: 'asc' | 'desc'; after: string | undefined; limit: number }

/** Of ids that are ours: an item of a request seldom has one. */
export const listedIdPrefix = 'item_'

/** The items of a kept request, each under an id of its own. */
export function inputItemsOf(request: string, answerId: string): readonly (JsonObject & { id: unknown })[] {
  const tail = answerId.slice('gen_'.length)
  return inputTextsOf(fieldText(request, 'input')).flatMap((text, index) => {
    const item = readJson(text)
    return isObject(item)
      ? [{ id: `${listedIdPrefix}${tail}_${index}`, type: 'message', ...asParts(item) }]
      : []
  })
}

/** The same as a page of them. Undefined: `after` names none. */
export function inputItemsPage(request: string, answerId: string, page: ItemPage): JsonObject | undefined {
  const items = inputItemsOf(request, answerId)
  const ordered = page.order === 'asc' ? items : items.toReversed()
  const at = page.after === undefined ? -1 : ordered.findIndex(({ id }) => id === page.after)
  if (page.after !== undefined && at === -1) return undefined
  const data = ordered.slice(at + 1, at + 1 + page.limit)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: at + 1 + page.limit < ordered.length,
  }
}

/** A text stands for one part, which is what readers of items expect. */
function asParts(item: JsonObject): JsonObject {
  const { content, role } = item
  if (typeof content !== 'string') return item
  const type = role === 'assistant' ? 'output_text' : 'input_text'
  return { ...item, content: [{ type, text: content }] }
}
