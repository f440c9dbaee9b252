// One call from its admission to its settled end. It owns the upstream's answer, the cover under it and the capture after
// it, and lives until the ledger knows the end, whether or not its client still listens.

import { type Usage, noUsage } from '#calls/usage.ts'
import { hasFixedFee } from '#catalog/price.ts'
import type { Millis } from '#core/clock.ts'
import { type Refusal, refuse } from '#core/errors.ts'
import { type NanoUsd, minNanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { Admitted } from '#ledger/call-commands.ts'
import type { Dispatched } from '#providers/dispatch.ts'
import type { LegFailure } from '#providers/leg-failure.ts'
import type { Admission } from './admission.ts'
import { coveredBy } from './admit-command.ts'
import { callerName } from './authenticate.ts'
import { CallClock } from './call-clock.ts'
import { type BalanceCheck, logEnded, logRefused, refusedCall } from './call-log.ts'
import { captureWithinMs, deliverEnd } from './capture.ts'
import { replayedAnswer } from './kept-answer.ts'
import { withAffordableTokens } from './prepare.ts'
import { askCounting } from './counted-try.ts'
import { acceptedSoFar, nothingSoFar, provenBy, provenEnd } from './answer-record.ts'
import { Cover } from './cover.ts'
import { type Ending, type Metered, commandOf, endingOf, priceSoFar } from './ending.ts'
import { sinceAccepted } from './fixed-fee.ts'
import type { GatewayParts } from './parts.ts'
import { type PreparedCall, dispatchOf } from './prepared-call.ts'
import { callRefusal, refusalResponse } from './refusal-response.ts'
import { sendLeg } from './send-leg.ts'
import type { EndCause, Phase } from './settle.ts'
import { type EndFacts, type Halt, type Session, haltRefusal, refuseUnanswered } from './session.ts'
import { streamAnswer } from './stream-answer.ts'
import { wholeAnswer } from './whole-answer.ts'

export type Execution = {
  response: Promise<Response>
  ended: Promise<void>
  /** Ends the call from outside, as soon as it is admitted; one that is over stays as it is. */
  halt: (why: Halt) => void
}

/** Starts the call. `ended` must be given to `waitUntil` before the response is awaited: a client may leave at any moment. */
export function execute(call: PreparedCall, parts: GatewayParts): Execution {
  const { promise: response, resolve } = Promise.withResolvers<Response>()
  const clock = new CallClock(parts.clock)
  const running = new RunningCall(call, { ...parts, clock }, resolve)
  // The one place where a fault of a call ends up: the client always gets an answer.
  const ended = running.run().catch((fault: unknown) => running.fault(fault))
  return { response, ended: ended.finally(() => clock.close()), halt: (why) => running.halt(why) }
}

class RunningCall implements Session {
  call: PreparedCall
  readonly parts: GatewayParts
  /** Of the try that is under way. */
  hangUp = new AbortController()
  readonly #resolve: (response: Response) => void
  #status = 0
  #admission: { admitted: Admitted; sentAt: Millis } | undefined
  #cover: Cover | undefined
  #onHalt: ((why: Halt) => void) | undefined
  #halted: Halt | undefined
  #leftAt: Millis | undefined
  #firstTokenAt: Millis | undefined
  #usageSoFar: () => Usage = () => noUsage
  #soFar = nothingSoFar
  #isAccepted = false
  #held: () => NanoUsd = () => this.admitted.heldNanoUsd
  #ending: Ending | undefined
  #delivery: Promise<unknown> = Promise.resolve()
  balanceCheck: BalanceCheck = 'first'

  constructor(call: PreparedCall, parts: GatewayParts, resolve: (response: Response) => void) {
    this.call = call
    this.parts = parts
    this.#resolve = resolve
  }

  get admitted(): Admitted {
    if (this.#admission === undefined) throw new Error('The call is not admitted.')
    return this.#admission.admitted
  }

  async run(): Promise<void> {
    const opened = this.#open()
    const admission = await opened.admission
    if (!admission.ok) {
      this.hangUp.abort()
      await Promise.all([this.#refused(admission), opened.dispatched])
      return
    }
    this.#admission = admission
    this.call = coveredBy(this.call.route?.ownFigures(this.call) ?? this.call, admission.admitted)
    const soFar = () => acceptedSoFar(this.#soFar(), this.#isAccepted)
    this.parts.record?.begin(this.call, () => provenEnd(this.call, soFar(), this.#times()))
    const cover = this.#startCover(admission.sentAt)
    const covering = cover.run()
    try {
      await this.#answer(await (opened.dispatched ?? this.#send()))
    } catch (fault) {
      this.fault(fault)
    } finally {
      cover.end()
      await Promise.all([covering, this.#delivery])
    }
  }

  /** Asks the object; in good standing the call is sent first, and asked about when its bytes have left. */
  #open(): { admission: Promise<Admission>; dispatched: Promise<Dispatched> | undefined } {
    const { call, parts } = this
    const dispatch = dispatchOf(call)
    // What is due as soon as it is accepted is not sent before it is covered.
    const isDispatched = !hasFixedFee(call.model) && parts.standing.takeParallel(dispatch, parts.clock.now())
    if (isDispatched) this.balanceCheck = 'parallel'
    const dispatched = isDispatched ? this.#send() : undefined
    const admission = askCounting(call, isDispatched, parts).then(({ asked, admission: answer }) => {
      this.call = asked
      if (isDispatched) parts.standing.answered(dispatch)
      if (answer.ok) parts.standing.admitted(dispatch, answer.admitted, parts.clock.now())
      else parts.standing.refused(dispatch)
      return answer
    })
    return { admission, dispatched }
  }

  #send(): Promise<Dispatched> {
    return sendLeg(this.call, this.hangUp, this.parts)
  }

  async #refused(admission: Exclude<Admission, { ok: true }>): Promise<void> {
    const { call, parts } = this
    const { answer } = admission
    const now = parts.clock.now()
    const refusal =
      answer === undefined
        ? admission.refusal
        : withAffordableTokens(admission.refusal, call, answer.availableNanoUsd)
    if (answer !== undefined) parts.refusals.remember(callerName(call.caller), answer, refusal, now)
    const replayed = answer === undefined ? undefined : replayedAnswer(answer, call.requestId)
    const facts = {
      requestId: call.requestId,
      balanceCheck: this.balanceCheck,
      ...(answer?.rate === undefined ? {} : { rate: answer.rate }),
    }
    this.respond(replayed ?? refusalResponse(refusal, facts, call.dialect.error))
    logRefused(parts.log, refusedCall(call, { ...facts, code: refusal.code, status: this.#status, now }))
    // Without an answer a hold may lie there; releasing an unknown call also refuses an admission that is still on its way.
    if (answer === undefined) {
      const release = { release: { callId: call.callId, reason: 'admission_unanswered' } }
      await deliverEnd(call.caller.accountId, release, parts)
    }
  }

  async #answer(dispatched: Dispatched): Promise<void> {
    if (!dispatched.ok) {
      if (this.fallsBack(dispatched.failure, dispatched.refusal)) return this.#answer(await this.#send())
      const phase = dispatched.cause === 'provider_cap' ? 'before_dispatch' : 'dispatched'
      this.end(this.#halted ?? dispatched.cause, phase, { usage: noUsage, source: 'none' })
      const refusal = this.call.route?.refusal() ?? dispatched.refusal
      this.respondRefusal(this.#halted === undefined ? refusal : haltRefusal(this.#halted))
      return
    }
    const { response } = dispatched
    this.call.route?.answered(response.headers, this.parts.clock.now())
    if (hasFixedFee(this.call.model)) this.#accepted()
    const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')
    // A client that asked for the one kind of answer cannot read the other.
    if (isStream !== this.call.asked.isStreamed) return refuseUnanswered(this, 'upstream_error')
    const answered = await (isStream ? streamAnswer(response, this) : wholeAnswer(response, this))
    if (answered === 'falls_back') return this.#answer(await this.#send())
  }

  /** The fee is due from here on, whatever becomes of the answer or of this process. */
  #accepted(): void {
    this.#isAccepted = true
    this.#cover?.beatNow()
    this.parts.record?.accepted()
  }

  #startCover(sentAt: Millis): Cover {
    const { call, parts } = this
    this.#cover = new Cover(
      {
        callId: call.callId,
        account: () => parts.accounts(call.caller.accountId),
        clock: parts.clock,
        timings: parts.timings,
        costSoFar: () => this.#costSoFar(),
        onLost: (loss) => this.halt(loss),
      },
      sentAt,
    )
    return this.#cover
  }

  /** Never above the hold: a checkpoint is charged without anyone looking at it again. */
  #costSoFar(): NanoUsd {
    if (hasFixedFee(this.call.model) && !this.#isAccepted) return zeroNanoUsd
    const { costNanoUsd } = priceSoFar(this.call, { usage: this.#usageSoFar() })
    return minNanoUsd(costNanoUsd, this.#held())
  }

  /** A fault or a bug of ours: the client hears of it, what was delivered is still charged by what is known. */
  fault(fault: unknown): void {
    this.hangUp.abort()
    this.parts.log.error(
      'fault',
      { request: this.call.requestId, account: this.call.caller.accountId },
      fault,
    )
    this.respondRefusal(refuse('internal'))
    this.end('upstream_error', 'dispatched', { usage: noUsage, source: 'none' })
  }

  respond(response: Response): void {
    this.call.route?.forget()
    if (this.#status === 0) this.parts.record?.answered(response)
    this.#status ||= response.status
    this.#resolve(response)
  }

  respondRefusal(refusal: Refusal): void {
    const { call, balanceCheck } = this
    const told = this.#isAccepted ? sinceAccepted(refusal, call) : refusal
    this.respond(callRefusal(told, call, { balanceCheck, rate: this.#admission?.admitted.rate }))
  }

  /** Nothing has gone to the client, and this try cannot be billed: the next host's turn. */
  fallsBack(failure: LegFailure, refusal?: Refusal): boolean {
    const { call, parts } = this
    if (this.#halted !== undefined || this.#isAccepted) return false
    const next = call.route?.after(call, { failure, refusal }, parts.clock.now())
    if (next === undefined) return false
    this.hangUp.abort()
    this.hangUp = new AbortController()
    this.#onHalt = undefined
    this.checkpoint(() => noUsage)
    this.call = coveredBy(next, this.admitted)
    return true
  }

  isCovered(): boolean {
    return this.#cover?.isGood() === true
  }

  coveredForMs(): number {
    return this.#cover?.goodForMs() ?? 0
  }

  onHalt(listener: (why: Halt) => void): void {
    this.#onHalt = listener
    if (this.#halted !== undefined) listener(this.#halted)
  }

  halt(why: Halt): void {
    if (this.#halted !== undefined) return
    this.#halted = why
    // Before an answer has begun there is nobody to end politely for: hanging up ends the dispatch.
    if (this.#onHalt === undefined) this.hangUp.abort()
    else this.#onHalt(why)
  }

  clientLeft(): void {
    this.#leftAt ??= this.parts.clock.now()
    this.#cover?.clientLeft()
  }

  checkpoint(usage: () => Usage, soFar = nothingSoFar, held = () => this.admitted.heldNanoUsd): void {
    this.#usageSoFar = usage
    this.#soFar = soFar
    this.#held = held
  }

  firstToken(): void {
    this.#firstTokenAt ??= this.parts.clock.now()
  }

  end(cause: EndCause, phase: Phase, metered: Metered, facts: EndFacts = {}): Ending {
    if (this.#ending !== undefined) return this.#ending
    const { call, parts } = this
    const ending = endingOf(call, cause, phase, metered)
    this.#ending = ending
    const times = this.#times()
    const answer = call.claim === null ? null : (facts.answerOf?.(ending) ?? null)
    const command = commandOf(call, ending, times, { upstreamId: facts.upstreamId, answer })
    parts.record?.settled(cause, provenBy(call, ending, command, times.endedAt))
    const withinMs = captureWithinMs(parts.timings, this.#leftAt, times.endedAt)
    this.#delivery = deliverEnd(call.caller.accountId, command, parts, withinMs).then((outcome) => {
      if (outcome !== 'lost') parts.record?.delivered()
      // Read late: the client's status is known by the time the ledger has answered.
      logEnded(parts.log, call, ending, { ...times, status: this.#status, balanceCheck: this.balanceCheck })
    })
    return ending
  }

  #times() {
    const { startedAt } = this.call
    const admittedAt = this.#admission?.sentAt ?? startedAt
    return { startedAt, admittedAt, firstTokenAt: this.#firstTokenAt, endedAt: this.parts.clock.now() }
  }
}
