// The task of an `attempt` entry: carries it out. Whatever is not known to be done comes again with the queue, and later as a
// reminder of the account's own.

import { readAccountId, readOrderId } from '#core/ids.ts'
import { isObject } from '#core/readers.ts'
import type { TaskHandler } from '#ledger/tasks.ts'
import { carryOutAttempt } from './attempt.ts'
import type { PaymentParts } from './parts.ts'

const steps: readonly unknown[] = ['started', 'reminded']

export function autoTopUpTask(parts: PaymentParts): TaskHandler {
  return {
    kinds: ['attempt'],
    async act({ accountId: account, entry }) {
      const step = isObject(entry.detail) ? entry.detail['step'] : undefined
      const [accountId, orderId] = [readAccountId(account), readOrderId(entry.reference)]
      if (!steps.includes(step) || accountId === undefined || orderId === undefined) return
      const provider = await parts.provider()
      if (provider === undefined) throw new Error('A card is to be charged and STRIPE_SECRET_KEY is not set.')
      const carried = await carryOutAttempt({ accountId, orderId }, { ...parts, provider })
      if (carried === 'unknown') throw new Error(`Nobody knows what became of ${orderId}; it is asked again.`)
    },
  }
}
