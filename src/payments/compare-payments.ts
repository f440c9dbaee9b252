// The provider's payments against the books, both ways, once a day: what was paid and credited to nobody, credited twice, or
// credited and never paid. Nothing is mended here: a human decides, and what a webhook missed the sweeper looks up by itself.

import { dayMs, hourMs } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import { readAccountId, readOrderId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { creditsMadeBetween, creditsOfOrders, type PaymentCredit } from './credited-payments.ts'
import type { ReadyParts } from './parts.ts'
import type { PaymentState } from './provider.ts'

/** Younger payments may still be on their way to their account. */
const usualRestMs = hourMs
/** A run that was skipped is made up for by the next ones. */
const windowMs = 3 * dayMs
/** 10,000 payments; what is beyond them is said in the report. */
const pagesMax = 100
/** Credits whose payment is not in the window: each is looked up. */
const looksMax = 500

export type PaymentFinding = {
  kind: 'payment_not_credited' | 'payment_credited_twice' | 'payment_unknown' | 'credit_without_payment'
  accountId: string
  subject: string
  detail: Json
}

export type PaymentReport = {
  payments: number
  credits: number
  findings: readonly PaymentFinding[]
  /** False where there were more payments than one run looks at. */
  isWhole: boolean
}

export type CompareParts = Pick<ReadyParts, 'provider' | 'accounts' | 'clock'> & { db: Db }

type Payment = Omit<PaymentState, 'facts'>

/** In the quiet of the night (UTC), by the hourly trigger. */
export function isCompareHour(nowMs: number): boolean {
  return new Date(nowMs).getUTCHours() === compareHour
}

const compareHour = 4

export async function comparePayments(parts: CompareParts, restMs = usualRestMs): Promise<PaymentReport> {
  const toMs = parts.clock.now() - restMs
  const window = { fromMs: toMs - windowMs, toMs }
  const findings: PaymentFinding[] = []
  const paidIds = new Set<string>()
  let after: string | null = null
  let isWhole = false
  for (let page = 0; page < pagesMax && !isWhole; page += 1) {
    const made = await parts.provider.payments.madeBetween({ ...window, after })
    if (!made.ok) throw new Error(`The payments cannot be listed: ${made.message}`)
    const paid = made.value.payments.filter(
      ({ isPaid, isLive }) => isPaid && isLive === parts.provider.isLive,
    )
    for (const { paymentId } of paid) paidIds.add(paymentId)
    findings.push(...(await notCredited(paid, parts)))
    after = made.value.next
    isWhole = after === null
  }
  const credits = await creditsMadeBetween(parts.db, window)
  findings.push(...creditedTwice(credits), ...(await neverPaid(credits, paidIds, parts)))
  return { payments: paidIds.size, credits: credits.length, findings, isWhole }
}

async function notCredited(
  payments: readonly Payment[],
  { db, accounts, provider }: CompareParts,
): Promise<readonly PaymentFinding[]> {
  const credited = await creditsOfOrders(
    db,
    payments.flatMap(({ orderId }) => orderId ?? []),
  )
  const found: PaymentFinding[] = []
  for (const payment of payments) {
    const { paymentId, receivedNanoUsd } = payment
    const accountId = readAccountId(payment.accountId)
    const orderId = readOrderId(payment.orderId)
    const detail = { paymentId, orderId: payment.orderId, receivedNanoUsd }
    if (accountId === undefined || orderId === undefined) {
      const invoice = await provider.payments.paysInvoice(paymentId)
      if (invoice.ok && !invoice.value)
        found.push({ kind: 'payment_unknown', accountId: '', subject: paymentId, detail })
      continue
    }
    if (credited.some((credit) => credit.orderId === orderId && credit.paymentId === paymentId)) continue
    // The row may not have arrived yet: the account itself knows.
    const view = await accounts(accountId).paymentView(orderId)
    if (view !== null && view.creditedNanoUsd !== null && view.paymentId === paymentId) continue
    found.push({ kind: 'payment_not_credited', accountId, subject: paymentId, detail })
  }
  return found
}

function creditedTwice(credits: readonly PaymentCredit[]): readonly PaymentFinding[] {
  const byPayment = Map.groupBy(credits, ({ paymentId }) => paymentId)
  return [...byPayment].flatMap(([paymentId, all]) => {
    const causes = new Set(all.map(({ accountId, orderId }) => `${accountId} ${orderId}`))
    const [first] = all
    if (causes.size < 2 || first === undefined) return []
    const detail = { paymentId, credits: [...causes] }
    return [
      { kind: 'payment_credited_twice' as const, accountId: first.accountId, subject: paymentId, detail },
    ]
  })
}

async function neverPaid(
  credits: readonly PaymentCredit[],
  paidIds: ReadonlySet<string>,
  { provider }: CompareParts,
): Promise<readonly PaymentFinding[]> {
  const unseen = credits.filter(({ paymentId }) => !paidIds.has(paymentId)).slice(0, looksMax)
  const found: PaymentFinding[] = []
  for (const { accountId, orderId, paymentId } of unseen) {
    const looked = await provider.payments.look(paymentId)
    if (looked.ok ? looked.value.isPaid : looked.code !== 'gone') continue
    const detail = { paymentId, orderId }
    found.push({ kind: 'credit_without_payment', accountId, subject: orderId, detail })
  }
  return found
}
