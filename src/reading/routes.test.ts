// Every reading route, enumerated: the table is the router, and nothing answers before the guard.

import { describe, expect, test } from 'vitest'
import { asMillis, type Clock } from '#core/clock.ts'
import { errorKindOf, refuse } from '#core/errors.ts'
import { makeRequestId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import type { ReadingParts } from './reader.ts'
import { readingRoutes, readingRouteTable } from './routes.ts'

const clock: Clock = { now: () => asMillis(1_700_000_000_000), sleep: async () => {} }

type Line = { [name: string]: unknown }

function partsWith(lines: Line[], authenticate: ReadingParts['authenticate']): ReadingParts {
  const write = (event: string, fields: object) => void lines.push({ event, ...fields })
  const log: Log = { info: write, error: write }
  return {
    authenticate,
    refuseWith: ({ code }) => Response.json({ code }, { status: errorKindOf(code).status }),
    makeRequestId: () => makeRequestId(clock.now(), (bytes) => new Uint8Array(bytes)),
    listen: async () => ({ ok: false, code: 'no_such_account' }),
    db: undefined,
    clock,
    log,
  }
}

describe('the routes of an account', () => {
  // Cases: billing-bugs 54
  test('are exactly those of the route table, and each asks who is there before it answers', async () => {
    const lines: Line[] = []
    const asked: string[] = []
    const app = readingRoutes(
      partsWith(lines, async (request) => {
        asked.push(new URL(request.url).pathname)
        return refuse('invalid_api_key')
      }),
    )
    const routed = app.routes.map(({ method, path }) => `${method.toLowerCase()} ${path}`)
    const described = readingRouteTable.flatMap(({ method, path }) =>
      // A slash at the end may be left out.
      (path.endsWith('/') ? [path, path.slice(0, -1)] : [path]).map((address) => `${method} ${address}`),
    )
    expect(routed).toEqual(described)
    expect(new Set(routed).size).toBe(routed.length)
    for (const { path } of app.routes) {
      const response = await app.request(path)
      expect(response.status, path).toBe(401)
      expect(response.headers.get('cache-control'), path).toBe('private, no-store, no-transform')
    }
    expect(asked).toEqual(app.routes.map(({ path }) => path))
    expect(lines).toHaveLength(app.routes.length)
  })

  // Cases: billing-bugs 61
  test('answer a fault with a refusal that tells nothing of it, and log it with the request id', async () => {
    const lines: Line[] = []
    const app = readingRoutes(
      partsWith(lines, async () => {
        throw new Error('secret detail of the fault')
      }),
    )
    const response = await app.request('/v1/account')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret')
    expect(lines.map(({ event, request }) => [event, typeof request])).toEqual([
      ['read_failed', 'string'],
      ['read', 'string'],
    ])
  })
})
