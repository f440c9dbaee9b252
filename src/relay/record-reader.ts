// An answer as one client reads it: from its place in the record to the end, live where it still grows. A reader that takes
// nothing costs nothing but its connection; one that has gone is forgotten with it.

import type { Clock } from '#core/clock.ts'
import { StopController } from '#core/stop.ts'
import { CallClock } from '#gateway/call-clock.ts'
import { FrameReader } from '#sse/frames.ts'
import { sseComment } from '#sse/write.ts'
import type { Recording } from './recording.ts'

export type ReadHow = {
  from: number
  clock: Clock
  /** Silence after which a live reader hears a comment; undefined where the answer is no stream of events. */
  keepAliveMs: number | undefined
  onLeft?: () => void
}

const encoder = new TextEncoder()

export function readRecord(recording: Recording, how: ReadHow): ReadableStream<Uint8Array> {
  let place = how.from
  let hasLeft = false
  // One timer for all of its waits: almost each is called off by the next event.
  const clock = new CallClock(how.clock)
  const leave = () => {
    if (hasLeft) return
    hasLeft = true
    clock.close()
    how.onLeft?.()
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const bytes = recording.readFrom(place)
          if (bytes.length > 0) {
            place += bytes.length
            controller.enqueue(bytes)
            return
          }
          if (recording.isEnded) {
            leave()
            controller.close()
            return
          }
          // Only here, at the end of what there is, does one event end and the next not yet begin.
          if (await isSilent(recording, { ...how, clock })) {
            controller.enqueue(encoder.encode(sseComment('keep-alive')))
            return
          }
          if (hasLeft) return
        }
      },
      cancel: leave,
    },
    // Nothing is read ahead: what a slow client has not asked for stays in the record.
    { highWaterMark: 0 },
  )
}

async function isSilent(recording: Recording, { clock, keepAliveMs }: ReadHow): Promise<boolean> {
  if (keepAliveMs === undefined) {
    await recording.changed()
    return false
  }
  const heard = new StopController()
  const silence = clock.sleep(keepAliveMs, heard.signal).then(() => true)
  const isSilence = await Promise.race([recording.changed().then(() => false), silence])
  heard.abort()
  return isSilence
}

/** Where the event after the first `events` ones begins, or the end of what there is. */
export function placeAfterEvents(recording: Recording, events: number): number {
  const frames = new FrameReader()
  let [place, read, left] = [0, 0, events]
  while (left > 0) {
    const bytes = recording.readFrom(read)
    if (bytes.length === 0) return place
    read += bytes.length
    for (const frame of frames.push(bytes)) {
      if (left === 0) return place
      place += frame.bytes.length
      if (frame.data !== undefined) left -= 1
    }
  }
  return place
}
