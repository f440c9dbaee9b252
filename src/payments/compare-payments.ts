// The provider's payments against the books, both ways, once a day: what was paid and credited to nobody, credited twice, or
// credited and never paid. Nothing is mended here: a human decides, and what a webhook missed the sweeper looks up by itself.

import { dayMs, hourMs } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import { readAccountId, readOrderId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { creditsMadeBetween, creditsMax, creditsOfOrders, type PaymentCredit } from './credited-payments.ts'
import type { ReadyParts } from './parts.ts'
import type { PaymentState } from './provider.ts'

/** What is younger may still be on its way to its account. */
const usualRestMs = hourMs
/** A run that was skipped is made up for by the next ones. */
const windowMs = 3 * dayMs
/** 10,000 payments; what is beyond them is said in the report. */
const pagesMax = 100
/** Credits whose payment is not in the window, and payments without our names: each is looked up. A run may ask 1,000 times. */
const looksMax = 300
/** Of so many orders Postgres is asked at once. */
const ordersAtOnce = 500

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

/** The times that one run looks at, of payments and of invoices alike. */
export function comparedWindow(nowMs: number, restMs = usualRestMs): { fromMs: number; toMs: number } {
  const toMs = nowMs - restMs
  return { fromMs: toMs - windowMs, toMs }
}

export async function comparePayments(parts: CompareParts, restMs?: number): Promise<PaymentReport> {
  const window = comparedWindow(parts.clock.now(), restMs)
  const paid = await paidBetween(window, parts)
  const credits = await creditsMadeBetween(parts.db, window)
  const paidIds = new Set(paid.payments.map(({ paymentId }) => paymentId))
  const ours = paid.payments.filter(hasOurNames)
  const strangers = paid.payments.filter((payment) => !hasOurNames(payment))
  const unseen = credits.filter(({ paymentId }) => !paidIds.has(paymentId))
  const findings: PaymentFinding[] = [...creditedTwice(credits)]
  for (let from = 0; from < ours.length; from += ordersAtOnce)
    findings.push(...(await notCredited(ours.slice(from, from + ordersAtOnce), parts)))
  findings.push(...(await ofNobody(strangers.slice(0, looksMax), parts)))
  findings.push(...(await neverPaid(unseen.slice(0, looksMax), parts)))
  const isWhole =
    paid.isWhole && Math.max(strangers.length, unseen.length) <= looksMax && credits.length < creditsMax
  return { payments: paidIds.size, credits: credits.length, findings, isWhole }
}

async function paidBetween(
  window: { fromMs: number; toMs: number },
  { provider }: CompareParts,
): Promise<{ payments: readonly Payment[]; isWhole: boolean }> {
  const payments: Payment[] = []
  let after: string | null = null
  for (let page = 0; page < pagesMax; page += 1) {
    const made = await provider.payments.madeBetween({ ...window, after })
    if (!made.ok) throw new Error(`The payments cannot be listed: ${made.message}`)
    payments.push(...made.value.payments.filter(({ isPaid, isLive }) => isPaid && isLive === provider.isLive))
    after = made.value.next
    if (after === null) return { payments, isWhole: true }
  }
  return { payments, isWhole: false }
}

function hasOurNames({ accountId, orderId }: Payment): boolean {
  return readAccountId(accountId) !== undefined && readOrderId(orderId) !== undefined
}

async function notCredited(
  payments: readonly Payment[],
  { db, accounts }: CompareParts,
): Promise<readonly PaymentFinding[]> {
  const credited = await creditsOfOrders(
    db,
    payments.flatMap(({ orderId }) => orderId ?? []),
  )
  const found: PaymentFinding[] = []
  for (const payment of payments) {
    const { paymentId, receivedNanoUsd } = payment
    const [accountId, orderId] = [readAccountId(payment.accountId), readOrderId(payment.orderId)]
    if (accountId === undefined || orderId === undefined) continue
    if (credited.some((credit) => credit.orderId === orderId && credit.paymentId === paymentId)) continue
    // The row may not have arrived yet: the account itself knows.
    const view = await accounts(accountId).paymentView(orderId)
    if (view !== null && view.creditedNanoUsd !== null && view.paymentId === paymentId) continue
    const detail = { paymentId, orderId, receivedNanoUsd }
    found.push({ kind: 'payment_not_credited', accountId, subject: paymentId, detail })
  }
  return found
}

/** Without our names: of an invoice, which has books of its own (compare-invoices.ts), or of nobody. */
async function ofNobody(
  payments: readonly Payment[],
  { provider }: CompareParts,
): Promise<readonly PaymentFinding[]> {
  const found: PaymentFinding[] = []
  for (const { paymentId, orderId, receivedNanoUsd } of payments) {
    const invoice = await provider.payments.paysInvoice(paymentId)
    if (!invoice.ok || invoice.value) continue
    const detail = { paymentId, orderId, receivedNanoUsd }
    found.push({ kind: 'payment_unknown', accountId: '', subject: paymentId, detail })
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
  { provider }: CompareParts,
): Promise<readonly PaymentFinding[]> {
  const found: PaymentFinding[] = []
  for (const { accountId, orderId, paymentId } of credits) {
    const looked = await provider.charges.look(paymentId)
    if (looked.ok ? looked.value.status === 'succeeded' : looked.code !== 'gone') continue
    const detail = { paymentId, orderId }
    found.push({ kind: 'credit_without_payment', accountId, subject: orderId, detail })
  }
  return found
}
