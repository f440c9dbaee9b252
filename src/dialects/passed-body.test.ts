// Bodies on their way through: every byte but those of the named fields, however they are cut into chunks.

import { describe, expect, test } from 'vitest'
import { PassedBody } from './passed-body.ts'

const fields = {
  noted: new Set(['id']),
  withheld: new Set(['usage', 'cost']),
  replaced: new Map([['model', '"ours"']]),
}
const added = new Map([['usage', '{"cost":1}']])

/** What comes out of `text` in pieces of so many bytes. */
function passed(text: string, size = text.length) {
  const body = new PassedBody(fields)
  const bytes = new TextEncoder().encode(text)
  const out: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) out.push(...body.push(bytes.subarray(at, at + size)))
  const decoder = new TextDecoder()
  const sent = out.map((part) => decoder.decode(part, { stream: true })).join('')
  return { body, sent, whole: sent + decoder.decode(body.closing(added)) }
}

const answer = (data: string) =>
  `{\n  "object": "list",\n  "data": ${data},\n  "model": "theirs",\n  "usage": {"prompt_tokens": 5}\n}\n`

describe('a body on its way through', () => {
  test.each([
    ['figures as they were written', '[{"embedding": [1.0, -0.0, 1e-7, 12345678901234567890], "index": 0}]'],
    ['texts with quotes, brackets and backslashes', String.raw`["}\"]", "\\", "{[", "a\\\"b"]`],
    ['letters of several bytes', '["žluťoučký 漢字 😀"]'],
    ['an empty list', '[]'],
    ['a single figure', '-12.50'],
  ])('keeps %s, in whatever pieces it comes', (_, data) => {
    const expected = `{\n  "object": "list",\n  "data": ${data},\n  "model":"ours","usage":{"cost":1}\n}\n`
    for (const size of [1, 2, 3, 7, 1_000]) {
      const { body, whole } = passed(answer(data), size)
      expect(whole).toBe(expected)
      expect(body.isWhole).toBe(true)
      expect(body.value('usage')).toEqual({ prompt_tokens: 5 })
      expect([body.has('data'), body.has('results'), body.has('index')]).toEqual([true, false, false])
    }
  })

  test('may begin with a field that is held back, or hold nothing else', () => {
    expect(passed('{"usage":{}, "a":1,"cost":2 , "b":[]}').whole).toBe('{ "a":1 , "b":[],"usage":{"cost":1}}')
    expect(passed('{"usage":1}').whole).toBe('{"usage":{"cost":1}}')
    expect(passed('{}').whole).toBe('{"usage":{"cost":1}}')
  })

  test('to which nothing is added goes on as it came', () => {
    for (const text of [answer('[1.0]'), '{}', ' {"a":1 }  ', '{"usage":{}}']) {
      const body = new PassedBody({ noted: new Set(['usage']), withheld: new Set(), replaced: new Map() })
      const out = [...body.push(new TextEncoder().encode(text)), body.closing(new Map())]
      expect(out.map((part) => new TextDecoder().decode(part)).join('')).toBe(text)
    }
  })

  test('is read where it is only noted, and passes all the same', () => {
    const { body, whole } = passed('{"id":"emb-1","a":true}', 3)
    expect(body.value('id')).toBe('emb-1')
    expect(whole).toBe('{"id":"emb-1","a":true,"usage":{"cost":1}}')
  })

  test('is not whole while its brace is missing', () => {
    for (const text of ['', '{', '{"a":[', '{"a":"}', '{"a":1', answer('[]').slice(0, -3)])
      expect(passed(text).body.isWhole, text).toBe(false)
  })

  test('is broken where it is no object, or a name or a value that is read has no end', () => {
    const long = 'x'.repeat(70_000)
    for (const text of ['[1]', 'null', '{a:1}', '{"a" 1}', `{"${long}":1}`, `{"usage":"${long}"}`])
      expect(passed(text).body.isBroken, text.slice(0, 9)).toBe(true)
    expect(passed(`{"data":"${long}"}`).body.isBroken).toBe(false)
    expect(passed(`{"a":1${' '.repeat(70_000)}}`).body.isBroken).toBe(true)
  })

  test('holds nothing of a value that passes', () => {
    const { sent } = passed(`{"data":["${'A'.repeat(100_000)}`, 4_096)
    expect(sent).toHaveLength(100_010)
  })
})
