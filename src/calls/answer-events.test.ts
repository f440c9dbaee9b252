// The order of events, blocks one after the other, and blocks put together: one answer in its ways.

import { describe, expect, test } from 'vitest'
import { AnswerBlocks } from './answer-blocks.ts'
import type { AnswerEvent } from './answer-events.ts'
import { grammarFault } from './answer-grammar.ts'
import { SequentialBlocks } from './sequential-blocks.ts'

const start: AnswerEvent = { kind: 'start', upstreamId: 'up_1' }
const end: AnswerEvent = { kind: 'end', reason: 'tool_calls' }
const text = (index: number): AnswerEvent => ({ kind: 'block_start', index, block: { kind: 'text' } })
const tool = (index: number, id: string): AnswerEvent => ({
  kind: 'block_start',
  index,
  block: { kind: 'tool_call', id, name: 'look', isFreeform: false },
})
const delta = (index: number, piece: string): AnswerEvent => ({ kind: 'delta', index, text: piece })
const close = (index: number): AnswerEvent => ({ kind: 'block_end', index })

/** Two tool calls whose input comes in turns. */
const interleaved = [
  start,
  text(0),
  delta(0, 'Hi'),
  close(0),
  tool(1, 'a'),
  tool(2, 'b'),
  delta(2, '{"b"'),
  delta(1, '{"a"'),
  delta(2, ':2}'),
  delta(1, ':1}'),
  close(2),
  close(1),
  end,
]

describe('the grammar of an answer', () => {
  test('allows text, overlapping tool calls, usage at any time and an error in the middle', () => {
    const usage: AnswerEvent = {
      kind: 'usage',
      usage: {
        input: 1,
        cacheRead: 0,
        cacheWrite5m: 0,
        cacheWrite1h: 0,
        audioInput: 0,
        output: 0,
        reasoning: 0,
        audioOutput: 0,
      },
      isClosing: false,
      stated: {},
    }
    expect(grammarFault(interleaved)).toBeUndefined()
    expect(grammarFault([start, usage, text(0), usage, close(0), end, usage])).toBeUndefined()
    expect(grammarFault([start, text(0), { kind: 'error', message: 'no' }])).toBeUndefined()
    expect(grammarFault([{ kind: 'error', message: undefined }])).toBeUndefined()
  })

  test.each<[string, AnswerEvent[]]>([
    ['the first event is not a start', [text(0), close(0), end]],
    ['event 1 is a second start', [start, start, end]],
    ['block 1 begins after 0 blocks', [start, text(1), close(1), end]],
    ['block 0 begins after the end', [start, end, text(0)]],
    ['a delta of block 0, which is not open', [start, delta(0, 'x'), end]],
    ['a delta of block 0, which is not open', [start, text(0), close(0), delta(0, 'x'), end]],
    ['an empty delta of block 0', [start, text(0), delta(0, ''), close(0), end]],
    [
      'a state of block 0, which is not open',
      [start, { kind: 'state', index: 0, state: { origin: 'o', value: 'v' } }, end],
    ],
    ['block 0 ends and is not open', [start, close(0), end]],
    ['the answer ends twice', [start, end, end]],
    ['the answer ends while block 0 is open', [start, text(0), end]],
    ['event 2 (end) follows an error', [start, { kind: 'error', message: undefined }, end]],
    ['the answer has no end', [start, text(0), close(0)]],
  ])('says: %s', (fault, events) => {
    expect(grammarFault(events)).toBe(fault)
  })
})

describe('blocks one after the other', () => {
  const inOrder = (events: readonly AnswerEvent[]) => {
    const blocks = new SequentialBlocks()
    return [...events.flatMap((event) => blocks.push(event)), ...blocks.rest()]
  }

  // Cases: dialects 8
  test('parallel tool calls whose input comes in turns leave whole, in the order in which they began', () => {
    const sequential = inOrder(interleaved)
    expect(sequential.map((event) => ('index' in event ? event.index : event.kind))).toEqual([
      'start',
      0,
      0,
      0,
      1,
      1,
      1,
      1,
      2,
      2,
      2,
      2,
      'end',
    ])
    expect(grammarFault(sequential)).toBeUndefined()
  })

  test('what comes in order goes on at once', () => {
    const blocks = new SequentialBlocks()
    for (const event of [
      start,
      text(0),
      delta(0, 'a'),
      close(0),
      tool(1, 'a'),
      delta(1, '{}'),
      close(1),
      end,
    ])
      expect(blocks.push(event)).toEqual([event])
  })

  test('a block that began while another was open streams on as soon as that one has ended', () => {
    const blocks = new SequentialBlocks()
    for (const event of [tool(0, 'a'), tool(1, 'b'), delta(1, 'x')]) blocks.push(event)
    expect(blocks.push(close(0))).toEqual([close(0), tool(1, 'b'), delta(1, 'x')])
    expect(blocks.push(delta(1, 'y'))).toEqual([delta(1, 'y')])
  })

  test('an answer that breaks off loses nothing that had come', () => {
    const blocks = new SequentialBlocks()
    for (const event of [tool(0, 'a'), tool(1, 'b'), delta(1, 'x')]) blocks.push(event)
    expect(blocks.rest()).toEqual([tool(1, 'b'), delta(1, 'x')])
    expect(blocks.rest()).toEqual([])
  })
})

test('the events of an answer make up its blocks, each with its text and its state', () => {
  const blocks = new AnswerBlocks()
  const state = { origin: 'anthropic', value: 'sig' }
  for (const event of [
    start,
    { kind: 'block_start', index: 0, block: { kind: 'reasoning', isSummary: false } },
    delta(0, 'Hm'),
    delta(0, 'm.'),
    { kind: 'state', index: 0, state },
    close(0),
    tool(1, 'a'),
    close(1),
    end,
  ] satisfies AnswerEvent[])
    blocks.add(event)
  expect(blocks.whole()).toEqual({
    upstreamId: 'up_1',
    blocks: [
      { started: { kind: 'reasoning', isSummary: false }, text: 'Hmm.', state },
      { started: { kind: 'tool_call', id: 'a', name: 'look', isFreeform: false }, text: '' },
    ],
    endReason: 'tool_calls',
    stopSequence: undefined,
  })
})
