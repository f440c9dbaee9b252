// The consumer of `sluice-tasks`: entries in, and whoever acts on their kind is told. A message is acknowledged when all of
// its entries were acted upon; until then it comes again, whole, as every handler expects.

import type { Task, TaskHandler } from '#ledger/tasks.ts'
import { driverErrorOf } from '#db/client.ts'
import { type QueueMessage, retryDelaySeconds } from './consumer.ts'
import { readSentEntries } from './message.ts'
import type { SettlementParts } from './parts.ts'

export async function consumeTasks(
  messages: readonly QueueMessage[],
  handlers: readonly TaskHandler[],
  { log }: Pick<SettlementParts, 'log'>,
): Promise<void> {
  for (const message of messages) {
    const delaySeconds = retryDelaySeconds(message.attempts)
    const tasks = tasksIn(message)
    // What nobody can read ends as a dead letter, and so as a finding.
    if (tasks === undefined) message.retry({ delaySeconds })
    else if (await actOn(tasks, handlers, log)) message.ack()
    else message.retry({ delaySeconds })
  }
}

/** False where one of them has to come again; the others are acted upon all the same. */
async function actOn(
  tasks: readonly Task[],
  handlers: readonly TaskHandler[],
  log: SettlementParts['log'],
): Promise<boolean> {
  let isDone = true
  for (const task of tasks) {
    for (const handler of handlers.filter(({ kinds }) => kinds.some((kind) => kind === task.entry.kind))) {
      try {
        await handler.act(task)
      } catch (error) {
        isDone = false
        const { accountId, entry } = task
        log.error(
          'task_failed',
          { account: accountId, kind: entry.kind, seq: entry.seq },
          driverErrorOf(error),
        )
      }
    }
  }
  return isDone
}

function tasksIn({ body }: QueueMessage): readonly Task[] | undefined {
  const sent = readSentEntries(body)
  return sent?.entries.map(({ createdAt, ...entry }) => ({
    accountId: sent.accountId,
    entry: { ...entry, createdAtMs: createdAt },
  }))
}
