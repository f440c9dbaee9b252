// How the Worker begins to listen to an account object, and how the object reads that it is asked: both ends of one request
// that never leaves the platform.

import { readWhole, readJson, isObject } from '#core/readers.ts'
import type { AccountPort } from './account-port.ts'
import type { AccountEvent } from './events.ts'

export type ListenRefusal = 'no_such_account' | 'key_disabled' | 'too_many'

export type ListenQuestion = {
  /** A key whose secret has been checked. */
  keyNumber: number
  /** The newest entry that the listener has heard of. */
  after: number | null
}

export type Listening = { ok: true; socket: WebSocket } | { ok: false; code: ListenRefusal }

export async function listen(port: AccountPort, { keyNumber, after }: ListenQuestion): Promise<Listening> {
  const query = new URLSearchParams({ key: String(keyNumber) })
  if (after !== null) query.set('after', String(after))
  const url = `https://account.invalid/?${query.toString()}`
  const answer = await port.fetch(new Request(url, { headers: { upgrade: 'websocket' } }))
  if (answer.webSocket !== null) return { ok: true, socket: answer.webSocket }
  const body = readJson(await answer.text())
  const code = isObject(body) ? refusals.find((one) => one === body['code']) : undefined
  if (code === undefined) throw new Error(`The account object answered ${answer.status} to a listener.`)
  return { ok: false, code }
}

const refusals: readonly ListenRefusal[] = ['no_such_account', 'key_disabled', 'too_many']

/** Undefined for whatever else may knock. */
export function readListenQuestion(request: Request): ListenQuestion | undefined {
  const query = new URL(request.url).searchParams
  const keyNumber = readWhole(Number(query.get('key') ?? Number.NaN))
  const after = query.get('after')
  if (request.headers.get('upgrade') !== 'websocket' || keyNumber === undefined) return undefined
  return { keyNumber, after: after === null ? null : (readWhole(Number(after)) ?? null) }
}

/** What `listeners.ts` has sent; undefined for anything else. */
export function readEvents(message: unknown): readonly AccountEvent[] | undefined {
  const events = typeof message === 'string' ? readJson(message) : undefined
  // Made by the object of this very account, from values of this type.
  return Array.isArray(events) ? (events as readonly AccountEvent[]) : undefined
}
