// Every operator route, enumerated: the table is the router, and nothing answers before the guard.

import { describe, expect, test } from 'vitest'
import { asMillis, type Clock } from '#core/clock.ts'
import { errorKindOf } from '#core/errors.ts'
import { makeRequestId } from '#core/ids.ts'
import type { OperatorParts } from './operator-guard.ts'
import { operatorRoutes, operatorRouteTable } from './operator.ts'

const clock: Clock = { now: () => asMillis(1_700_000_000_000), sleep: async () => {} }
const operatorToken = 'operator-token-of-more-than-32-characters'

const log = { info: () => {}, error: () => {} }
const accounts = () => {
  throw new Error('an account was asked')
}

/** No route may reach an account here: asking for one is the failure. */
const parts: OperatorParts = {
  operatorToken,
  accounts,
  payments: {
    provider: async () => undefined,
    accounts,
    plans: { get: () => undefined, list: () => [] },
    db: undefined,
    clock,
    log,
  },
  mintKey: undefined,
  limit: async () => true,
  refuseWith: ({ code }) => Response.json({ code }, { status: errorKindOf(code).status }),
  makeRequestId: () => makeRequestId(clock.now(), (bytes) => new Uint8Array(bytes)),
  db: undefined,
  clock,
  random: (bytes) => new Uint8Array(bytes),
  log,
}

async function statuses(given: Partial<OperatorParts>, token: string | undefined) {
  const app = operatorRoutes({ ...parts, ...given })
  const answers = app.routes.map(async ({ method, path }) => {
    const headers: { [name: string]: string } =
      token === undefined ? {} : { authorization: `Bearer ${token}` }
    const response = await app.request(path.replace(':id', 'acct_e00000000000000').replace(':number', '1'), {
      method,
      headers,
    })
    return response.status
  })
  return new Set(await Promise.all(answers))
}

describe('the routes of the operator', () => {
  // Cases: billing-bugs 54
  test('are exactly those of the route table', () => {
    const routed = operatorRoutes(parts).routes.map(({ method, path }) => `${method.toLowerCase()} ${path}`)
    expect(routed).toEqual(
      operatorRouteTable.map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    )
    expect(new Set(routed).size).toBe(routed.length)
  })

  // Cases: billing-bugs 54, 55
  test('all refuse a wrong or missing credential before anything else', async () => {
    expect(await statuses({}, undefined)).toEqual(new Set([401]))
    expect(await statuses({}, `${operatorToken}x`)).toEqual(new Set([401]))
    expect(await statuses({}, "' or 1=1 --")).toEqual(new Set([401]))
  })

  test('are all closed while the credential is unset, empty or short', async () => {
    for (const token of [undefined, '', 'x'.repeat(31)])
      expect(await statuses({ operatorToken: token }, token)).toEqual(new Set([503]))
  })

  test('all obey the limit of the credential', async () => {
    expect(await statuses({ limit: async () => false }, operatorToken)).toEqual(new Set([429]))
  })
})
