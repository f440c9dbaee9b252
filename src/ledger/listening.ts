// How the Worker begins to listen to an account object, and how the object reads that it is asked: both ends of one request
// that never leaves the platform.

import { isObject, readJson, readWhole } from '#core/readers.ts'
import type { AccountPort } from './account-port.ts'
import type { AccountEvent } from './events.ts'
import type { Ears, Listening, ListenQuestion, ListenRefusal } from './listen-commands.ts'

export async function listen(
  port: AccountPort,
  { keyNumber, after }: ListenQuestion,
  ears: Ears,
): Promise<Listening> {
  const query = new URLSearchParams({ key: String(keyNumber) })
  if (after !== null) query.set('after', String(after))
  const url = `https://account.invalid/?${query.toString()}`
  const answer = await port.fetch(new Request(url, { headers: { upgrade: 'websocket' } }))
  const socket = answer.webSocket
  if (socket === null) return { ok: false, code: await refusalIn(answer) }
  socket.addEventListener('message', ({ data }) => ears.hear(readEvents(data)))
  socket.addEventListener('close', () => ears.over())
  socket.addEventListener('error', () => ears.over())
  socket.accept()
  const leave = () => {
    if (socket.readyState === WebSocket.OPEN) socket.close(1000, 'left')
  }
  return { ok: true, leave }
}

const refusals: readonly ListenRefusal[] = ['no_such_account', 'key_disabled', 'too_many']

async function refusalIn(answer: Response): Promise<ListenRefusal> {
  const body = readJson(await answer.text())
  const code = isObject(body) ? refusals.find((one) => one === body['code']) : undefined
  if (code === undefined) throw new Error(`The account object answered ${answer.status} to a listener.`)
  return code
}

/** Undefined for whatever else may knock. */
export function readListenQuestion(request: Request): ListenQuestion | undefined {
  const query = new URL(request.url).searchParams
  const keyNumber = readWhole(Number(query.get('key') ?? Number.NaN))
  const after = query.get('after')
  if (request.headers.get('upgrade') !== 'websocket' || keyNumber === undefined) return undefined
  return { keyNumber, after: after === null ? null : (readWhole(Number(after)) ?? null) }
}

/** What listeners.ts has sent. */
function readEvents(message: unknown): readonly AccountEvent[] {
  const events = typeof message === 'string' ? readJson(message) : undefined
  // Made by the object of this very account, from values of this type.
  return Array.isArray(events) ? (events as readonly AccountEvent[]) : []
}
