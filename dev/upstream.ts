// The model upstream of the local world: text in every dialect, vectors and judgements, friendly by default, and on request everything that
// real upstreams do wrong. It writes down what it was asked and how much of the answer it got rid of.

import { type Hash, createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { closeServer, listen, localHost } from './ports.ts'
import { type Directive, readDirective } from './upstream-directive.ts'
import { type Frame, type UpstreamDialect, makeAnswer, tokensOf } from './upstream-answer.ts'
import { misbehave } from './upstream-hostile.ts'
import { chatUpstream } from './upstream-chat.ts'
import { completionsUpstream } from './upstream-completions.ts'
import { embeddingsUpstream, moderationsUpstream } from './upstream-embeddings.ts'
import { messagesUpstream } from './upstream-messages.ts'
import { responsesUpstream } from './upstream-responses.ts'
import { type ReadBody, lastUserText, readBody } from './upstream-request.ts'

const dialects: readonly UpstreamDialect[] = [
  chatUpstream,
  responsesUpstream,
  messagesUpstream,
  completionsUpstream,
  embeddingsUpstream,
  moderationsUpstream,
]

/** A name for a directive's `where`: it holds for the first request with this text, and not when that is tried again. */
export const theFirstTime = 'the first time'

/** Longer than any test. */
const keepAliveMs = 3_600_000

/** One request as the upstream saw it. */
export type RecordedRequest = {
  /** Of its answer; empty where it was answered with an error. */
  answerId: string
  path: string
  headers: IncomingMessage['headers']
  /** Without its conversation where it was large. */
  body: unknown
  /** SHA-256 of the bytes that came, and of those of an answer that was sent to its end. */
  bodySha256: string
  answerSha256: string | null
  startedAt: number
  endedAt: number | null
  /** Frames handed to the socket, and visible output tokens in them. */
  chunksWritten: number
  outputTokens: number
  /** The client (our Worker) hung up before the end. */
  isAborted: boolean
  /** We destroyed the connection, as the directive said. */
  isCut: boolean
  isFinished: boolean
}

export type Upstream = {
  /** Ends in /v1. */
  url: string
  requests: readonly RecordedRequest[]
  reset(): void
  stop(): Promise<void>
}

export type UpstreamOptions = {
  port?: number
  /** Told of every request as it arrives. */
  onRequest?: (request: { path: string; body: unknown }) => void
}

export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const requests: RecordedRequest[] = []
  const toldBefore = new Set<string>()
  const reset = () => {
    requests.length = 0
    toldBefore.clear()
  }
  const onRequest = options.onRequest ?? (() => undefined)
  const records = { requests, toldBefore, count: 0, reset, onRequest }
  const server = createServer((request, response) => {
    serve(request, response, records).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined)
    })
  })
  // Node closes idle connections after 5 s; a request that is sent at that very moment would find a broken line.
  server.keepAliveTimeout = keepAliveMs
  const port = await listen(server, options.port ?? 0)
  return { url: `http://${localHost}:${port}/v1`, requests, reset, stop: () => closeServer(server) }
}

type Records = {
  requests: RecordedRequest[]
  toldBefore: Set<string>
  count: number
  reset(): void
  onRequest: NonNullable<UpstreamOptions['onRequest']>
}

async function serve(request: IncomingMessage, response: ServerResponse, records: Records): Promise<void> {
  const path = request.url ?? '/'
  if (path === '/__requests') return control(request, response, records)
  const read = await readBody(request)
  const { body } = read
  const record = makeRecord(path, request, read)
  records.requests.push(record)
  records.onRequest({ path, body })
  records.count += 1
  // Not the list's length, which a reset takes back and which moves while we wait.
  const number = String(records.count).padStart(8, '0')
  response.once('close', () => {
    record.endedAt = Date.now()
    record.isAborted = !record.isFinished && !record.isCut
  })
  const dialect = dialects.find((one) => path.split('?')[0] === one.path)
  const refuse = (error: UpstreamError) =>
    sendError(response, record, { ...error, dialect: dialect ?? chatUpstream })
  if (dialect === undefined) return refuse({ status: 404, message: `no ${path} here` })
  if (!hasKey(request)) return refuse({ status: 401, message: 'You did not provide an API key.' })
  const told = lastUserText(body)
  const directive = readDirective(told, [modelOf(body), keyOf(request), ...timeOf(told, records)])
  if (typeof directive === 'string') return refuse({ status: 400, message: directive })
  for (const [name, value] of Object.entries(directive.headers ?? {})) response.setHeader(name, value)
  const asked = dialect.read(body)
  await pause(directive.firstMs)
  if (directive.dropsBeforeHeaders) return cut(response, record)
  if (directive.status !== null) {
    const message = messages[directive.status] ?? 'The server had an error while processing your request.'
    return refuse({ status: directive.status, message, retryAfter: directive.retryAfterSeconds })
  }
  const given = { request: asked, directive }
  record.answerId = `${dialect.idPrefix}${number}`
  const answer = makeAnswer(record.answerId, Math.floor(record.startedAt / 1_000), given)
  response.setHeader('x-request-id', `req_local${number}`)
  if (directive.hostility !== null) {
    const whole = { data: JSON.stringify(dialect.whole(answer)), tokens: tokensOf(answer) }
    const { isStreamed } = asked
    return misbehave(response, {
      hostility: directive.hostility,
      isStreamed,
      frames: isStreamed ? [...dialect.frames(answer)] : [whole],
      encode: (frame) => (isStreamed ? encode(frame, directive, 1) : frame.data),
      onWritten: (tokens) => (record.outputTokens = tokens),
      onFinished: () => (record.isFinished = true),
    })
  }
  if (asked.isStreamed)
    return stream(response, record, { directive, dialect, frames: dialect.frames(answer) })
  return sendWhole(response, record, { directive, body: dialect.whole(answer), tokens: tokensOf(answer) })
}

async function stream(
  response: ServerResponse,
  record: RecordedRequest,
  given: { directive: Directive; dialect: UpstreamDialect; frames: Iterable<Frame> },
): Promise<void> {
  const { directive } = given
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  response.flushHeaders()
  response.socket?.setNoDelay(true)
  if (directive.raw !== null) {
    await write(response, directive.raw, directive)
    return finish(response, record)
  }
  for (const frame of framesOf(given)) {
    if (response.destroyed) return
    if (directive.cutAfter === record.chunksWritten) return cut(response, record)
    // Silence: the connection stays until the other side gives up.
    if (directive.stallAfter === record.chunksWritten) return
    await write(response, encode(frame, directive, record.chunksWritten), directive)
    record.chunksWritten += 1
    record.outputTokens += frame.tokens
    if (directive.gapMs > 0) await pause(directive.gapMs)
  }
  if (directive.stallAfter === record.chunksWritten) return
  return finish(response, record)
}

function* framesOf({
  directive,
  dialect,
  frames,
}: {
  directive: Directive
  dialect: UpstreamDialect
  frames: Iterable<Frame>
}): Generator<Frame> {
  let index = 0
  for (const frame of frames) {
    if (index === directive.errorAfter) {
      yield dialect.errorFrame
      return
    }
    yield frame
    index += 1
  }
}

async function sendWhole(
  response: ServerResponse,
  record: RecordedRequest,
  given: { directive: Directive; body: unknown; tokens: number },
): Promise<void> {
  const { directive } = given
  if (directive.stallAfter !== null || response.destroyed) return
  if (directive.cutAfter === 0) return cut(response, record)
  const text = directive.raw ?? JSON.stringify(given.body)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  if (directive.cutAfter !== null) {
    await write(response, text.slice(0, text.length / 2), directive)
    return cut(response, record)
  }
  await write(response, text, directive)
  record.chunksWritten = 1
  record.outputTokens = given.tokens
  finish(response, record)
}

function cut(response: ServerResponse, record: RecordedRequest): void {
  record.isCut = true
  response.destroy()
}

function finish(response: ServerResponse, record: RecordedRequest): void {
  if (response.destroyed) return
  record.isFinished = true
  record.answerSha256 = answerHashes.get(response)?.digest('hex') ?? null
  response.end()
}

/** The vendor's sentences for the errors that tests ask for. */
const messages: { readonly [status: number]: string } = {
  429: 'Rate limit reached for requests. Please try again later.',
  503: 'The engine is currently overloaded, please try again later',
  529: 'Overloaded',
}

/** For `where`: a text that tells this time from later ones is remembered until the next reset. */
function timeOf(told: string, { toldBefore }: Records): readonly string[] {
  if (!told.includes(`"${theFirstTime}"`) || toldBefore.has(told)) return []
  toldBefore.add(told)
  return [theFirstTime]
}

type UpstreamError = { status: number; message: string; retryAfter?: number | null }

function modelOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'model' in body ? String(body.model) : ''
}

function keyOf({ headers }: IncomingMessage): string {
  return headers.authorization?.replace('Bearer ', '') ?? String(headers['x-api-key'] ?? '')
}

function hasKey({ headers }: IncomingMessage): boolean {
  return headers.authorization?.startsWith('Bearer ') === true || headers['x-api-key'] !== undefined
}

function sendError(
  response: ServerResponse,
  record: RecordedRequest,
  given: UpstreamError & { dialect: UpstreamDialect },
): void {
  const { status, message, retryAfter = null } = given
  const code = status === 429 ? 'rate_limit_exceeded' : null
  const type = status === 429 ? 'requests' : status < 500 ? 'invalid_request_error' : 'server_error'
  const seconds = retryAfter === null ? {} : { 'retry-after': String(retryAfter) }
  response.writeHead(status, { 'content-type': 'application/json', ...seconds })
  record.isFinished = true
  response.end(JSON.stringify(given.dialect.error({ status, message, type, code })))
}

const lineEnds = { lf: '\n', crlf: '\r\n', cr: '\r' }

function encode(frame: Frame, directive: Directive, index: number): string {
  const end = lineEnds[directive.lineEnd]
  const start = directive.hasBom && index === 0 ? '\uFEFF' : ''
  const isLast = frame.data === '[DONE]' && directive.hasNoFinalNewline
  const name = frame.event === undefined ? '' : `event: ${frame.event}${end}`
  return `${start}${name}data:${directive.hasNoSpace ? '' : ' '}${frame.data}${isLast ? '' : end + end}`
}

/** Waits for a slow reader, so that thousands of streams do not pile up here. */
async function write(response: ServerResponse, text: string, directive: Directive): Promise<void> {
  const bytes = Buffer.from(text)
  const hash = answerHashes.get(response) ?? createHash('sha256')
  answerHashes.set(response, hash.update(bytes))
  const size = directive.splitBytes ?? bytes.length
  for (let at = 0; at < bytes.length && !response.destroyed; at += size) {
    const piece = bytes.subarray(at, at + size)
    // A cut must come after what was written before it, not instead of it.
    if (directive.cutAfter !== null) await new Promise<void>((sent) => response.write(piece, () => sent()))
    else if (!response.write(piece)) await drained(response)
    if (directive.splitBytes !== null) await new Promise((next) => setImmediate(next))
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((next) => {
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      next()
    }
    response.once('drain', done)
    response.once('close', done)
  })
}

function control(request: IncomingMessage, response: ServerResponse, records: Records): void {
  if (request.method === 'DELETE') records.reset()
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(records.requests))
}

/** Of what has been written so far. */
const answerHashes = new WeakMap<ServerResponse, Hash>()

function makeRecord(path: string, request: IncomingMessage, { kept, sha256 }: ReadBody): RecordedRequest {
  return {
    answerId: '',
    path,
    headers: request.headers,
    body: kept,
    bodySha256: sha256,
    answerSha256: null,
    startedAt: Date.now(),
    endedAt: null,
    chunksWritten: 0,
    outputTokens: 0,
    isAborted: false,
    isCut: false,
    isFinished: false,
  }
}

function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((next) => setTimeout(next, ms))
}
