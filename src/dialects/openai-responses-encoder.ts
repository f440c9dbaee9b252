// An answer as a client of the responses dialect gets it: numbered events, each item from its beginning to its end, and a
// last response that equals their sum.

import type { WholeAnswer } from '#calls/answer-blocks.ts'
import type { ContentEvent, EndReason } from '#calls/answer-events.ts'
import { errorKindOf, type Refusal } from '#core/errors.ts'
import { type JsonObject, readString } from '#core/readers.ts'
import { sseData, sseEvent } from '#sse/write.ts'
import type { ShownCost } from './answer-meter.ts'
import type { AnswerEncoder, AnswerEnd, AnswerFacts } from './dialect.ts'
import { openAiErrorBody } from './openai-errors.ts'
import { type ItemStatus, OutputItems } from './openai-responses-items.ts'
import { responseObject } from './openai-responses-object.ts'
import { costOfFailed, responsesUsageOf } from './openai-responses-usage.ts'
import { costField, usageWithCost } from './openai-cost.ts'

/** Open Responses ends every stream with it; the clients of OpenAI, which sends none, ignore it. */
export const responsesTerminator = sseData('[DONE]')

export class ResponsesEncoder implements AnswerEncoder {
  readonly #facts: AnswerFacts
  readonly #items: OutputItems
  #sequence = 0
  #hasStarted = false

  constructor(facts: AnswerFacts) {
    this.#facts = facts
    this.#items = new OutputItems(facts.answerId)
  }

  write(event: ContentEvent): string {
    return this.#started() + this.#framesOf(this.#items.add(event))
  }

  close(end: AnswerEnd, shown: ShownCost): string {
    const ended = endOf(end.reason)
    const rest = this.#started() + this.#framesOf(this.#items.finish(ended.status))
    const response = responseObject(this.#facts, {
      ...ended,
      output: this.#items.output,
      usage: usageWithCost(responsesUsageOf(shown.metered.usage), shown),
    })
    return `${rest}${this.#frame({ type: `response.${ended.status}`, response })}${responsesTerminator}`
  }

  fail(refusal: Refusal, shown?: ShownCost): string {
    const started = this.#started()
    // Told by no event: it stands in the last response, with as much as had come of it.
    this.#items.finish('incomplete')
    const output = this.#items.output
    const { sequence, frames } = failureFrames(refusal, this.#sequence, (error) => ({
      ...responseObject(this.#facts, { status: 'failed', output, error }),
      ...costOfFailed(shown),
    }))
    this.#sequence = sequence
    return started + frames
  }

  whole(answer: WholeAnswer, shown: ShownCost): JsonObject {
    const items = new OutputItems(this.#facts.answerId)
    for (const [index, { started, text, state, isRedacted }] of answer.blocks.entries()) {
      items.add({ kind: 'block_start', index, block: started })
      if (text !== '') items.add({ kind: 'delta', index, text })
      if (state !== undefined)
        items.add({ kind: 'state', index, state, ...(isRedacted === undefined ? {} : { isRedacted }) })
      items.add({ kind: 'block_end', index })
    }
    const ended = endOf(answer.endReason ?? 'length')
    items.finish(ended.status)
    const usage = usageWithCost(responsesUsageOf(shown.metered.usage), shown)
    const response = responseObject(this.#facts, { ...ended, output: items.output, usage })
    return { ...response, ...costField(shown) }
  }

  #started(): string {
    if (this.#hasStarted) return ''
    this.#hasStarted = true
    const response = responseObject(this.#facts, { status: 'in_progress', output: [] })
    return this.#framesOf([
      { type: 'response.created', response },
      { type: 'response.in_progress', response },
    ])
  }

  #framesOf(events: readonly JsonObject[]): string {
    return events.map((event) => this.#frame(event)).join('')
  }

  #frame(event: JsonObject): string {
    this.#sequence += 1
    return eventFrame(event, this.#sequence - 1)
  }
}

/** The name of the event is its type, always: clients go by either. */
export function eventFrame(event: JsonObject, sequence: number): string {
  const json = JSON.stringify({ ...event, sequence_number: sequence })
  return sseEvent({ event: readString(event['type']) ?? '', json })
}

/**
 * The end of an answer that failed: `response.failed`, which Codex reads and two clients take for a success, then `error`,
 * which all others raise for. The error stands in it twice: flat as OpenAI documents it, nested as its server sends it.
 */
export function failureFrames(
  refusal: Refusal,
  sequence: number,
  failed: (error: { code: string; message: string }) => JsonObject,
): { frames: string; sequence: number } {
  const { error } = openAiErrorBody(refusal)
  const response = failed(errorIn(errorKindOf(refusal.code).type, error.message))
  // No event has the name of a cancelled response, and OpenAI's own client stops at one that it does not know.
  if (refusal.code === 'call_cancelled') Object.assign(response, cancelledFields)
  const { message, param } = error
  const frames = [
    eventFrame({ type: 'response.failed', response }, sequence),
    eventFrame({ type: 'error', code: error.code, message, param, error }, sequence + 1),
    responsesTerminator,
  ]
  return { frames: frames.join(''), sequence: sequence + 2 }
}

/** A response that was cancelled has no error: its account wanted no more of it. */
export const cancelledFields = { status: 'cancelled', incomplete_details: null, error: null }

/** The error of a response object, which knows few codes; any other is an error of a server. */
export function errorIn(type: string | undefined, message: string): { code: string; message: string } {
  return { code: type === 'rate_limit_error' ? 'rate_limit_exceeded' : 'server_error', message }
}

function endOf(reason: EndReason): { status: ItemStatus; incompleteReason?: string } {
  switch (reason) {
    case 'stop':
    case 'stop_sequence':
    case 'tool_calls':
    case 'refusal':
      return { status: 'completed' }
    case 'length':
      return { status: 'incomplete', incompleteReason: 'max_output_tokens' }
    case 'content_filter':
      return { status: 'incomplete', incompleteReason: 'content_filter' }
    // The dialect has no word for a turn that may be continued; this one says that it is not the output's length.
    case 'pause':
      return { status: 'incomplete', incompleteReason: 'max_messages' }
  }
}
