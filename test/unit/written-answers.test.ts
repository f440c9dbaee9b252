// Answers that the vendors' types allow an upstream, in all three dialects: what a client of any dialect gets of them, whole or
// streamed, is an answer as its own vendor's types and rules have it.

import { describe, expect, test } from 'vitest'
import { AnswerBlocks } from '#calls/answer-blocks.ts'
import type { AnswerEvent } from '#calls/answer-events.ts'
import type { DialectId } from '#calls/neutral-call.ts'
import { SequentialBlocks } from '#calls/sequential-blocks.ts'
import { noUsage } from '#calls/usage.ts'
import { nanoUsd, picoUsd } from '#core/money.ts'
import { objectOf } from '#core/readers.ts'
import type { ShownCost } from '#dialects/answer-meter.ts'
import type { AnswerEnd, AnswerFacts } from '#dialects/dialect.ts'
import { dialects } from '#dialects/dialects.ts'
import { chanceOf, made } from '../conform/from-schema.ts'
import { wireEvents } from '../conform/wire-event.ts'
import { answerTypes, definitionsFor, wireDifferences } from '../conform/wire-schemas.ts'
import { streamFaults } from '../conform/wire-stream.ts'

const ids = ['chat', 'responses', 'messages'] as const satisfies readonly DialectId[]
const pairs = ids.flatMap((client) => ids.map((upstream) => [client, upstream] as const))
/** Some seconds of work where the machine is busy. */
const timeout = 60_000
const seeds = Array.from({ length: 150 }, (_, seed) => seed)

const facts: AnswerFacts = {
  answerId: 'id_1',
  model: 'm',
  createdAtSeconds: 1,
  expectedInputTokens: 5,
  includeUsage: true,
  origin: 'somebody',
  echo: { tools: [{ type: 'function', name: 'get_weather', parameters: {}, strict: true }] },
}
const shown: ShownCost = {
  priced: { costNanoUsd: nanoUsd(5), lines: [{ unit: 'output', units: 3, pricePicoUsd: picoUsd(5) }] },
  metered: { usage: { ...noUsage, input: 7, output: 3, cacheRead: 2, reasoning: 1 }, source: 'final' },
}

const fixed = {
  arguments: ['{}', '{"city":"Paris"}'],
  object: ['chat.completion', 'response'],
  error: [null],
  status: ['completed', 'incomplete'],
}
const filled = ['choices', 'output', 'content']
const likely = [
  'text tool_use thinking redacted_thinking refusal message function_call custom custom_tool_call',
  'reasoning function output_text auto',
].flatMap((line) => line.split(' '))

/** The events of an answer that chance made; undefined where the decoder takes it for a failure. */
function eventsOf(upstream: DialectId, seed: number): readonly AnswerEvent[] | undefined {
  const type = answerTypes[upstream]
  const definitions = definitionsFor(type, 'upstream')
  let ids = 0
  // Chance would give the same id to several.
  const withOwnIds = (name: string, value: unknown) =>
    name === 'id' || name === 'call_id' ? `id_${(ids += 1)}` : value
  const body: unknown = JSON.parse(
    JSON.stringify(made(type, { definitions, chance: chanceOf(seed), fixed, filled, likely }), withOwnIds),
  )
  const events = dialects[upstream].decoder('somebody').body(objectOf(body))
  return events.some(({ kind }) => kind === 'error') ? undefined : events
}

function whole(client: DialectId, events: readonly AnswerEvent[]): unknown {
  const blocks = new AnswerBlocks()
  for (const event of events) blocks.add(event)
  const answer = dialects[client].encoder(facts).whole(blocks.whole(), shown)
  return JSON.parse(JSON.stringify(answer))
}

function streamed(client: DialectId, events: readonly AnswerEvent[]): string {
  const sequence = new SequentialBlocks()
  const encoder = dialects[client].encoder(facts)
  let end: AnswerEnd = { reason: 'stop' }
  let text = ''
  const write = (event: AnswerEvent) => {
    if (event.kind === 'end') end = event
    else if (event.kind !== 'usage' && event.kind !== 'error') text += encoder.write(event)
  }
  for (const event of events) for (const next of sequence.push(event)) write(next)
  for (const event of events) if (event.kind === 'end') end = event
  for (const next of sequence.rest()) write(next)
  return text + encoder.close(end, shown)
}

describe.each(pairs)('what a client of %s gets of an upstream of %s', (client, upstream) => {
  const judged = (faultsOf: (events: readonly AnswerEvent[]) => readonly string[]) => {
    const faults = new Map<string, string>()
    let answers = 0
    for (const seed of seeds) {
      const events = eventsOf(upstream, seed)
      if (events === undefined) continue
      answers += 1
      for (const fault of faultsOf(events))
        faults.set(
          fault.replaceAll(/\[\d+\]|event \d+/g, '[]'),
          `seed ${seed}: ${JSON.stringify(events).slice(0, 700)}`,
        )
    }
    expect(Object.fromEntries(faults)).toEqual({})
    expect(answers).toBeGreaterThan(60)
  }

  test('whole is an answer as the types have it', { timeout }, () => {
    judged((events) => wireDifferences(whole(client, events), answerTypes[client], 'client'))
  })

  // Cases: dialects 6, 10, 11, 12
  test('streamed is a stream as the types and rules have it', { timeout }, () => {
    judged((events) =>
      streamFaults(client, wireEvents(streamed(client, events)), { wire: 'client', isWhole: true }),
    )
  })
})
