// Which entries go on the queue next. Pure.

import type { Entry } from './entry.ts'

/** The platform takes 128 KB per message; the rest is room for hashes and the envelope. */
export const messageBytesMax = 96 * 1024
export const messageEntriesMax = 100
/** A hash and its name in JSON. */
const hashBytes = 80
const encoder = new TextEncoder()

/** The longest run of entries from the front that fits one message; at least one, since an entry's size is bounded. */
export function nextMessage(entries: readonly Entry[]): readonly Entry[] {
  let bytes = 0
  let count = 0
  for (const entry of entries) {
    bytes += encoder.encode(JSON.stringify(entry)).length + hashBytes
    if (count > 0 && (bytes > messageBytesMax || count >= messageEntriesMax)) break
    count += 1
  }
  return entries.slice(0, count)
}
