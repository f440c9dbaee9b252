// What one entry is to a listener (events.ts): money that came in or went back, a limit, a payment that failed, an invoice. Pure.
// docs/webhooks.md says which notice it stands beside.

import { type NanoUsd, nanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import type { Entry, EntryKind } from './entry.ts'

type Shared = {
  readonly seq: number
  /** Behind the entry. */
  readonly balanceNanoUsd: NanoUsd
  readonly atMs: number
}

export type EntryEvent = Shared &
  (
    | { readonly event: 'top_up'; readonly kind: EntryKind; readonly amountNanoUsd: NanoUsd }
    /** Signed: what a bank did not take, or gave back after all, comes back. */
    | { readonly event: 'refund' | 'dispute'; readonly amountNanoUsd: NanoUsd; readonly reference: string }
    | {
        readonly event: 'limit_reached'
        readonly percent: number
        readonly limit: string
        readonly limitNanoUsd: NanoUsd
        readonly spentNanoUsd: NanoUsd
        readonly keyNumber: number | null
        readonly endUser: string | null
        /** Null for a limit that never begins anew. */
        readonly endsAtMs: number | null
      }
    | {
        readonly event: 'payment_failed' | 'payment_action_required'
        readonly amountNanoUsd: NanoUsd
        readonly reference: string
        /** As the bank says it. */
        readonly why: string | null
        readonly nextTryAtMs: number | null
      }
    | {
        readonly event: 'invoice_issued' | 'invoice_overdue'
        readonly amountNanoUsd: NanoUsd
        readonly reference: string
        readonly dueAtMs: number | null
        /** Where it can be paid. */
        readonly url: string | null
      }
  )

type Detail = { readonly [name: string]: unknown }

/** Undefined for what shows in the balance alone. */
export function eventOfEntry(entry: Entry): EntryEvent | undefined {
  const detail: Detail = isObject(entry.detail) ? entry.detail : {}
  const { seq, kind, amountNanoUsd, balanceAfterNanoUsd, createdAtMs, reference } = entry
  const shared = { seq, balanceNanoUsd: balanceAfterNanoUsd, atMs: createdAtMs }
  switch (kind) {
    case 'refund':
    case 'dispute':
      return amountNanoUsd === 0 ? undefined : { ...shared, event: kind, amountNanoUsd, reference }
    case 'limit_reached':
      return { ...shared, event: 'limit_reached', keyNumber: entry.keyNumber, ...limitOf(detail) }
    case 'attempt':
      return attemptEvent(detail, { ...shared, reference })
    case 'order':
      return detail['what'] === 'closed' && detail['end'] === 'failed'
        ? failed({ ...shared, reference, amountNanoUsd: amountIn(detail, 'netNanoUsd') })
        : undefined
    case 'invoice':
      return invoiceEvent(detail, { ...shared, reference })
    // Of a subscription: the money of its next period did not come.
    case 'plan':
      return detail['step'] === 'payment_failed'
        ? failed({ ...shared, reference, amountNanoUsd: amountIn(detail, 'amountNanoUsd') })
        : undefined
    default:
      return amountNanoUsd > 0 && topUpKinds.has(kind)
        ? { ...shared, event: 'top_up', kind, amountNanoUsd }
        : undefined
  }
}

const topUpKinds: ReadonlySet<EntryKind> = new Set([
  'purchase',
  'auto_top_up',
  'bonus',
  'grant',
  'adjustment',
  'allowance',
])

function limitOf(detail: Detail) {
  return {
    percent: readWhole(detail['step']) ?? 0,
    limit: readString(detail['limit']) ?? '',
    limitNanoUsd: amountIn(detail, 'limitNanoUsd'),
    spentNanoUsd: amountIn(detail, 'spentNanoUsd'),
    endUser: readString(detail['endUser']) ?? null,
    endsAtMs: readWhole(detail['endsAtMs']) ?? null,
  }
}

type Named = Shared & { readonly reference: string }

function failed(said: Named & { readonly amountNanoUsd: NanoUsd }): EntryEvent {
  return { ...said, event: 'payment_failed', why: null, nextTryAtMs: null }
}

/** What was paid and not as asked for is for the operator to look at. */
function attemptEvent(detail: Detail, shared: Named): EntryEvent | undefined {
  const isTold =
    detail['step'] === 'declined' || (detail['step'] === 'paused' && detail['why'] !== 'mismatch')
  if (!isTold) return undefined
  return {
    ...shared,
    event: detail['why'] === 'needs_action' ? 'payment_action_required' : 'payment_failed',
    amountNanoUsd: amountIn(detail, 'amountNanoUsd'),
    why: readString(detail['code']) ?? null,
    nextTryAtMs: readWhole(detail['retryAtMs']) ?? null,
  }
}

function invoiceEvent(detail: Detail, shared: Named): EntryEvent | undefined {
  const what = detail['what']
  if (what !== 'issued' && what !== 'overdue') return undefined
  return {
    ...shared,
    event: what === 'issued' ? 'invoice_issued' : 'invoice_overdue',
    amountNanoUsd: amountIn(detail, 'amountNanoUsd'),
    dueAtMs: readWhole(detail['dueAtMs']) ?? null,
    url: readString(detail['url']) ?? null,
  }
}

function amountIn(detail: Detail, name: string): NanoUsd {
  return nanoUsd(readWhole(detail[name]) ?? 0)
}
