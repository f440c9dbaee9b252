// One output item of an upstream's answer on its way into blocks: text as it comes, and from the whole item what did not
// come before. A message has a block for each of its parts, a reasoning item one for its thoughts and one for their summary.

import type { AnswerEvent, StartedBlock } from '#calls/answer-events.ts'
import { type JsonObject, readString } from '#core/readers.ts'
import { objectsOf } from './openai-responses-tools.ts'

export type DecodedPart = 'text' | 'refusal' | 'summary' | 'thoughts' | 'call'
type PartPlace = { kind: DecodedPart; index: number }

export type ItemSurroundings = {
  origin: string
  emit: (event: AnswerEvent) => void
  /** The number of the next block. */
  nextIndex: () => number
  distinctCallId: (id: string) => string
}

/** What an item of this type may have; deltas of anything else are not its own. */
const partsOf: ReadonlyMap<unknown, readonly DecodedPart[]> = new Map([
  ['message', ['text', 'refusal']],
  ['reasoning', ['summary', 'thoughts']],
  ['function_call', ['call']],
  ['custom_tool_call', ['call']],
])

export class DecodedItem {
  readonly #item: JsonObject
  readonly #around: ItemSurroundings
  readonly #parts: readonly DecodedPart[] | undefined
  /** How much of each part has been told, in UTF-16 units. */
  readonly #told = new Map<string, number>()
  #open: { index: number; part: string; kind: DecodedPart } | undefined
  #hasCallBlock = false
  #isOver = false

  constructor(item: JsonObject, around: ItemSurroundings) {
    this.#item = item
    this.#around = around
    this.#parts = partsOf.get(item['type'])
    // Clients show which tool is being called before its arguments are there.
    if (this.#parts?.includes('call') === true && readString(item['name']) !== undefined)
      this.#startCall(item)
  }

  /** A piece of a part, or all of it: then what is missing of it. */
  tell(place: PartPlace, text: string, isWhole: boolean): void {
    if (this.#isOver || this.#parts?.includes(place.kind) !== true) return
    const part = place.kind === 'call' ? place.kind : `${place.kind} ${place.index}`
    const told = this.#told.get(part) ?? 0
    const piece = isWhole ? text.slice(told) : text
    if (piece === '') return
    this.#told.set(part, told + piece.length)
    const index = this.#blockFor(place.kind, part)
    if (index !== undefined) this.#around.emit({ kind: 'delta', index, text: piece })
  }

  /** `item` is the whole item; undefined where the answer ended without it. */
  end(item: JsonObject | undefined): void {
    if (this.#isOver) return
    if (item !== undefined) this.#tellRest(item)
    this.#isOver = true
    if (item !== undefined && this.#item['type'] === 'reasoning') this.#tellState(item)
    this.#endBlock()
  }

  #tellRest(item: JsonObject): void {
    const { type } = this.#item
    if (this.#parts === undefined) return this.#tellUnknown(item)
    if (type === 'message') {
      for (const [index, part] of objectsOf(item['content']).entries()) {
        const isRefusal = part['type'] === 'refusal'
        const text = readString(isRefusal ? part['refusal'] : part['text']) ?? ''
        this.tell({ kind: isRefusal ? 'refusal' : 'text', index }, text, true)
      }
      return undefined
    }
    if (type === 'reasoning') {
      for (const [index, part] of objectsOf(item['content']).entries())
        this.tell({ kind: 'thoughts', index }, readString(part['text']) ?? '', true)
      for (const [index, part] of objectsOf(item['summary']).entries())
        this.tell({ kind: 'summary', index }, readString(part['text']) ?? '', true)
      return undefined
    }
    if (!this.#hasCallBlock) this.#startCall(item)
    return this.tell({ kind: 'call', index: 0 }, readString(item['arguments'] ?? item['input']) ?? '', true)
  }

  #startCall(item: JsonObject): void {
    this.#hasCallBlock = true
    const namespace = readString(item['namespace'])
    this.#startBlock('call', 'call', {
      kind: 'tool_call',
      id: this.#around.distinctCallId(readString(item['call_id'] ?? item['id']) ?? ''),
      name: readString(item['name']) ?? '',
      ...(namespace === undefined ? {} : { namespace }),
      isFreeform: this.#item['type'] === 'custom_tool_call',
    })
  }

  /** A call's block is opened with its name; deltas that come before it are told with the whole item. */
  #blockFor(kind: DecodedPart, part: string): number | undefined {
    if (kind === 'call') {
      if (!this.#hasCallBlock) this.#told.delete(part)
      return this.#open?.index
    }
    // The parts of a summary are one text; those of a message are blocks of their own.
    const isSame =
      kind === 'text' || kind === 'refusal' ? this.#open?.part === part : this.#open?.kind === kind
    if (isSame && this.#open !== undefined) {
      if (this.#open.part !== part)
        this.#around.emit({ kind: 'delta', index: this.#open.index, text: '\n\n' })
      this.#open.part = part
      return this.#open.index
    }
    return this.#startBlock(kind, part, startedBlockOf(kind))
  }

  #startBlock(kind: DecodedPart, part: string, block: StartedBlock): number {
    this.#endBlock()
    const index = this.#around.nextIndex()
    this.#open = { index, part, kind }
    this.#around.emit({ kind: 'block_start', index, block })
    return index
  }

  #tellState(item: JsonObject): void {
    const value = readString(item['encrypted_content'])
    if (value === undefined || value === '') return
    const id = readString(item['id'] ?? this.#item['id'])
    const index =
      this.#open?.index ?? this.#startBlock('summary', 'summary', { kind: 'reasoning', isSummary: true })
    const { origin } = this.#around
    this.#around.emit({
      kind: 'state',
      index,
      state: { origin, value, ...(id === undefined ? {} : { id }) },
    })
  }

  #tellUnknown(item: JsonObject): void {
    const type = readString(item['type']) ?? 'unknown'
    this.#startBlock('text', 'unknown', {
      kind: 'unknown',
      type,
      foreign: { dialect: 'responses', fields: item },
    })
  }

  #endBlock(): void {
    if (this.#open !== undefined) this.#around.emit({ kind: 'block_end', index: this.#open.index })
    this.#open = undefined
  }
}

function startedBlockOf(kind: Exclude<DecodedPart, 'call'>): StartedBlock {
  switch (kind) {
    case 'text':
    case 'refusal':
      return { kind }
    case 'summary':
      return { kind: 'reasoning', isSummary: true }
    case 'thoughts':
      return { kind: 'reasoning', isSummary: false }
  }
}
