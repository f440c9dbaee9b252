// The guard before every route under `/api`: what a role may not do, and whom the sign-in does not let in.

import { expect, test } from 'vitest'
import { asMillis } from '#core/clock.ts'
import { errorKindOf, refuse } from '#core/errors.ts'
import { makeRequestId, readAccountId } from '#core/ids.ts'
import { type LogFields, jsonLog } from '#core/log.ts'
import type { ConsoleParts, Role } from './guard.ts'
import { consoleRoutes, consoleRouteTable } from './routes.ts'

const accountId = readAccountId('acct_w00000000000001')
if (accountId === undefined) throw new Error('an account id has this form')
const now = asMillis(Date.UTC(2026, 10, 21))

const routes = consoleRouteTable.filter(({ path }) => path.startsWith('/api/'))

/** Behind it nothing may be reached: no account, no database, no provider. */
function officeOf(authorize: ConsoleParts['authorize'], lines: string[] = []) {
  const never = (): never => {
    throw new Error('Nobody who is not let in reaches this.')
  }
  return consoleRoutes({
    authorize,
    accounts: never,
    provider: never,
    sealer: never,
    sendNotices: never,
    plans: { get: never, list: never },
    attempts: { refusalOf: never },
    db: undefined,
    publishableKey: undefined,
    webhookOrigin: undefined,
    welcome: undefined,
    clock: { now: () => now, sleep: async () => undefined },
    random: (bytes) => new Uint8Array(bytes),
    log: jsonLog(
      (line) => void lines.push(line),
      () => now,
    ),
    makeRequestId: () => makeRequestId(now, (bytes) => new Uint8Array(bytes)),
    refuseWith: ({ code }) => Response.json({ code }, { status: errorKindOf(code).status }),
  })
}

const knock = ({ method, path }: { method: string; path: string }) => {
  const isRead = method === 'get' || method === 'delete'
  const more = isRead
    ? {}
    : { headers: { 'content-type': 'application/json' }, body: '{"email": "ada@a.example"}' }
  const url = `https://gateway.example${path.replaceAll(/\{\w+\}/g, 'we_1')}?account_id=${accountId}`
  return new Request(url, { method: method.toUpperCase(), ...more })
}

const as =
  (role: Role): ConsoleParts['authorize'] =>
  async () => ({ ok: true, person: { who: 'user_1', role, accountId } })

test.each(routes)('$method $path is no business of a mere member', async (route) => {
  const answer = await officeOf(as('member')).fetch(knock(route))
  expect([answer.status, await answer.json()]).toEqual([403, { code: 'insufficient_role' }])
})

test.each(routes)('$method $path is closed to whom the sign-in does not let in', async (route) => {
  for (const code of ['invalid_api_key', 'not_found'] as const) {
    const answer = await officeOf(async () => refuse(code)).fetch(knock(route))
    expect([answer.status, await answer.json()]).toEqual([errorKindOf(code).status, { code }])
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
  }
})

test('the sign-in is told which account a request names, in its address before its body', async () => {
  const named: unknown[] = []
  const office = officeOf(async (_request, account) => {
    named.push(account)
    return refuse('not_found')
  })
  const [inBody, other] = ['acct_w00000000000002', 'acct_w00000000000003']
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ account_id: inBody })
  const url = 'https://gateway.example/api/top-ups'
  await office.fetch(new Request(url, { method: 'POST', headers, body }))
  await office.fetch(new Request(`${url}?account_id=${other}`, { method: 'POST', headers, body }))
  expect(named).toEqual([inBody, other])
})

test('what fails behind the guard is told to the log alone, and nothing that was sent stands there', async () => {
  const lines: string[] = []
  const answer = await officeOf(as('owner'), lines).fetch(knock({ method: 'post', path: '/api/top-ups' }))
  expect([answer.status, await answer.json()]).toEqual([500, { code: 'internal' }])
  const [failed, asked] = lines.map((line) => JSON.parse(line) as LogFields)
  expect(failed).toMatchObject({ event: 'console_failed', error: 'Nobody who is not let in reaches this.' })
  expect(asked).toMatchObject({ event: 'console', account: accountId, who: 'user_1', status: 500 })
  expect(lines.join('\n')).not.toContain('ada@a.example')
})
