// The answer of a call under an Idempotency-Key, kept for whoever asks again: what its client was given, if it is short.

import { type RequestId, readCallId } from '#core/ids.ts'
import { type StoredAnswer, storedAnswerBytesMax } from '#ledger/claim.ts'
import type { AdmitRefused } from '#ledger/call-commands.ts'
import { answerHeaders } from './answer-headers.ts'

const decoder = new TextDecoder()

/** Collects a stream's bytes as they go out; forgets everything as soon as they are too many. */
export class KeptStream {
  #parts: Uint8Array[] | undefined = []
  #bytes = 0

  add(bytes: Uint8Array | undefined): void {
    if (this.#parts === undefined || bytes === undefined) return
    this.#bytes += bytes.length
    if (this.#bytes > storedAnswerBytesMax) this.#parts = undefined
    // A copy: the frame's bytes are a view of a chunk that would be kept as a whole.
    else this.#parts.push(bytes.slice())
  }

  /** Null where the answer was too long. */
  answer(contentType: string): StoredAnswer | null {
    if (this.#parts === undefined) return null
    const body = this.#parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode()
    return { contentType, body }
  }
}

/** The same answer again; the first one's id and cost, this request's own number. */
export function replayedAnswer(refused: AdmitRefused, requestId: RequestId): Response | undefined {
  const { earlier } = refused
  const callId = readCallId(earlier?.callId)
  if (refused.code !== 'idempotency_completed' || !earlier?.answer || callId === undefined) return undefined
  const { contentType, body } = earlier.answer
  return new Response(body, {
    headers: {
      ...answerHeaders({
        requestId,
        callId,
        costNanoUsd: earlier.chargedNanoUsd,
        balanceCheck: 'first',
        ...(refused.rate === undefined ? {} : { rate: refused.rate }),
      }),
      'content-type': contentType,
      'idempotent-replayed': 'true',
    },
  })
}
