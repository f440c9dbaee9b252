// An answer in its record: whatever it is cut into and whoever reads it from where, it is the same bytes.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock } from '../../test/world/hand-clock.ts'
import { Recording, type Pieces } from './recording.ts'
import { placeAfterEvents, readRecord } from './record-reader.ts'

const bounds = { pieceBytes: 8, answerBytesMax: 1_000 }
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Rows that live in memory; the longest time that anything was in no row is what `putAt` tells. */
function rows(): Pieces & { kept: Map<number, Uint8Array> } {
  const kept = new Map<number, Uint8Array>()
  return {
    kept,
    put: (index, bytes) => void kept.set(index, bytes.slice()),
    get: (index) => kept.get(index) ?? new Uint8Array(0),
  }
}

function recordingOf(texts: readonly string[]): Recording {
  const recording = new Recording(rows(), bounds)
  for (const text of texts) recording.append(encoder.encode(text))
  return recording
}

function readAll(recording: Recording, from = 0): string {
  let [place, text] = [from, '']
  for (;;) {
    const bytes = recording.readFrom(place)
    if (bytes.length === 0) return text
    place += bytes.length
    text += decoder.decode(bytes)
  }
}

const texts = fc.array(fc.stringMatching(/^[a-z]{0,30}$/), { maxLength: 20 })

describe('a record', () => {
  test('is read from any place as what was written, while it grows and after its end', () => {
    fc.assert(
      fc.property(texts, fc.nat(300), (given, from) => {
        const whole = given.join('')
        const recording = recordingOf(given)
        expect(readAll(recording, from)).toBe(whole.slice(from))
        recording.end()
        expect(readAll(recording, from)).toBe(whole.slice(from))
      }),
    )
  })

  test('has all but its last piece in rows, and after a heartbeat that one as well', () => {
    fc.assert(
      fc.property(texts, (given) => {
        const kept = rows()
        const recording = new Recording(kept, bounds)
        for (const text of given) recording.append(encoder.encode(text))
        const inRows = () => [...kept.kept.values()].reduce((sum, bytes) => sum + bytes.length, 0)
        expect(recording.bytes - inRows()).toBeLessThan(bounds.pieceBytes)
        recording.keep()
        expect(inRows()).toBe(recording.bytes)
        const restored = Recording.restored(kept, recording.bytes, bounds)
        restored.append(encoder.encode('END'))
        restored.end()
        expect(readAll(restored)).toBe(`${given.join('')}END`)
      }),
    )
  })

  test('takes nothing of what would make it longer than may be, and nothing after its end', () => {
    const recording = recordingOf(['x'.repeat(999)])
    expect(recording.append(encoder.encode('ab'))).toBe(false)
    expect(recording.append(encoder.encode('a')), 'no hole in the middle').toBe(false)
    recording.appendEnding(encoder.encode('END'))
    expect(recording.bytes).toBe(1_002)
    recording.end()
    expect(recording.append(new Uint8Array(0))).toBe(false)
  })
})

describe('who reads a record', () => {
  const how = { from: 0, clock: new HandClock(), keepAliveMs: undefined }

  test('hears what comes later, each at a pace of its own, and nobody keeps it from growing', async () => {
    const recording = recordingOf(['one '])
    const [fast, slow] = [readRecord(recording, how).getReader(), readRecord(recording, how).getReader()]
    expect(decoder.decode((await fast.read()).value)).toBe('one ')
    const next = fast.read()
    recording.append(encoder.encode('two '))
    expect(decoder.decode((await next).value)).toBe('two ')
    recording.append(encoder.encode('three'))
    recording.end()
    let heard = ''
    for (;;) {
      const { done, value } = await slow.read()
      if (done) break
      heard += decoder.decode(value)
    }
    expect(heard).toBe('one two three')
  })

  test('is forgotten once, whether it leaves or hears the end', async () => {
    const recording = recordingOf(['x'])
    let left = 0
    const onLeft = () => {
      left += 1
    }
    const leaver = readRecord(recording, { ...how, onLeft })
    await leaver.cancel()
    const stayer = readRecord(recording, { ...how, onLeft }).getReader()
    recording.end()
    while (!(await stayer.read()).done) continue
    await stayer.cancel()
    expect(left).toBe(2)
  })

  test('gets what comes after the events that it has, and comments count for nothing', () => {
    const events = [
      'data: 1\n\n',
      ': silence\n\n',
      'event: x\ndata: 2\n\n',
      'data: 3\ndata: 4\n\n',
      'data: [DONE]\n\n',
    ]
    const recording = recordingOf(events)
    const tail = (count: number) => readAll(recording, placeAfterEvents(recording, count))
    expect(tail(0)).toBe(events.join(''))
    expect(tail(1).replace(': silence\n\n', '')).toBe(events.slice(2).join(''))
    expect(tail(2)).toBe(events.slice(3).join(''))
    expect(tail(3)).toBe('data: [DONE]\n\n')
    expect(tail(4)).toBe('')
    expect(tail(400)).toBe('')
  })
})
