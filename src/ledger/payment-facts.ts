// What may happen to a payment after it was made, and what of its credit should have gone back by now. Pure figures: the target
// follows from the set of facts alone, so that any order of messages, with any repeats, ends in the same books.

import type { Json } from '#core/errors.ts'
import {
  addNanoUsd,
  maxNanoUsd,
  minNanoUsd,
  nanoUsd,
  shareRoundedUpOf,
  zeroNanoUsd,
  type NanoUsd,
} from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { boundedText } from './detail.ts'

export const factKinds = ['refund', 'dispute', 'fraud_warning'] as const
export type FactKind = (typeof factKinds)[number]

export type Fact = {
  readonly id: string
  readonly kind: FactKind
  /** Only grows: the rank of a refund's status, the count of a dispute's movements with its status. The highest one stands. */
  readonly version: number
  /** What it has taken of the payment by now. */
  readonly takenNanoUsd: NanoUsd
  /** A dispute that is undecided, a warning that nobody has settled. */
  readonly isOpen: boolean
}

/** Of one payment, so that its record fits an entry; beyond them a human decides. */
export const factsPerPaymentMax = 32

/** $1 million: no payment is larger. */
export const takenMaxNanoUsd = nanoUsd(1_000_000_000_000_000)

/** A refund's statuses as versions. One of ours is **requested** before anybody outside knows of it. */
export const refundVersions = { requested: 1, pending: 2, succeeded: 3, failed: 4 } as const

/** All that is known of one payment, and what of it has been booked. */
export type PaymentRecord = {
  readonly receivedNanoUsd: NanoUsd | null
  /** In the order in which they were first heard of. */
  readonly facts: readonly Fact[]
  /** Gone back of the credit, and of its bonus. */
  readonly paidNanoUsd: NanoUsd
  readonly bonusNanoUsd: NanoUsd
  /** What of the bonus was still there to be taken; the rest was spent, and came out of paid money. */
  readonly bonusLotNanoUsd: NanoUsd
  readonly bonusExpiresAtMs: number | null
  /** Its credit has not come yet. */
  readonly isWaiting: boolean
}

export const emptyRecord: PaymentRecord = {
  receivedNanoUsd: null,
  facts: [],
  paidNanoUsd: zeroNanoUsd,
  bonusNanoUsd: zeroNanoUsd,
  bonusLotNanoUsd: zeroNanoUsd,
  bonusExpiresAtMs: null,
  isWaiting: false,
}

/** What a payment brought. */
export type Credited = { readonly paidNanoUsd: NanoUsd; readonly bonusNanoUsd: NanoUsd }

/** Never more than was credited. The bonus goes in proportion, rounded up, and wholly with the last of the payment. */
export function targetOf(
  record: PaymentRecord,
  { paidNanoUsd: paid, bonusNanoUsd: bonus }: Credited,
): Credited {
  const taken = maxNanoUsd(zeroNanoUsd, addNanoUsd(...record.facts.map(({ takenNanoUsd }) => takenNanoUsd)))
  // Tax was received and never credited: it goes back with its share of what was.
  const received = record.receivedNanoUsd ?? paid
  const target = received <= 0 ? zeroNanoUsd : shareRoundedUpOf(paid, minNanoUsd(taken, received), received)
  return {
    paidNanoUsd: target,
    bonusNanoUsd: paid <= 0 ? zeroNanoUsd : shareRoundedUpOf(bonus, target, paid),
  }
}

/** Those of the told facts that say something new, one per id. */
export function newFacts(known: readonly Fact[], told: readonly Fact[]): readonly Fact[] {
  const newest = new Map<string, Fact>()
  for (const fact of told) {
    const before = newest.get(fact.id) ?? known.find(({ id }) => id === fact.id)
    if (before === undefined || before.version < fact.version) newest.set(fact.id, fact)
  }
  return [...newest.values()]
}

export function withFact(record: PaymentRecord, fact: Fact): PaymentRecord {
  const isKnown = record.facts.some(({ id }) => id === fact.id)
  const replaced = record.facts.map((one) => (one.id === fact.id ? fact : one))
  return { ...record, facts: isKnown ? replaced : [...record.facts, fact] }
}

/** What was received only grows: a later telling knows no less. */
export function withReceived(record: PaymentRecord, receivedNanoUsd: NanoUsd | null): PaymentRecord {
  const before = record.receivedNanoUsd
  if (receivedNanoUsd === null) return record
  return {
    ...record,
    receivedNanoUsd: before === null ? receivedNanoUsd : maxNanoUsd(before, receivedNanoUsd),
  }
}

// ── As they stand in an entry and in the row of a payment ────────────────────────────────────────────────────────

export function factDetail({ id, kind, version, takenNanoUsd, isOpen }: Fact): Json {
  return [id, kind, version, takenNanoUsd, isOpen]
}

export function recordDetail(record: PaymentRecord): { readonly [name: string]: Json } {
  return { ...record, facts: record.facts.map(factDetail) }
}

export function readFactDetail(value: unknown): Fact | undefined {
  if (!Array.isArray(value)) return undefined
  const [id, kind, version, takenNanoUsd, isOpen]: readonly unknown[] = value
  return readFact({ id, kind, version, takenNanoUsd, isOpen })
}

/** A fact as a command tells it. */
export function readFact(value: unknown): Fact | undefined {
  if (!isObject(value)) return undefined
  const id = readString(value['id'])
  const kind = factKinds.find((name) => name === value['kind'])
  const version = readWhole(value['version'])
  const taken = readWhole(value['takenNanoUsd'])
  const isOpen = value['isOpen']
  if (id === undefined || id === '' || boundedText(id) !== id) return undefined
  if (kind === undefined || version === undefined || taken === undefined) return undefined
  if (typeof isOpen !== 'boolean') return undefined
  return { id, kind, version, takenNanoUsd: nanoUsd(taken), isOpen }
}

export function readRecord(value: unknown): PaymentRecord | undefined {
  if (!isObject(value) || !Array.isArray(value['facts'])) return undefined
  const facts = value['facts'].flatMap((fact: unknown) => readFactDetail(fact) ?? [])
  const received = readWhole(value['receivedNanoUsd'])
  return {
    receivedNanoUsd: received === undefined ? null : nanoUsd(received),
    facts,
    paidNanoUsd: nanoUsd(readWhole(value['paidNanoUsd']) ?? 0),
    bonusNanoUsd: nanoUsd(readWhole(value['bonusNanoUsd']) ?? 0),
    bonusLotNanoUsd: nanoUsd(readWhole(value['bonusLotNanoUsd']) ?? 0),
    bonusExpiresAtMs: readWhole(value['bonusExpiresAtMs']) ?? null,
    isWaiting: value['isWaiting'] === true,
  }
}
