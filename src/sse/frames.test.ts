// Frames out of bytes: the same whatever the line ends and wherever the network cut.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Frame, FrameReader, FrameTooLarge, frameBytesMax } from './frames.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

function readAll(chunks: readonly Uint8Array[]): Frame[] {
  const reader = new FrameReader()
  return [...chunks.flatMap((chunk) => reader.push(chunk)), ...reader.end()]
}

function shown(frames: readonly Frame[]) {
  return frames.map(({ bytes, ...fields }) => ({ ...fields, text: decoder.decode(bytes) }))
}

/** The stream cut into pieces of these lengths, the last ones repeated until it is used up. */
function cut(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1
    pieces.push(bytes.slice(at, at + length))
    at += length
  }
  return pieces
}

const nasty = [
  ': keep-alive\n',
  'data: {"text":"Grüße, 世界 🎉"}\n\n',
  'event: message\r\ndata:{"no":"space"}\r\n\r\n',
  'data: one\rdata: two\r\r',
  ': only a comment\n\n',
  '\n\n',
  'id: 7\nretry: 10\ndata\n\n',
  'data:  two spaces\n\r\n',
  'data: [DONE]',
].join('')

describe('a stream of server-sent events', () => {
  // Cases: billing-bugs 12; dialects 16
  test('is read as the same frames wherever it is cut, at every single byte too', () => {
    const bytes = encoder.encode(nasty)
    const whole = shown(readAll([bytes]))
    expect(shown(readAll(cut(bytes, [1])))).toEqual(whole)
    for (let at = 1; at < bytes.length; at += 1)
      expect(shown(readAll([bytes.slice(0, at), bytes.slice(at)]))).toEqual(whole)
  })

  // Cases: billing-bugs 12
  test('is read as the same frames under any sequence of cuts', () => {
    const line = fc.constantFrom('data: {"é":"🎉"}', 'data:', 'data: x', ': c', 'event: ping', '', 'id: 1')
    const ending = fc.constantFrom('\n', '\r\n', '\r')
    const lines = fc.array(fc.tuple(line, ending), { maxLength: 20 })
    const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(lines, cuts, (parts, lengths) => {
        const bytes = encoder.encode(parts.flat().join(''))
        expect(shown(readAll(cut(bytes, lengths)))).toEqual(shown(readAll([bytes])))
      }),
    )
  })

  // Cases: billing-bugs 12
  test('loses and invents no byte but the line ends that its last event lacks', () => {
    const bytes = encoder.encode(nasty)
    const joined = readAll(cut(bytes, [3, 5])).map((frame) => decoder.decode(frame.bytes))
    expect(joined.join('')).toBe(`${nasty}\n\n`)
  })

  // Cases: billing-bugs 13; dialects 16
  test.each([
    ['LF', 'data: {"a":1}\n\ndata: [DONE]\n\n'],
    ['CRLF', 'data: {"a":1}\r\n\r\ndata: [DONE]\r\n\r\n'],
    ['CR', 'data: {"a":1}\r\rdata: [DONE]\r\r'],
    ['CRLF between the lines of an event', 'id: 1\r\ndata: {"a":1}\r\n\r\ndata: [DONE]\r\n\r\n'],
    ['no space', 'data:{"a":1}\n\ndata:[DONE]\n\n'],
    ['a byte order mark', '\uFEFFdata: {"a":1}\n\ndata: [DONE]\n\n'],
    ['no last blank line', 'data: {"a":1}\n\ndata: [DONE]\n'],
    ['no last newline', 'data: {"a":1}\n\ndata: [DONE]'],
    ['a comment in one line before data', ': hello\ndata: {"a":1}\n\ndata: [DONE]\n\n'],
  ])('has the same data with %s', (_name, text) => {
    expect(readAll([encoder.encode(text)]).map((frame) => frame.data)).toEqual(['{"a":1}', '[DONE]'])
  })

  // Cases: dialects 16
  test('joins the data lines of one event', () => {
    const [frame] = readAll([encoder.encode('event: e\ndata: {"a":\ndata: 1}\n\n')])
    expect(frame).toMatchObject({ data: '{"a":\n1}', event: 'e', isComment: false })
    const [mixed] = readAll([encoder.encode('data: one\rdata: two\n\n')])
    expect(mixed?.data).toBe('one\ntwo')
  })

  test('gives an event that lacks its blank line the line ends that let a client dispatch it', () => {
    const reader = new FrameReader()
    expect(reader.push(encoder.encode('data: [DONE]'))).toEqual([])
    expect(reader.end().map((frame) => decoder.decode(frame.bytes))).toEqual(['data: [DONE]\n\n'])
    expect(reader.end()).toEqual([])
  })

  test('dispatches nothing for comments, names and blank lines', () => {
    const frames = readAll([encoder.encode(': ping\n\nevent: ping\n\n\n')])
    expect(frames.map((frame) => [frame.data, frame.isComment])).toEqual([
      [undefined, true],
      [undefined, false],
      [undefined, false],
    ])
  })

  test('is cut into views of the chunk it came in, without a copy', () => {
    const chunk = encoder.encode('data: 1\n\ndata: 2\n\ndata: 3')
    const frames = new FrameReader().push(chunk)
    expect(frames.map((frame) => [frame.bytes.buffer === chunk.buffer, frame.bytes.byteOffset])).toEqual([
      [true, 0],
      [true, 9],
    ])
  })

  test('keeps bytes of its own for an event that came in pieces', () => {
    const first = encoder.encode('data: 1')
    const reader = new FrameReader()
    reader.push(first)
    first.fill(0)
    const [frame] = reader.push(encoder.encode('2\n\ndata: 3\n\n'))
    reader.push(encoder.encode('data: 4'))
    expect(frame?.data).toBe('12')
    expect(decoder.decode(frame?.bytes)).toBe('data: 12\n\n')
  })

  test('is refused when one event is larger than a megabyte, in one piece or in many', () => {
    const large = encoder.encode(`data: ${'x'.repeat(frameBytesMax)}\n\n`)
    expect(() => new FrameReader().push(large)).toThrow(FrameTooLarge)
    expect(() => readAll(cut(large, [65_536]))).toThrow(FrameTooLarge)
    const endless = new FrameReader()
    expect(() => {
      for (let n = 0; n < 40; n += 1) endless.push(new Uint8Array(65_536).fill(0x61))
    }).toThrow(FrameTooLarge)
  })
})
