// What settlement needs of the world.

import type { Clock } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import type { Db } from '#db/client.ts'
import type { AccountPorts } from '#ledger/account-port.ts'

export type SettlementParts = {
  /** Undefined where no database is configured: messages wait. */
  db: Db | undefined
  accounts: AccountPorts
  clock: Clock
  log: Log
}
