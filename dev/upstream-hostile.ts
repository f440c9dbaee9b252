// What a broken or hostile upstream does to its reader, on request of a test: three words of a good stream, and then this.

import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Frame } from './upstream-answer.ts'
import type { Hostility } from './upstream-directive.ts'

type Given = {
  hostility: Hostility
  isStreamed: boolean
  /** Of the good stream; of a whole answer its body is the only one. */
  frames: readonly Frame[]
  encode: (frame: Frame) => string
  /** Called with the visible tokens that were written. */
  onWritten: (tokens: number) => void
  /** Called before what was begun is ended. */
  onFinished: () => void
}

const wordsBefore = 3
const pieceBytes = 256 * 1024
const longLineBytes = 100_000_000
const hugeBytes = 500_000_000
/** Near a frame's limit of a megabyte, and of a body as much as its parts allow. */
const depth = 400_000
const commentMs = 20
let bomb: Buffer | undefined
const jsonType = 'application/json'
const streamType = 'text/event-stream; charset=utf-8'

export async function misbehave(response: ServerResponse, given: Given): Promise<void> {
  const { hostility, isStreamed, frames, encode } = given
  const type = isStreamed ? streamType : jsonType
  if (hostility === 'redirect') {
    response.writeHead(302, { location: '/v1/stolen' })
    response.end()
    return
  }
  if (hostility === 'wrongType') {
    response.writeHead(200, { 'content-type': 'text/html' })
    return writeForEver(response, '<p>')
  }
  if (hostility.startsWith('gzip')) {
    const encoding = hostility === 'gzipUndeclared' ? {} : { 'content-encoding': 'gzip' }
    response.writeHead(200, { 'content-type': type, ...encoding })
    response.end(hostility === 'gzipBomb' ? gzipBomb() : gzipSync(frames.map(encode).join('')))
    return
  }
  const length = hostility === 'hugeStated' ? { 'content-length': String(hugeBytes) } : {}
  response.writeHead(200, { 'content-type': type, ...length })
  await (isStreamed ? hostileStream(response, given) : hostileBody(response, given))
}

async function hostileStream(response: ServerResponse, given: Given): Promise<void> {
  const { hostility, frames, encode, onWritten } = given
  let words = 0
  const begun = frames.findIndex(({ tokens }) => {
    words += tokens
    return words >= wordsBefore
  })
  for (const frame of frames.slice(0, begun + 1)) await write(response, encode(frame))
  onWritten(words)
  const rest = frames.slice(begun + 1).map(encode)
  switch (hostility) {
    case 'endlessLine':
      await write(response, 'data: {"x":"')
      return writeForEver(response, 'x')
    case 'longLine':
      await write(response, 'data: {"x":"')
      await writeMuch(response, longLineBytes)
      return end(response, given, `"}\n\n${rest.join('')}`)
    case 'endlessComments':
      return commentForEver(response)
    case 'deep':
      return end(response, given, rest.map(deepened).join(''))
    case 'twice':
      return end(response, given, [...rest, ...frames.map(encode)].join(''))
    case 'brokenTransfer':
      return breakTransfer(response)
    default:
      return end(response, given, Buffer.from('data: {"x":"é').subarray(0, -1))
  }
}

async function hostileBody(response: ServerResponse, given: Given): Promise<void> {
  const { hostility, frames, encode } = given
  const body = frames.map(encode).join('')
  switch (hostility) {
    case 'deep':
      return end(response, given, deepened(body))
    case 'brokenTransfer':
      await write(response, body.slice(0, body.length / 2))
      return breakTransfer(response)
    case 'huge':
    case 'hugeStated':
      await write(response, '{"x":"')
      await writeMuch(response, hugeBytes)
      return end(response, given, '"}')
    default:
      return end(response, given, Buffer.from('{"x":"é').subarray(0, -1))
  }
}

/** Takes seconds, once. */
function gzipBomb(): Buffer {
  bomb ??= gzipSync(Buffer.alloc(hugeBytes, ' '), { level: 1 })
  return bomb
}

function deepened(text: string): string {
  return text.replace('{', `{"deep":${'['.repeat(depth)}${']'.repeat(depth)},`)
}

async function writeForEver(response: ServerResponse, text: string): Promise<void> {
  const piece = text.repeat(Math.ceil(pieceBytes / text.length))
  while (!response.destroyed) await write(response, piece)
}

async function commentForEver(response: ServerResponse): Promise<void> {
  while (!response.destroyed) {
    await write(response, ': nothing\n\n'.repeat(100))
    await new Promise((next) => setTimeout(next, commentMs))
  }
}

async function writeMuch(response: ServerResponse, bytes: number): Promise<void> {
  const piece = 'x'.repeat(pieceBytes)
  for (let at = 0; at < bytes && !response.destroyed; at += pieceBytes) await write(response, piece)
}

/** Resolves when the other side has taken it, or is gone. */
async function write(response: ServerResponse, text: string): Promise<void> {
  if (response.destroyed) return
  await new Promise<void>((taken) => {
    response.once('close', taken)
    response.write(text, () => {
      response.off('close', taken)
      taken()
    })
  })
}

function end(response: ServerResponse, { onFinished }: Given, rest: string | Uint8Array): void {
  if (response.destroyed) return
  onFinished()
  response.end(rest)
}

function breakTransfer(response: ServerResponse): void {
  response.socket?.end('no size of a chunk\r\n')
}
