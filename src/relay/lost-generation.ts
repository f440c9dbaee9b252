// What a new process does with a generation that an earlier one was running: what was kept of it gets the error that its
// dialect's clients raise for, and its charge is what the last heartbeat had proved.

import { countTokensByBytes } from '#calls/count-tokens.ts'
import type { Millis } from '#core/clock.ts'
import { FrameReader } from '#sse/frames.ts'
import { brokeOff, dialectOf } from './collected-answer.ts'
import type { GenerationRow } from './generation-store.ts'
import { Recording, type Pieces, type RecordingBounds } from './recording.ts'

export type LostParts = { now: Millis; keptForMs: number; bounds: RecordingBounds }

/** The row as it stays; its pieces have the ending then. */
export function endLost(
  row: GenerationRow,
  pieces: Pieces,
  { now, keptForMs, bounds }: LostParts,
): GenerationRow {
  const ended = { ...row, status: 'lost' as const, endedAtMs: now, deleteAtMs: now + keptForMs }
  if (row.httpStatus === 0 || row.bytes === 0) return { ...ended, httpStatus: 0, bytes: 0 }
  const recording = Recording.restored(pieces, row.bytes, bounds)
  recording.appendEnding(endingOf(row, recording))
  recording.end()
  return { ...ended, endingAt: row.bytes, bytes: recording.bytes }
}

/** Read once more by a meter of the answer's own dialect, which knows its numbers and what is still open. */
function endingOf(row: GenerationRow, recording: Recording): Uint8Array {
  const meter = dialectOf(row).sameDialectMeter({
    countTokens: countTokensByBytes,
    expectedInputTokens: 0,
    includeUsage: false,
    costOf: undefined,
    modelName: undefined,
  })
  const frames = new FrameReader()
  for (let place = 0; place < row.bytes;) {
    const bytes = recording.readFrom(place)
    if (bytes.length === 0) break
    place += bytes.length
    for (const frame of frames.push(bytes)) meter.see(frame)
  }
  return meter.errorBytes(brokeOff, row.proven?.shown)
}
