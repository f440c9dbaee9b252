// Tasks about an account whose object was lost: they come again until it is made anew.

import { expect, test } from 'vitest'

import { asMillis } from '#core/clock.ts'
import { invoiceIdOf, orderIdOf } from '#core/ids.ts'
import { jsonLog } from '#core/log.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { Db } from '#db/client.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { EntryKind } from '#ledger/entry.ts'
import { exampleAccountId } from '#ledger/example-commands.ts'
import type { Task } from '#ledger/tasks.ts'
import { invoiceTask } from './invoice-task.ts'
import { mirrorOrders } from './mirror-orders.ts'
import type { PaymentParts } from './parts.ts'
import type { PaymentProvider } from './provider.ts'
import { refundHandler } from './refund-task.ts'

const orderId = orderIdOf(new Uint8Array(16))
const fact = ['refund:1', 'refund', 1, 10_000_000, false]

/** An object that knows nothing, of an account of which Postgres knows or does not. */
function partsOf(isKnown: boolean): PaymentParts {
  const account: Partial<AccountPort> = {
    view: async () => null,
    order: async () => null,
    invoice: async () => null,
    paymentView: async () => null,
  }
  const rows = isKnown ? [{ id: exampleAccountId }] : []
  const db = { select: () => ({ from: () => ({ where: () => ({ limit: async () => rows }) }) }) }
  return {
    provider: async () => ({ isLive: false }) as PaymentProvider,
    accounts: () => account as AccountPort,
    plans: { get: () => undefined, list: () => [] },
    db: db as unknown as Db,
    clock: { now: () => asMillis(0), sleep: async () => undefined },
    log: jsonLog(
      () => undefined,
      () => 0,
    ),
  }
}

function taskOf(kind: EntryKind, reference: string, detail: Task['entry']['detail']): Task {
  const amounts = { amountNanoUsd: zeroNanoUsd, balanceAfterNanoUsd: zeroNanoUsd }
  const entry = { epoch: 1, seq: 1, kind, reference, ...amounts, createdAtMs: 0, keyNumber: null, detail }
  return { accountId: exampleAccountId, entry }
}

const tasks = [
  [refundHandler, taskOf('refund', 'refund:1', { payment: orderId, fact, isThroughProvider: true })],
  [invoiceTask, taskOf('invoice', invoiceIdOf(exampleAccountId, 1), { what: 'cut' })],
  [mirrorOrders, taskOf('order', orderId, { what: 'placed' })],
] as const

test.each(tasks)('a task of a lost account comes again until it is made anew: %o', async (handler, task) => {
  await expect(handler(partsOf(true)).act(task)).rejects.toThrow('will be made anew')
})

test.each(tasks)('a task of an account that nobody knows is done: %o', async (handler, task) => {
  await expect(handler(partsOf(false)).act(task)).resolves.toBeUndefined()
})
