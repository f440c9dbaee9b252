// Money that comes in, and adjustments by the operator: booked once per reference, whatever is repeated.

import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, nanoUsd, negateNanoUsd } from '#core/money.ts'
import { dayMs } from '#core/clock.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type { Credit, CreditAnswer, CreditKind } from './account-commands.ts'
import type { Draft } from './draft.ts'
import { append, keepReference, referenceOf } from './draft.ts'
import type { Entry, EntryKind } from './entry.ts'
import { type Bucket, buckets, drawDetail, readBucket, withdrawalOf } from './lots.ts'
import { paymentOfCredit } from './paid-credits.ts'
import { settlePayment } from './told-facts.ts'

/** $1 million per account, either way: orders are refused above it; a payment that was received never is. */
export const balanceMaxNanoUsd = nanoUsd(1_000_000_000_000_000)

const isPaid: { readonly [Kind in CreditKind]: boolean } = {
  purchase: true,
  auto_top_up: true,
  bonus: false,
  grant: false,
  adjustment: false,
}

export function credit(draft: Draft, command: Credit): CreditAnswer {
  const { state } = draft
  const { kind, amountNanoUsd, bucket = bucketOf[kind], expiresInMs = null } = command
  const said = saidOf({ kind, amountNanoUsd, bucket, expiresInMs })
  const earlier = referenceOf(draft, 'credit', command.reference)
  if (earlier !== undefined) {
    if (earlier.said !== said) return { ok: false, code: 'reference_reused' }
    return { ok: true, seq: earlier.seq, balanceNanoUsd: state.postedNanoUsd, isRepeat: true }
  }
  if (!isSound(command)) return { ok: false, code: 'invalid_amount' }
  const balance = addNanoUsd(state.postedNanoUsd, command.amountNanoUsd)
  if (Math.abs(balance) > balanceMaxNanoUsd && !isPaid[command.kind]) {
    return { ok: false, code: 'balance_too_large' }
  }
  const { seq } = bookCredit(draft, command)
  return { ok: true, seq, balanceNanoUsd: state.postedNanoUsd, isRepeat: false }
}

/** What has been decided: neither refused nor repeated. */
export function bookCredit(draft: Draft, command: Credit): Entry {
  const { kind, reference, amountNanoUsd, reason, actor, payment } = command
  const { bucket = bucketOf[kind], expiresInMs = null } = command
  const entry = append(draft, {
    kind,
    reference,
    amountNanoUsd,
    keyNumber: null,
    detail: { reason, actor, ...lotOf(draft, command), ...(payment && { payment }) },
  })
  const said = saidOf({ kind, amountNanoUsd, bucket, expiresInMs })
  keepReference(draft, { scope: 'credit', reference, seq: entry.seq, said })
  settlePayment(draft, paymentOfCredit(reference))
  return entry
}

/** What the command said that wrote the entry, for a rebuild. */
export function saidOfCredit({ kind, amountNanoUsd, createdAtMs, detail }: Entry): string {
  const { bucket: name, expiresAtMs }: { readonly [name: string]: unknown } = isObject(detail) ? detail : {}
  const expires = readWhole(expiresAtMs)
  const expiresInMs = expires === undefined ? null : expires - createdAtMs
  return saidOf({ kind, amountNanoUsd, bucket: readBucket(name) ?? 'paid', expiresInMs })
}

function saidOf(credit: {
  kind: EntryKind
  amountNanoUsd: NanoUsd
  bucket: Bucket
  expiresInMs: number | null
}): string {
  const { kind, amountNanoUsd, bucket, expiresInMs } = credit
  return [kind, amountNanoUsd, bucket, expiresInMs].join(' ').trim()
}

const bucketOf: { readonly [Kind in CreditKind]: Bucket } = {
  purchase: 'paid',
  auto_top_up: 'paid',
  bonus: 'bonus',
  grant: 'promotional',
  adjustment: 'paid',
}

/** Which bucket it fills and until when, or where a correction takes it from. */
function lotOf({ state }: Draft, command: Credit) {
  const { kind, amountNanoUsd, bucket = bucketOf[kind], expiresInMs = null } = command
  if (amountNanoUsd < 0) {
    const amount = negateNanoUsd(amountNanoUsd)
    return drawDetail(withdrawalOf(state.lots, state.pinned, { amountNanoUsd: amount, firstSeq: null }))
  }
  return { bucket, expiresAtMs: expiresInMs === null ? null : state.nowMs + expiresInMs }
}

/** Only an adjustment may take money away; nothing books nothing. */
function isSound(command: Credit): boolean {
  const amount: unknown = command.amountNanoUsd
  if (!Number.isSafeInteger(amount) || command.amountNanoUsd === 0 || command.reference === '') return false
  if (!Object.hasOwn(isPaid, command.kind)) return false
  if (Math.abs(command.amountNanoUsd) > balanceMaxNanoUsd) return false
  if (!isLotSound(command)) return false
  return command.amountNanoUsd > 0 || command.kind === 'adjustment'
}

/** A century: more is no date. */
const expiresInMaxMs = 100 * 366 * dayMs

/** What was paid for never expires, and only a grant chooses its bucket. */
function isLotSound({ kind, bucket, expiresInMs = null }: Credit): boolean {
  if (bucket !== undefined && (kind !== 'grant' || bucket === 'paid' || !buckets.includes(bucket)))
    return false
  if (expiresInMs === null) return true
  const expires = readWhole(expiresInMs, 1)
  return expires !== undefined && expires <= expiresInMaxMs && (kind === 'grant' || kind === 'bonus')
}
