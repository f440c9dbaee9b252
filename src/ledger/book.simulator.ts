// A tiny account object in plain memory for property tests: the book over a memory store, with crashes, and beside it an
// independent and much simpler account of what must be true of every call. Not part of the product.

import { assert } from '#core/assert.ts'
import { asMillis } from '#core/clock.ts'
import type { CallId } from '#core/ids.ts'
import { nextDueAt } from './alarm.ts'
import { checkAllowances } from './book.allowances.ts'
import { type Desk, type Question, askCreate, decide, decideGroup } from './book.ts'
import { overrunDebtMaxNanoUsd } from './charges.ts'
import type { AccountSettings } from './account-commands.ts'
import { listOfEndUsers } from './end-user-list.ts'
import type { Entry } from './entry.ts'
import { credit } from './credits.ts'
import type { Context, Draft } from './draft.ts'
import { callAt, dollar, exampleAccountId, grantOf, keyOf } from './example-commands.ts'
import { putKey } from './keys.ts'
import { MemoryStore } from './memory-store.ts'
import { ageRate } from './rate.ts'
import { rateFigures } from './rate-limits.ts'
import { checkRefunds, takenBack } from './book.refunds.ts'
import { stateFrom } from './start.ts'
import type { State } from './state.ts'
import { timings } from './timings.ts'

/** Small, so that short runs take snapshots and replay from them. */
const rowsPerSnapshot = 7
/** One wake per hold that was admitted at another time, a second for those that a start gave a fresh expiry. */
const wakesToRest = 12

export const startOfTime = Date.UTC(2026, 10, 18, 22, 59)

/** What the outside knows of a call: only what it asked and was answered. */
export type Known = {
  fate: 'unknown' | 'open' | 'settled' | 'released' | 'late'
  heldNanoUsd: number
  /** The largest cost in an acknowledged beat. */
  checkpointNanoUsd: number
  lastSignMs: number
  finalCostNanoUsd: number | undefined
}

export class Simulator {
  readonly store: MemoryStore
  readonly known = new Map<CallId, Known>()
  state: State | null = null
  nowMs = startOfTime
  /** The lowest point that negative adjustments alone may have brought about. */
  adjustedDownNanoUsd = 0
  #born = 0
  /** When a group was decided last: what was due then is done. */
  #decidedAtMs = 0

  constructor() {
    this.store = new MemoryStore(exampleAccountId)
  }

  /** An account with a key that has no budgets, and dollars. */
  static opened(dollars: number, settings: Partial<AccountSettings> = {}): Simulator {
    const simulator = new Simulator()
    const { accountId } = simulator.store
    simulator.askDesk((desk) => askCreate(desk, { accountId, name: 'Test', settings }))
    simulator.ask((draft) => putKey(draft, keyOf(1)))
    if (dollars > 0) simulator.ask((draft) => credit(draft, grantOf(dollars * dollar)))
    return simulator
  }

  context(): Context {
    return { nowMs: this.nowMs, timings, lookup: this.store.lookup, rowsPerSnapshot }
  }

  /** A new call id, born now. */
  newCall(): CallId {
    this.#born += 1
    return callAt(this.nowMs, this.#born)
  }

  /** Commits one command, as the object would. */
  ask<Answer>(question: (draft: Draft) => Answer): Answer {
    return this.askDesk((desk) => {
      assert(desk.draft !== null, 'the account was created')
      return question(desk.draft)
    })
  }

  askDesk<Answer>(question: (desk: Desk) => Answer): Answer {
    const answers: Answer[] = []
    this.#commit([(desk) => answers.push(question(desk))])
    for (const answer of answers) return answer
    throw new Error('Every command has an answer.')
  }

  /** Several commands in one commit. */
  askTogether(questions: readonly ((draft: Draft) => void)[]): void {
    const asked = questions.map((question) => (desk: Desk) => {
      assert(desk.draft !== null, 'the account was created')
      question(desk.draft)
    })
    this.#commit(asked)
  }

  #commit(questions: readonly Question[]): void {
    const { next, changes } = decideGroup(this.state, questions, this.context())
    if (changes !== null) this.store.write(changes)
    this.state = next
    this.#decidedAtMs = next?.nowMs ?? 0
  }

  /** Decides and then loses everything before it is written: as if it had never been asked. */
  askInVain(question: (draft: Draft) => void): void {
    decide(this.state, (desk) => desk.draft !== null && question(desk.draft), this.context())
  }

  /** Memory is gone; the rows are not. */
  crash(): void {
    this.state = this.fromRows()
  }

  fromRows(): State {
    const stored = this.store.read(this.nowMs)
    assert(stored !== null, 'the account was created')
    return stateFrom(stored, this.nowMs, timings)
  }

  get live(): State {
    assert(this.state !== null, 'the account was created')
    return this.state
  }

  chargesOf(callId: CallId): readonly Entry[] {
    return this.store.entries.filter(
      ({ kind, reference }) => reference === callId && (kind === 'usage' || kind === 'late'),
    )
  }

  /** I1, I2, I4, I5, I6, I9 over all rows and all calls ever seen. */
  check(): void {
    const { live, store } = this
    const sum = store.entries.reduce((total, { amountNanoUsd }) => total + amountNanoUsd, 0)
    assert(live.postedNanoUsd === sum, 'I1: posted is the sum of all entries')
    const held = [...live.holds.values()].reduce((total, { heldNanoUsd }) => total + heldNanoUsd, 0)
    assert(live.heldNanoUsd === held, 'I2: held is the sum of all open holds')
    assert(live.headSeq === store.entries.length, 'I4: entries are numbered without a gap')
    this.#checkLots()
    checkAllowances(live, store.entries)
    checkRefunds(this.store.entries)
    const floor = 0 - overrunDebtMaxNanoUsd - this.adjustedDownNanoUsd - takenBack(this.store.entries)
    assert(live.postedNanoUsd >= floor, 'I9: the balance is never below the overrun cap')
    assert(!live.isDamaged, 'the book finds nothing broken itself')
    for (const [callId, known] of this.known) this.#checkCall(callId, known)
  }

  /** I12, by the outsider's own count. */
  #checkLots(): void {
    const { lots, debtNanoUsd, postedNanoUsd, holds, settings } = this.live
    const worth = lots.reduce((sum, { remainingNanoUsd }) => sum + remainingNanoUsd, 0 - debtNanoUsd)
    assert(worth === postedNanoUsd && debtNanoUsd >= 0, 'I12: Σ lots − debt = posted')
    for (const lot of lots) {
      const pins = [...holds.values()].flatMap((hold) => hold.pins.filter(({ seq }) => seq === lot.seq))
      const pinned = pins.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0)
      assert(pinned <= lot.remainingNanoUsd, 'I12: no lot holds less than what is pinned of it')
      const isOver = lot.expiresAtMs !== null && lot.expiresAtMs <= this.#decidedAtMs
      assert(!isOver || pinned === lot.remainingNanoUsd, 'what nobody keeps of an expired lot is gone')
    }
    for (const { pins, heldNanoUsd } of holds.values()) {
      const kept = pins.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0)
      assert(kept === heldNanoUsd || settings.creditLimitNanoUsd > 0, 'a prepaid hold rests on whole lots')
    }
  }

  /** By the operator's reversals. */
  givenBackOf(callId: CallId): number {
    const ofCall = this.store.entries.filter(
      ({ kind, reference }) => kind === 'reversal' && reference === callId,
    )
    return ofCall.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0)
  }

  #checkCall(callId: CallId, known: Known): void {
    const charges = this.chargesOf(callId)
    const usage = charges.filter(({ kind }) => kind === 'usage')
    const late = charges.filter(({ kind }) => kind === 'late')
    assert(usage.length <= 1 && late.length <= 1, 'I5: at most one usage and one late entry per call')
    const charged = charges.reduce((sum, { amountNanoUsd }) => sum - amountNanoUsd, 0)
    const isOpen = this.live.holds.has(callId)
    const hasExpired = usage.some(isExpiry)
    assert(charged >= 0, 'I6: a charge is never negative')
    const back = this.givenBackOf(callId)
    assert(back <= charged, 'no more is given back than was charged')
    if (isOpen) assert(charges.length === 0, 'an open call has no charge')
    if (known.fate === 'released')
      assert(charges.length === 0 || hasExpired, 'what was released costs nothing')
    if (known.finalCostNanoUsd !== undefined) {
      const writtenOff = charges.reduce((sum, entry) => sum + numberIn(entry, 'writtenOffNanoUsd'), 0)
      assert(charged + writtenOff >= known.finalCostNanoUsd || charged === known.finalCostNanoUsd, 'I5: cost')
      // What the operator gave back before the cost was known is not given back again.
      assert(charged <= Math.max(known.finalCostNanoUsd, back), 'I6: nobody is charged more than the cost')
      assert(charged - back <= known.finalCostNanoUsd, 'I6: nobody pays more than the cost')
      assert(!isOpen, 'a captured call is not open')
    } else if (hasExpired) {
      assert(charged <= known.checkpointNanoUsd, 'I5: an expiry charges the last checkpoint at most')
    }
    if (late.length > 0 && usage.length > 0) assert(hasExpired, 'I5: late only after an expiry')
  }

  /** A restarted object knows what the running one knows, but for the beats that were in memory only. */
  checkRestart(): void {
    const { live } = this
    const restarted = this.fromRows()
    const pictures = [live, restarted].map((state) => ({
      posted: state.postedNanoUsd,
      held: state.heldNanoUsd,
      lots: state.lots,
      debt: state.debtNanoUsd,
      pinned: [...state.pinned].sort(([a], [b]) => a - b),
      head: state.headSeq,
      holds: [...state.holds.values()]
        .map(({ callId, heldNanoUsd, cover }) => `${callId} ${heldNanoUsd} ${JSON.stringify(cover)}`)
        .sort(),
      keys: [...state.keys.values()].sort((a, b) => a.keyNumber - b.keyNumber),
      spending: state.spending,
      rates: this.#ratesOf(state),
      endUsers: [...listOfEndUsers(state.endUsers)].sort(([a], [b]) => (a < b ? -1 : 1)),
      levels: state.levels,
      risk: state.risk,
      lifetime: state.lifetime,
      allowances: state.allowances,
      moneyIn: [state.orders, state.customer, state.autoTopUp, state.invoicing],
      settings: state.settings,
      hasCaptured: state.standing.hasCaptured,
      barred: state.standing.barredUntilMs,
    }))
    const [a, b] = pictures.map((picture) => JSON.stringify(picture))
    assert(a === b, `a restart changes nothing:\n${a}\n${b}`)
    const shortest = timings.holdExpiryMs
    for (const hold of restarted.holds.values()) {
      const sign = this.known.get(hold.callId)?.lastSignMs ?? 0
      assert(hold.expiresAtMs >= sign + shortest, 'a restart never shortens a hold')
    }
  }

  /** What is left of every limit of requests and tokens, by the account and by each key. */
  #ratesOf(state: State) {
    const aged = { ...state, nowMs: asMillis(this.nowMs), rate: ageRate(state.rate, this.nowMs) }
    const keys = [...state.keys.values()].sort((a, b) => a.keyNumber - b.keyNumber)
    return [rateFigures(aged), ...keys.map((key) => rateFigures(aged, key))]
  }

  /** I10: with no owner alive, the alarm alone brings everything to rest, though each wake starts the object anew. */
  checkRest(): void {
    for (let wake = 0; wake < wakesToRest && this.live.holds.size > 0; wake += 1) {
      this.nowMs = Math.max(this.nowMs, nextDueAt(this.live, timings) ?? 0)
      this.crash()
      this.ask(() => true)
    }
    assert(
      this.live.heldNanoUsd === 0 && this.live.holds.size === 0,
      'I10: when all is quiet nothing is held',
    )
    this.check()
  }
}

export function isExpiry(entry: Entry): boolean {
  return entry.kind === 'usage' && JSON.stringify(entry.detail).includes('"hold_expired"')
}

export function numberIn(entry: Entry, name: string): number {
  const found = Object.entries(entry.detail ?? {}).find(([key]) => key === name)?.[1]
  return typeof found === 'number' ? found : 0
}
