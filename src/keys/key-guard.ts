// The one way into every route of keys: the key that asks, its body, the answer and the log line; faults are caught here
// alone. Whether that key may do what it asks is decided by the object, in the same transaction as the change.

import type { Clock } from '#core/clock.ts'
import { type Json, type Refusal, refuse } from '#core/errors.ts'
import { readKeyNumber, type AccountId, type RequestId } from '#core/ids.ts'
import { jsonAnswer, readJsonBody } from '#core/json-exchange.ts'
import type { Log } from '#core/log.ts'
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
  const response = result.ok ? jsonAnswer(result, requestId) : parts.refuseWith(result, requestId)
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
  const body = await readJsonBody(request)
  if (!body.ok) return body
  const { accountId, keyNumber, secretHash } = caller
  const query = new URL(request.url).searchParams
  const by = { keyNumber, secretHash }
  return answer({ accountId, by, keyNumber: readKeyNumber(id), body: body.value, query, requestId, parts })
}
