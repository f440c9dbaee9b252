// The fields of a responses request that decide what it costs or where it goes, and those that need something kept here.
// What we could not bill, route or find again is refused by its name.

import { type Refusal, refuse } from '#core/errors.ts'
import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import { type FieldRule, modelRule, refuseByRules } from './field-rules.ts'
import { objectsOf } from './openai-responses-tools.ts'
import { servedTiers } from './openai-service-tier.ts'

const isNever = () => false
const isBoolean = (value: unknown) => typeof value === 'boolean'
const isListOfObjects = (value: unknown): value is JsonObject[] =>
  Array.isArray(value) && value.every(isObject)

// Null reads as absent everywhere but in required fields, as in OpenAI's own types.
const rules: readonly FieldRule[] = [
  modelRule,
  {
    field: 'input',
    isValid: (value) => (isListOfObjects(value) || typeof value === 'string') && value.length > 0,
    must: 'must be a text or a list of at least one item',
    isRequired: true,
  },
  { field: 'instructions', isValid: (value) => typeof value === 'string', must: 'must be a text' },
  { field: 'stream', isValid: isBoolean, must: 'must be true or false' },
  { field: 'store', isValid: isBoolean, must: 'must be true or false' },
  {
    field: 'max_output_tokens',
    isValid: (value) => readWhole(value, 1) !== undefined,
    must: 'must be a whole number of at least 1',
  },
  { field: 'tools', isValid: isListOfObjects, must: 'must be a list of tools' },
  { field: 'text', isValid: isObject, must: 'must be an object' },
  { field: 'metadata', isValid: isObject, must: 'must be an object' },
  {
    field: 'reasoning',
    isValid: (value) => isObject(value) && (value['mode'] ?? 'standard') === 'standard',
    must: 'must be an object, and its mode "standard": other modes have no price here',
  },
  {
    field: 'service_tier',
    isValid: (value) => servedTiers.has(value),
    must: `must be one of ${[...servedTiers].join(', ')}: other tiers have no price here`,
  },
  { field: 'background', isValid: isBoolean, must: 'must be true or false' },
  {
    field: 'conversation',
    isValid: isNever,
    must: 'must be left out: conversations are not kept here. Send the earlier items in "input"',
  },
  {
    field: 'prompt',
    isValid: isNever,
    must: 'must be left out: prompts are not kept here. Send the text in "instructions" or "input"',
  },
]

/** The first field that cannot be honoured, as the refusal that names it. */
export function refuseResponsesField(body: JsonObject): Refusal | undefined {
  const previous = body['previous_response_id'] ?? undefined
  if (previous !== undefined) return refusePrevious(previous)
  const broken = refuseByRules(body, rules)
  if (broken !== undefined) return broken
  for (const [index, item] of objectsOf(body['input']).entries()) {
    const refusal = refuseItem(item, `input[${index}]`)
    if (refusal !== undefined) return refusal
  }
  // As OpenAI has it: what nobody keeps nobody could come back for.
  return body['background'] === true && body['store'] === false
    ? invalid('"background" must be false where "store" is: the answer has to be kept for you.', 'background')
    : undefined
}

const shownIdCharactersMax = 80

function refusePrevious(previous: unknown): Refusal {
  const id = JSON.stringify(previous).slice(0, shownIdCharactersMax)
  return refuse('previous_response_not_found', {
    message: `Previous response ${id} is not kept here. Send the earlier items in "input".`,
    param: 'previous_response_id',
  })
}

/** A message may leave its type out, and so may an item that only names another one. */
export function itemTypeOf(item: JsonObject): string {
  const type = readString(item['type'])
  if (type !== undefined) return type
  return item['role'] === undefined ? 'item_reference' : 'message'
}

/** What an item may be: text that we count, whatever it means, and nothing that stands for more than its text. */
const pricedItems: ReadonlySet<unknown> = new Set([
  'message',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'reasoning',
  'additional_tools',
  'agent_message',
  'local_shell_call',
  'local_shell_call_output',
  'shell_call',
  'shell_call_output',
  'apply_patch_call',
  'apply_patch_call_output',
  'tool_search_call',
  'tool_search_output',
  'web_search_call',
  'compaction',
])

const pricedParts: ReadonlySet<unknown> = new Set([
  'input_text',
  'output_text',
  'text',
  'refusal',
  'input_image',
  'summary_text',
  'reasoning_text',
  'encrypted_content',
])

function refuseItem(item: JsonObject, param: string): Refusal | undefined {
  const type = itemTypeOf(item)
  if (type === 'item_reference') return refuseReference(item, param)
  if (!pricedItems.has(type))
    return invalid(`An item of type ${quoted(type)} has no price here.`, `${param}.type`)
  for (const field of ['content', 'output']) {
    const refusal = refuseParts(item[field], `${param}.${field}`)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

/** Thoughts that are named and not sent are simply left out; anything else would be missing from the conversation. */
function refuseReference(item: JsonObject, param: string): Refusal | undefined {
  const id = readString(item['id'])
  if (id === undefined) return invalid('An item that is only named needs its "id".', param)
  return id.startsWith('rs_') ? undefined : refuseNamedItem(id, param)
}

/** Until it is found among what is stored (gateway/continued-call.ts). */
export function refuseNamedItem(id: string, param: string): Refusal {
  return refuse('item_not_found', {
    message: `Item ${quoted(id)} is not stored here: named can be the items of responses that were created with "store": true, for a day. Send the item itself, and "store": false, with which clients do so.`,
    param,
  })
}

function refuseParts(parts: unknown, param: string): Refusal | undefined {
  // Outputs of shells are lists of other things, all of them text.
  const refused = objectsOf(parts).find(({ type }) => type !== undefined && !pricedParts.has(type))
  if (refused !== undefined)
    return invalid(
      `A content part ${quoted(refused['type'])} has no price here; parts of type "input_text", "output_text" and "input_image" have.`,
      param,
    )
  const stored = objectsOf(parts).some(
    (part) => part['type'] === 'input_image' && readString(part['image_url']) === undefined,
  )
  return stored
    ? invalid(
        'A picture must be sent as its "image_url": what a provider keeps cannot be priced here.',
        param,
      )
    : undefined
}

function quoted(type: unknown): string {
  return JSON.stringify(type ?? null).slice(0, shownIdCharactersMax)
}

function invalid(message: string, param: string): Refusal {
  return refuse('invalid_request', { message, param })
}
