// What we write is one event per call, whatever is passed in.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameReader } from './frames.ts'
import { sseComment, sseData, sseEvent } from './write.ts'

const encoder = new TextEncoder()

function dataOf(text: string): (string | undefined)[] {
  const reader = new FrameReader()
  return [...reader.push(encoder.encode(text)), ...reader.end()].map((frame) => frame.data)
}

// Cases: billing-bugs 65
test('no text with line ends can forge a second event', () => {
  const hostile = 'x\r\n\r\ndata: {"forged":true}\n\nevent: error\rdata: y'
  expect(dataOf(sseData(hostile))).toEqual([hostile.replace(/\r\n|\r/g, '\n')])
  expect(dataOf(sseComment(hostile) + sseData('1'))).toEqual(['1'])
  const pieces = fc.array(fc.constantFrom('\r', '\n', 'data: 1', 'event: e', ':', 'x'), { maxLength: 12 })
  fc.assert(
    fc.property(pieces, (parts) => {
      expect(dataOf(sseData(parts.join('')))).toHaveLength(1)
      expect(dataOf(sseComment(parts.join('')) + sseData('end'))).toEqual(['end'])
      const text = parts.join('')
      expect(dataOf(sseEvent({ event: text, id: text, json: '1' }))).toEqual(['1'])
    }),
  )
})

// Cases: dialects 15
test('a comment is one line with one newline, so that no client dispatches an empty event', () => {
  expect(sseComment('keep-alive')).toBe(': keep-alive\n')
})
