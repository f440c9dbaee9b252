// What a key with the scope `keys:manage` does with the keys of its account. Each change is one command to the object, which
// decides about the right and the change together; a change of keys never moves money.

import { invalidCursor } from '#core/fields.ts'
import { refuse } from '#core/errors.ts'
import { keyNumber } from '#core/ids.ts'
import type { KeyAnswer } from '#ledger/account-commands.ts'
import type { KeyView } from '#ledger/account-views.ts'
import { type Issued, type MintKey, type Minted, issue } from './issue.ts'
import { keyBody, keyRefusal, noSuchKey } from './key-answers.ts'
import type { KeysAnswer, KeysRequest } from './key-guard.ts'
import { readKeyEdit, readNewKey, readRotation } from './key-input.ts'

export const pageLimitMax = 100

export async function createKey(request: KeysRequest): Promise<KeysAnswer> {
  const { by, body, parts } = request
  const read = readNewKey(body, parts.clock.now())
  if (!read.ok) return read
  return issued(request, (minted) => port(request).putKey({ ...read.value, ...minted, by }))
}

export async function rotateKey(request: KeysRequest): Promise<KeysAnswer> {
  const { by, body, keyNumber: number } = request
  if (number === undefined) return noSuchKey()
  const read = readRotation(body)
  if (!read.ok) return read
  return issued(request, ({ keyNumber: newKeyNumber, ...minted }) =>
    port(request).rotateKey({ ...read.value, ...minted, newKeyNumber, keyNumber: keyNumber(number), by }),
  )
}

export async function editKey(request: KeysRequest): Promise<KeysAnswer> {
  const { by, body, keyNumber: number, requestId, parts } = request
  if (number === undefined) return noSuchKey()
  const read = readKeyEdit(body, parts.clock.now())
  if (!read.ok) return read
  const command = { reference: `key_edit:${requestId}`, keyNumber: keyNumber(number), terms: read.value, by }
  const answer = await port(request).editKey(command)
  return answer.ok ? shown(request, number) : keyRefusal(answer)
}

export async function deleteKey(request: KeysRequest): Promise<KeysAnswer> {
  const { by, keyNumber: number, requestId } = request
  if (number === undefined) return noSuchKey()
  const command = { reference: `revoke:${requestId}`, keyNumber: keyNumber(number), by }
  const answer = await port(request).revokeKey(command)
  return answer.ok ? { ok: true, body: { id: String(number), deleted: true } } : keyRefusal(answer)
}

export async function showKey(request: KeysRequest): Promise<KeysAnswer> {
  const refusal = await readRefusal(request)
  if (refusal !== undefined) return refusal
  return request.keyNumber === undefined ? noSuchKey() : shown(request, request.keyNumber)
}

/** In the order of their numbers; deleted ones are gone from it. */
export async function listKeys(request: KeysRequest): Promise<KeysAnswer> {
  const refusal = await readRefusal(request)
  if (refusal !== undefined) return refusal
  const { query } = request
  const after = query.get('cursor') ?? '0'
  const limit = query.get('limit') ?? String(pageLimitMax)
  if (!/^\d{1,10}$/.test(after)) return invalidCursor()
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > pageLimitMax)
    return refuse('invalid_request', {
      message: `limit must be a whole number from 1 to ${pageLimitMax}.`,
      param: 'limit',
    })
  const keys = (await port(request).keys())
    .filter((key) => isLive(key) && key.keyNumber > Number(after))
    .sort((a, b) => a.keyNumber - b.keyNumber)
  const page = keys.slice(0, Number(limit))
  const last = keys.length > page.length ? page.at(-1) : undefined
  return {
    ok: true,
    body: { data: page.map(keyBody), next_cursor: last === undefined ? null : String(last.keyNumber) },
  }
}

function port({ parts, accountId }: KeysRequest) {
  return parts.accounts(accountId)
}

function isLive({ force }: KeyView): boolean {
  return force !== 'deleted'
}

async function readRefusal(request: KeysRequest) {
  const checked = await port(request).checkKey(request.by)
  if (!checked.ok) return keyRefusal(checked)
  return checked.scopes.includes('keys:manage') ? undefined : keyRefusal({ ok: false, code: 'scope_missing' })
}

async function shown(request: KeysRequest, number: number): Promise<KeysAnswer> {
  const key = await port(request).keyView(number)
  return key === null || !isLive(key) ? noSuchKey() : { ok: true, body: keyBody(key) }
}

async function issued(
  request: KeysRequest,
  put: (minted: Minted) => Promise<KeyAnswer>,
): Promise<KeysAnswer> {
  const { accountId, parts, requestId } = request
  const mint: MintKey | undefined = parts.mintKey
  if (mint === undefined)
    return refuse('not_configured', { message: 'Keys cannot be made: KEY_SECRET is not set.' })
  const account = { id: accountId, port: () => port(request), mint }
  const answer: Issued = await issue(account, `key:${requestId}`, put)
  if (!answer.ok) return keyRefusal(answer)
  const key = await shown(request, answer.keyNumber)
  if (!key.ok) return key
  return { ok: true, status: 201, body: { key: answer.key, ...keyBodyOf(key.body) } }
}

function keyBodyOf(body: unknown) {
  return typeof body === 'object' && body !== null ? body : {}
}
