// Strange input of the responses dialect, from clients and from upstreams: answered or refused, never a fault.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countTokensByBytes } from '#calls/count-tokens.ts'
import { refuse } from '#core/errors.ts'
import { nanoUsd } from '#core/money.ts'
import { FrameReader } from '#sse/frames.ts'
import { sseEvent } from '#sse/write.ts'
import type { AskedCall, UpstreamTarget } from './dialect.ts'
import { chatDialect } from './openai-chat-dialect.ts'
import { responsesDialect } from './openai-responses.ts'

const target: UpstreamTarget = {
  upstreamModel: 'x',
  origin: 'openai',
  outputParameter: 'max_tokens',
  outputTokensMax: 5,
  supportedParameters: [],
  acceptsStreamOptions: true,
}

const read = (body: unknown) => responsesDialect.read(new TextEncoder().encode(JSON.stringify(body)))

/** Every way that a request can go. */
function sendOn(call: AskedCall): void {
  responsesDialect.leftOut?.(call)
  expect(JSON.parse(responsesDialect.forward(call, target))).toMatchObject({ model: 'x', store: false })
  const neutral = responsesDialect.toNeutral(call)
  if (!neutral.ok) return
  for (const dialect of [chatDialect, responsesDialect]) dialect.fromNeutral(neutral.call, target)
}

const listed = (...lines: string[]) => fc.constantFrom(...lines.flatMap((line) => line.split(' ')))

const words = listed(
  'message reasoning function custom namespace function_call function_call_output custom_tool_call rs_1',
  'custom_tool_call_output shell_call_output additional_tools agent_message input_text output_text refusal',
  'input_image web_search allowed_tools json_schema user assistant system low required x',
)
const names = listed(
  'type role content text id call_id name namespace arguments input output tools summary encrypted_content',
  'image_url refusal effort format schema mode __proto__',
)
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    words,
    fc.constantFrom<unknown>(null, 0, 1.5, true, {}, []),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 5 }),
  ),
}))
const anyObject = fc.dictionary(names, anyValue, { maxKeys: 6 })
const itemTypes = listed(
  'message reasoning function_call function_call_output custom_tool_call custom_tool_call_output local_shell_call',
  'shell_call_output additional_tools agent_message web_search_call item_reference',
)
/** Half of them of a type that is read, so that many requests get past the door. */
const items = fc.array(
  fc.oneof(
    anyObject,
    fc
      .tuple(anyObject, itemTypes)
      .map(([item, type]) => ({ ...item, type, id: 'rs_1', content: 'x', output: item['output'] ?? '' })),
  ),
  { minLength: 1, maxLength: 3 },
)

/** Many cases each, on machines that may be busy. */
const unhurried = { timeout: 60_000 }

describe('a request', () => {
  test('however strange is sent on or refused', unhurried, () => {
    const body = fc.record(
      {
        model: fc.constant('m'),
        input: fc.oneof(items, words),
        instructions: fc.constantFrom(null, 'x'),
        tools: fc.array(anyObject, { maxLength: 4 }),
        tool_choice: anyValue,
        reasoning: fc.record({ effort: anyValue, summary: anyValue }),
        text: anyObject,
        include: anyValue,
        metadata: anyObject,
        top_logprobs: anyValue,
        odd: anyValue,
      },
      { requiredKeys: ['model', 'input'] },
    )
    let sent = 0
    fc.assert(
      fc.property(body, (one) => {
        const call = read(one)
        if (!call.ok) return
        sent += 1
        sendOn(call.call)
      }),
      { numRuns: 1_500 },
    )
    expect(sent).toBeGreaterThan(100)
  })

  test('of ten thousand items in one turn is translated in their order', () => {
    const input = Array.from({ length: 10_000 }, (_, at) => ({
      type: 'function_call',
      call_id: `c${at}`,
      name: 'f',
      arguments: '{}',
    }))
    const call = read({ model: 'm', input })
    const neutral = call.ok ? responsesDialect.toNeutral(call.call) : call
    expect(neutral.ok ? neutral.call.items.map(({ blocks }) => blocks.length) : []).toEqual([10_000])
  })

  test('with more parts than a call has arguments is translated', () => {
    const content = Array.from({ length: 160_000 }, () => ({ type: 'output_text', text: 'a' }))
    const call = read({
      model: 'm',
      input: [
        { role: 'assistant', content: 'a' },
        { role: 'assistant', content },
      ],
    })
    if (!call.ok) throw new Error(call.message)
    sendOn(call.call)
  })
})

describe('a stream', () => {
  test('however strange is relayed to an end', unhurried, () => {
    const event = fc.record(
      {
        type: listed(
          'response.created response.output_item.added response.output_item.done response.content_part.done',
          'response.output_text.delta response.reasoning_summary_text.delta response.function_call_arguments.delta',
          'response.reasoning_summary_part.done response.odd ping response.completed response.failed',
        ),
        output_index: fc.constantFrom<unknown>(0, 1, 2, -1, 'x'),
        content_index: fc.constantFrom<unknown>(0, 1, null),
        sequence_number: fc.constantFrom<unknown>(0, 7, 'x'),
        item: anyValue,
        delta: anyValue,
        response: anyValue,
      },
      { requiredKeys: ['type'] },
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 25 }), (events) => {
        const meter = responsesDialect.sameDialectMeter({
          countTokens: countTokensByBytes,
          expectedInputTokens: 1,
          includeUsage: false,
          costOf: () => ({ costNanoUsd: nanoUsd(1), lines: [] }),
          modelName: 'm',
        })
        const sse = events.map((one) => sseEvent({ event: one.type, json: JSON.stringify(one) })).join('')
        const seen = new FrameReader().push(new TextEncoder().encode(sse)).map((frame) => meter.see(frame))
        const ends = [meter.errorBytes(refuse('upstream_error')), meter.lengthEndingBytes()].map((bytes) =>
          new TextDecoder().decode(bytes),
        )
        expect(ends[0]).toContain('response.failed')
        if (!seen.some(({ isDone }) => isDone)) expect(ends[1]).toContain('response.incomplete')
      }),
      { numRuns: 1_000 },
    )
  })
})
