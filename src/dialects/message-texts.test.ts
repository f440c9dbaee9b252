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
  expect(messageTexts({ dialect: 'chat', body })).toEqual(['one', 'two'])
  for (const other of [{}, { messages: {} }, { messages: ['no'] }])
    expect(messageTexts({ dialect: 'chat', body: other })).toEqual([])
})

test('the plain texts of a responses or messages request are those of its items and instructions', () => {
  const input = [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'two' },
        { type: 'input_image', image_url: 'no' },
      ],
    },
    { type: 'function_call', name: 'no', arguments: 'no' },
    { type: 'function_call_output', output: 'three' },
    { type: 'reasoning', summary: [{ type: 'summary_text', text: 'no' }] },
  ]
  expect(messageTexts({ dialect: 'responses', body: { instructions: 'one', input } })).toEqual([
    'one',
    'two',
    'three',
  ])
  expect(messageTexts({ dialect: 'responses', body: { input: 'one' } })).toEqual(['one'])
  const system = [{ type: 'text', text: 'one' }]
  const messages = [{ role: 'user', content: 'two' }]
  expect(messageTexts({ dialect: 'messages', body: { system, messages } })).toEqual(['one', 'two'])
})

test('a text in a field that its dialect does not measure is not counted instead of what it does', () => {
  const body = { system: 'no', instructions: 'no', input: 'no', messages: [{ role: 'user', content: 'yes' }] }
  expect(messageTexts({ dialect: 'chat', body })).toEqual(['yes'])
  expect(messageTexts({ dialect: 'responses', body: { ...body, instructions: null } })).toEqual(['no'])
})

test('the plain texts of other requests are the texts of their lists', () => {
  const body = { input: ['one', [1, 2], 'two', { type: 'text', text: 'no' }], prompt: 'three' }
  expect(messageTexts({ dialect: 'embeddings', body })).toEqual(['one', 'two'])
  expect(messageTexts({ dialect: 'completions', body })).toEqual(['three'])
})
