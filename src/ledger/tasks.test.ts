import { expect, test } from 'vitest'

import { readAccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { EntriesMessage, EntryKind } from './entry.ts'
import { sendTasksFirst, tasksOf } from './tasks.ts'

const accountId = readAccountId('acct_w00000000000001')
if (accountId === undefined) throw new Error('an account id has this form')

const entryOf = (kind: EntryKind, seq: number) => ({
  epoch: 1,
  seq,
  kind,
  reference: `r${String(seq)}`,
  amountNanoUsd: nanoUsd(1),
  balanceAfterNanoUsd: nanoUsd(1),
  createdAtMs: 1,
  keyNumber: null,
  detail: null,
  hash: 'h',
})

test('only the entries on which somebody acts go to the queue of tasks, in their order', () => {
  const entries = (['usage', 'purchase', 'expiry', 'refund'] as const).map((kind, at) =>
    entryOf(kind, at + 1),
  )
  expect(tasksOf({ accountId, entries })).toEqual({ accountId, entries: [entries[1], entries[3]] })
})

test('charges alone make no message of tasks', () => {
  expect(tasksOf({ accountId, entries: [entryOf('usage', 1), entryOf('late', 2)] })).toBeUndefined()
})

test('a line leaves for Postgres only once whoever acts on it has been told', async () => {
  const taken: EntriesMessage[] = []
  const message = { accountId, entries: [entryOf('refund', 1), entryOf('usage', 2)] }
  const entries = { send: async (one: EntriesMessage) => void taken.push(one) }
  const refusing = { send: () => Promise.reject(new Error('The queue does not take it.')) }
  await expect(sendTasksFirst(message, { entries, tasks: refusing })).rejects.toThrow('does not take it')
  expect(taken).toEqual([])
  await sendTasksFirst(message, { entries, tasks: entries })
  expect(taken).toEqual([{ accountId, entries: [entryOf('refund', 1)] }, message])
})
