// The one way into every route under `/api`: who asks and for which account, whether the role may, the answer, the log line.
// Who somebody is, is a port: the sign-in fills it.

import type { Clock } from '#core/clock.ts'
import { refuse, type Json, type Refusal } from '#core/errors.ts'
import type { AccountId, Random, RequestId } from '#core/ids.ts'
import { jsonAnswer, readJsonBody } from '#core/json-exchange.ts'
import type { Log } from '#core/log.ts'
import type { Sealer } from '#core/sealing.ts'
import type { RouteDescription } from '#core/route-table.ts'
import { isObject } from '#core/readers.ts'
import { type Db, driverErrorOf } from '#db/client.ts'
import type { AccountPort, AccountPorts } from '#ledger/account-port.ts'
import type { PaymentProvider } from '#payments/provider.ts'
import type { WelcomeOffer } from '#payments/welcome-offer.ts'
import type { PlanOffers } from '#payments/subscription-state.ts'

export type Role = 'owner' | 'admin' | 'member'

/** Who may see and move money. */
export const moneyRoles: readonly Role[] = ['owner', 'admin']

export type Person = {
  /** For the log and the ledger; no name. */
  who: string
  role: Role
  accountId: AccountId
  /** Which signing in has proved to be theirs; left out where the credential vouches for what it names. */
  email?: string
}

/** `accountId` is what the request names, where it names one: a person may belong to several. */
export type Authorize = (
  request: Request,
  accountId: unknown,
) => Promise<{ ok: true; person: Person } | Refusal>

/** What strangers try by the thousand: cards, codes, messages to somebody else's address. */
export type AttemptKind = 'payment' | 'code' | 'message'

export type Attempts = {
  /** Why it may not be tried now; undefined where it may. */
  refusalOf(
    kind: AttemptKind | 'request',
    from: { accountId: string; address: string | null },
  ): Promise<string | undefined>
}

export type ConsoleParts = {
  authorize: Authorize
  attempts: Attempts
  accounts: AccountPorts
  /** Undefined while no key of the payment provider's is set. */
  provider: () => Promise<PaymentProvider | undefined>
  /** What a browser needs to show an embedded page of the provider's; undefined where only hosted ones can be shown. */
  publishableKey: string | undefined
  refuseWith(refusal: Refusal, requestId: RequestId): Response
  makeRequestId(): RequestId
  /** The free credit of new accounts; undefined where none is given. */
  welcome: WelcomeOffer | undefined
  /** In development the one local origin that a webhook may go to. */
  webhookOrigin: string | undefined
  /** Of what is kept and has to be used again; undefined while SEALING_KEY is not set. */
  sealer: () => Promise<Sealer | undefined>
  /** Sends what is due to be told; never throws. */
  sendNotices(): Promise<void>
  /** What plans are sold. */
  plans: PlanOffers
  db: Db | undefined
  clock: Clock
  random: Random
  log: Log
}

export type ConsoleRequest = {
  person: Person
  account: AccountPort
  /** What stands in the path's braces. */
  id: string | undefined
  /** Without the account that it may name, which has been read. */
  body: unknown
  query: URLSearchParams
  headers: Headers
  /** Where the console is: `https://host`. */
  origin: string
  requestId: RequestId
  parts: ConsoleParts
}

export type ConsoleAnswer = { ok: true; status?: number; body: Json } | Refusal

export type ConsoleRoute = {
  route: RouteDescription
  roles: readonly Role[]
  /** Where it may be tried only so often. */
  attempt?: AttemptKind
  answerWith: (request: ConsoleRequest) => Promise<ConsoleAnswer>
}

export async function answerPerson(
  request: Request,
  id: string | undefined,
  consoleRoute: ConsoleRoute,
  parts: ConsoleParts,
): Promise<Response> {
  const requestId = parts.makeRequestId()
  const startedAt = parts.clock.now()
  let person: Person | undefined
  let result: ConsoleAnswer
  try {
    const admitted = await admit(request, consoleRoute, parts)
    if (admitted.ok) {
      ;({ person } = admitted)
      const account = parts.accounts(person.accountId)
      const refusal = await refusalOfAccount(request, { account, person, consoleRoute }, parts)
      const { headers } = request
      result =
        refusal ?? (await consoleRoute.answerWith({ ...admitted, account, id, headers, requestId, parts }))
    } else result = admitted
  } catch (error) {
    parts.log.error('console_failed', { request: requestId }, driverErrorOf(error))
    result = refuse('internal', {
      message: 'Something failed on our side. The request may be repeated as it is.',
    })
  }
  const response = result.ok ? jsonAnswer(result, requestId) : parts.refuseWith(result, requestId)
  response.headers.set('cache-control', 'private, no-store')
  parts.log.info('console', {
    request: requestId,
    method: request.method,
    account: person?.accountId ?? null,
    who: person?.who ?? null,
    status: response.status,
    code: result.ok ? 'ok' : result.code,
    duration_ms: parts.clock.now() - startedAt,
  })
  return response
}

type Admitted = { ok: true } & Pick<ConsoleRequest, 'person' | 'body' | 'query' | 'origin'>

async function admit(
  request: Request,
  { roles }: ConsoleRoute,
  parts: ConsoleParts,
): Promise<Admitted | Refusal> {
  const { searchParams: query, origin } = new URL(request.url)
  const strange = refusalOfType(request)
  if (strange !== undefined) return strange
  const read = await readJsonBody(request)
  if (!read.ok) return read
  const { named, body } = withoutAccount(read.value)
  const authorized = await parts.authorize(request, query.get('account_id') ?? named)
  if (!authorized.ok) return authorized
  const { person } = authorized
  if (!roles.includes(person.role))
    return refuse('insufficient_role', { message: `This needs one of the roles ${roles.join(', ')}.` })
  return { ok: true, person, body, query, origin }
}

type Entering = { account: AccountPort; person: Person; consoleRoute: ConsoleRoute }

/** For an account that is not there, and for what is tried too often. */
async function refusalOfAccount(
  { headers }: Request,
  { account, person: { accountId }, consoleRoute: { attempt } }: Entering,
  { attempts }: ConsoleParts,
): Promise<Refusal | undefined> {
  const from = { accountId, address: headers.get('cf-connecting-ip') }
  const [view, tooMany] = await Promise.all([account.view(), attempts.refusalOf('request', from)])
  if (view === null) return refuse('not_found', { message: 'There is no account with this id.' })
  const message = tooMany ?? (attempt && (await attempts.refusalOf(attempt, from)))
  return message === undefined ? undefined : refuse('rate_limit_exceeded', { message, retryAfterSeconds: 60 })
}

/**
 * A page of somebody else's can make a browser post a form, plain text or nothing at all here with the person's own session, but
 * no JSON: that is asked for first, and never granted.
 */
function refusalOfType({ method, headers }: Request): Refusal | undefined {
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity') return refuse('unsupported_encoding')
  if (method === 'GET' || method === 'DELETE') return undefined
  const isJson = /^application\/json\s*(;|$)/i.test(headers.get('content-type') ?? '')
  return isJson ? undefined : refuse('unsupported_media_type')
}

function withoutAccount(body: unknown): { named: unknown; body: unknown } {
  if (!isObject(body)) return { named: undefined, body }
  const { account_id: named, ...rest } = body
  return { named, body: rest }
}
