// The one way into every reading route: authenticate, ask, answer; refusals are values and faults are caught here alone.

import type { Clock } from '#core/clock.ts'
import { refuse, type Json, type Refusal } from '#core/errors.ts'
import type { AccountId, KeyNumber, RequestId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import { driverErrorOf, type Db } from '#db/client.ts'
import type { Scope } from '#ledger/account-commands.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { Ears, Listening, ListenQuestion } from '#ledger/listen-commands.ts'
import { timings } from '#ledger/timings.ts'

/** Somebody whose key the account's object knows and has not disabled. */
export type Reader = {
  ok: true
  accountId: AccountId
  keyNumber: KeyNumber
  scopes: readonly Scope[]
  port: AccountPort
}

export type ReadingParts = {
  authenticate(request: Request): Promise<Reader | Refusal>
  refuseWith(refusal: Refusal, requestId: RequestId): Response
  makeRequestId(): RequestId
  listen(port: AccountPort, question: ListenQuestion, ears: Ears): Promise<Listening>
  /** Undefined where no database is configured: what the object can answer is still answered. */
  db: Db | undefined
  clock: Clock
  log: Log
}

/** What a route is given once the caller is known. */
export type Reading = Omit<Reader, 'ok'> & {
  query: URLSearchParams
  lastEventId: string | null
  parts: ReadingParts
}

/** JSON as a rule; a stream makes its own response. */
export type Answer = { ok: true; body: Json } | { ok: true; response: Response } | Refusal

export type Answering = {
  answerWith: (reading: Reading) => Promise<Answer>
  /** About the key that asks alone: it needs no scope. All else is the whole account's. */
  isOwn?: boolean
}

export async function answerRead(
  request: Request,
  parts: ReadingParts,
  { answerWith, isOwn = false }: Answering,
): Promise<Response> {
  const requestId = parts.makeRequestId()
  const startedAt = parts.clock.now()
  const url = new URL(request.url)
  let reader: Reader | Refusal | undefined
  let result: Answer
  try {
    reader = await parts.authenticate(request)
    const refusal = reader.ok && !isOwn ? refusalOfScope(reader.scopes) : undefined
    if (!reader.ok) result = reader
    else result = refusal ?? (await answerWith({ ...reader, ...questionOf(request), parts }))
  } catch (error) {
    parts.log.error('read_failed', { request: requestId, path: url.pathname }, driverErrorOf(error))
    result = refuse('internal')
  }
  const response = result.ok ? answerOf(result, requestId) : parts.refuseWith(result, requestId)
  // Also on refusals: what an account is told about itself is nobody else's, whoever made the answer.
  response.headers.set('cache-control', 'private, no-store, no-transform')
  parts.log.info('read', {
    request: requestId,
    path: url.pathname,
    account: reader?.ok === true ? reader.accountId : null,
    key: reader?.ok === true ? reader.keyNumber : null,
    status: response.status,
    code: result.ok ? 'ok' : result.code,
    duration_ms: parts.clock.now() - startedAt,
  })
  return response
}

function refusalOfScope(scopes: readonly Scope[]): Refusal | undefined {
  if (scopes.includes('balance:read')) return undefined
  return refuse('insufficient_role', {
    message: 'This API key may read its own figures alone (/v1/key). Use one with the scope balance:read.',
    metadata: { scope: 'balance:read' },
  })
}

function questionOf(request: Request): Pick<Reading, 'query' | 'lastEventId'> {
  return { query: new URL(request.url).searchParams, lastEventId: request.headers.get('last-event-id') }
}

function answerOf(answer: Answer & { ok: true }, requestId: RequestId): Response {
  const response = 'response' in answer ? answer.response : Response.json(answer.body)
  response.headers.set('x-request-id', requestId)
  response.headers.set('request-id', requestId)
  return response
}

export type Asked<Value> = { ok: true; value: Value } | Refusal

/** Asks the account's object, but not for ever. */
export async function askObject<Value>(
  { parts, accountId }: Reading,
  question: () => Promise<Value>,
): Promise<Asked<Value>> {
  const answered = new AbortController()
  const late = parts.clock
    .sleep(timings.objectCallMs, answered.signal)
    .then((): Asked<Value> => refuse('ledger_unavailable', { message: objectAwayMessage }))
  try {
    return await Promise.race([question().then((value): Asked<Value> => ({ ok: true, value })), late])
  } catch (error) {
    parts.log.error('read_object_failed', { account: accountId }, error)
    return refuse('ledger_unavailable', { message: objectAwayMessage })
  } finally {
    answered.abort()
  }
}

const objectAwayMessage =
  'The account cannot be read right now. Nothing is lost and nothing was charged. Try again.'

/** Asks Postgres; while it is away the customer hears what that touches and what it does not. */
export async function askHistory<Value>(
  { parts, accountId }: Reading,
  question: (db: Db) => Promise<Value>,
): Promise<Asked<Value>> {
  if (parts.db === undefined)
    return refuse('not_configured', {
      message:
        'This deployment has no database: DATABASE_URL is not set. Balance and requests do not need it.',
    })
  try {
    return { ok: true, value: await question(parts.db) }
  } catch (error) {
    parts.log.error('read_history_failed', { account: accountId }, driverErrorOf(error))
    return refuse('ledger_unavailable', {
      message:
        'The history cannot be read right now. Balance and requests are not affected, and nothing of it is lost. Try again.',
    })
  }
}
