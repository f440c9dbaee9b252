// What a person reads who asked at an address that does not exist.

import { describe, expect, test } from 'vitest'
import type { RouteDescription } from '#core/route-table.ts'
import { unknownAddress } from './unknown-address.ts'

function route(method: RouteDescription['method'], path: string): RouteDescription {
  const answer = { type: 'object', properties: {} } as const
  return { method, path, summary: '', auth: 'none', charged: false, answer }
}

const routes = [
  route('post', '/v1/chat/completions'),
  route('get', '/v1/models/{id}'),
  route('get', '/v1/credits'),
  route('get', '/operator/v1/accounts/{id}'),
  route('patch', '/operator/v1/accounts/{id}'),
  route('get', '/openapi.json'),
]

describe('an address that does not exist', () => {
  test.each([
    ['GET', '/v1/chat/completions', 'POST'],
    ['DELETE', '/operator/v1/accounts/acct_1', 'GET, PATCH'],
    ['POST', '/v1/models/company/name', 'GET'],
  ])('%s %s is told which methods there are: %s', (method, path, allow) => {
    const { refusal, headers } = unknownAddress({ method, path }, routes)
    expect(refusal.code).toBe('method_not_allowed')
    expect(refusal.message).toBe(`${method} ${path} does not exist; this address takes ${allow}.`)
    expect(headers).toEqual({ allow })
  })

  test.each([
    ['/chat/completions', '/v1/chat/completions'],
    ['/v1/v1/chat/completions', '/v1/chat/completions'],
    ['/v1//chat/completions', '/v1/chat/completions'],
    ['/v1/chat/completions/', '/v1/chat/completions'],
    ['/credits', '/v1/credits'],
  ])('%s is told that %s is', (path, likely) => {
    const { refusal, headers } = unknownAddress({ method: 'POST', path }, routes)
    expect(refusal.code).toBe('not_found')
    expect(refusal.message).toContain(`There is nothing at POST ${path}. Did you mean ${likely}?`)
    expect(headers).toEqual({})
  })

  test.each(['/', '/v1', '/v1/messages', '/openapiXjson', '/v1/models/'])(
    '%s is told where to look',
    (path) => {
      const { refusal } = unknownAddress({ method: 'GET', path }, routes)
      expect(refusal.message).toBe(`There is nothing at GET ${path}. GET /openapi.json lists every address.`)
    },
  )

  test('a path of any length gives a short answer', () => {
    const { refusal } = unknownAddress({ method: 'GET', path: `/${'x'.repeat(9_000)}` }, routes)
    expect(refusal.message?.length).toBeLessThan(200)
  })
})
