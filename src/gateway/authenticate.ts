// Who is asking: the key's own signature is checked in the isolate, so that garbage and forged keys cost no network call
// and wake no object. Whether the key is still live is the object's to say, at admission.

import { type Refusal, refuse } from '#core/errors.ts'
import type { AccountId, KeyNumber } from '#core/ids.ts'
import { type Keyring, readApiKey } from '#ledger/api-key.ts'

export type Caller = { accountId: AccountId; keyNumber: KeyNumber; secretHash: string }
export type Authenticated = { ok: true; caller: Caller } | Refusal

/** Counts a failed authentication by the client's address; false when it has failed too often. */
export type AuthFailures = { allows(address: string): Promise<boolean> }

/** Verified keys of this isolate: the signature's two hash computations are paid once per key. */
export class KnownKeys {
  readonly #callers = new Map<string, Caller>()
  readonly #max = 10_000

  get(key: string): Caller | undefined {
    return this.#callers.get(key)
  }

  add(key: string, caller: Caller): void {
    const oldest = this.#callers.keys().next()
    if (this.#callers.size >= this.#max && !oldest.done) this.#callers.delete(oldest.value)
    this.#callers.set(key, caller)
  }
}

export type AuthenticateParts = { keyring: Keyring; knownKeys: KnownKeys; authFailures: AuthFailures }

export async function authenticate(request: Request, parts: AuthenticateParts): Promise<Authenticated> {
  const presented = presentedKey(request.headers)
  if (!presented.ok) return presented
  const known = parts.knownKeys.get(presented.key)
  if (known !== undefined) return { ok: true, caller: known }
  const read = await readApiKey(presented.key, parts.keyring)
  if (!read.ok) return failed(request, parts.authFailures)
  const caller: Caller = { accountId: read.accountId, keyNumber: read.keyNumber, secretHash: read.secretHash }
  parts.knownKeys.add(presented.key, caller)
  return { ok: true, caller }
}

async function failed(request: Request, authFailures: AuthFailures): Promise<Refusal> {
  const address = request.headers.get('cf-connecting-ip') ?? 'unknown'
  if (await authFailures.allows(address)) return refuse('invalid_api_key')
  return refuse('rate_limit_exceeded', {
    message:
      'Too many requests with a wrong API key came from this address. Check the key and try again in a minute.',
    retryAfterSeconds: 60,
  })
}

type Presented = { ok: true; key: string } | Refusal

/** The one key of a request: two different ones are refused, since nobody could say whose account pays. */
export function presentedKey(headers: Headers): Presented {
  const authorization = headers.get('authorization')
  const bearer = authorization === null ? undefined : /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1]
  const header = headers.get('x-api-key')?.trim() || undefined
  if (authorization !== null && bearer === undefined) return refuse('invalid_api_key')
  if (bearer !== undefined && header !== undefined && bearer !== header) {
    return refuse('invalid_api_key', {
      message: 'Two different API keys were sent, one in Authorization and one in x-api-key. Send one.',
    })
  }
  const key = bearer ?? header
  return key === undefined ? refuse('invalid_api_key') : { ok: true, key }
}

/** When the memory of a refused caller is asked for: one name per key and account. */
export function callerName(caller: Caller): string {
  return `${caller.accountId}/${caller.keyNumber}/${caller.secretHash}`
}
