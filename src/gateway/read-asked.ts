// The request as its dialect reads it. One that goes on from a kept answer, or names items of one, is read with those in their
// places, which few ever do: that part is read when it is first needed.

import type { AccountId } from '#core/ids.ts'
import type { ClientFormat } from '#dialects/dialect.ts'
import type { AskedRequest, FindKept } from './continued-call.ts'

export async function readAsked(
  bytes: Uint8Array,
  by: { dialect: ClientFormat; accountId: AccountId },
  find: FindKept,
): Promise<AskedRequest> {
  const read = by.dialect.read(bytes)
  if (read.ok) return { ...read, bytes }
  if (read.code !== 'previous_response_not_found' && read.code !== 'item_not_found') return read
  const { readWithKept } = await import('./continued-call.ts')
  return readWithKept(bytes, read, { ...by, find })
}
