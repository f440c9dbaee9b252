// Upstash's REST protocol over the Redis of this process: `/`, `/pipeline`, `/multi-exec`, base64 answers, bearer token.
// Held to the real packages by test/drivers/upstash.test.ts.

import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { readJson } from '#core/readers.ts'
import { closeServer, listen, localHost } from './ports.ts'
import { makeRedis, type Redis } from './redis.ts'
import { type Reply, RedisError } from './redis-replies.ts'
import { readText } from './request-body.ts'

/** Upstash's own limit on a request. */
const bodyBytesMax = 1024 * 1024

export type Upstash = { url: string; token: string; stop(): Promise<void> }

type Answer = { status: number; body: unknown }
type Result = { result: unknown } | { error: string }

export async function startUpstash(options: { port?: number; token?: string } = {}): Promise<Upstash> {
  const token = options.token ?? randomBytes(24).toString('base64url')
  const redis = makeRedis()
  const server = createServer((request, response) => {
    answer(redis, token, request).then(
      ({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json', 'upstash-sync-token': 'local' })
        response.end(JSON.stringify(body))
      },
      () => request.socket.destroy(),
    )
  })
  const port = await listen(server, options.port ?? 0)
  return { url: `http://${localHost}:${port}`, token, stop: () => closeServer(server) }
}

async function answer(redis: Redis, token: string, request: IncomingMessage): Promise<Answer> {
  if (request.headers.authorization !== `Bearer ${token}`)
    return { status: 401, body: { error: 'Unauthorized' } }
  const body = readJson((await readText(request, bodyBytesMax)) ?? '')
  const encode = request.headers['upstash-encoding'] === 'base64' ? toBase64 : toPlain
  const one = (command: readonly string[]): Result => {
    try {
      return { result: encode(redis.run(command)) }
    } catch (error) {
      if (error instanceof RedisError) return { error: error.message }
      throw error
    }
  }
  if (request.url === '/pipeline' || request.url === '/multi-exec') {
    const commands = Array.isArray(body) ? body.map(readCommand) : []
    const isValid = commands.length > 0 && commands.every((command) => command !== undefined)
    return isValid ? { status: 200, body: commands.map(one) } : refuse('ERR failed to parse pipeline request')
  }
  const command = readCommand(body)
  if (request.url !== '/' || command === undefined) return refuse('ERR failed to parse command')
  const result = one(command)
  return { status: 'error' in result ? 400 : 200, body: result }
}

function refuse(error: string): Answer {
  return { status: 400, body: { error } }
}

/** A command is a list of texts and numbers; anything else is stored as its JSON, as Upstash does. */
function readCommand(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value) || typeof value[0] !== 'string') return undefined
  return value.map((part: unknown) => (typeof part === 'string' ? part : JSON.stringify(part)))
}

function toBase64(reply: Reply): unknown {
  if (typeof reply === 'string') return Buffer.from(reply).toString('base64')
  if (reply === null || typeof reply === 'number') return reply
  return 'status' in reply ? reply.status : reply.map(toBase64)
}

function toPlain(reply: Reply): unknown {
  if (reply === null || typeof reply !== 'object') return reply
  return 'status' in reply ? reply.status : reply.map(toPlain)
}
