// Whom a call is for: the X-End-User header, else what the body says. The ledger gets a keyed hash, so that no name of a
// person lies in the books, and the same name in two accounts is two.

import { hmacHex } from '#core/hashes.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import type { AccountId } from '#core/ids.ts'

const endUserBytesMax = 256
const hashDigits = 32
const encoder = new TextEncoder()

export type ReadEndUser = { ok: true; endUser: string | null } | Refusal

export async function readEndUser(
  headers: Headers,
  call: { inBody: string | undefined; accountId: AccountId; keySecret: string | undefined },
): Promise<ReadEndUser> {
  const named = headers.get('x-end-user')
  if (named !== null && (named === '' || encoder.encode(named).length > endUserBytesMax)) {
    return refuse('invalid_request', {
      message: `X-End-User must have 1 to ${endUserBytesMax} bytes.`,
      param: 'X-End-User',
    })
  }
  const name = named ?? call.inBody
  if (name === undefined || name === '' || call.keySecret === undefined) return { ok: true, endUser: null }
  const hash = await hmacHex(`end-user ${call.accountId} ${name}`, call.keySecret)
  return { ok: true, endUser: hash.slice(0, hashDigits) }
}
