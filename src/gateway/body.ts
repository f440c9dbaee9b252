// The request's body, read once and bounded: a length that is stated, a length that is not, and a compressed one.

import { type Refusal, refuse } from '#core/errors.ts'

/** Ten times the largest text context of the catalog; images come as URLs or fit as well. */
export const bodyBytesMax = 10 * 1024 * 1024

export type ReadBody = { ok: true; bytes: Uint8Array } | Refusal

export async function readBody(request: Request): Promise<ReadBody> {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding.trim().toLowerCase() !== 'identity') return refuse('unsupported_encoding')
  const stated = request.headers.get('content-length')
  if (stated !== null && Number(stated) > bodyBytesMax) return tooLarge()
  if (request.body === null) return { ok: true, bytes: new Uint8Array(0) }
  if (stated === null) return readCounted(request.body)
  // A stated length is kept by the platform; only a chunked body has to be counted while it comes.
  const bytes = new Uint8Array(await request.arrayBuffer())
  return bytes.length > bodyBytesMax ? tooLarge() : { ok: true, bytes }
}

async function readCounted(body: ReadableStream<Uint8Array>): Promise<ReadBody> {
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > bodyBytesMax) {
      await reader.cancel()
      return tooLarge()
    }
    chunks.push(value)
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.length
  }
  return { ok: true, bytes }
}

function tooLarge(): Refusal {
  return refuse('body_too_large', {
    message: `The request body is larger than ${bodyBytesMax / 1024 / 1024} MiB. Send less, or send files as URLs.`,
  })
}
