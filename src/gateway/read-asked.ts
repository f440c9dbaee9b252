// The request as its dialect reads it. One that goes on from a kept answer is read with the earlier items before its own, which
// few ever are: that part is read when it is first needed.

import type { AccountId } from '#core/ids.ts'
import type { ClientFormat } from '#dialects/dialect.ts'
import type { AskedRequest, FindEarlier } from './continued-call.ts'

export async function readAsked(
  bytes: Uint8Array,
  by: { dialect: ClientFormat; accountId: AccountId },
  find: FindEarlier | undefined,
): Promise<AskedRequest> {
  const read = by.dialect.read(bytes)
  if (read.ok) return { ...read, bytes }
  if (read.code !== 'previous_response_not_found' || find === undefined) return read
  const { readContinued } = await import('./continued-call.ts')
  return readContinued(bytes, read, { ...by, find })
}
