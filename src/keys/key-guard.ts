// The one way into every route of keys: the key that asks, its body, the answer and the log line; faults are caught here
// alone. Whether that key may do what it asks is decided by the object, in the same transaction as the change.

import type { Clock } from '#core/clock.ts'
import { type Json, type Refusal, refuse } from '#core/errors.ts'
import type { AccountId, RequestId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import { readJson } from '#core/readers.ts'
import type { KeyManager } from '#ledger/account-commands.ts'
import type { AccountPorts } from '#ledger/account-port.ts'
import type { MintKey } from './issue.ts'

export type KeysParts = {
  /** Checks the signature alone. */
  authenticate(
    request: Request,
  ): Promise<{ ok: true; caller: KeyManager & { accountId: AccountId } } | Refusal>
  accounts: AccountPorts
  mintKey: MintKey | undefined
  refuseWith(refusal: Refusal, requestId: RequestId): Response
  makeRequestId(): RequestId
  clock: Clock
  log: Log
}

export type KeysRequest = {
  accountId: AccountId
  by: KeyManager
  /** What the path names; undefined where it is no number of a key. */
  keyNumber: number | undefined
  body: unknown
  query: URLSearchParams
  requestId: RequestId
  parts: KeysParts
}

export type KeysAnswer = { ok: true; status?: number; body: Json } | Refusal

/** The largest body is a key with 200 allowed models. */
const bodyCharactersMax = 65_536

export async function answerKeys(
  request: Request,
  id: string | undefined,
  parts: KeysParts,
  answer: (request: KeysRequest) => Promise<KeysAnswer>,
): Promise<Response> {
  const requestId = parts.makeRequestId()
  const startedAt = parts.clock.now()
  let result: KeysAnswer
  let accountId: AccountId | null = null
  try {
    const authenticated = await parts.authenticate(request)
    accountId = authenticated.ok ? authenticated.caller.accountId : null
    result = authenticated.ok
      ? await asked(request, id, { caller: authenticated.caller, requestId, parts }, answer)
      : authenticated
  } catch (error) {
    parts.log.error('keys_failed', { request: requestId }, error)
    result = refuse('internal')
  }
  const response = result.ok ? answerOf(result, requestId) : parts.refuseWith(result, requestId)
  response.headers.set('cache-control', 'private, no-store')
  parts.log.info('keys', {
    request: requestId,
    method: request.method,
    account: accountId,
    status: response.status,
    code: result.ok ? 'ok' : result.code,
    duration_ms: parts.clock.now() - startedAt,
  })
  return response
}

async function asked(
  request: Request,
  id: string | undefined,
  known: { caller: KeyManager & { accountId: AccountId }; requestId: RequestId; parts: KeysParts },
  answer: (request: KeysRequest) => Promise<KeysAnswer>,
): Promise<KeysAnswer> {
  const { caller, requestId, parts } = known
  const body = await readBody(request)
  if (!body.ok) return body
  const { accountId, keyNumber, secretHash } = caller
  const query = new URL(request.url).searchParams
  const by = { keyNumber, secretHash }
  const number = id !== undefined && /^[1-9]\d{0,8}$/.test(id) ? Number(id) : undefined
  return answer({ accountId, by, keyNumber: number, body: body.value, query, requestId, parts })
}

async function readBody(request: Request): Promise<{ ok: true; value: unknown } | Refusal> {
  if (request.method === 'GET' || request.method === 'DELETE') return { ok: true, value: undefined }
  const text = await request.text()
  if (text.length > bodyCharactersMax)
    return refuse('body_too_large', { message: `The body may have ${bodyCharactersMax} characters.` })
  if (text.trim() === '') return { ok: true, value: undefined }
  const value = readJson(text)
  return value === undefined
    ? refuse('invalid_request', { message: 'The body is not valid JSON.' })
    : { ok: true, value }
}

function answerOf(result: { status?: number; body: Json }, requestId: RequestId): Response {
  const headers = { 'x-request-id': requestId, 'request-id': requestId }
  return Response.json(result.body, { status: result.status ?? 200, headers })
}
