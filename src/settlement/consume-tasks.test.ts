import { expect, test } from 'vitest'

import type { TaskHandler } from '#ledger/tasks.ts'
import { consumeTasks } from './consume-tasks.ts'

const accountId = 'acct_w00000000000001'
const entryOf = (seq: number, kind: string) => ({
  epoch: 1,
  seq,
  kind,
  reference: `r${String(seq)}`,
  amountNanoUsd: 10,
  balanceAfterNanoUsd: 10,
  createdAtMs: 1_000,
  keyNumber: null,
  detail: { reason: 'x' },
  hash: 'h',
})

/** A message as the queue hands it out, and what became of it. */
function messageOf(body: unknown) {
  const fate: string[] = []
  const message = {
    id: 'm1',
    body,
    attempts: 1,
    ack: () => void fate.push('ack'),
    retry: () => void fate.push('retry'),
  }
  return { message, fate }
}

/** Acts by noting what it was told; throws as often as `failures` says. */
function handlerOf(kinds: TaskHandler['kinds'], failures = 0) {
  const told: string[] = []
  let left = failures
  const handler: TaskHandler = {
    kinds,
    act: async ({ entry }) => {
      if (left > 0) {
        left -= 1
        throw new Error('mail server away')
      }
      told.push(`${entry.kind} ${String(entry.seq)}`)
    },
  }
  return { handler, told }
}

function logOf() {
  const lines: string[] = []
  const line = (name: string, fields: { readonly [name: string]: unknown }) =>
    void lines.push(`${name} ${JSON.stringify(fields)}`)
  return { log: { info: line, warn: line, error: line }, lines }
}

test('each handler is told of the kinds that it acts on, and the message is acknowledged', async () => {
  const { message, fate } = messageOf({ accountId, entries: [entryOf(1, 'purchase'), entryOf(2, 'refund')] })
  const receipts = handlerOf(['purchase'])
  const all = handlerOf(['purchase', 'refund'])
  await consumeTasks([message], [receipts.handler, all.handler], logOf())
  expect(receipts.told).toEqual(['purchase 1'])
  expect(all.told).toEqual(['purchase 1', 'refund 2'])
  expect(fate).toEqual(['ack'])
})

test('a message of which one act failed comes again, and the others were acted upon', async () => {
  const { message, fate } = messageOf({
    accountId,
    entries: [entryOf(1, 'purchase'), entryOf(2, 'purchase')],
  })
  const { handler, told } = handlerOf(['purchase'], 1)
  const { log, lines } = logOf()
  await consumeTasks([message], [handler], { log })
  expect(told).toEqual(['purchase 2'])
  expect(fate).toEqual(['retry'])
  expect(lines).toEqual([`task_failed {"account":"${accountId}","kind":"purchase","seq":1}`])
})

test('what is no message of entries is tried again until it is a dead letter', async () => {
  const { message, fate } = messageOf({ accountId: 'nobody' })
  await consumeTasks([message], [], logOf())
  expect(fate).toEqual(['retry'])
})
