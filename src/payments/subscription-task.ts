// Told of each entry about a plan: the row in Postgres follows what the account knows by now.

import type { TaskHandler } from '#ledger/tasks.ts'
import type { PaymentParts } from './parts.ts'
import { writeSubscription } from './subscription-store.ts'

export function subscriptionTask({
  db,
  accounts,
  clock,
}: Pick<PaymentParts, 'db' | 'accounts' | 'clock'>): TaskHandler {
  return {
    kinds: ['plan', 'allowance'],
    act: async ({ accountId }) => {
      const view = db === undefined ? null : await accounts(accountId).plan()
      if (db !== undefined && view !== null) await writeSubscription(db, { accountId, view }, clock.now())
    },
  }
}
