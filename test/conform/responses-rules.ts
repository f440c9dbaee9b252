// The event rules of the Open Responses specification (2026-04-24), over a whole stream: numbers, pairs of begin and end, ids,
// and that the closing response is the sum of what was streamed. Between us and a provider its own terminator is not asked for:
// OpenAI's streams have none.

import { isDeepStrictEqual } from 'node:util'
import { type JsonObject, objectOf } from '#core/readers.ts'
import { type RuleOptions, terminator, type WireEvent } from './wire-event.ts'

type Part = { index: number; text: string; isDone: boolean }
type Item = { id: unknown; parts: Map<string, Part>; input: string; isOpen: boolean; whole: JsonObject }
type Say = (fault: string) => void

const terminal = ['response.completed', 'response.incomplete', 'response.failed', 'error']
const opening = ['response.created', 'response.queued', 'response.in_progress']

/** The event that begins a kind of part, in which field it counts, and where the part's text stands. */
const partKinds = [
  { of: 'response.content_part', index: 'content_index' },
  { of: 'response.reasoning_summary_part', index: 'summary_index' },
] as const
const textKinds = [
  { of: 'response.output_text', part: 'response.content_part', index: 'content_index', field: 'text' },
  { of: 'response.refusal', part: 'response.content_part', index: 'content_index', field: 'refusal' },
  { of: 'response.reasoning_text', part: 'response.content_part', index: 'content_index', field: 'text' },
  {
    of: 'response.reasoning_summary_text',
    part: 'response.reasoning_summary_part',
    index: 'summary_index',
    field: 'text',
  },
] as const
const inputKinds = [
  { of: 'response.function_call_arguments', field: 'arguments' },
  { of: 'response.custom_tool_call_input', field: 'input' },
] as const

export function responsesFaults(
  events: readonly WireEvent[],
  { wire, isWhole }: RuleOptions,
): readonly string[] {
  const faults: string[] = []
  const items: Item[] = []
  let end: string | undefined
  let number = 0
  let isOver = false
  for (const [at, { name, data }] of events.entries()) {
    const say = (fault: string) => faults.push(`event ${at}: ${fault}`)
    if (isOver) say('comes after the terminator')
    isOver ||= data === terminator
    if (data === terminator) continue
    const event = objectOf(data)
    const type = String(event['type'])
    if (name !== type) say(`is named ${name} and says that it is ${type}`)
    if (event['sequence_number'] !== number && !(wire === 'upstream' && type === 'error'))
      say(`has number ${String(event['sequence_number'])} and is number ${number}`)
    number += 1
    // Codex reads the one and all other clients raise for the other: a failure is told in both, in this order.
    if (end !== undefined && !(end === 'response.failed' && type === 'error')) say(`comes after ${end}`)
    if (at === 0 && type !== 'response.created' && type !== 'error') say(`is first and is ${type}`)
    if (terminal.includes(type)) end = type
    if (opening.includes(type) && items.length > 0) say(`${type} comes after items`)
    followItems(event, items, say)
    if (type === 'response.completed' || type === 'response.incomplete') followEnd(event, items, say)
  }
  if (isWhole && end === undefined) faults.push('the stream has no terminal event')
  if (isWhole && wire === 'client' && !isOver) faults.push('the stream has no terminator')
  return faults
}

function followItems(event: JsonObject, items: Item[], say: Say): void {
  const type = String(event['type'])
  const index = Number(event['output_index'])
  if (type === 'response.output_item.added') {
    if (index !== items.length) say(`item ${index} is added after ${items.length} others`)
    const whole = objectOf(event['item'])
    if (typeof whole['id'] !== 'string' || whole['id'] === '') say(`item ${index} has no id`)
    if (items.some(({ id }) => id === whole['id'])) say(`item ${index} has the id of another`)
    items.push({ id: whole['id'], parts: new Map(), input: '', isOpen: true, whole })
    return
  }
  if (event['output_index'] === undefined) return
  const item = items[index]
  if (item === undefined || !item.isOpen) return say(`${type} belongs to item ${index}, which is not open`)
  const id = type === 'response.output_item.done' ? objectOf(event['item'])['id'] : event['item_id']
  if (id !== item.id) say(`${type} of item ${index} has another id than when it was added`)
  followParts(event, item, say)
  followInput(event, item, say)
  if (type === 'response.output_item.done') closeItem(objectOf(event['item']), item, say)
}

function followParts(event: JsonObject, item: Item, say: Say): void {
  const type = String(event['type'])
  for (const { of, index: field } of partKinds) {
    const index = Number(event[field])
    const key = `${of} ${index}`
    if (type === `${of}.added`) {
      const before = [...item.parts.keys()].filter((one) => one.startsWith(of)).length
      if (index !== before) say(`part ${index} is added after ${before} others`)
      item.parts.set(key, { index, text: '', isDone: false })
    }
    if (type !== `${of}.done`) continue
    const part = item.parts.get(key)
    if (part === undefined || part.isDone) return say(`part ${index} is done and was not open`)
    part.isDone = true
    const { text, refusal } = objectOf(event['part'])
    if ((text ?? refusal) !== part.text) say(`part ${index} is not the sum of its deltas`)
  }
  for (const kind of textKinds) {
    const isDelta = type === `${kind.of}.delta`
    if (!isDelta && type !== `${kind.of}.done`) continue
    const part = item.parts.get(`${kind.part} ${Number(event[kind.index])}`)
    if (part === undefined || part.isDone) return say(`${type} belongs to no open part`)
    if (isDelta) part.text += String(event['delta'])
    else if (event[kind.field] !== part.text) say(`${type} is not the sum of its deltas`)
  }
}

function followInput(event: JsonObject, item: Item, say: Say): void {
  for (const { of, field } of inputKinds) {
    if (event['type'] === `${of}.delta`) item.input += String(event['delta'])
    if (event['type'] === `${of}.done` && event[field] !== item.input)
      say(`${of}.done is not the sum of its deltas`)
  }
}

function closeItem(whole: JsonObject, item: Item, say: Say): void {
  item.isOpen = false
  for (const { index, isDone } of item.parts.values())
    if (!isDone) say(`the item is done while its part ${index} is open`)
  const input = whole['arguments'] ?? whole['input']
  const isCall = whole['type'] === 'function_call' || whole['type'] === 'custom_tool_call'
  if (isCall && input !== item.input) say('the call is not the sum of its deltas')
  if (whole['type'] !== item.whole['type']) say('the item is of another type than when it was added')
  item.whole = whole
}

function followEnd(event: JsonObject, items: readonly Item[], say: Say): void {
  for (const [index, { isOpen }] of items.entries())
    if (isOpen) say(`the response ends while item ${index} is open`)
  const { output } = objectOf(event['response'])
  const wholes = items.map(({ whole }) => whole)
  if (!isDeepStrictEqual(output, wholes)) say('the output of the response is not the sum of its items')
}
