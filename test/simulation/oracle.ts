// What must be true, told by somebody who knows only what was asked, answered and delivered: the invariants of the ledger
// after every step, and the whole account when all is quiet. Shares no line with the ledger.

import type { CallId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import type { CallEnd } from '#gateway/capture.ts'
import type {
  Admit,
  AdmitAnswer,
  Beat,
  BeatAnswer,
  Capture,
  CaptureAnswer,
  Release,
  ReleaseAnswer,
} from '#ledger/call-commands.ts'
import type {
  Credit,
  CreditAnswer,
  Refund,
  RefundAnswer,
  Reverse,
  ReverseAnswer,
} from '#ledger/account-commands.ts'
import type { Meter, MeterAnswer } from '#ledger/plan-commands.ts'
import { Claims } from './claims.ts'
import { Payments } from './payments.ts'
import type { Faults } from './faults.ts'
import type { Question } from './object-host.ts'
import { neverAnother } from './never-another.ts'
import type { CallPlan } from './plan.ts'
import { Violation } from './violation.ts'

/** What the outside knows of one call. */
export type KnownCall = {
  readonly plan: CallPlan | null
  /** Every total that its owner ever asked to hold. */
  readonly askedNanoUsd: Set<number>
  claim: string | null
  admittedAtMs: number | undefined
  /** The newest sign of life that the object acknowledged. */
  lastSignMs: number
  /** When the owner sent it. */
  lastSignSentMs: number
  isReleased: boolean
  capturedNanoUsd: number | undefined
  chargedNanoUsd: number | undefined
  beatNanoUsd: number
  /** The instance of the object that acknowledged it: another may have forgotten it. */
  beatStart: number
  sentBeatNanoUsd: number
  deliveredNanoUsd: number
  /** Its hold went with the object that had it: its owner learns of it by the next beat. */
  isOrphan: boolean
  /** All captures that its owner, a queue or a repeat ever stated. */
  readonly saidNanoUsd: Set<number>
  /** What the object told its owner that it had charged, at most what that one had said. */
  readonly toldNanoUsd: Set<number>
}

/** The books of an account that was made anew. */
type Rebuilt = {
  readonly lines: readonly { kind: string; reference: string; detail: { readonly [name: string]: unknown } }[]
  readonly byCall: ReadonlyMap<string, { lines: readonly { detail: { readonly [name: string]: unknown } }[] }>
}

const fenceMs = 40_000
const minuteMs = 60_000
/** Between a decision and its answer at the gate, with the steps of the object's clock. */
const slackMs = 7_000
/** Between a decision and the gate, without a freeze. */
const commitMaxMs = 100
/** No object is frozen for as long. */
const keptMs = 5 * minuteMs
/** No admission is waited for as long. */
const dispatchAgeMaxMs = 60_000
const parallelCallsMax = 4
const parallelExposureMaxNanoUsd = 50_000_000

export class Oracle {
  readonly calls = new Map<CallId, KnownCall>()
  readonly claims: Claims
  readonly payments: Payments
  /** Credits that were acknowledged, by reference. */
  readonly credits = new Map<string, { amountNanoUsd: number; seq: number }>()
  readonly askedCredits = new Map<string, number>()
  readonly revokedKeys = new Set<number>()
  /** What was acknowledged as given back, by reference. */
  readonly reversals = new Map<string, { amountNanoUsd: number; seq: number }>()
  isLost = false
  /** When it was lost last. */
  lostAtMs = -Infinity
  /** When the object read its rows again: beats of that group are answered and forgotten. */
  reloadedAtMs = -Infinity
  rpm = 50
  nowMs: () => number = () => 0
  objectStarts: () => number = () => 0
  /** A disk that failed may have failed this call's command. */
  readonly excused = new Set<string>()
  /** Until then the disk may have failed anybody's. */
  excusedUntilMs = 0
  #admissions: number[] = []
  /** By isolate. */
  readonly #unanswered = new Map<number, { exposureNanoUsd: number; atMs: number }[]>()

  constructor(faults: Faults) {
    this.claims = new Claims(faults)
    this.payments = new Payments(faults)
  }

  callOf(callId: CallId, plan: CallPlan | null = null): KnownCall {
    const known = this.calls.get(callId)
    if (known !== undefined) return known
    const call: KnownCall = {
      plan,
      askedNanoUsd: new Set(),
      claim: plan?.claim ?? null,
      admittedAtMs: undefined,
      lastSignMs: 0,
      lastSignSentMs: 0,
      isReleased: false,
      capturedNanoUsd: undefined,
      chargedNanoUsd: undefined,
      beatNanoUsd: 0,
      beatStart: 0,
      sentBeatNanoUsd: 0,
      deliveredNanoUsd: 0,
      isOrphan: false,
      saidNanoUsd: new Set(),
      toldNanoUsd: new Set(),
    }
    this.calls.set(callId, call)
    return call
  }

  /** From now on until it is made anew the account has forgotten its calls. */
  lost(): void {
    this.isLost = true
    this.lostAtMs = this.nowMs()
    for (const call of this.calls.values()) call.isOrphan = true
  }

  /** The account has been made anew from its log: what leaves no entry there is forgotten, and so is what was not confirmed. */
  rebuilt(books: Rebuilt): void {
    this.isLost = false
    this.#admissions = []
    this.claims.forget()
    for (const [callId, call] of this.calls) {
      call.isOrphan = true
      call.isReleased = false
      const booked = books.byCall.get(callId)
      if (booked?.lines.some(({ detail }) => detail['rule'] !== 'hold_expired') === true) continue
      call.capturedNanoUsd = undefined
      call.chargedNanoUsd = undefined
    }
    const references = new Set(books.lines.map(({ reference }) => reference))
    for (const reference of this.credits.keys())
      if (!references.has(reference)) this.credits.delete(reference)
    this.payments.forget(references)
    const given = new Set(
      books.lines.flatMap(({ kind, detail }) => (kind === 'reversal' ? [detail['command']] : [])),
    )
    for (const reference of this.reversals.keys()) if (!given.has(reference)) this.reversals.delete(reference)
    for (const key of this.revokedKeys) if (!references.has(`revoke ${key}`)) this.revokedKeys.delete(key)
  }

  // ── At the object's gate ───────────────────────────────────────────────────────────────────────────────────────

  answered({ method, command }: Question, answer: unknown, ranAtMs: number): void {
    switch (method) {
      case 'admit':
        return this.#admitted(command as Admit, answer as AdmitAnswer, ranAtMs)
      case 'beat':
        return this.#beaten(command as Beat, answer as BeatAnswer, ranAtMs)
      case 'capture':
        return this.#captured(command as Capture, answer as CaptureAnswer)
      case 'release':
        return this.#released(command as Release, answer as ReleaseAnswer)
      case 'credit':
        return this.#credited(command as Credit, answer as CreditAnswer)
      case 'reverse':
        return this.#reversed(command as Reverse, answer as ReverseAnswer)
      case 'refund':
        return this.payments.refunded(command as Refund, answer as RefundAnswer)
      case 'meter':
        if (this.payments.metered(command as Meter, answer as MeterAnswer)) this.#countAdmission(ranAtMs)
        return
      default:
    }
  }

  #admitted(command: Admit, answer: AdmitAnswer, ranAtMs: number): void {
    const call = this.callOf(command.callId)
    this.claims.admitted(command, answer, (callId) => (this.calls.get(callId)?.chargedNanoUsd ?? 0) > 0)
    if (!answer.ok) {
      if (answer.code === 'internal') this.#excuse(command.callId, 'admit')
      return
    }
    if (call.isReleased || call.capturedNanoUsd !== undefined)
      throw new Violation('I5', `${command.callId} is admitted after its end`)
    if (this.revokedKeys.has(command.keyNumber))
      throw new Violation('P1', `${command.callId} is admitted with a revoked key`)
    // An extension may be given in part: asked again, an admission then tells any amount up to the most that was asked for.
    if (answer.heldNanoUsd > Math.max(command.holdNanoUsd, ...call.askedNanoUsd))
      throw new Violation('I2', `${command.callId} holds more than it asked for`)
    if (call.admittedAtMs !== undefined) return
    call.admittedAtMs = this.nowMs()
    call.lastSignMs = Math.max(call.lastSignMs, ranAtMs)
    this.#countAdmission(ranAtMs)
  }

  /** By when it was decided: a freeze may hold the answer back for longer than a minute counts. */
  #countAdmission(ranAtMs: number): void {
    const since = ranAtMs - minuteMs + slackMs
    this.#admissions = [...this.#admissions.filter((at) => at > this.nowMs() - keptMs), ranAtMs]
    const within = this.#admissions.filter((at) => at > since && at <= ranAtMs).length
    if (within > this.rpm)
      throw new Violation('rpm', `${within} admissions within a minute, ${this.rpm} allowed`)
  }

  #beaten(command: Beat, answer: BeatAnswer, ranAtMs: number): void {
    const call = this.callOf(command.callId)
    if (answer.state === 'internal') this.#excuse(command.callId, 'beat')
    if (answer.state !== 'ok' && answer.state !== 'stop') return
    if (call.capturedNanoUsd !== undefined)
      throw new Violation('I5', `${command.callId} beats after its capture`)
    call.lastSignMs = Math.max(call.lastSignMs, ranAtMs)
    // Beats live in memory: another instance knows only what it was told itself, or what had been written.
    const isSame = call.beatStart === this.objectStarts()
    call.beatNanoUsd = isSame ? Math.max(call.beatNanoUsd, command.costNanoUsd) : command.costNanoUsd
    call.beatStart = this.nowMs() - this.reloadedAtMs > commitMaxMs ? this.objectStarts() : -1
  }

  #captured(command: Capture, answer: CaptureAnswer): void {
    const call = this.callOf(command.callId)
    if (!answer.ok) {
      if (answer.code === 'internal') this.#excuse(command.callId, 'capture')
      return
    }
    if (answer.state === 'repeat' && call.capturedNanoUsd === undefined && !call.isReleased) return
    if (answer.state !== 'repeat' && call.capturedNanoUsd !== undefined)
      throw new Violation('I5', `${command.callId} is captured twice`)
    if (answer.state === 'repeat') {
      if (call.chargedNanoUsd !== undefined && call.chargedNanoUsd !== answer.chargedNanoUsd)
        throw new Violation('I5', `a repeat says another charge for ${command.callId}`)
      return
    }
    call.capturedNanoUsd = command.costNanoUsd
    call.chargedNanoUsd = answer.chargedNanoUsd
    call.toldNanoUsd.add(answer.chargedNanoUsd)
  }

  #released(command: Release, answer: ReleaseAnswer): void {
    if (answer.ok) this.callOf(command.callId).isReleased = true
    else if (answer.code === 'internal') this.#excuse(command.callId, 'release')
  }

  #credited(command: Credit, answer: CreditAnswer): void {
    neverAnother(command.reference, answer)
    if (!answer.ok) return
    const known = this.credits.get(command.reference)
    if (known !== undefined && known.seq !== answer.seq)
      throw new Violation('I7', `${command.reference} is credited twice`)
    this.credits.set(command.reference, { amountNanoUsd: command.amountNanoUsd, seq: answer.seq })
  }

  #reversed(command: Reverse, answer: ReverseAnswer): void {
    neverAnother(command.reference, answer)
    if (!answer.ok) return
    const known = this.reversals.get(command.reference)
    const { seq, amountNanoUsd } = answer
    if (known !== undefined && (known.seq !== seq || known.amountNanoUsd !== amountNanoUsd))
      throw new Violation('I7', `${command.reference} is given back twice`)
    this.reversals.set(command.reference, { amountNanoUsd, seq })
  }

  /** A command may fail only where the disk failed it: nobody pays for another's fault. */
  #excuse(callId: CallId, method: string): void {
    // The end of a claimed call also writes the row of the attempt that it repeats.
    const isExcused = [callId, ...this.claims.twinsOf(callId)].some((id) => this.excused.has(id))
    if (!isExcused && this.nowMs() > this.excusedUntilMs)
      throw new Violation('group', `${method} of ${callId} fails for no fault of its own`)
  }

  // ── At the owner ───────────────────────────────────────────────────────────────────────────────────────────────

  dispatched(isolate: number, exposureNanoUsd: NanoUsd): void {
    const known = this.#unanswered.get(isolate) ?? []
    // An admission is waited for no longer: what has no answer by then was killed, and its upstream hung up on.
    const open = known.filter(({ atMs }) => this.nowMs() - atMs < dispatchAgeMaxMs)
    open.push({ exposureNanoUsd, atMs: this.nowMs() })
    this.#unanswered.set(isolate, open)
    const exposed = open.reduce((sum, one) => sum + one.exposureNanoUsd, 0)
    if (open.length > parallelCallsMax || exposed > parallelExposureMaxNanoUsd)
      throw new Violation('burst', `${open.length} unanswered dispatches, exposed with ${exposed}`)
  }

  answeredDispatch(isolate: number, exposureNanoUsd: NanoUsd): void {
    const open = this.#unanswered.get(isolate) ?? []
    const index = open.findLastIndex((one) => one.exposureNanoUsd === exposureNanoUsd)
    if (index >= 0) open.splice(index, 1)
  }

  /** The isolate is gone, and what it had dispatched with it. */
  isolateGone(isolate: number): void {
    this.#unanswered.delete(isolate)
  }

  asked({ method, command }: Question): void {
    if (method === 'admit') this.claims.asked(command as Admit)
    this.payments.asked(method, command)
    if (method !== 'beat') return
    const { callId, costNanoUsd } = command as Beat
    const call = this.callOf(callId)
    call.sentBeatNanoUsd = Math.max(call.sentBeatNanoUsd, costNanoUsd)
  }

  heard({ method, command }: Question, answer: unknown, askedAtMs: number): void {
    if (method !== 'admit' && method !== 'beat') return
    const isYes = method === 'admit' ? (answer as AdmitAnswer).ok : (answer as BeatAnswer).state === 'ok'
    if (!isYes) return
    const call = this.callOf((command as Admit | Beat).callId)
    call.lastSignSentMs = Math.max(call.lastSignSentMs, askedAtMs)
  }

  /** I13 and P1: a byte has cover, and no owner writes one later than 40 s after its last acknowledged sign of life. */
  delivered(callId: CallId, costNanoUsd: NanoUsd, heldNanoUsd: number | undefined): void {
    const call = this.callOf(callId)
    call.deliveredNanoUsd = costNanoUsd
    if (this.nowMs() - call.lastSignSentMs > fenceMs)
      throw new Violation(
        'I13',
        `${callId} writes ${this.nowMs() - call.lastSignSentMs} ms after its last beat`,
      )
    if (call.isOrphan) return
    if (heldNanoUsd === undefined) throw new Violation('P1', `${callId} writes without an open hold`)
    if (costNanoUsd > heldNanoUsd)
      throw new Violation('P1', `${callId} has delivered ${costNanoUsd}, ${heldNanoUsd} is held`)
  }

  said(callId: CallId, end: CallEnd): void {
    if (!('capture' in end)) return
    this.callOf(callId).saidNanoUsd.add(end.capture.costNanoUsd)
    this.claims.said(end.capture)
  }
}
