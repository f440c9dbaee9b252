// The parts of one simulated world, as those see them who act in it.

import type { AccountId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import type { EntriesMessage } from '#ledger/entry.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import type { Books } from './books.ts'
import type { Faults } from './faults.ts'
import type { Network } from './network.ts'
import type { ObjectHost } from './object-host.ts'
import type { Oracle } from './oracle.ts'
import type { Plan } from './plan.ts'
import type { Postgres } from './postgres.ts'
import type { SimulatedQueue } from './queue.ts'
import type { Process, Scheduler } from './scheduler.ts'

export type Setting = {
  readonly plan: Plan
  readonly outside: Process
  readonly scheduler: Scheduler
  readonly faults: Faults
  readonly oracle: Oracle
  readonly accountId: AccountId
  readonly network: Network
  readonly host: ObjectHost
  /** An object that nobody has created. */
  readonly empty: ObjectHost
  readonly postgres: Postgres
  readonly books: Books
  readonly entries: SimulatedQueue<EntriesMessage>
  readonly captures: SimulatedQueue<ParkedCapture>
  readonly tasks: SimulatedQueue<EntriesMessage>
  readonly log: Log
  /** A line of the trace. */
  readonly say: (what: string) => void
  /** A broken promise inside a callback ends the schedule after the present step. */
  readonly guard: (check: () => void) => void
}
