// A request that goes on from a kept response, read with the earlier items before its own, or one that only names items of
// kept responses, read with these: they are input like any other, and priced as such. Read when a request first names one.

import { type Refusal, refuse } from '#core/errors.ts'
import { type AccountId, type CallId, readCallId } from '#core/ids.ts'
import type { AskedCall, ClientFormat } from '#dialects/dialect.ts'
import {
  continuedRequest,
  type EarlierResponse,
  namedItemsOf,
  previousIdOf,
  withNamedItems,
} from '#dialects/openai-responses-continued.ts'
import { bodyBytesMax } from './body.ts'

/** The kept response of that id, of this account alone. */
export type FindEarlier = (
  accountId: AccountId,
  callId: CallId,
) => Promise<{ ok: true; earlier: EarlierResponse | undefined } | Refusal>

/** The items of these ids in what the account has stored, as JSON texts; those that are not there are not in it. */
export type FindItems = (accountId: AccountId, ids: readonly string[]) => Promise<ReadonlyMap<string, string>>

/** Absent where nothing is kept. */
export type FindKept = { earlier?: FindEarlier | undefined; items?: FindItems | undefined }

/** `bytes` is what was read in the end. */
export type AskedRequest = { ok: true; call: AskedCall; bytes: Uint8Array } | Refusal

const responsePrefix = 'resp_'
const decoder = new TextDecoder()

/** Which call a response's id names. */
export function callIdOfResponse(id: string | undefined): CallId | undefined {
  return id?.startsWith(responsePrefix) === true ? readCallId(id.slice(responsePrefix.length)) : undefined
}

/** Each name is looked for in every object of the account: a conversation of more is sent as it is. */
const namedItemsMax = 256

type By = { dialect: ClientFormat; accountId: AccountId; find: FindKept }

/** `notFound` is what the request gets where its ids name nothing. */
export async function readWithKept(bytes: Uint8Array, notFound: Refusal, by: By): Promise<AskedRequest> {
  const text = decoder.decode(bytes)
  const id = previousIdOf(text)
  const continued =
    id === undefined ? ({ ok: true, text } as const) : await continuedFrom(id, text, notFound, by)
  if (!continued.ok) return continued
  const named = await withItems(continued.text, by)
  if (!named.ok) return named
  const joined = new TextEncoder().encode(named.text)
  if (joined.length > bodyBytesMax)
    return refuse('body_too_large', {
      message: `The request is larger than ${bodyBytesMax / 1024 / 1024} MiB with the earlier items that it names.`,
    })
  const read = by.dialect.read(joined)
  if (!read.ok) return read
  const previous = id === undefined ? {} : { previousResponseId: id }
  return { ok: true, call: { ...read.call, ...previous }, bytes: joined }
}

type Joined = { ok: true; text: string } | Refusal

async function continuedFrom(
  id: string,
  text: string,
  notFound: Refusal,
  { accountId, find }: By,
): Promise<Joined> {
  const callId = callIdOfResponse(id)
  if (callId === undefined || find.earlier === undefined) return notFound
  const found = await find.earlier(accountId, callId)
  if (!found.ok) return found
  return found.earlier === undefined ? notFound : continuedRequest(text, found.earlier)
}

async function withItems(text: string, { accountId, find }: By): Promise<Joined> {
  const ids = namedItemsOf(text)
  if (ids.length === 0) return { ok: true, text }
  if (ids.length > namedItemsMax)
    return refuse('invalid_request', {
      message: `At most ${namedItemsMax} items can be named. Send the items themselves.`,
      param: 'input',
    })
  return withNamedItems(text, (await find.items?.(accountId, ids)) ?? new Map())
}
