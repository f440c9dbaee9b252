// When all is quiet: nothing is held, everything is confirmed, and every call and every credit stands in the books exactly
// once, as the outside remembers it.

import { chargeOf, netOf } from './books.ts'
import type { Line } from './line.ts'
import { presently } from './turn.ts'
import type { CallId } from '#core/ids.ts'
import { isObject } from '#core/readers.ts'
import type { Entry } from '#ledger/entry.ts'
import { Violation } from './violation.ts'
import type { KnownCall } from './oracle.ts'
import { isMetered } from './payments.ts'
import type { Setting } from './setting.ts'

export function checkQuiet(world: Setting): void {
  const { books, entries, captures } = world
  books.check()
  if (books.openHolds().size > 0) throw new Violation('I10', 'holds are open for ever')
  if (entries.pending + captures.pending > 0) throw new Violation('I10', 'a queue is not empty')
  checkMirror(world)
  checkCredits(world)
  checkWindows(world)
  checkReversals(world)
  checkStrays(world)
  checkSettings(world)
  world.oracle.payments.checkQuiet(books.lines, world.oracle.askedCredits, lateReferences(world))
  for (const [callId, call] of world.oracle.calls) checkCall(world, callId, call)
  world.oracle.claims.checkQuiet((callId) => netOf(books.byCall.get(callId) ?? nothing))
  for (const callId of books.byCall.keys()) {
    if (!isMetered({ reference: callId }) && !world.oracle.calls.has(callId as never))
      throw new Violation('I5', `${callId} was charged and never asked for`)
  }
}

/** I8 at rest: Postgres has every entry, the same sum, the same charge of every call. */
function checkMirror({ books, postgres, accountId }: Setting): void {
  const charges = postgres.charges()
  const mark = postgres.marks.get(`${accountId} ${books.epoch}`)
  if (mark?.seq !== books.lines.length)
    throw new Violation('I10', `Postgres has ${mark?.seq ?? 0} of ${books.lines.length} entries`)
  if (mark.sumNanoUsd !== books.sumNanoUsd) throw new Violation('I8', 'Postgres has another sum')
  for (const [callId, booked] of books.byCall) {
    if (charges.get(callId) !== chargeOf(booked))
      throw new Violation('I8', `Postgres has another charge of ${callId}`)
  }
}

const midnightMs = Date.UTC(2026, 11, 1)
/** Nearer to midnight the clocks may disagree about the day. */
const nearMs = 10_000

/** A call counts in the window of its admission, whenever it was captured. */
function checkWindows({ books, oracle, host, plan }: Setting): void {
  for (let number = 1; number <= plan.keys; number += 1) {
    const view = presently(host.look().keyView(number))
    const day = view?.budgets.find(({ window }) => window === 'day')
    if (day === undefined) continue
    let least = 0
    let most = 0
    for (const [callId, call] of oracle.calls) {
      if (call.plan?.keyNumber !== number) continue
      const total = netOf(books.byCall.get(callId) ?? nothing)
      const at = call.admittedAtMs
      // What a forgotten call cost is told with its age: on the last way to the object it ages unseen, and seems younger.
      if (at === undefined || call.isOrphan || at > midnightMs - nearMs) most += total
      if (at !== undefined && at > midnightMs + nearMs) least += total
    }
    // What is metered is charged when it is booked, by the object's own clock.
    for (const line of books.lines.filter(isMetered)) {
      if (line.keyNumber !== number || line.createdAtMs < midnightMs) continue
      most -= line.amountNanoUsd
      least -= line.amountNanoUsd
    }
    if (day.usedNanoUsd < least || day.usedNanoUsd > most)
      throw new Violation('window', `key ${number} has used ${day.usedNanoUsd}, not ${least} to ${most}`)
  }
}

const creditKinds = new Set(['purchase', 'auto_top_up', 'bonus', 'grant', 'adjustment'])

/** Of what came too late for its epoch. */
function lateReferences({ postgres }: Setting): Set<string> {
  const strays = [...postgres.findings.values()].filter(({ kind }) => kind === 'stray')
  return new Set(strays.map(({ detail }) => (detail as { entry: Entry }).entry.reference))
}

/** I7: once each, with the amount that was said. */
function checkCredits({ books, oracle }: Setting): void {
  const seen = new Set<string>()
  for (const { kind, reference, amountNanoUsd } of books.lines) {
    if (!creditKinds.has(kind)) continue
    if (seen.has(reference)) throw new Violation('I7', `${reference} is credited twice`)
    seen.add(reference)
    if (oracle.askedCredits.get(reference) !== amountNanoUsd)
      throw new Violation('I7', `${reference} has another amount`)
  }
  for (const reference of oracle.credits.keys())
    if (!seen.has(reference)) throw new Violation('I7', `${reference} was acknowledged and is gone`)
}

const toldKinds = new Set(['key', 'plan', 'refund', 'reversal', 'settings'])

/** What came too late for its epoch is booked in the one that stands, or a repeat of it was. */
function checkStrays({ books, postgres, oracle }: Setting): void {
  for (const { kind, detail } of postgres.findings.values()) {
    if (kind !== 'stray') continue
    const { entry } = detail as { entry: Entry }
    const { kind: what, reference, epoch, seq, keyNumber } = entry
    const isCharge = what === 'usage' || what === 'late'
    const { payment, command } = readDetail(entry)
    const isThere = isCharge
      ? books.byCall.has(reference)
      : books.lines.some(
          (line) =>
            line.kind === what &&
            (what === 'reversal' ? line.detail['command'] === command : line.reference === reference),
        ) ||
        (what === 'reversal' && netOf(books.byCall.get(reference) ?? nothing) === 0)
    // What it was about may have been lost for good.
    const about =
      what === 'key'
        ? `key ${keyNumber}`
        : what === 'reversal'
          ? reference
          : typeof payment === 'string'
            ? payment
            : undefined
    // An order has the name of its credit, which may be lost all the same.
    const isIt = (line: Line) => line.reference === about && (what !== 'refund' || creditKinds.has(line.kind))
    const isAbout = about === undefined || books.lines.some(isIt)
    // What was told of a payment is told again whole.
    const isFact = what === 'refund' && !('asked' in readDetail(entry))
    const isTold = (isCharge || creditKinds.has(what) || toldKinds.has(what)) && !isFact
    if (isTold && isAbout && !isThere)
      throw new Violation('I8', `entry ${epoch}:${seq} (${what}) came too late and is lost`)
  }
  if (postgres.epochs.some(({ step }) => step !== 'done')) throw new Violation('I10', 'a rebuild never ends')
  if (oracle.isLost) throw new Violation('I10', 'a lost account stays lost')
}

const epochFactor = 1e6

/** What was decided last stands, in whatever order the lines of a closed epoch were booked again. */
function checkSettings({ books, postgres }: Setting): void {
  // An epoch opens when the one before it is over; the numbers of two may be the same.
  const placeOf = ({ epoch, seq }: Pick<Entry, 'epoch' | 'seq'>) => epoch * epochFactor + seq
  const lines = books.lines.filter(({ kind, reference }) => kind === 'settings' && !isOther(reference))
  const places = new Map(lines.map((line) => [line.reference, placeOf(line)]))
  for (const { kind, detail } of postgres.findings.values()) {
    const { entry } = detail as { entry?: Entry }
    if (kind !== 'stray' || entry?.kind !== 'settings' || isOther(entry.reference)) continue
    const { reference } = entry
    places.set(reference, Math.min(placeOf(entry), places.get(reference) ?? Infinity))
  }
  // One that was booked again after a later one says nothing any more.
  const saysIt = (settings: unknown) => isObject(settings) && settings['isFrozen'] !== undefined
  const standing = lines.findLast(({ detail }) => saysIt(detail['settings']))?.reference
  const [newest] = lines.toSorted((a, b) => (places.get(b.reference) ?? 0) - (places.get(a.reference) ?? 0))
  if (standing !== newest?.reference)
    throw new Violation('I8', `${standing} stands, ${newest?.reference} was decided last`)
}

/** Says nothing of whether the account is frozen. */
function isOther(reference: string): boolean {
  return reference.endsWith('postpaid')
}

function readDetail({ detail }: Entry): { readonly [name: string]: unknown } {
  return isObject(detail) ? detail : {}
}

/** What was acknowledged as given back stands there once, as it was said. */
function checkReversals({ books, oracle }: Setting): void {
  const lines = books.lines.filter(({ kind }) => kind === 'reversal')
  for (const [reference, { amountNanoUsd }] of oracle.reversals) {
    const own = lines.filter(({ detail }) => detail['command'] === reference)
    if (own.length !== 1 || own[0]?.amountNanoUsd !== amountNanoUsd)
      throw new Violation('I7', `${reference} was acknowledged and stands there ${own.length} times`)
  }
}

const nothing = { lines: [], reversals: [] }

/** A call whose owner never told its end: charged by its checkpoint, which a repeat under its key takes back. */
const rulesOfTheSilent = new Set<unknown>(['hold_expired', 'reversed_by_repeat'])

function checkCall({ books, oracle }: Setting, callId: CallId, call: KnownCall): void {
  const { lines, reversals } = books.byCall.get(callId) ?? nothing
  const total = chargeOf({ lines })
  const writtenOff = lines.reduce((sum, { detail }) => sum + Number(detail['writtenOffNanoUsd'] ?? 0), 0)
  const captured = call.capturedNanoUsd
  // What was given back before the end was told is not given back again: it may have cost less than was charged at first.
  const isExact =
    captured === undefined || total + writtenOff === captured || (reversals.length > 0 && total > captured)
  // One of several calls under an Idempotency-Key is charged for all.
  const isTwin = total === 0 && oracle.claims.twinsOf(callId).length > 0
  if (!isExact && !isTwin) throw new Violation('I5', `${callId} cost ${captured} and is charged ${total}`)
  const isSaid =
    total === 0 ||
    reversals.length > 0 ||
    call.saidNanoUsd.has(total + writtenOff) ||
    // A line that is booked once more brings what was charged then, and not what was written off beside it.
    call.toldNanoUsd.has(total) ||
    total + writtenOff <= call.sentBeatNanoUsd
  if (!isSaid) throw new Violation('I5', `${callId} is charged ${total}, which nobody stated`)
  if (
    call.isReleased &&
    call.capturedNanoUsd === undefined &&
    lines.some(({ detail }) => !rulesOfTheSilent.has(detail['rule']))
  )
    throw new Violation('I5', `${callId} was released and is charged`)
}
