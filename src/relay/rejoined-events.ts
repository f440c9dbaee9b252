// The events of a kept response for a client that comes back: those after the last one that it has, and live to the end.

import type { Refusal } from '#core/errors.ts'
import type { AccountId } from '#core/ids.ts'
import { EventsAfter, refusedEvents } from '#dialects/openai-responses-kept.ts'
import { sseComment } from '#sse/write.ts'
import { collected, responseNow } from './kept-responses.ts'
import type { GenerationState, RelayPort } from './relay-port.ts'

export type Rejoining = {
  relay: RelayPort
  accountId: AccountId
  state: GenerationState
  /** The number of an event; undefined for all of them. */
  startingAfter: number | undefined
}
type Bytes = ReadableStream<Uint8Array>
export type Rejoined = { ok: true; events: Bytes } | Refusal

const encoder = new TextEncoder()

export async function rejoinedEvents(rejoining: Rejoining): Promise<Rejoined> {
  const first = await bytesOf(rejoining)
  return first.ok ? { ok: true, events: eventsFrom(first.bytes, rejoining) } : first
}

/** Asked for piece by piece: what a slow client does not take is not read. */
function eventsFrom(first: Bytes | undefined, rejoining: Rejoining): Bytes {
  const events = new EventsAfter(rejoining.startingAfter)
  let reader = first?.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          if (reader === undefined) {
            controller.enqueue(encoder.encode(sseComment('keep-alive')))
            reader = (await laterBytes(rejoining))?.getReader()
            return
          }
          const { done, value } = await reader.read()
          if (done) return controller.close()
          const parts = events.push(value).filter(({ length }) => length > 0)
          for (const part of parts) controller.enqueue(part)
          if (parts.length > 0) return
        }
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** Of an answer whose upstream has not begun; where it cannot be read any more, the client's connection breaks. */
async function laterBytes(rejoining: Rejoining): Promise<Bytes | undefined> {
  const later = await bytesOf(rejoining)
  if (!later.ok) throw new Error(`The answer cannot be read: ${later.code}.`)
  return later.bytes
}

/** Undefined while the upstream has not begun to answer: the object has waited for that already. */
async function bytesOf({
  relay,
  accountId,
  state,
}: Rejoining): Promise<{ ok: true; bytes: Bytes | undefined } | Refusal> {
  const answer = await collected(relay, accountId, state)
  if (!answer.ok) return answer
  const { response } = answer
  if (response.status === 200 && response.body !== null) return { ok: true, bytes: response.body }
  await response.body?.cancel()
  if (response.status === 202) return { ok: true, bytes: undefined }
  // Refused by the upstream, or cancelled before it had begun: the client reads events, so it is told in events.
  const ended = (await relay.state(accountId, state.callId)) ?? state
  const now = await responseNow(relay, accountId, ended)
  if (!now.ok) return now
  return { ok: true, bytes: new Response(refusedEvents(now.response)).body ?? undefined }
}
