// Ids of tool calls that every dialect takes, and that still tell calls apart.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toolIdFor } from './tool-ids.ts'

const dialects = ['chat', 'responses', 'messages'] as const

// Cases: dialects 55
test('an id has the alphabet and length that its dialect takes, and two ids stay two', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string({ maxLength: 200 }),
      fc.constantFrom(...dialects),
      (one, other, dialect) => {
        const [first, second] = [toolIdFor(dialect, one), toolIdFor(dialect, other)]
        expect(first).toMatch(/^[a-zA-Z0-9_-]+$/)
        expect(second.length).toBeLessThanOrEqual(dialect === 'chat' ? 40 : 64)
        expect(first === second).toBe(one === other)
        expect(toolIdFor(dialect, other)).toBe(second)
      },
    ),
  )
})

test.each(['call_abc', 'toolu_01A', 'fc_1-2'])('an id that every dialect takes stays as it is: %s', (id) => {
  for (const dialect of dialects) expect(toolIdFor(dialect, id)).toBe(id)
})

test('long ids that differ at their end stay different', () => {
  const long = 'x'.repeat(100)
  expect(toolIdFor('chat', `${long}a`)).not.toBe(toolIdFor('chat', `${long}b`))
})
