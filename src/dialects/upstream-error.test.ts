// What counts as an upstream's failure, in every dialect.

import { expect, test } from 'vitest'
import { FrameReader } from '#sse/frames.ts'
import { sseData, sseEvent } from '#sse/write.ts'
import { isErrorChunk, mayBeError } from './upstream-error.ts'

// Cases: dialects 18
test.each<[object, boolean]>([
  [{ error: { message: 'No.' } }, true],
  [{ error: 'No.' }, true],
  [{ type: 'error', message: 'No.' }, true],
  [{ type: 'response.failed', response: {} }, true],
  [{ error: null, choices: [] }, false],
  [{ type: 'response.created', response: { error: null } }, false],
  [{ type: 'message_start' }, false],
])('%j as the first of a stream is an error: %s', (chunk, isError) => {
  const json = JSON.stringify(chunk)
  const named = sseEvent({ event: 'type' in chunk ? String(chunk.type) : 'x', json })
  const frames = new FrameReader().push(new TextEncoder().encode(sseData(json) + named))
  expect(isErrorChunk(chunk)).toBe(isError)
  for (const frame of frames) expect(mayBeError(frame) && isErrorChunk(chunk)).toBe(isError)
})
