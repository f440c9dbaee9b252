// What a receipt says beyond its entry: by what it was paid, and how it is called on the customer's statement. Asked of the payment
// provider when the receipt is written, since no log of ours holds anything of a card.

import { minuteMs } from '#core/clock.ts'
import { objectOf, readString } from '#core/readers.ts'
import type { Task } from '#ledger/tasks.ts'
import type { NewNotice } from './causes.ts'

export type Described = {
  readonly method: string | null
  readonly last4: string | null
  readonly statement: string | null
}

/** `unknown`: the provider cannot be asked now. Undefined where it knows no such payment. */
export type DescribePayment = (paymentId: string) => Promise<Described | 'unknown' | undefined>

/** So long a receipt waits for a provider that is away; then it goes without. */
const waitForProviderMs = 15 * minuteMs

/** Throws where it is worth another try. */
export async function withPayment(
  notice: NewNotice,
  { entry }: Pick<Task, 'entry'>,
  { describe, nowMs }: { describe: DescribePayment; nowMs: number },
): Promise<NewNotice> {
  const paymentId = readString(objectOf(objectOf(entry.detail)['payment'])['paymentId'])
  if (paymentId === undefined || !isReceipt(notice)) return notice
  const paid = await describe(paymentId)
  if (paid === 'unknown' && nowMs - notice.atMs < waitForProviderMs)
    throw new Error('The payment provider cannot say yet by what a payment was made.')
  return paid === 'unknown' || paid === undefined
    ? notice
    : { ...notice, figures: { ...notice.figures, ...figuresOf(paid) } }
}

function isReceipt({ type }: NewNotice): boolean {
  return type === 'receipt' || type === 'credit_auto_recharge_triggered'
}

function figuresOf({ method, last4, statement }: Described) {
  return {
    ...(method !== null && { method }),
    ...(last4 !== null && { last4 }),
    ...(statement !== null && { statement }),
  }
}
