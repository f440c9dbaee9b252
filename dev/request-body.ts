// The bodies of requests to the local world's servers, which are bounded like everything else.

import type { IncomingMessage } from 'node:http'

/** Undefined where it is longer than that. */
export async function readBytes(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) continue
    bytes += chunk.length
    if (bytes > bytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export async function readText(request: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  return (await readBytes(request, bytesMax))?.toString('utf8')
}
