// Between an agent and the gateway, to see what the agent really sends: passes everything on and keeps the bodies.

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { closeServer, listen, localHost } from '../../../dev/ports.ts'

export type Sent = { path: string; body: unknown }

export async function startRecorder(baseUrl: string) {
  const sent: Sent[] = []
  const server = createServer((asked, answer) => {
    pass(asked, answer, { baseUrl, sent }).catch(() => answer.destroy())
  })
  const port = await listen(server, 0)
  return { url: `http://${localHost}:${port}`, sent, stop: () => closeServer(server) }
}

async function pass(
  asked: IncomingMessage,
  answer: ServerResponse,
  { baseUrl, sent }: { baseUrl: string; sent: Sent[] },
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of asked) if (chunk instanceof Buffer) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const path = asked.url ?? '/'
  if (asked.method === 'POST') sent.push({ path, body: JSON.parse(bytes.toString('utf8')) })
  const { method, headers } = asked
  const upstream = request(new URL(path, baseUrl), { method, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers)
    response.pipe(answer)
  })
  upstream.on('error', () => answer.destroy())
  upstream.end(bytes)
}
