// The output items of an answer in another dialect, built block by block with the events that tell of them. Neighbouring
// blocks of text are parts of one message; each reasoning block and each tool call is an item of its own.

import type { ContentEvent, StartedBlock } from '#calls/answer-events.ts'
import { sealState } from '#calls/reasoning-state.ts'
import type { JsonObject } from '#core/readers.ts'
import {
  callDelta,
  callDone,
  type CallKind,
  itemAdded,
  itemDone,
  partAdded,
  partDelta,
  partDone,
  type PartKind,
  partOf,
  type PartPlace,
} from './openai-responses-events.ts'
import { redactedId } from './openai-responses-reasoning.ts'

type StartedCall = Extract<StartedBlock, { kind: 'tool_call' }>
type State = Extract<ContentEvent, { kind: 'state' }>

/** The block that is being written. Its item and part begin with its first text: an empty block leaves no trace. */
type OpenBlock =
  | { kind: 'part'; part: PartKind; texts: string[]; state: State | undefined }
  | {
      kind: 'call'
      call: CallKind
      item: JsonObject
      id: string
      callId: string
      texts: string[]
      state: State | undefined
    }

type OpenMessage = { id: string; content: JsonObject[] }

export type ItemStatus = 'completed' | 'incomplete'

/** OpenAI refuses longer ids of items that are sent back to it; 40 of the answer's own characters keep them unique. */
const idCharactersMax = 40

export class OutputItems {
  readonly #idBase: string
  readonly #output: JsonObject[] = []
  readonly #callIds = new Set<string>()
  #block: OpenBlock | undefined
  #message: OpenMessage | undefined
  #reasoningId: string | undefined

  constructor(answerId: string) {
    this.#idBase = answerId.replace(/[^a-zA-Z0-9_]/g, '').slice(-idCharactersMax)
  }

  /** The items that are whole. */
  get output(): readonly JsonObject[] {
    return this.#output
  }

  /** The events, without their numbers, that this one leads to. */
  add(event: ContentEvent): readonly JsonObject[] {
    switch (event.kind) {
      case 'start':
        return []
      case 'block_start':
        return this.#start(event.block)
      case 'delta':
        return this.#delta(event.text)
      case 'state':
        if (this.#block !== undefined) this.#block.state = event
        return []
      case 'block_end':
        return this.#endBlock('completed')
    }
  }

  /** Ends whatever is open: nothing follows. */
  finish(status: ItemStatus): readonly JsonObject[] {
    return [...this.#endBlock(status), ...this.#endMessage(status)]
  }

  #start(block: StartedBlock): readonly JsonObject[] {
    switch (block.kind) {
      case 'text':
      case 'refusal':
        this.#block = partBlock(block.kind === 'text' ? 'output_text' : 'refusal')
        return []
      case 'reasoning':
        // Raw thoughts too: Vercel's and LangChain's packages show summaries alone.
        this.#block = partBlock('summary_text')
        return this.#endMessage('completed')
      case 'tool_call':
        return [...this.#endMessage('completed'), ...this.#startCall(block)]
      // A server tool of another dialect: clients of this one could not read it.
      case 'unknown':
        this.#block = undefined
        return []
    }
  }

  #startCall(block: StartedCall): readonly JsonObject[] {
    const call: CallKind = block.isFreeform ? 'custom_tool_call' : 'function_call'
    const id = this.#newId(block.isFreeform ? 'ctc' : 'fc')
    const callId = this.#callIdOf(block.id)
    const item: JsonObject = {
      id,
      type: call,
      status: 'in_progress',
      call_id: callId,
      name: block.name,
      ...(block.namespace === undefined ? {} : { namespace: block.namespace }),
      ...(block.isFreeform ? { input: '' } : { arguments: '' }),
    }
    this.#block = { kind: 'call', call, item, id, callId, texts: [], state: undefined }
    return [itemAdded(this.#output.length, item)]
  }

  #delta(text: string): readonly JsonObject[] {
    const block = this.#block
    if (block === undefined) return []
    const isFirst = block.texts.length === 0
    block.texts.push(text)
    if (block.kind === 'part') {
      const begun = isFirst ? this.#beginPart(block.part) : []
      return [...begun, partDelta(this.#placeOf(block.part), text)]
    }
    return [callDelta({ itemId: block.id, outputIndex: this.#output.length, kind: block.call }, text)]
  }

  #beginPart(part: PartKind): readonly JsonObject[] {
    const added: JsonObject[] = []
    if (part === 'output_text' || part === 'refusal') {
      if (this.#message === undefined) {
        this.#message = { id: this.#newId('msg'), content: [] }
        added.push(itemAdded(this.#output.length, messageItem(this.#message, 'in_progress')))
      }
    } else {
      this.#reasoningId = this.#newId('rs')
      added.push(itemAdded(this.#output.length, reasoningItem(this.#reasoningId, undefined)))
    }
    return [...added, partAdded(this.#placeOf(part))]
  }

  #placeOf(kind: PartKind): PartPlace {
    const message = kind === 'output_text' || kind === 'refusal' ? this.#message : undefined
    return {
      itemId: message?.id ?? this.#reasoningId ?? '',
      outputIndex: this.#output.length,
      kind,
      partIndex: message?.content.length ?? 0,
    }
  }

  #endBlock(status: ItemStatus): readonly JsonObject[] {
    const block = this.#block
    this.#block = undefined
    if (block === undefined) return []
    if (block.kind === 'call') return this.#endCall(block, status)
    const isReasoning = block.part === 'summary_text' || block.part === 'reasoning_text'
    const text = block.texts.join('')
    if (isReasoning) return this.#endReasoning(block.part, text, block.state)
    if (text === '') return []
    const done = partDone(this.#placeOf(block.part), text)
    this.#message?.content.push(partOf(block.part, text))
    return done
  }

  #endCall(block: Extract<OpenBlock, { kind: 'call' }>, status: ItemStatus): readonly JsonObject[] {
    const place = { itemId: block.id, outputIndex: this.#output.length, kind: block.call }
    const written = block.texts.join('')
    const isFunction = block.call === 'function_call'
    // A function's arguments are JSON, also where the model wrote none.
    const input = isFunction && written === '' ? '{}' : written
    const said = isFunction ? { arguments: input } : { input }
    const done = [callDone(place, input), ...this.#push({ ...block.item, status, ...said })]
    // A call has no field for its state: an item of its own carries it back, under the call's id.
    return block.state === undefined ? done : [...done, ...this.#stateItem(block.state, block.callId)]
  }

  #stateItem({ state }: State, callId: string): readonly JsonObject[] {
    const id = this.#newId('rs')
    const sealed = sealState({ ...state, id: callId })
    return [
      itemAdded(this.#output.length, reasoningItem(id, undefined)),
      ...this.#push(reasoningItem(id, undefined, sealed)),
    ]
  }

  #endReasoning(part: PartKind, text: string, state: State | undefined): readonly JsonObject[] {
    if (text === '' && state === undefined) return []
    const begun: JsonObject[] = []
    if (text === '') {
      this.#reasoningId = this.#newId('rs')
      begun.push(itemAdded(this.#output.length, reasoningItem(this.#reasoningId, undefined)))
    }
    const done = text === '' ? [] : partDone(this.#placeOf(part), text)
    const id = this.#reasoningId ?? ''
    const item = reasoningItem(id, text === '' ? undefined : { part, text }, sealedOf(state))
    return [...begun, ...done, ...this.#push(item)]
  }

  #endMessage(status: ItemStatus): readonly JsonObject[] {
    const message = this.#message
    this.#message = undefined
    return message === undefined ? [] : this.#push(messageItem(message, status))
  }

  #push(item: JsonObject): readonly JsonObject[] {
    this.#output.push(item)
    return [itemDone(this.#output.length - 1, item)]
  }

  #newId(kind: string): string {
    return `${kind}_${this.#idBase}_${this.#output.length}`
  }

  /** As the upstream gave it, so that the result comes back under it; distinct, as clients tell calls apart by it. */
  #callIdOf(id: string): string {
    let distinct = id === '' ? this.#newId('call') : id
    while (this.#callIds.has(distinct)) distinct = `${distinct}_${this.#callIds.size}`
    this.#callIds.add(distinct)
    return distinct
  }
}

function partBlock(part: PartKind): OpenBlock {
  return { kind: 'part', part, texts: [], state: undefined }
}

function messageItem({ id, content }: OpenMessage, status: ItemStatus | 'in_progress'): JsonObject {
  return { id, type: 'message', status, role: 'assistant', content: [...content] }
}

/** Clients push raw thoughts onto `content`, which is therefore there from the start. */
function reasoningItem(
  id: string,
  said: { part: PartKind; text: string } | undefined,
  sealed?: string,
): JsonObject {
  const parts = said === undefined ? [] : [partOf(said.part, said.text)]
  const isSummary = said?.part === 'summary_text'
  return {
    id,
    type: 'reasoning',
    summary: isSummary ? parts : [],
    content: isSummary ? [] : parts,
    ...(sealed === undefined ? {} : { encrypted_content: sealed }),
  }
}

function sealedOf(state: State | undefined): string | undefined {
  if (state === undefined) return undefined
  return sealState(state.isRedacted === true ? { ...state.state, id: redactedId } : state.state)
}
