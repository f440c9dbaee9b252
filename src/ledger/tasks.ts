// Entries on which somebody outside acts: a card is to be charged, a receipt to be sent. They travel on a queue of their own
// beside the way to Postgres, so that neither waits for the other. Pure.

import type { AccountId } from '#core/ids.ts'
import type { EntriesMessage, Entry, EntryKind } from './entry.ts'

/** What of an entry the outside is told; in the words of the queue, since a newer object may say more. */
export type Task = {
  readonly accountId: AccountId
  readonly entry: Omit<Entry, 'kind' | 'keyNumber'> & {
    readonly kind: string
    readonly keyNumber: number | null
  }
}

/**
 * Acts on an entry. Called at least once for each, in any order, again long after: what was done before must not be done
 * twice, and what is no longer so (an attempt that has ended, a notice of last year) is left alone. A throw asks for another try.
 */
export type TaskHandler = { readonly kinds: readonly EntryKind[]; act(task: Task): Promise<void> }

const taskKinds: ReadonlySet<EntryKind> = new Set<EntryKind>([
  'order',
  'invoice',
  'purchase',
  'auto_top_up',
  'attempt',
  'refund',
  'dispute',
  'plan',
  'allowance',
  'level',
  'limit_reached',
])

/** The part of a message that goes to `sluice-tasks` as well; undefined where nobody acts on any of its entries. */
export function tasksOf({ accountId, entries }: EntriesMessage): EntriesMessage | undefined {
  const told = entries.filter(({ kind }) => taskKinds.has(kind))
  return told.length === 0 ? undefined : { accountId, entries: told }
}

type Taker = { send(message: EntriesMessage): Promise<unknown> }

/**
 * What Postgres has confirmed is never sent again: whoever acts on it must have been told by then. Where the queue of entries
 * does not take the message, it goes out once more, to both.
 */
export async function sendTasksFirst(
  message: EntriesMessage,
  queues: { readonly entries: Taker; readonly tasks: Taker },
): Promise<void> {
  const tasks = tasksOf(message)
  if (tasks !== undefined) await queues.tasks.send(tasks)
  await queues.entries.send(message)
}
