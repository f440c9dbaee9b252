// What a model calls under an upstream's name is what the client offered.

import { describe, expect, test } from 'vitest'
import type { AnswerEvent } from './answer-events.ts'
import type { Tool } from './neutral-call.ts'
import { toolNamesOf } from './tool-names.ts'

const tools: Tool[] = [
  { kind: 'function', name: 'look' },
  { kind: 'function', name: 'spawn', namespace: 'agents' },
  { kind: 'freeform', name: 'patch' },
]

function called(name: string, ...pieces: string[]): AnswerEvent[] {
  const events: AnswerEvent[] = [
    { kind: 'block_start', index: 0, block: { kind: 'tool_call', id: 'a', name, isFreeform: false } },
    ...pieces.map((text) => ({ kind: 'delta', index: 0, text }) as const),
    { kind: 'block_end', index: 0 },
  ]
  const names = toolNamesOf(tools)
  return names === undefined ? [] : events.flatMap((event) => names.restore(event))
}

describe('a call', () => {
  // Cases: dialects 53
  test('of a tool in a namespace has both again', () => {
    expect(called('agents__spawn', '{}')[0]).toEqual({
      kind: 'block_start',
      index: 0,
      block: { kind: 'tool_call', id: 'a', name: 'spawn', namespace: 'agents', isFreeform: false },
    })
  })

  // Cases: dialects 53
  test.each([
    [['{"inp', 'ut":"*** Begin"}'], '*** Begin'],
    [['*** Begin'], '*** Begin'],
    [['{"other":1}'], '{"other":1}'],
    [['null'], 'null'],
  ])('of a freeform tool has its text, from %j', (pieces, text) => {
    const [begun, ...rest] = called('patch', ...pieces)
    expect(begun).toMatchObject({ block: { name: 'patch', isFreeform: true } })
    expect(rest).toEqual([
      { kind: 'delta', index: 0, text },
      { kind: 'block_end', index: 0 },
    ])
  })

  test('of a freeform tool without text has none', () => {
    expect(called('patch')).toHaveLength(2)
    expect(called('patch', '{"input":""}')).toHaveLength(2)
  })

  test('of any other tool passes as it came, and at once', () => {
    expect(called('look', '{', '}')).toHaveLength(4)
    expect(called('unknown', '{}')[0]).toMatchObject({ block: { name: 'unknown' } })
    expect(toolNamesOf(tools.slice(0, 1))).toBeUndefined()
  })
})
