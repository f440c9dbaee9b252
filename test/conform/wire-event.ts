// The events of a stream as they went over the wire, whoever sent them.

import { readJson } from '#core/readers.ts'
import { FrameReader } from '#sse/frames.ts'
import type { Wire } from './wire-schemas.ts'

/** One event: its name, where it has one, and its data, parsed; the terminator `[DONE]` stays the text that it is. */
export type WireEvent = { name: string | undefined; data: unknown }

/** A stream that was cut off on the way is judged as far as it came. */
export type RuleOptions = { wire: Wire; isWhole: boolean }

export const terminator = '[DONE]'

/** Comments keep a stream alive and say nothing. */
export function wireEvents(stream: string): readonly WireEvent[] {
  const reader = new FrameReader()
  const frames = [...reader.push(new TextEncoder().encode(stream)), ...reader.end()]
  return frames.flatMap(({ event, data }) =>
    data === undefined ? [] : [{ name: event, data: data === terminator ? data : readJson(data) }],
  )
}

/** Chat completions put an error object in a chunk's place; the other two name their event. */
export function isErrorEvent(data: unknown): boolean {
  if (typeof data !== 'object' || data === null) return false
  return ('type' in data && data.type === 'error') || ('error' in data && !('object' in data))
}
