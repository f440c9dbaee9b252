// The events of a kept response for a client that comes back: those after the last one that it has, and live to the end.

import type { AccountId } from '#core/ids.ts'
import { EventsAfter, refusedEvents } from '#dialects/openai-responses-kept.ts'
import { sseComment } from '#sse/write.ts'
import { responseNow } from './kept-responses.ts'
import type { GenerationState, RelayPort } from './relay-port.ts'

export type Rejoining = {
  relay: RelayPort
  accountId: AccountId
  state: GenerationState
  /** The number of an event; undefined for all of them. */
  startingAfter: number | undefined
}

const encoder = new TextEncoder()

/** Asked for piece by piece: what a slow client does not take is not read. */
export function rejoinedEvents(rejoining: Rejoining): ReadableStream<Uint8Array> {
  const events = new EventsAfter(rejoining.startingAfter)
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          reader ??= (await bytesOf(rejoining))?.getReader()
          if (reader === undefined) return controller.enqueue(encoder.encode(sseComment('keep-alive')))
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

/** Undefined while the upstream has not begun to answer: the object has waited for that already. */
async function bytesOf({
  relay,
  accountId,
  state,
}: Rejoining): Promise<ReadableStream<Uint8Array> | undefined> {
  const answer = await relay.collect(accountId, state.callId, {})
  if (answer?.status === 202) {
    await answer.body?.cancel()
    return undefined
  }
  if (answer?.status === 200 && answer.body !== null) return answer.body
  await answer?.body?.cancel()
  // Refused by the upstream, or deleted meanwhile: the client reads events, so it is told in events.
  const ended = (await relay.state(accountId, state.callId)) ?? {
    ...state,
    status: 'lost' as const,
    bytes: 0,
  }
  const response = (await responseNow(relay, accountId, ended)) ?? {}
  return new Response(refusedEvents(response)).body ?? undefined
}
