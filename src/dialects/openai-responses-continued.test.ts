// Going on from a kept response, and reading its input back: the earlier items first, every byte of the new ones as it was.

import { describe, expect, test } from 'vitest'
import { readJson } from '#core/readers.ts'
import {
  continuedRequest,
  inputItemsPage,
  namedItemsOf,
  previousIdOf,
  withNamedItems,
} from './openai-responses-continued.ts'

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

describe('a request that only names items', () => {
  const own = '{"role":"user", "content":"\\u00e9", "n": 1e999}'
  const text = `{"big":9007199254740993,"input":[{"type":"item_reference","id":"fc_1"},${own},{"id":"rs_1"},{"id":"fc_1"}]}`

  test('gets each in the place of its name, and keeps every byte of its own', () => {
    expect(namedItemsOf(text)).toEqual(['fc_1', 'rs_1'])
    const call = '{"type":"function_call","id":"fc_1"}'
    const found = new Map([
      ['fc_1', call],
      ['rs_1', '{"type":"reasoning"}'],
    ])
    const read = withNamedItems(text, found)
    expect(read.ok && read.text).toBe(
      `{"big":9007199254740993,"input":[${call},${own},{"type":"reasoning"},${call}]}`,
    )
  })

  test('is refused by the place of one that is not there; thoughts that are not are left to be left out', () => {
    expect(withNamedItems(text, new Map())).toMatchObject({ code: 'item_not_found', param: 'input[0]' })
    const read = withNamedItems(text, new Map([['fc_1', '{}']]))
    expect(read.ok && read.text).toContain('{"id":"rs_1"}')
  })

  test('names nothing where it is a text, or no request at all', () => {
    for (const other of ['{"input":"msg_1"}', '{}', '{"input":7}']) expect(namedItemsOf(other)).toEqual([])
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
