// An answer whose client speaks another dialect than its upstream: read into neutral events, counted, written anew.

import { AnswerBlocks } from '#calls/answer-blocks.ts'
import type { AnswerEvent, ContentEvent } from '#calls/answer-events.ts'
import { SequentialBlocks } from '#calls/sequential-blocks.ts'
import type { ToolNames } from '#calls/tool-names.ts'
import type { MeteredUsage } from '#calls/usage-meter.ts'
import type { PricedUsage } from '#calls/charge.ts'
import type { CountTokens } from '#calls/count-tokens.ts'
import type { Refusal } from '#core/errors.ts'
import type { JsonObject } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'
import type { AnswerMeter, Seen, ShownCost } from './answer-meter.ts'
import type { AnswerDecoder, AnswerEncoder, AnswerEnd } from './dialect.ts'
import { MeteredAnswer } from './metered-answer.ts'
import { dropped, type FrameFacts, replaced } from './seen.ts'

export type TranslatedAnswerOptions = {
  decoder: AnswerDecoder
  encoder: AnswerEncoder
  /** Turns names that only the upstream knows back into the client's. */
  toolNames: ToolNames | undefined
  /** Our own count, for answers whose provider says nothing. */
  countTokens: CountTokens
  expectedInputTokens: number
  /** Undefined where the answer shows no cost. */
  costOf: ((metered: MeteredUsage) => PricedUsage) | undefined
}

const encoder = new TextEncoder()

export class TranslatedAnswer extends MeteredAnswer implements AnswerMeter {
  readonly #options: TranslatedAnswerOptions
  readonly #sequence = new SequentialBlocks()
  /** Of whole answers only: a stream is not kept. */
  readonly #blocks = new AnswerBlocks()
  #upstreamId: string | undefined
  #end: AnswerEnd | undefined
  #isDone = false

  constructor(options: TranslatedAnswerOptions) {
    super(options)
    this.#options = options
  }

  get upstreamId(): string | undefined {
    return this.#upstreamId
  }

  see(frame: Frame): Seen {
    // After the terminator nothing belongs to the answer.
    if (this.#isDone) return seen('', {})
    const { events: read, isDone } = this.#options.decoder.frame(frame)
    const events = this.#restored(read)
    if (events.some(({ kind }) => kind === 'error')) return seen('', { isError: true })
    const text = this.#write(events)
    const facts = {
      isUsage: events.some(({ kind }) => kind === 'usage'),
      hasContent: events.some(isContent),
      isFinished: events.some(({ kind }) => kind === 'end'),
    }
    if (!isDone) return seen(text, facts)
    this.#isDone = true
    this.meter.end()
    return seen(text, { ...facts, isDone })
  }

  seeBody(body: JsonObject): boolean {
    const events = this.#restored(this.#options.decoder.body(body))
    if (events.some(({ kind }) => kind === 'error')) return false
    for (const event of events) {
      this.#follow(event)
      this.#blocks.add(event)
    }
    this.meter.end()
    return true
  }

  wholeBody(_body: JsonObject, shown: ShownCost): JsonObject {
    return this.#options.encoder.whole(this.#blocks.whole(), shown)
  }

  closingBytes(): Uint8Array {
    const text = this.#isDone ? '' : this.#write(this.#restored(this.#options.decoder.end()))
    this.meter.end()
    return encoder.encode(text + this.#close())
  }

  lengthEndingBytes(): Uint8Array {
    if (!this.#isDone) this.#end = { reason: 'length' }
    return encoder.encode(this.#close())
  }

  errorBytes(refusal: Refusal, shown?: ShownCost): Uint8Array {
    return encoder.encode(this.#options.encoder.fail(refusal, shown))
  }

  #restored(events: readonly AnswerEvent[]): readonly AnswerEvent[] {
    const { toolNames } = this.#options
    return toolNames === undefined ? events : events.flatMap((event) => toolNames.restore(event))
  }

  #write(events: readonly AnswerEvent[]): string {
    let text = ''
    for (const event of events) {
      this.#follow(event)
      for (const next of this.#sequence.push(event)) text += this.#encoded(next)
    }
    return text
  }

  #close(): string {
    const rest = this.#sequence.rest().map((event) => this.#encoded(event))
    const metered = this.usage()
    const shown = { priced: this.#options.costOf?.(metered), metered }
    return rest.join('') + this.#options.encoder.close(this.#end ?? { reason: 'stop' }, shown)
  }

  #encoded(event: AnswerEvent): string {
    return isWritten(event) ? this.#options.encoder.write(event) : ''
  }

  #follow(event: AnswerEvent): void {
    switch (event.kind) {
      case 'start':
        this.#upstreamId = event.upstreamId
        break
      case 'block_start':
        if (event.block.kind === 'tool_call') this.meter.deliver(event.block.name)
        break
      case 'delta':
        this.meter.deliver(event.text)
        break
      case 'usage':
        this.meter.state(event.usage, event.isClosing)
        break
      case 'end':
        this.#end = event
        break
      case 'state':
      case 'block_end':
      case 'error':
        break
    }
  }
}

function isContent({ kind }: AnswerEvent): boolean {
  return kind === 'block_start' || kind === 'delta' || kind === 'state'
}

function isWritten(event: AnswerEvent): event is ContentEvent {
  return event.kind !== 'usage' && event.kind !== 'end' && event.kind !== 'error'
}

function seen(text: string, facts: FrameFacts): Seen {
  return text === '' ? dropped(facts) : replaced(text, facts)
}
