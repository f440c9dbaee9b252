// Buckets of money: every credit is a lot, and a charge draws from the lots in a fixed order. What no lot covers is one debt:
// posted = Σ lots − debt. Pure; what was drawn stands in the entry, so a replay never decides again.

import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, minNanoUsd, nanoUsd, negateNanoUsd, subtractNanoUsd, zeroNanoUsd } from '#core/money.ts'
import { readString, readWhole } from '#core/readers.ts'

/**
 * One entry tells of so many lots at most: its detail must stay whole, or a replay would not know what was drawn. The rest
 * of the amount becomes debt beside the lots that are left, which is worth the same.
 */
export const drawLotsMax = 300

/** In the order in which they are drawn: what expires soonest and was given freely goes first, what was paid for last. */
export const buckets = ['allowance', 'promotional', 'bonus', 'paid'] as const
export type Bucket = (typeof buckets)[number]

export type Lot = {
  /** The entry that brought it. */
  readonly seq: number
  readonly bucket: Bucket
  readonly remainingNanoUsd: NanoUsd
  /** Null for money that never expires. */
  readonly expiresAtMs: number | null
}

/** A part of a lot that an open hold keeps for itself. */
export type Pin = { readonly seq: number; readonly amountNanoUsd: NanoUsd }

/** Sums of pins by lot. */
export type Pinned = ReadonlyMap<number, NanoUsd>

/** One line of where a charge came from; a negative amount goes back there. A lot of its own kind stands in for one that is gone. */
export type Drawn = Lot & { readonly amountNanoUsd: NanoUsd }

export type Funds = { readonly lots: readonly Lot[]; readonly debtNanoUsd: NanoUsd }

/** What a charge takes (or, negative, gives back), lot by lot, and as debt. */
export type Draw = { readonly lots: readonly Drawn[]; readonly debtNanoUsd: NanoUsd }

export const noFunds: Funds = { lots: [], debtNanoUsd: zeroNanoUsd }
export const noDraw: Draw = { lots: [], debtNanoUsd: zeroNanoUsd }

/** Σ lots − debt. */
export function worthOf({ lots, debtNanoUsd }: Funds): NanoUsd {
  return addNanoUsd(...lots.map(({ remainingNanoUsd }) => remainingNanoUsd), negateNanoUsd(debtNanoUsd))
}

/** What of a lot no hold has pinned. */
export function freeOf(lot: Lot, pinned: Pinned): NanoUsd {
  return subtractNanoUsd(lot.remainingNanoUsd, pinned.get(lot.seq) ?? zeroNanoUsd)
}

/** The parts of free lots that a new hold keeps; less than the amount where the credit line has to stand for the rest. */
export function pinsFor(
  lots: readonly Lot[],
  pinned: Pinned,
  { amountNanoUsd, nowMs }: { amountNanoUsd: NanoUsd; nowMs: number },
): readonly Pin[] {
  const pins: Pin[] = []
  let left = amountNanoUsd
  for (const lot of lots) {
    if (left <= 0) break
    if (isExpired(lot, nowMs)) continue
    const taken = minNanoUsd(freeOf(lot, pinned), left)
    if (taken <= 0) continue
    pins.push({ seq: lot.seq, amountNanoUsd: taken })
    left = subtractNanoUsd(left, taken)
  }
  return pins
}

/** An extension pins more of what is pinned already, and of other lots. */
export function mergedPins(pins: readonly Pin[], more: readonly Pin[]): readonly Pin[] {
  const sums = new Map(pins.map(({ seq, amountNanoUsd }) => [seq, amountNanoUsd]))
  for (const { seq, amountNanoUsd } of more)
    sums.set(seq, addNanoUsd(sums.get(seq) ?? zeroNanoUsd, amountNanoUsd))
  return [...sums].map(([seq, amountNanoUsd]) => ({ seq, amountNanoUsd }))
}

/**
 * Where a charge comes from: the call's own pins first (of an expired lot as well), then what is free, then debt. `pinned`
 * are the pins of the other holds.
 */
export function drawFor(
  lots: readonly Lot[],
  pinned: Pinned,
  { amountNanoUsd, pins, nowMs }: { amountNanoUsd: NanoUsd; pins: readonly Pin[]; nowMs: number },
): Draw {
  const own = new Map(pins.map((pin) => [pin.seq, pin.amountNanoUsd]))
  const taken = new Map<number, NanoUsd>()
  let left = amountNanoUsd
  const take = (lot: Lot, most: NanoUsd) => {
    const amount = minNanoUsd(most, left)
    if (amount <= 0 || (taken.size >= drawLotsMax && !taken.has(lot.seq))) return
    taken.set(lot.seq, addNanoUsd(taken.get(lot.seq) ?? zeroNanoUsd, amount))
    left = subtractNanoUsd(left, amount)
  }
  for (const lot of lots) take(lot, minNanoUsd(own.get(lot.seq) ?? zeroNanoUsd, lot.remainingNanoUsd))
  for (const lot of lots) {
    if (isExpired(lot, nowMs)) continue
    take(lot, subtractNanoUsd(freeOf(lot, pinned), taken.get(lot.seq) ?? zeroNanoUsd))
  }
  const drawn = lots.flatMap((lot) => {
    const amount = taken.get(lot.seq)
    return amount === undefined ? [] : [{ ...lot, amountNanoUsd: amount }]
  })
  return { lots: drawn, debtNanoUsd: left }
}

/**
 * The way back of a part of a draw: what was drawn last returns first, the debt before any lot. What has been paid of that
 * debt since was paid with money, and is money again: a paid lot of the entry (`seq`) that gives it back.
 */
export function returnOf(
  draw: Draw,
  { amountNanoUsd, debtNanoUsd, seq }: { amountNanoUsd: NanoUsd; debtNanoUsd: NanoUsd; seq: number },
): Draw {
  let left = amountNanoUsd
  const take = (most: NanoUsd) => {
    const back = minNanoUsd(most, left)
    left = subtractNanoUsd(left, back)
    return back
  }
  const wasDebt = take(draw.debtNanoUsd)
  const lots = draw.lots.toReversed().flatMap((drawn) => {
    const back = take(drawn.amountNanoUsd)
    return back > 0 ? [{ ...drawn, amountNanoUsd: negateNanoUsd(back) }] : []
  })
  const debt = minNanoUsd(wasDebt, debtNanoUsd)
  const paid = subtractNanoUsd(wasDebt, debt)
  const lot = { seq, bucket: 'paid' as const, remainingNanoUsd: zeroNanoUsd, expiresAtMs: null }
  return {
    lots: paid > 0 ? [...lots, { ...lot, amountNanoUsd: negateNanoUsd(paid) }] : lots,
    debtNanoUsd: negateNanoUsd(debt),
  }
}

/** What several draws and returns of one call come to: what of it may still be given back. */
export function netDraw(draws: readonly Draw[]): Draw {
  const sums = new Map<number, Drawn>()
  let { debtNanoUsd } = noDraw
  for (const draw of draws) {
    debtNanoUsd = addNanoUsd(debtNanoUsd, draw.debtNanoUsd)
    for (const drawn of draw.lots) {
      const before = sums.get(drawn.seq)?.amountNanoUsd ?? zeroNanoUsd
      sums.set(drawn.seq, { ...drawn, amountNanoUsd: addNanoUsd(before, drawn.amountNanoUsd) })
    }
  }
  const lots = [...sums.values()]
  // Debt that was paid meanwhile came back as a lot that the call never drew from: it is no debt of the call's any more.
  const cameBack = lots.filter(({ amountNanoUsd }) => amountNanoUsd < 0)
  return {
    lots: lots.filter(({ amountNanoUsd }) => amountNanoUsd > 0),
    debtNanoUsd: addNanoUsd(debtNanoUsd, ...cameBack.map(({ amountNanoUsd }) => amountNanoUsd)),
  }
}

/** All that a draw takes. */
export function takenBy({ lots, debtNanoUsd }: Draw): NanoUsd {
  return addNanoUsd(debtNanoUsd, ...lots.map(({ amountNanoUsd }) => amountNanoUsd))
}

/** The funds after a draw. A lot that is used up and pinned by nobody is forgotten; one that gets something back is there again. */
export function afterDraw(funds: Funds, draw: Draw): Funds {
  let { lots } = funds
  for (const { amountNanoUsd, ...drawn } of draw.lots) {
    const before = lots.find(({ seq }) => seq === drawn.seq) ?? { ...drawn, remainingNanoUsd: zeroNanoUsd }
    const after = { ...before, remainingNanoUsd: subtractNanoUsd(before.remainingNanoUsd, amountNanoUsd) }
    lots = withLot(lots, after)
  }
  return { lots, debtNanoUsd: addNanoUsd(funds.debtNanoUsd, draw.debtNanoUsd) }
}

/** A new lot; money that was paid pays the debt first. */
export function afterCredit(funds: Funds, lot: Lot): Funds {
  const paysDebt = lot.bucket === 'paid' ? minNanoUsd(funds.debtNanoUsd, lot.remainingNanoUsd) : zeroNanoUsd
  const rest = { ...lot, remainingNanoUsd: subtractNanoUsd(lot.remainingNanoUsd, paysDebt) }
  return {
    lots: withLot(funds.lots, rest),
    debtNanoUsd: subtractNanoUsd(funds.debtNanoUsd, paysDebt),
  }
}

/** Money that is taken away (a refund to the card, a correction): the named lot first, then paid ones, the newest first, then the others, then debt. */
export function withdrawalOf(
  lots: readonly Lot[],
  pinned: Pinned,
  { amountNanoUsd, firstSeq }: { amountNanoUsd: NanoUsd; firstSeq: number | null },
): Draw {
  const rank = (lot: Lot) => (lot.seq === firstSeq ? 0 : lot.bucket === 'paid' ? 1 : 2)
  const order = lots.toSorted((a, b) => rank(a) - rank(b) || b.seq - a.seq)
  let left = amountNanoUsd
  let touched = 0
  const drawn = order.flatMap((lot) => {
    const amount = minNanoUsd(freeOf(lot, pinned), left)
    if (amount <= 0 || touched >= drawLotsMax) return []
    touched += 1
    left = subtractNanoUsd(left, amount)
    return [{ ...lot, amountNanoUsd: amount }]
  })
  return { lots: drawn, debtNanoUsd: left }
}

/** What of the expired lots nobody has pinned: it is to be taken away now. */
export function expiredParts(lots: readonly Lot[], pinned: Pinned, nowMs: number): readonly Drawn[] {
  return lots.flatMap((lot) => {
    const free = freeOf(lot, pinned)
    return isExpired(lot, nowMs) && free > 0 ? [{ ...lot, amountNanoUsd: free }] : []
  })
}

/** When the next free part of a lot expires; undefined where none ever does. */
export function nextExpiryMs(lots: readonly Lot[], pinned: Pinned): number | undefined {
  const times = lots.flatMap((lot) =>
    lot.expiresAtMs !== null && freeOf(lot, pinned) > 0 ? [lot.expiresAtMs] : [],
  )
  return times.length === 0 ? undefined : times.reduce((first, time) => Math.min(first, time))
}

export function isExpired(lot: Lot, nowMs: number): boolean {
  return lot.expiresAtMs !== null && lot.expiresAtMs <= nowMs
}

function withLot(lots: readonly Lot[], changed: Lot): readonly Lot[] {
  const others = lots.filter(({ seq }) => seq !== changed.seq)
  return changed.remainingNanoUsd === zeroNanoUsd ? others : [...others, changed].sort(inDrawOrder)
}

/** By bucket, then what expires first, then the oldest. */
function inDrawOrder(a: Lot, b: Lot): number {
  const rank = buckets.indexOf(a.bucket) - buckets.indexOf(b.bucket)
  if (rank !== 0) return rank
  const never = Number.MAX_SAFE_INTEGER
  return (a.expiresAtMs ?? never) - (b.expiresAtMs ?? never) || a.seq - b.seq
}

// ── As they stand in an entry ────────────────────────────────────────────────────────────────────────────────────

/** `[seq, amount, bucket, expiry]` per lot: short, because every charge carries it. */
export type DrawDetail = {
  readonly draw: readonly (readonly [number, number, string, number | null])[]
  readonly debtNanoUsd: number
}

export function drawDetail(draw: Draw): DrawDetail {
  return {
    draw: draw.lots.map(({ seq, amountNanoUsd, bucket, expiresAtMs }) => [
      seq,
      amountNanoUsd,
      bucket,
      expiresAtMs,
    ]),
    debtNanoUsd: draw.debtNanoUsd,
  }
}

export function readDraw(detail: { readonly [name: string]: unknown }): Draw {
  const rows: unknown = detail['draw']
  const lots = (Array.isArray(rows) ? rows : []).flatMap((row: unknown) => readDrawn(row))
  return { lots, debtNanoUsd: readSigned(detail['debtNanoUsd']) }
}

function readDrawn(row: unknown): Drawn[] {
  if (!Array.isArray(row)) return []
  const [seq, amount, name, expiresAtMs]: readonly unknown[] = row
  const bucket = readBucket(name)
  const whole = readWhole(seq)
  if (whole === undefined || bucket === undefined) return []
  return [
    {
      seq: whole,
      amountNanoUsd: readSigned(amount),
      bucket,
      expiresAtMs: readWhole(expiresAtMs) ?? null,
      remainingNanoUsd: zeroNanoUsd,
    },
  ]
}

export function readBucket(value: unknown): Bucket | undefined {
  const name = readString(value)
  return buckets.find((bucket) => bucket === name)
}

function readSigned(value: unknown): NanoUsd {
  return typeof value === 'number' && Number.isSafeInteger(value) ? nanoUsd(value) : zeroNanoUsd
}
