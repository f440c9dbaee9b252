// An account whose object the platform has lost, in a faulty world: Postgres has all its lines, and the operator makes it anew.

import type { World } from '../../dev/world.ts'
import { valueAt } from './chat.ts'
import { eventually } from './eventually.ts'

type WorldOfIts = Pick<World, 'operator' | 'fault'>

/** Once Postgres has confirmed everything. */
export async function loseAccount({ operator, fault }: WorldOfIts, accountId: string): Promise<void> {
  const lines = async () => valueAt(await operator('GET', `/accounts/${accountId}`), 'entries')
  const isConfirmed = (seen: unknown) => valueAt(seen, 'confirmed') === valueAt(seen, 'head')
  const seen = await eventually(lines, isConfirmed, 60_000)
  if (!isConfirmed(seen)) throw new Error(`Postgres does not have all lines: ${JSON.stringify(seen)}`)
  await fault({ kind: 'lose', accountId })
}

export async function makeAccountAnew({ operator }: WorldOfIts, accountId: string): Promise<void> {
  const reason = 'the object was lost'
  await operator('POST', `/accounts/${accountId}/rebuild`, { reason, idempotency_key: 'r', confirm: true })
}
