// The Relay objects from outside: the port over the platform's binding. Account and call id name the object.

import { type AccountId, type CallId, readAccountId, readCallId } from '#core/ids.ts'
import { regionOf } from '#core/regions.ts'
import { fullHeader, nothingHeader, previousHeader, requestIdHeader } from './relay-headers.ts'
import {
  type CollectHow,
  type GenerationState,
  type RelayPort,
  relayNameOf,
  relayNamesOf,
} from './relay-port.ts'

/** The object's methods, without the platform's types. */
type RelayStub = {
  fetch(request: Request): Promise<Response>
  state(accountId: AccountId, callId: CallId): Promise<GenerationState | null>
  items(accountId: AccountId, ids: readonly string[]): Promise<{ [id: string]: string }>
  cancel(accountId: AccountId, callId: CallId): Promise<GenerationState | null>
  forget(accountId: AccountId, callId: CallId): Promise<boolean>
}

/** The object answers by its binding; the host's name is nobody's. */
const collectUrl = 'https://relay.internal/collect'

export function relayPort(namespace: DurableObjectNamespace): RelayPort {
  const stubOf = (accountId: AccountId, callId: CallId) => stubAt(accountId, relayNameOf(accountId, callId))
  const stubAt = (accountId: AccountId, name: string): RelayStub => {
    const locationHint = regionOf(accountId)
    const id = namespace.idFromName(name)
    const stub: unknown = namespace.get(id, locationHint === undefined ? {} : { locationHint })
    // The class that relayObjectOf makes has these.
    return stub as RelayStub
  }
  return {
    async run({ accountId, callId, requestId, url, headers, body, previousResponseId }) {
      const asked = new Headers(headers)
      asked.set(requestIdHeader, requestId)
      asked.delete(previousHeader)
      if (previousResponseId !== undefined) asked.set(previousHeader, previousResponseId)
      const request = new Request(url, { method: 'POST', headers: asked, body })
      const answer = await stubOf(accountId, callId).fetch(request)
      return answer.headers.has(fullHeader) ? undefined : own(answer)
    },
    async collect(accountId, callId, { startingAfter = 0 }) {
      const url = `${collectUrl}/${accountId}/${callId}?starting_after=${startingAfter}`
      const answer = await stubOf(accountId, callId).fetch(new Request(url))
      return answer.headers.has(nothingHeader) ? null : own(answer)
    },
    state: (accountId, callId) => stubOf(accountId, callId).state(accountId, callId),
    async items(accountId, ids) {
      const stubs = relayNamesOf(accountId).map((name) => stubAt(accountId, name))
      const found = await Promise.all(stubs.map((stub) => stub.items(accountId, ids)))
      return new Map(found.flatMap((items) => Object.entries(items)))
    },
    cancel: (accountId, callId) => stubOf(accountId, callId).cancel(accountId, callId),
    forget: (accountId, callId) => stubOf(accountId, callId).forget(accountId, callId),
  }
}

/** The platform's answers have headers that nobody may change. */
function own(answer: Response): Response {
  return new Response(answer.body, answer)
}

/** What `collect` asks for, on the object's side; undefined where it is a call. */
export function collectOf(
  request: Request,
): { accountId: AccountId; callId: CallId; how: CollectHow } | undefined {
  if (!request.url.startsWith(`${collectUrl}/`)) return undefined
  const url = new URL(request.url)
  const [, , account, call] = url.pathname.split('/')
  const [accountId, callId] = [readAccountId(account), readCallId(call)]
  if (accountId === undefined || callId === undefined) return undefined
  return { accountId, callId, how: { startingAfter: Number(url.searchParams.get('starting_after') ?? '0') } }
}
