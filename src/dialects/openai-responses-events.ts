// The events that close what a responses stream has opened, without their numbers: the same whether the item was written
// here or came from an upstream.

import type { JsonObject } from '#core/readers.ts'

export type PartKind = 'output_text' | 'refusal' | 'summary_text' | 'reasoning_text'

/** Where a part stands: in which item, and as its how manieth. */
export type PartPlace = { itemId: string; outputIndex: number; kind: PartKind; partIndex: number }

/** A part as it stands in its item. */
export function partOf(kind: PartKind, text: string): JsonObject {
  switch (kind) {
    case 'output_text':
      return { type: kind, annotations: [], logprobs: [], text }
    case 'refusal':
      return { type: kind, refusal: text }
    case 'summary_text':
    case 'reasoning_text':
      return { type: kind, text }
  }
}

type PartEvents = { added: string; delta: string; textDone: string; done: string; index: string }

const contentPart = {
  added: 'response.content_part.added',
  done: 'response.content_part.done',
  index: 'content_index',
}

const eventsOf: { readonly [kind in PartKind]: PartEvents } = {
  output_text: {
    ...contentPart,
    delta: 'response.output_text.delta',
    textDone: 'response.output_text.done',
  },
  refusal: { ...contentPart, delta: 'response.refusal.delta', textDone: 'response.refusal.done' },
  reasoning_text: {
    ...contentPart,
    delta: 'response.reasoning_text.delta',
    textDone: 'response.reasoning_text.done',
  },
  summary_text: {
    added: 'response.reasoning_summary_part.added',
    delta: 'response.reasoning_summary_text.delta',
    textDone: 'response.reasoning_summary_text.done',
    done: 'response.reasoning_summary_part.done',
    index: 'summary_index',
  },
}

export function partAdded(place: PartPlace): JsonObject {
  return { type: eventsOf[place.kind].added, ...whereOf(place), part: partOf(place.kind, '') }
}

export function partDelta(place: PartPlace, delta: string): JsonObject {
  const logprobs = place.kind === 'output_text' ? { logprobs: [] } : {}
  return { type: eventsOf[place.kind].delta, ...whereOf(place), delta, ...logprobs }
}

/** The whole text, then the whole part. */
export function partDone(place: PartPlace, text: string): JsonObject[] {
  const { kind } = place
  const whole = kind === 'refusal' ? { refusal: text } : { text }
  const logprobs = kind === 'output_text' ? { logprobs: [] } : {}
  return [
    { type: eventsOf[kind].textDone, ...whereOf(place), ...whole, ...logprobs },
    { type: eventsOf[kind].done, ...whereOf(place), part: partOf(kind, text) },
  ]
}

function whereOf({ itemId, outputIndex, kind, partIndex }: PartPlace): JsonObject {
  return { item_id: itemId, output_index: outputIndex, [eventsOf[kind].index]: partIndex }
}

export type CallKind = 'function_call' | 'custom_tool_call'
export type CallPlace = { itemId: string; outputIndex: number; kind: CallKind }

export function callDelta({ itemId, outputIndex, kind }: CallPlace, delta: string): JsonObject {
  const type =
    kind === 'function_call'
      ? 'response.function_call_arguments.delta'
      : 'response.custom_tool_call_input.delta'
  return { type, item_id: itemId, output_index: outputIndex, delta }
}

export function callDone({ itemId, outputIndex, kind }: CallPlace, input: string): JsonObject {
  const where = { item_id: itemId, output_index: outputIndex }
  return kind === 'function_call'
    ? { type: 'response.function_call_arguments.done', ...where, arguments: input }
    : { type: 'response.custom_tool_call_input.done', ...where, input }
}

export function itemAdded(outputIndex: number, item: JsonObject): JsonObject {
  return { type: 'response.output_item.added', output_index: outputIndex, item }
}

export function itemDone(outputIndex: number, item: JsonObject): JsonObject {
  return { type: 'response.output_item.done', output_index: outputIndex, item }
}
