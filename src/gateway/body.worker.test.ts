// The request's body in workerd: bounded whether its length is stated or not, and never inflated.
import { describe, expect, test } from 'vitest'

import { bodyBytesMax, readBody } from './body.ts'

const address = 'https://api.test/v1/chat/completions'
const kib = 1024

/** A body that comes in pieces without a length; counts how many pieces were taken. */
function chunked(pieces: number, pieceBytes: number) {
  const seen = { pulled: 0, isCancelled: false }
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (seen.pulled === pieces) return controller.close()
      seen.pulled += 1
      controller.enqueue(new Uint8Array(pieceBytes).fill(seen.pulled % 256))
    },
    cancel: () => {
      seen.isCancelled = true
    },
  })
  return { seen, request: new Request(address, { method: 'POST', body }) }
}

/** In short, so that a failure does not print ten megabytes. */
async function outcomeOf(request: Request): Promise<string> {
  const read = await readBody(request)
  return read.ok ? `${read.bytes.length} bytes` : read.code
}

const post = (body: BodyInit, headers: Record<string, string> = {}) =>
  new Request(address, { method: 'POST', body, headers })

describe('a body', () => {
  test('is read whole, in the order it came', async () => {
    const { request } = chunked(300, 7)
    const read = await readBody(request)
    const bytes = read.ok ? read.bytes : new Uint8Array(0)
    expect(bytes).toHaveLength(2_100)
    expect([bytes[0], bytes[6], bytes[7], bytes[2_099]]).toEqual([1, 1, 2, 300 % 256])
  })

  test.each([
    ['with its length', () => post('{"model":"m"}', { 'content-length': '13' })],
    ['without its length', () => post('{"model":"m"}')],
  ])('%s is the same bytes', async (_name, request) => {
    const read = await readBody(request())
    expect(read.ok && new TextDecoder().decode(read.bytes)).toBe('{"model":"m"}')
  })

  test('that is absent is empty', async () => {
    const read = await readBody(new Request(address, { method: 'POST' }))
    expect(read).toEqual({ ok: true, bytes: new Uint8Array(0) })
  })

  test('of exactly the limit is read', async () => {
    const { request } = chunked(bodyBytesMax / kib / kib, kib * kib)
    expect(await outcomeOf(request)).toBe('10485760 bytes')
  })
})

describe('a body over the limit', () => {
  // Cases: billing-bugs 63
  test('without a length is refused as soon as it is over, and not read on', async () => {
    const { request, seen } = chunked(30, kib * kib)
    expect(await outcomeOf(request)).toBe('body_too_large')
    expect(seen.pulled).toBeLessThanOrEqual(13)
    expect(seen.isCancelled).toBe(true)
  })

  // Cases: billing-bugs 63
  test('by one byte is refused', async () => {
    const read = await readBody(post(new Uint8Array(bodyBytesMax + 1)))
    expect(read.ok ? 'read' : read.message).toContain('larger than 10 MiB')
  })

  const statedAs = (bytes: number) => {
    const { request, seen } = chunked(30, kib * kib)
    return { seen, request: new Request(request, { headers: { 'content-length': String(bytes) } }) }
  }

  // Cases: billing-bugs 63
  test('with its length is refused when its client has sent it, and nothing of it is kept', async () => {
    const { request, seen } = statedAs(30 * kib * kib)
    expect(await outcomeOf(request)).toBe('body_too_large')
    expect(seen.pulled).toBe(30)
  })

  // Cases: billing-bugs 63
  test('far over it is refused before a byte is read', async () => {
    const { request, seen } = statedAs(65 * kib * kib)
    expect(await outcomeOf(request)).toBe('body_too_large')
    expect(seen.pulled).toBeLessThanOrEqual(1)
  })

  // Cases: billing-bugs 63
  test.each([['5'], ['-1'], ['abc'], ['1e1'], ['']])(
    'whose stated length is "%s" is refused',
    async (length) => {
      const { request } = chunked(11, kib * kib)
      const stated = new Request(request, { headers: { 'content-length': length } })
      expect(await outcomeOf(stated)).toBe('body_too_large')
    },
  )
})

describe('a compressed body', () => {
  // Cases: billing-bugs 64
  test.each([['gzip'], ['br'], ['zstd'], ['deflate'], ['GZIP'], ['identity, gzip'], ['x-unknown'], ['']])(
    'of the encoding "%s" is refused unread',
    async (encoding) => {
      const request = post('{}', { 'content-encoding': encoding })
      expect(await readBody(request)).toMatchObject({ ok: false, code: 'unsupported_encoding' })
      expect(request.bodyUsed).toBe(false)
    },
  )

  test('is one only if it says so: identity is none', async () => {
    expect(await readBody(post('{}', { 'content-encoding': ' Identity ' }))).toMatchObject({ ok: true })
  })
})
