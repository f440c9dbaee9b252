// A charge that is given back by the operator's hand, whole or in parts: never more than was charged, and to where it came
// from. The tokens of a plan that it took go back with the money, as long as their period runs.

import type { CallId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, minNanoUsd, nanoUsd, negateNanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import type { Reverse, ReverseAnswer } from './account-commands.ts'
import { type Taken, readTaken, takenDetail } from './allowances.ts'
import { admitWithinMs, callTimeOf } from './call-time.ts'
import { type Draft, append, keepReference, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import { expireLots } from './lot-expiry.ts'
import { type Draw, drawDetail, isExpired, netDraw, readDraw, returnOf, takenBy } from './lots.ts'
import type { State } from './state.ts'

/** A call has one or two charges; so many parts of them may be given back, each looked at by every further one. */
export const entriesPerCallMax = 50

export function reverse(draft: Draft, command: Reverse): ReverseAnswer {
  return reverseSome(draft, command, (leftNanoUsd) => command.amountNanoUsd ?? leftNanoUsd)
}

/** As it was booked in an epoch that is closed: of what the command gave back then, as much as has not been given back since. */
export function reverseAgain(draft: Draft, command: Reverse, onceNanoUsd: NanoUsd): ReverseAnswer {
  return reverseSome(draft, command, (leftNanoUsd) => minNanoUsd(onceNanoUsd, leftNanoUsd))
}

function reverseSome(
  draft: Draft,
  command: Reverse,
  amountOf: (leftNanoUsd: NanoUsd) => NanoUsd,
): ReverseAnswer {
  const { state } = draft
  const earlier = referenceOf(draft, 'reversal', command.reference)
  if (earlier !== undefined) {
    const amount = Number(earlier.said.split(' ').at(-1))
    if (earlier.said !== said(command, amount)) return { ok: false, code: 'reference_reused' }
    const { postedNanoUsd: balanceNanoUsd } = state
    return { ok: true, seq: earlier.seq, amountNanoUsd: nanoUsd(amount), balanceNanoUsd, isRepeat: true }
  }
  if (!isSound(command)) return { ok: false, code: 'invalid_amount' }
  const entries = entriesOf(draft, command.callId)
  const [charge] = entries
  if (charge === undefined) return { ok: false, code: 'no_such_charge' }
  const draw = netDraw(entries.map(drawOf))
  const leftNanoUsd = takenBy(draw)
  const amountNanoUsd = amountOf(leftNanoUsd)
  const taken = takenBack(state, entries, { amountNanoUsd, isWhole: amountNanoUsd === leftNanoUsd })
  const isNothing = amountNanoUsd <= 0 && taken === null
  if (isNothing || amountNanoUsd > leftNanoUsd || entries.length >= entriesPerCallMax)
    return { ok: false, code: 'beyond_charge', leftNanoUsd }
  const entry = book(draft, command, { charge, draw, amountNanoUsd, taken })
  return { ok: true, seq: entry.seq, amountNanoUsd, balanceNanoUsd: state.postedNanoUsd, isRepeat: false }
}

type Way = { charge: Entry; draw: Draw; amountNanoUsd: NanoUsd; taken: Taken | null }

function book(draft: Draft, command: Reverse, { charge, draw, amountNanoUsd, taken }: Way): Entry {
  const { headSeq, debtNanoUsd, nowMs } = draft.state
  const back = returnOf(draw, { amountNanoUsd, debtNanoUsd, seq: headSeq + 1 })
  const over = back.lots.filter((lot) => isExpired(lot, nowMs)).map((lot) => lot.amountNanoUsd)
  const entry = append(draft, {
    kind: 'reversal',
    reference: command.callId,
    amountNanoUsd,
    keyNumber: charge.keyNumber,
    detail: {
      command: command.reference,
      asked: command.amountNanoUsd,
      reason: command.reason,
      actor: command.actor,
      // Counted where the charge was counted.
      admittedAtMs: admittedAtOf(charge),
      expiredNanoUsd: negateNanoUsd(addNanoUsd(...over)),
      ...drawDetail(back),
      ...takenDetail(taken),
    },
  })
  keepReference(draft, {
    scope: 'reversal',
    reference: command.reference,
    seq: entry.seq,
    said: saidOfReversal(entry),
  })
  // A lot whose time is over stays over: what returned to it expires in the same commit.
  expireLots(draft)
  return entry
}

/** The same share of the tokens as of the money, all of them with its last part; null where none go back. */
function takenBack(
  { allowances }: State,
  entries: readonly Entry[],
  { amountNanoUsd, isWhole }: { amountNanoUsd: NanoUsd; isWhole: boolean },
): Taken | null {
  const [first] = takensOf(entries)
  if (first === undefined || first.periodStartMs !== allowances.period?.startMs) return null
  const isBack = ({ kind }: Entry) => kind === 'reversal'
  const [back, charges] = [entries.filter(isBack), entries.filter((entry) => !isBack(entry))]
  const units = unitsOf(charges)
  const charged = 0 - sumOf(charges)
  const isAll = isWhole || charged <= 0
  const share = () => Number((BigInt(units) * BigInt(sumOf(back) + amountNanoUsd)) / BigInt(charged))
  const more = (isAll ? units : Math.min(units, share())) + unitsOf(back)
  return more > 0 ? { ...first, units: 0 - more } : null
}

function takensOf(entries: readonly Entry[]): readonly Taken[] {
  return entries.flatMap(({ detail }) => (isObject(detail) ? (readTaken(detail) ?? []) : []))
}

function unitsOf(entries: readonly Entry[]): number {
  return takensOf(entries).reduce((sum, { units }) => sum + units, 0)
}

function sumOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0)
}

/** The tokens that a call's charges took and that have not been given back. */
export function remainingUnits(draft: Draft, callId: CallId): number {
  return unitsOf(entriesOf(draft, callId))
}

/** What of a call's charges has not been given back yet, and where it came from. */
export function remainingDraw(draft: Draft, callId: CallId): Draw {
  return netDraw(entriesOf(draft, callId).map(drawOf))
}

/** For a rebuild: the command that wrote the entry, and what it said. */
export function commandOfReversal({ detail }: Entry): string {
  return (isObject(detail) ? readString(detail['command']) : undefined) ?? ''
}

export function saidOfReversal({ reference, amountNanoUsd, detail }: Entry): string {
  const asked = isObject(detail) ? readWhole(detail['asked']) : undefined
  return `${reference} ${asked ?? 'all'} ${amountNanoUsd}`
}

function said({ callId, amountNanoUsd }: Reverse, reversed: number): string {
  return `${callId} ${amountNanoUsd ?? 'all'} ${reversed}`
}

/** The call's charges and what was given back of them, oldest first, also those of this very group. */
function entriesOf(draft: Draft, callId: CallId): readonly Entry[] {
  const bornAtMs = callTimeOf(callId)
  if (bornAtMs === undefined) return []
  const stored = draft.context.lookup.moneyOfCall(callId, bornAtMs - admitWithinMs, entriesPerCallMax)
  return [...stored, ...draft.entries.filter((entry) => isMoneyOfCall(entry, callId))]
}

export function isMoneyOfCall({ kind, reference }: Entry, callId: CallId): boolean {
  return reference === callId && (kind === 'usage' || kind === 'late' || kind === 'reversal')
}

function drawOf({ detail }: Entry): Draw {
  return readDraw(isObject(detail) ? detail : {})
}

function admittedAtOf({ detail, createdAtMs }: Entry): number {
  return (isObject(detail) ? readWhole(detail['admittedAtMs']) : undefined) ?? createdAtMs
}

function isSound({ reference, amountNanoUsd, callId }: Reverse): boolean {
  const isAmount = amountNanoUsd === null || readWhole(amountNanoUsd, 1) !== undefined
  return isAmount && reference !== '' && callTimeOf(callId) !== undefined
}
