// The model upstream of the bench, a process of its own: chat completions with fixed answers, as cheap as they can be, so
// that it is never what is measured. Plain sockets instead of node:http for the same reason. Prints its port.

import { createServer, type Socket } from 'node:net'
import { localHost } from '../dev/ports.ts'
import { chunkCount, chunkGapMs, firstChunkMs, timeMark } from './protocol.ts'

const usage = { prompt_tokens: 20, completion_tokens: 50, total_tokens: 70 }
const shared = {
  id: 'chatcmpl-bench',
  created: 1_790_000_000,
  model: 'gpt-4.1-mini',
  service_tier: 'default',
}

const whole = response(
  'application/json',
  JSON.stringify({
    ...shared,
    object: 'chat.completion',
    choices: [
      { index: 0, message: { role: 'assistant', content: ' word'.repeat(50) }, finish_reason: 'stop' },
    ],
    usage,
  }),
)

const streamHead = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n',
)
const lastChunk = Buffer.from('0\r\n\r\n')

function response(type: string, body: string): Buffer {
  const length = Buffer.byteLength(body)
  return Buffer.from(`HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n${body}`)
}

function httpChunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

function event(fields: object): string {
  const data = { ...shared, object: 'chat.completion.chunk', ...fields }
  return httpChunk(`data: ${JSON.stringify(data)}\n\n`)
}

function content(text: string, finishReason: string | null = null): string {
  const delta = finishReason === null ? { content: text } : {}
  return event({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }] })
}

const finish = content('', 'stop')
const usageEvent = event({ choices: [], usage })
const done = httpChunk('data: [DONE]\n\n')

function serve(socket: Socket): void {
  socket.setNoDelay(true)
  // A proxy that closes its connections is no failure.
  socket.on('error', () => socket.destroy())
  let received = ''
  socket.on('data', (data) => {
    received += data.toString('latin1')
    for (;;) {
      const request = takeRequest(received)
      if (request === undefined) return
      received = request.rest
      const { body } = request
      const firstMs = firstChunkMs(body)
      if (!/"stream":\s*true/.test(body)) socket.write(whole)
      else if (firstMs === 0) stream(socket, body)
      else setTimeout(() => stream(socket, body), firstMs)
    }
  })
}

/** Each chunk leaves at its own time after the request, so that a late timer does not push the later ones back. */
function stream(socket: Socket, body: string): void {
  const chunks = chunkCount(body)
  const gapMs = chunkGapMs(body)
  const startedAt = performance.now()
  let sent = 0
  const next = () => {
    if (socket.destroyed) return
    if (sent === chunks) {
      const end = body.includes('"include_usage":true') ? finish + usageEvent + done : finish + done
      socket.write(end)
      socket.write(lastChunk)
      return
    }
    socket.write(content(` ${timeMark()}`))
    sent += 1
    setTimeout(next, Math.max(0, startedAt + sent * gapMs - performance.now()))
  }
  socket.write(streamHead)
  next()
}

type Request = { body: string; rest: string }

/** The first whole request of what has been received, its body by length or in chunks. */
function takeRequest(received: string): Request | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = received.slice(0, headEnd)
  const start = headEnd + 4
  if (/transfer-encoding: *chunked/i.test(head)) {
    const end = received.indexOf('0\r\n\r\n', start)
    return end < 0 ? undefined : { body: received.slice(start, end), rest: received.slice(end + 5) }
  }
  const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  if (received.length < start + length) return undefined
  return { body: received.slice(start, start + length), rest: received.slice(start + length) }
}

const server = createServer(serve)
server.listen({ port: 0, host: localHost, backlog: 4096 }, () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) console.log(JSON.stringify({ port: address.port }))
})
process.stdin.resume()
process.stdin.once('end', () => process.exit(0))
