// The request's body, read once and bounded: a length that is stated, a length that is not, and a compressed one.

import { readBounded } from '#core/bounded-body.ts'
import { type Refusal, refuse } from '#core/errors.ts'

/** Ten times the largest text context of the catalog; images come as URLs or fit as well. */
export const bodyBytesMax = 10 * 1024 * 1024

/** A body that is stated to be larger is refused unread; up to here it is read and thrown away first. */
const discardedBytesMax = 64 * 1024 * 1024

export type ReadBody = { ok: true; bytes: Uint8Array } | Refusal

export async function readBody(request: Request): Promise<ReadBody> {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.trim().toLowerCase() !== 'identity') return refuse('unsupported_encoding')
  const stated = request.headers.get('content-length')
  if (stated !== null && Number(stated) > bodyBytesMax) {
    // A client that still writes when the connection ends sees it break instead of the answer, and tries again.
    if (Number(stated) <= discardedBytesMax && request.body !== null) await discard(request.body)
    return tooLarge()
  }
  // A stated length is kept by the platform; only a chunked body has to be counted while it comes.
  if (stated === null) {
    return request.body === null ? { ok: true, bytes: new Uint8Array(0) } : readCounted(request.body)
  }
  const bytes = new Uint8Array(await request.arrayBuffer())
  return bytes.length > bodyBytesMax ? tooLarge() : { ok: true, bytes }
}

async function readCounted(body: ReadableStream<Uint8Array>): Promise<ReadBody> {
  const bytes = await readBounded(body, bodyBytesMax)
  return bytes === undefined ? tooLarge() : { ok: true, bytes }
}

async function discard(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader()
  for (let length = 0; length <= discardedBytesMax;) {
    const { done, value } = await reader.read()
    if (done) return
    length += value.length
  }
  await reader.cancel()
}

function tooLarge(): Refusal {
  return refuse('body_too_large', {
    message: `The request body is larger than ${bodyBytesMax / 1024 / 1024} MiB. Send less, or send files as URLs.`,
  })
}
