// Only the named fields of a body change; every other byte stays.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editBody, elementTexts, fieldText } from './body-edit.ts'

test.each<[string, { [field: string]: string | undefined }, string]>([
  ['{"model":"a","n":1}', { model: '"b"' }, '{"model":"b","n":1}'],
  [
    ' { "model" : "a" , "seed" : 12345678901234567890 }\n',
    { model: '"b"' },
    ' { "model" : "b" , "seed" : 12345678901234567890 }\n',
  ],
  [
    '{"t":1.0e+2,"model":"a","x":"\\u0041\\/"}',
    { model: '"b"' },
    '{"t":1.0e+2,"model":"b","x":"\\u0041\\/"}',
  ],
  ['{"a":{"model":"x"},"model":"y"}', { model: '"z"' }, '{"a":{"model":"x"},"model":"z"}'],
  ['{"a":"\\"model\\":\\\\","model":"y"}', { model: '"z"' }, '{"a":"\\"model\\":\\\\","model":"z"}'],
  ['{"a":["}","]",{"b":"{"}],"model":"y"}', { model: '"z"' }, '{"a":["}","]",{"b":"{"}],"model":"z"}'],
  ['{"model":"y","model":"y"}', { model: '"z"' }, '{"model":"z","model":"z"}'],
  ['{"\\u006dodel":"y"}', { model: '"z"' }, '{"\\u006dodel":"z"}'],
  ['{"max_tokens":5,"a":1}', { max_tokens: undefined, m: '7' }, '{"m":7,"a":1}'],
  ['{"a":1,"max_tokens":5}', { max_tokens: undefined }, '{"a":1}'],
  ['{}', { m: '7' }, '{"m":7}'],
  ['{}', { m: undefined }, '{}'],
  ['{"a":null,"b":true,"c":-1}', { b: 'false' }, '{"a":null,"b":false,"c":-1}'],
])('%j with %j', (text, edits, edited) => {
  expect(editBody(text, new Map(Object.entries(edits)))).toBe(edited)
})

test('whatever a body holds, the edited one differs in the named fields alone', () => {
  const body = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true })
  const space = fc.constantFrom(undefined, 1, '\t', ' \n')
  fc.assert(
    fc.property(body, fc.jsonValue(), space, (fields, value, indent) => {
      const text = JSON.stringify({ ...fields, model: 'old' }, null, indent)
      const edits = new Map([
        ['model', JSON.stringify(value)],
        ['gone', undefined],
      ])
      const edited: unknown = JSON.parse(editBody(text, edits))
      const { gone: _, ...rest } = fields
      expect(edited).toEqual(JSON.parse(JSON.stringify({ ...rest, model: value })))
    }),
    { numRuns: 500 },
  )
})

test.each<[string, readonly string[]]>([
  ['[]', []],
  [' [ ] ', []],
  ['[1,-2.50,true,null]', ['1', '-2.50', 'true', 'null']],
  ['[ {"a":[1,2]} , "x,]\\"" ,[ ] ]', ['{"a":[1,2]}', '"x,]\\""', '[ ]']],
])('the elements of %j are its own bytes', (text, elements) => {
  expect(elementTexts(text)).toEqual(elements)
})

test('the text of a field is its own bytes, of one that stands twice the last', () => {
  expect(fieldText('{"a":1.0,"b":[1, 2],"a": 2.0 }', 'a')).toBe('2.0')
  expect(fieldText('{"a":1.0,"b":[1, 2]}', 'b')).toBe('[1, 2]')
  expect(fieldText('{"a":1}', 'c')).toBeUndefined()
})
