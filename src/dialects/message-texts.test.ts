// Which texts of a request may be counted as they stand.

import { expect, test } from 'vitest'

import { messageTexts } from './message-texts.ts'

test('the plain texts of messages are those of their contents, whole or in parts, and no others', () => {
  const body = {
    messages: [
      { role: 'system', content: 'one', name: 'no' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'two' },
          { type: 'image_url', image_url: { url: 'no' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{ function: { name: 'no', arguments: 'no' } }] },
      'no',
    ],
    tools: [{ function: { name: 'no', description: 'no' } }],
  }
  expect(messageTexts(body)).toEqual(['one', 'two'])
  for (const other of [{}, { messages: {} }, { messages: ['no'] }]) expect(messageTexts(other)).toEqual([])
})
