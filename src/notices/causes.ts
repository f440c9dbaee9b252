// Which entry tells the customer what: the table of notices by cause. Pure.

import { asMillis, dayMs, isoTime } from '#core/clock.ts'
import { addNanoUsd, formatUsd, type NanoUsd, nanoUsd } from '#core/money.ts'
import { isObject, type JsonObject, objectOf, readString, readWhole } from '#core/readers.ts'
import type { EntryKind } from '#ledger/entry.ts'
import type { Task } from '#ledger/tasks.ts'
import type { Figures, NoticeTypeName } from './notice-types.ts'

/** What is told because of one thing that happened; told again under the same cause, it is told once. */
export type NewNotice = {
  readonly cause: string
  readonly type: NoticeTypeName
  readonly figures: Figures
  readonly atMs: number
}

type Entry = Task['entry']
type Told = Pick<NewNotice, 'type' | 'figures'>
type Teller = (entry: Entry, detail: JsonObject) => Told | undefined

const tellers: { readonly [Kind in EntryKind]?: Teller } = {
  purchase: (entry, detail) => ({ type: 'receipt', figures: receiptOf(entry, detail) }),
  auto_top_up: (entry, detail) => ({
    type: 'credit_auto_recharge_triggered',
    figures: receiptOf(entry, detail),
  }),
  order: orderTold,
  attempt: attemptTold,
  refund: (entry, detail) => movementTold(entry, detail, { out: 'refund', back: 'refund_failed' }),
  dispute: (entry, detail) => movementTold(entry, detail, { out: 'dispute_opened', back: 'dispute_closed' }),
  invoice: invoiceTold,
  plan: planTold,
  level: levelTold,
  limit_reached: limitTold,
}

export const toldKinds: readonly EntryKind[] = Object.keys(tellers) as EntryKind[]

export function noticeOf({ entry }: Pick<Task, 'entry'>): NewNotice | undefined {
  const teller = Object.hasOwn(tellers, entry.kind) ? tellers[entry.kind as EntryKind] : undefined
  const told = teller?.(entry, isObject(entry.detail) ? entry.detail : {})
  if (told === undefined) return undefined
  // A reference says the same in every epoch of the account; a number does not. Of one attempt or refund several things are told.
  return { ...told, cause: `${entry.kind}:${entry.reference}:${told.type}`, atMs: entry.createdAtMs }
}

function receiptOf(entry: Entry, detail: JsonObject): Figures {
  const payment = objectOf(detail['payment'])
  const [bonus, tax, received] = [
    amountIn(payment, 'bonusNanoUsd'),
    amountIn(payment, 'taxNanoUsd'),
    amountIn(payment, 'receivedNanoUsd'),
  ]
  return {
    amount: formatUsd(entry.amountNanoUsd),
    ...(bonus > 0 && { bonus: formatUsd(bonus) }),
    ...(received > 0 && { paid: formatUsd(received) }),
    ...(tax > 0 && { tax: formatUsd(tax) }),
    date: dayOf(entry.createdAtMs),
    // The bonus is the next line of the log.
    balance: formatUsd(addNanoUsd(entry.balanceAfterNanoUsd, bonus)),
    reference: entry.reference,
  }
}

/** Only what a customer waits for: a page that nobody used is no news, a mismatch is the operator's. */
function orderTold({ reference }: Entry, detail: JsonObject): Told | undefined {
  if (detail['what'] !== 'closed' || detail['end'] !== 'failed' || detail['kind'] !== 'purchase')
    return undefined
  return { type: 'credit_purchase_failed', figures: { amount: usdIn(detail, 'netNanoUsd'), reference } }
}

function attemptTold({ reference }: Entry, detail: JsonObject): Told | undefined {
  const figures = { amount: usdIn(detail, 'amountNanoUsd'), reference }
  const why = readString(detail['code']) ?? ''
  switch (detail['step']) {
    case 'declined': {
      const retryAtMs = readWhole(detail['retryAtMs'])
      const next = retryAtMs !== undefined && { next_try_at: isoTime(asMillis(retryAtMs)) }
      return { type: 'credit_purchase_failed', figures: { ...figures, why, is_paused: false, ...next } }
    }
    case 'paused':
      // What was paid and not as asked for is for the operator to look at.
      if (detail['why'] === 'mismatch') return undefined
      return detail['why'] === 'needs_action'
        ? { type: 'payment_action_required', figures }
        : { type: 'credit_purchase_failed', figures: { ...figures, why, is_paused: true } }
    case 'capped': {
      const [cap, charged] = [usdIn(detail, 'monthlyCapNanoUsd'), usdIn(detail, 'chargedNanoUsd')]
      return { type: 'auto_top_up_capped', figures: { ...figures, cap, charged } }
    }
    case 'method_gone':
      return detail['isEnabled'] === true ? { type: 'saved_card_gone', figures: {} } : undefined
    default:
      return undefined
  }
}

/** What moved no money is no news yet. */
function movementTold(
  { amountNanoUsd, balanceAfterNanoUsd, reference }: Entry,
  detail: JsonObject,
  { out, back }: { readonly out: NoticeTypeName; readonly back: NoticeTypeName },
): Told | undefined {
  if (amountNanoUsd === 0) return undefined
  const ofCredit = Math.abs(Number(detail['paidNanoUsd'] ?? amountNanoUsd))
  const bonus = Math.abs(Number(detail['bonusNanoUsd'] ?? 0))
  const figures = {
    amount: formatUsd(nanoUsd(ofCredit)),
    ...(bonus > 0 && { bonus: formatUsd(nanoUsd(bonus)) }),
    balance: formatUsd(balanceAfterNanoUsd),
    reference,
  }
  return { type: amountNanoUsd < 0 ? out : back, figures }
}

/** A period that could not be collected; what becomes of the plan is decided later. */
function planTold({ reference }: Entry, detail: JsonObject): Told | undefined {
  if (detail['step'] !== 'payment_failed') return undefined
  return {
    type: 'credit_purchase_failed',
    figures: { amount: usdIn(detail, 'amountNanoUsd'), plan: readString(detail['planId']) ?? '', reference },
  }
}

/** What was cut is told when it can be paid. */
function invoiceTold({ reference }: Entry, detail: JsonObject): Told | undefined {
  const dueAtMs = readWhole(detail['dueAtMs']) ?? 0
  const payAt = readString(detail['url'])
  const figures = {
    number: reference,
    amount: usdIn(detail, 'amountNanoUsd'),
    due_on: dayOf(dueAtMs),
    reference,
    ...(payAt !== undefined && { pay_at: payAt }),
  }
  if (detail['what'] === 'overdue') {
    const suspendedAtMs = dueAtMs + (readWhole(detail['graceDays']) ?? 0) * dayMs
    return { type: 'invoice_overdue', figures: { ...figures, suspended_on: dayOf(suspendedAtMs) } }
  }
  if (detail['what'] !== 'issued') return undefined
  const [from, to] = [readWhole(detail['periodStartMs']) ?? 0, readWhole(detail['periodEndMs']) ?? 1]
  const period = `${dayOf(from)} to ${dayOf(to - 1)}`
  return {
    type: 'invoice_issued',
    figures: { ...figures, period },
  }
}

function dayOf(atMs: number): string {
  return isoTime(asMillis(atMs)).slice(0, 'YYYY-MM-DD'.length)
}

/** Rising is no bad news, and falling from depleted there is none. */
function levelTold(_entry: Entry, detail: JsonObject): Told | undefined {
  const level = readString(detail['level'])
  const figures = {
    balance: formatUsd(nanoUsd(Number(detail['balanceNanoUsd'] ?? 0))),
    threshold: usdIn(detail, 'thresholdNanoUsd'),
  }
  if (level === 'depleted') return { type: 'credit_balance_depleted', figures }
  return level === 'low' && detail['before'] === 'ok' ? { type: 'credit_balance_low', figures } : undefined
}

function limitTold({ keyNumber }: Entry, detail: JsonObject): Told {
  const endsAtMs = readWhole(detail['endsAtMs'])
  const endUser = readString(detail['endUser'])
  return {
    type: 'spend_limit_reached',
    figures: {
      percent: readWhole(detail['step']) ?? 0,
      limit: readString(detail['limit']) ?? '',
      limit_amount: usdIn(detail, 'limitNanoUsd'),
      spent: usdIn(detail, 'spentNanoUsd'),
      ...(keyNumber !== null && { key: keyNumber }),
      ...(endUser !== undefined && { end_user: endUser }),
      ...(endsAtMs !== undefined && { resets_at: isoTime(asMillis(endsAtMs)) }),
    },
  }
}

function usdIn(detail: JsonObject, name: string): string {
  return formatUsd(amountIn(detail, name))
}

function amountIn(detail: JsonObject, name: string): NanoUsd {
  return nanoUsd(readWhole(detail[name]) ?? 0)
}
