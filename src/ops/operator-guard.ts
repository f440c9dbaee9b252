// The one way into every operator route: credential, rate limit, answer, log line; faults are caught here alone.

import type { Clock } from '#core/clock.ts'
import { refuse, type Json, type Refusal } from '#core/errors.ts'
import { readAccountId, readKeyNumber, type AccountId, type Random, type RequestId } from '#core/ids.ts'
import { jsonAnswer, readJsonBody } from '#core/json-exchange.ts'
import type { Log } from '#core/log.ts'
import { driverErrorOf, type Db } from '#db/client.ts'
import type { MintKey } from '#keys/issue.ts'
import type { AccountPorts } from '#ledger/account-port.ts'
import type { PaymentParts } from '#payments/parts.ts'
import { refusalOfOperator } from './credential.ts'

export type OperatorParts = {
  operatorToken: string | undefined
  accounts: AccountPorts
  /** Undefined while KEY_SECRET is not set. */
  mintKey: MintKey | undefined
  /** Requests per minute and credential; false when there were more. */
  limit: (key: string) => Promise<boolean>
  refuseWith(refusal: Refusal, requestId: RequestId): Response
  makeRequestId(): RequestId
  payments: PaymentParts
  db: Db | undefined
  clock: Clock
  random: Random
  log: Log
}

export type OperatorRequest = {
  /** What the path names, where it names an account or a key of one. */
  accountId: AccountId | undefined
  keyNumber: number | undefined
  body: unknown
  query: URLSearchParams
  requestId: RequestId
  parts: OperatorParts
}

/** A request about one account. */
export type AccountRequest = OperatorRequest & { accountId: AccountId }

export type OperatorAnswer = { ok: true; status?: number; body: Json } | Refusal

export async function answerOperator(
  request: Request,
  path: { account: string | undefined; key: string | undefined },
  parts: OperatorParts,
  answer: (request: OperatorRequest) => Promise<OperatorAnswer>,
): Promise<Response> {
  const requestId = parts.makeRequestId()
  const startedAt = parts.clock.now()
  let result: OperatorAnswer
  try {
    result = await guarded(request, path, { requestId, parts }, answer)
  } catch (error) {
    parts.log.error('operator_failed', { request: requestId }, driverErrorOf(error))
    result = refuse('internal', {
      message: 'Something failed on our side. The request may be repeated as it is.',
    })
  }
  const response = result.ok ? jsonAnswer(result, requestId) : parts.refuseWith(result, requestId)
  response.headers.set('cache-control', 'private, no-store')
  parts.log.info('operator', {
    request: requestId,
    method: request.method,
    // Only what is an id: whatever else was put in its place does not belong in a log.
    account: readAccountId(path.account) ?? null,
    status: response.status,
    code: result.ok ? 'ok' : result.code,
    duration_ms: parts.clock.now() - startedAt,
  })
  return response
}

async function guarded(
  request: Request,
  path: { account: string | undefined; key: string | undefined },
  { requestId, parts }: { requestId: RequestId; parts: OperatorParts },
  answer: (request: OperatorRequest) => Promise<OperatorAnswer>,
): Promise<OperatorAnswer> {
  const refusal = await refusalOfOperator(request, parts.operatorToken)
  if (refusal !== undefined) return refusal
  if (!(await parts.limit('operator')))
    return refuse('rate_limit_exceeded', {
      message: 'The operator API takes 100 requests a minute. Try again in a minute.',
      retryAfterSeconds: 60,
    })
  const accountId = readAccountId(path.account)
  const keyNumber = readKeyNumber(path.key)
  const body = await readJsonBody(request)
  if (!body.ok) return body
  const query = new URL(request.url).searchParams
  return answer({ accountId, keyNumber, body: body.value, query, requestId, parts })
}

/** For routes of one account: what is no id names no account. */
export function forAccount(
  answer: (request: AccountRequest) => Promise<OperatorAnswer>,
): (request: OperatorRequest) => Promise<OperatorAnswer> {
  return async (request) => {
    const { accountId } = request
    return accountId === undefined ? noSuchAccount() : answer({ ...request, accountId })
  }
}

export function noSuchAccount(): Refusal {
  return refuse('not_found', { message: 'There is no account with this id.' })
}
