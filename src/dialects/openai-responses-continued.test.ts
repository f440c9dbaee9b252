// Going on from a kept response, and reading its input back: the earlier items first, every byte of the new ones as it was.

import { describe, expect, test } from 'vitest'
import { readJson } from '#core/readers.ts'
import { continuedRequest, inputItemsPage, previousIdOf } from './openai-responses-continued.ts'

const answerId = 'gen_0000000000000000000001'
const output = [
  { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text: 'Hello.' }] },
  { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'look', arguments: '{}' },
]
const response = { status: 'completed', output }
const next = (input: unknown, more: object = {}) =>
  JSON.stringify({ model: 'x', previous_response_id: `resp_${answerId}`, input, ...more })

function continued(text: string, request: string | null, status = 'completed') {
  const read = continuedRequest(text, { request, response: { ...response, status } })
  return read.ok ? readJson(read.text) : read
}

describe('a request that goes on from a kept response', () => {
  test.each([
    ['a text', 'Hi.', [{ type: 'message', role: 'user', content: 'Hi.' }]],
    ['items', [{ role: 'user', content: 'Hi.' }], [{ role: 'user', content: 'Hi.' }]],
  ])('has the items of %s and of the answer to it before its own', (_what, earlier, items) => {
    const request = JSON.stringify({ model: 'x', input: earlier, instructions: 'Be brief.' })
    const result = { type: 'function_call_output', call_id: 'c', output: 'Rain.' }
    expect(continued(next([result]), request)).toEqual({ model: 'x', input: [...items, ...output, result] })
    const own = { type: 'message', role: 'user', content: 'And "now"?' }
    expect(continued(next('And "now"?'), request)).toEqual({ model: 'x', input: [...items, ...output, own] })
  })

  test('keeps every byte of what it says itself', () => {
    const own = '{"role":"user", "content":"\\u00e9", "n": 1e999}'
    const text = `{"input": [${own}], "previous_response_id":"resp_x", "big": 9007199254740993}`
    const read = continuedRequest(text, { request: '{"input":"a"}', response })
    expect(read.ok && read.text).toContain(`${own}]`)
    expect(read.ok && read.text).toContain('9007199254740993')
    expect(read.ok && previousIdOf(read.text)).toBeUndefined()
    expect(previousIdOf(text)).toBe('resp_x')
  })

  // Cases: dialects 64
  test.each([
    ['is still running', 'in_progress', '{"input":"a"}'],
    ['has failed', 'failed', '{"input":"a"}'],
    ['was cancelled', 'cancelled', '{"input":"a"}'],
    ['has a request that was too long to be kept', 'completed', null],
  ])('is refused where the earlier one %s, and told what to send', (_why, status, request) => {
    expect(continued(next('b'), request, status)).toMatchObject({
      code: 'previous_response_not_found',
      param: 'previous_response_id',
      message: expect.stringContaining('Send the earlier items in "input"'),
    })
  })
})

describe('the items of a kept request', () => {
  const request = JSON.stringify({ input: [{ role: 'user', content: 'a' }, ...output] })
  const idsOf = (page: Partial<Parameters<typeof inputItemsPage>[2]>) =>
    inputItemsPage(request, answerId, { order: 'asc', after: undefined, limit: 20, ...page })

  test('are read in either order, page by page, each under an id', () => {
    const first = `item_${answerId.slice(4)}_0`
    const all = { object: 'list', first_id: first, last_id: 'fc_1', has_more: false }
    expect(idsOf({})).toMatchObject(all)
    expect(idsOf({ order: 'desc' })).toMatchObject({ first_id: 'fc_1', last_id: first })
    expect(idsOf({ limit: 2 })).toMatchObject({ last_id: 'msg_1', has_more: true })
    expect(idsOf({ after: 'msg_1' })).toMatchObject({ data: [{ id: 'fc_1' }], has_more: false })
    expect(idsOf({ after: 'x' })).toBeUndefined()
  })

  test('have their text as parts', () => {
    expect(idsOf({ limit: 1 })).toMatchObject({
      data: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }] }],
    })
    expect(
      inputItemsPage('{"input":"a"}', answerId, { order: 'asc', after: undefined, limit: 1 }),
    ).toMatchObject({
      data: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'a' }] }],
    })
  })
})
