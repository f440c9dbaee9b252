// Whether what an upstream sent says that the answer failed, in any of the dialects that upstreams speak.

import { isObject } from '#core/readers.ts'
import type { Frame } from '#sse/frames.ts'

/** A chunk, an event's data or a whole body; some upstreams send `"error": null` with every good one. */
export function isErrorChunk(chunk: unknown): boolean {
  if (!isObject(chunk)) return false
  const { type, error } = chunk
  return isObject(error) || typeof error === 'string' || type === 'error' || type === 'response.failed'
}

const errorBeginnings = ['{"error"', '{"type":"error"', '{"type":"response.failed"']

/** Cheap: a frame that begins with its error, before it is parsed. */
export function mayBeError({ event, data = '' }: Frame): boolean {
  return (
    event === 'error' || event === 'response.failed' || errorBeginnings.some((text) => data.startsWith(text))
  )
}
