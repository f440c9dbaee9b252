// The Idempotency-Key header as the ledger's claim: hashed, so that no client's text lies in the books.

import { sha256Hex } from '#core/hashes.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { Claim } from '#ledger/claim.ts'
import type { Caller } from './authenticate.ts'

export type ReadClaim = { ok: true; claim: Claim | null } | Refusal

/** As long as other services take it. */
const keyCharactersMax = 255
const hashDigits = 32

/** One scope per API key and route: the same text under another key is another claim. */
export async function readClaim(
  headers: Headers,
  call: { caller: Caller; route: string; body: Uint8Array },
): Promise<ReadClaim> {
  const key = headers.get('idempotency-key')
  if (key === null) return { ok: true, claim: null }
  if (key === '' || key.length > keyCharactersMax) {
    return refuse('invalid_request', {
      message: `The Idempotency-Key must have 1 to ${keyCharactersMax} characters.`,
      param: 'Idempotency-Key',
    })
  }
  const reference = await hashOf(`${call.caller.keyNumber} ${call.route} ${key}`)
  return { ok: true, claim: { reference, bodyHash: await hashOf(call.body) } }
}

async function hashOf(what: string | Uint8Array): Promise<string> {
  return (await sha256Hex(what)).slice(0, hashDigits)
}
