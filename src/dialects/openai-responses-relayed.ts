// The output of an upstream of this dialect as far as it has come by: so that an answer which is cut here can be ended as
// its upstream would have ended it, with every open item closed and the last response equal to their sum.

import { isObject, type JsonObject, readString, readWhole } from '#core/readers.ts'
import {
  callDone,
  type CallKind,
  itemDone,
  partDone,
  type PartKind,
  partOf,
} from './openai-responses-events.ts'
import { objectsOf } from './openai-responses-tools.ts'

type RelayedPart = { kind: PartKind | 'call'; index: number; texts: string[]; isOver: boolean }
type RelayedItem = { item: JsonObject; parts: Map<string, RelayedPart>; isOver: boolean }

const deltaKinds: ReadonlyMap<string, PartKind | 'call'> = new Map([
  ['response.output_text.delta', 'output_text'],
  ['response.refusal.delta', 'refusal'],
  ['response.reasoning_summary_text.delta', 'summary_text'],
  ['response.reasoning_text.delta', 'reasoning_text'],
  ['response.function_call_arguments.delta', 'call'],
  ['response.custom_tool_call_input.delta', 'call'],
])

const partDoneTypes: ReadonlySet<unknown> = new Set([
  'response.content_part.done',
  'response.reasoning_summary_part.done',
])

/** More items than any answer has. */
const itemsMax = 4_096

export class RelayedOutput {
  readonly #items = new Map<number, RelayedItem>()

  /** The text that this event adds to the answer. */
  add(event: JsonObject): readonly string[] {
    const index = readWhole(event['output_index'])
    if (index === undefined) return []
    const type = readString(event['type']) ?? ''
    const { item } = event
    if (type === 'response.output_item.added' && isObject(item)) return this.#begin(index, item)
    if (type === 'response.output_item.done' && isObject(item)) return this.#finish(index, item)
    const known = this.#items.get(index)
    if (known === undefined || known.isOver) return textIn(event['delta'])
    const kind = deltaKinds.get(type)
    if (kind !== undefined) appendTo(known, kind, event)
    else if (partDoneTypes.has(type)) closePart(known, event)
    return type.endsWith('.delta') ? textIn(event['delta']) : []
  }

  /** Ends what is open, as events without their numbers. */
  finish(): readonly JsonObject[] {
    return [...this.#items].flatMap(([index, relayed]) => {
      if (relayed.isOver) return []
      const ended = { ...relayed.item, ...contentsOf(relayed), status: 'incomplete' }
      const open = [...relayed.parts.values()].filter(({ isOver }) => !isOver)
      relayed.item = ended
      relayed.isOver = true
      return [...open.flatMap((part) => partEnd(part, ended, index)), itemDone(index, ended)]
    })
  }

  get output(): readonly JsonObject[] {
    const inOrder = [...this.#items].toSorted(([one], [other]) => one - other)
    return inOrder.map(([, { item }]) => item)
  }

  /** The output with what has come of the items that are open. */
  get present(): readonly JsonObject[] {
    const inOrder = [...this.#items].toSorted(([one], [other]) => one - other)
    return inOrder.map(([, relayed]) =>
      relayed.isOver ? relayed.item : { ...relayed.item, ...contentsOf(relayed) },
    )
  }

  #begin(index: number, item: JsonObject): readonly string[] {
    if (this.#items.has(index) || this.#items.size >= itemsMax) return []
    this.#items.set(index, { item, parts: new Map(), isOver: false })
    return textIn(item['name'])
  }

  /** An item that came without deltas adds its text at once. */
  #finish(index: number, item: JsonObject): readonly string[] {
    const known = this.#items.get(index)
    if (known === undefined && this.#items.size >= itemsMax) return []
    this.#items.set(index, { item, parts: new Map(), isOver: true })
    const hasDeltas = known !== undefined && known.parts.size > 0
    return known?.isOver === true || hasDeltas ? [] : textsOfItem(item, known === undefined)
  }
}

function appendTo({ parts }: RelayedItem, kind: RelayedPart['kind'], event: JsonObject): void {
  const index = partIndexOf(event)
  const key = `${kind === 'call' ? kind : placeOf(kind)} ${index}`
  const part = parts.get(key)
  const texts = textIn(event['delta'])
  if (part === undefined) parts.set(key, { kind, index, texts: [...texts], isOver: false })
  else part.texts.push(...texts)
}

function closePart({ parts }: RelayedItem, event: JsonObject): void {
  const list = event['type'] === 'response.reasoning_summary_part.done' ? 'summary' : 'content'
  const part = parts.get(`${list} ${partIndexOf(event)}`)
  if (part !== undefined) part.isOver = true
}

/** Which list of its item a part stands in: indexes are counted in each by itself. */
function placeOf(kind: PartKind): 'summary' | 'content' {
  return kind === 'summary_text' ? 'summary' : 'content'
}

function partIndexOf(event: JsonObject): number {
  return readWhole(event['summary_index']) ?? readWhole(event['content_index']) ?? 0
}

function partEnd({ kind, index, texts }: RelayedPart, item: JsonObject, outputIndex: number): JsonObject[] {
  const itemId = readString(item['id']) ?? ''
  if (kind !== 'call') return partDone({ itemId, outputIndex, kind, partIndex: index }, texts.join(''))
  return [callDone({ itemId, outputIndex, kind: callKindOf(item) }, texts.join(''))]
}

function callKindOf(item: JsonObject): CallKind {
  return item['type'] === 'custom_tool_call' ? 'custom_tool_call' : 'function_call'
}

/** The fields of an open item that its deltas have filled. */
function contentsOf({ item, parts }: RelayedItem): JsonObject {
  const inOrder = [...parts.values()].toSorted((one, other) => one.index - other.index)
  const filled: JsonObject = {}
  for (const { kind, texts } of inOrder) {
    const text = texts.join('')
    if (kind === 'call') {
      filled[callKindOf(item) === 'custom_tool_call' ? 'input' : 'arguments'] = text
      continue
    }
    const place = placeOf(kind)
    filled[place] = [...objectsOf(filled[place]), partOf(kind, text)]
  }
  return filled
}

/** What a provider bills as output and shows of an item. The name of a call counts once, with the call's beginning. */
export function textsOfItem(item: JsonObject, withName = true): readonly string[] {
  const parts = [...objectsOf(item['content']), ...objectsOf(item['summary'])]
  return [
    ...(withName ? textIn(item['name']) : []),
    ...textIn(item['arguments']),
    ...textIn(item['input']),
    ...parts.flatMap((part) => [...textIn(part['text']), ...textIn(part['refusal'])]),
  ]
}

function textIn(value: unknown): readonly string[] {
  return typeof value === 'string' && value !== '' ? [value] : []
}
