// What notices need of the world.

import type { Clock } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import type { Sealer } from '#core/sealing.ts'
import type { Db } from '#db/client.ts'
import type { Mailer } from './mailer.ts'

export type NoticesParts = {
  readonly db: Db | undefined
  /** Undefined where none is configured: webhooks alone are told. */
  readonly mailer: Mailer | undefined
  /** Stands on receipts; empty where nobody is named. */
  readonly seller: string
  /** A local origin that webhooks may go to; undefined in production. */
  readonly localOrigin: string | undefined
  /** Of endpoints' secrets; undefined while SEALING_KEY is not set. */
  readonly sealer: () => Promise<Sealer | undefined>
  readonly clock: Clock
  readonly log: Log
}
