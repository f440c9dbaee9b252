// One call's owner: the shipped admission, cover, standing and capture around a small relay of our own, which reads a
// simulated upstream and writes to a simulated client.

import { type Millis, asMillis } from '#core/clock.ts'
import { type AccountId, type CallId, callIdOf, keyNumber, makeRequestId } from '#core/ids.ts'
import { type NanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { Log } from '#core/log.ts'
import { askAdmission } from '#gateway/admission.ts'
import { type CallEnd, type CaptureQueue, deliverEnd } from '#gateway/capture.ts'
import { Cover } from '#gateway/cover.ts'
import { askOnce } from '#gateway/object-call.ts'
import type { Standing } from '#gateway/standing.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { Timings } from '#ledger/timings.ts'
import type { Admit, Capture, ChargeDetail } from '#ledger/call-commands.ts'
import { exampleDetail, secretHashOf } from '#ledger/example-commands.ts'
import { Dice } from './dice.ts'
import type { Faults } from './faults.ts'
import { type CallPlan, tokenPriceNanoUsd } from './plan.ts'
import type { Process, Scheduler } from './scheduler.ts'
import { Upstream, type UpstreamEvent } from './upstream.ts'
import { timingsOf } from './versions.ts'

type Event = UpstreamEvent | { readonly kind: 'left' | 'lost' | 'idle' | 'drained' }

export type OwnerWatch = {
  /** Sent upstream before the answer of the admission, and when that answer was in. */
  dispatched: (exposureNanoUsd: NanoUsd) => void
  answered: (exposureNanoUsd: NanoUsd) => void
  asked: (callId: CallId, plan: CallPlan, totalNanoUsd: NanoUsd) => void
  sentUpstream: (callId: CallId) => void
  /** A frame went out to the client, by which so much was delivered in all. */
  delivered: (callId: CallId, costNanoUsd: NanoUsd) => void
  said: (callId: CallId, end: CallEnd) => void
}

export type OwnerParts = {
  scheduler: Scheduler
  outside: Process
  process: Process
  faults: Faults
  standing: Standing
  accountId: AccountId
  port: AccountPort
  captures: CaptureQueue
  log: Log
  watch: OwnerWatch
}

/** `failed` where a client would try again. */
export type Outcome = 'answered' | 'refused' | 'failed'

const sliceTokens = 60
const exposureNanoUsd = nanoUsd(12_000_000)
const upstreamIdleMs = 60_000
const platformEndsAfterMs = 30_000

export class OwnedCall {
  readonly callId: CallId
  readonly #plan: CallPlan
  readonly #parts: OwnerParts
  readonly #dice: Dice
  readonly #clock
  readonly #timings: Timings
  readonly #upstream: Upstream
  readonly #events: Event[] = []
  #wake: (() => void) | undefined
  #readTokens = 0
  #saidTokens: number | undefined
  #heldNanoUsd: NanoUsd = zeroNanoUsd
  #leftAtMs: number | undefined
  #isDone = false
  #lastEventMs = 0
  #sentAt: Millis = asMillis(0)

  constructor(plan: CallPlan, attempt: number, parts: OwnerParts) {
    this.#plan = plan
    this.#parts = parts
    this.#dice = new Dice(`${plan.name} attempt ${attempt}`)
    this.#clock = parts.scheduler.clockOf(parts.process)
    this.#timings = timingsOf(parts.process.version)
    this.callId = callIdOf(makeRequestId(this.#clock.now(), this.#dice.bytes))
    this.#upstream = new Upstream(plan, parts, (event) => {
      parts.scheduler.after(this.#dice.between(1, 10), parts.process, () => this.#push(event))
    })
  }

  async run(): Promise<Outcome> {
    const { standing, port, process, scheduler } = this.#parts
    const plan = this.#plan
    const dispatch = {
      accountId: this.#parts.accountId,
      keyNumber: keyNumber(plan.keyNumber),
      holdNanoUsd: this.#firstHold(),
      exposureNanoUsd,
      tokens: plan.inputTokens,
      isClaimed: plan.claim !== null,
    }
    const isDispatched = standing.takeParallel(dispatch, this.#clock.now())
    if (isDispatched) {
      this.#parts.watch.dispatched(exposureNanoUsd)
      this.#send(plan.outputTokensMax)
    }
    const admit = this.#admit(isDispatched)
    this.#parts.watch.asked(this.callId, plan, admit.holdNanoUsd)
    if (plan.leavesAfterMs !== null)
      scheduler.after(plan.leavesAfterMs, process, () => !this.#isDone && this.#clientLeaves())
    const admission = await askAdmission(() => port, admit, {
      ...this.#how(),
      attemptMs: this.#timings.objectCallMs,
      withinMs: this.#timings.admitWithinMs,
    })
    if (isDispatched) {
      standing.answered(dispatch)
      this.#parts.watch.answered(exposureNanoUsd)
    }
    if (!admission.ok) {
      standing.refused(dispatch)
      this.#upstream.hangUp()
      if (admission.answer === undefined)
        await this.#end({ release: { callId: this.callId, reason: 'unanswered' } })
      this.#isDone = true
      return admission.answer === undefined ? 'failed' : 'refused'
    }
    standing.admitted(dispatch, admission.admitted, this.#clock.now())
    this.#heldNanoUsd = admission.admitted.heldNanoUsd
    this.#sentAt = admission.sentAt
    const outcome = await this.#covered(isDispatched)
    this.#isDone = true
    return outcome
  }

  async #covered(isDispatched: boolean): Promise<Outcome> {
    const { port } = this.#parts
    const cover = new Cover(
      {
        callId: this.callId,
        account: () => port,
        clock: this.#clock,
        timings: this.#timings,
        costSoFar: () => this.#costOf(Math.min(this.#readTokens, this.#heldTokens())),
        onLost: () => this.#push({ kind: 'lost' }),
      },
      this.#sentAt,
    )
    const covering = cover.run()
    if (this.#leftAtMs !== undefined) cover.clientLeft()
    this.#onLeft = () => cover.clientLeft()
    const { isRolling, outputTokensMax, inputTokens } = this.#plan
    const coveredTokens = isRolling ? outputTokensMax : Math.max(0, this.#heldTokens() - inputTokens)
    if (isDispatched) this.#upstream.limit(coveredTokens)
    else this.#send(Math.min(outputTokensMax, coveredTokens))
    this.#watchUpstream()
    const cause = await this.#relay(cover)
    this.#upstream.hangUp()
    cover.end()
    await Promise.all([covering, this.#end(this.#endOf(cause))])
    return cause === 'end' ? 'answered' : 'failed'
  }

  #send(outputTokensMax: number): void {
    this.#parts.watch.sentUpstream(this.callId)
    this.#upstream.start(outputTokensMax)
  }

  #onLeft: () => void = () => undefined

  /** Reads until something ends the call; says what. */
  async #relay(cover: Cover): Promise<Event['kind']> {
    for (;;) {
      const event = await this.#next()
      if (event.kind === 'usage') this.#saidTokens = event.tokens
      else if (event.kind === 'chunk') {
        this.#readTokens += (this.#readTokens === 0 ? this.#plan.inputTokens : 0) + event.tokens
        if (this.#plan.isRolling && !(await this.#extended())) return 'lost'
        if (this.#leftAtMs !== undefined) continue
        if (!cover.isGood()) return 'lost'
        this.#parts.watch.delivered(this.callId, this.#costOf(this.#readTokens))
      } else if (event.kind !== 'left' || this.#plan.policy === 'stop') return event.kind
    }
  }

  /** True once what has been read is covered: asks for a further slice where half of the last one is used. */
  async #extended(): Promise<boolean> {
    const wanted = this.#costOf(this.#readTokens + Math.ceil(sliceTokens / 2))
    if (wanted <= this.#heldNanoUsd) return true
    const totalNanoUsd = this.#costOf(this.#readTokens + sliceTokens)
    this.#parts.watch.asked(this.callId, this.#plan, totalNanoUsd)
    const leastNanoUsd = this.#costOf(this.#readTokens)
    const command = { callId: this.callId, totalNanoUsd, leastNanoUsd }
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const asked = await askOnce(() => this.#parts.port.extend(command), {
        clock: this.#clock,
        attemptMs: this.#timings.objectCallMs,
      })
      if (!asked.ok) continue
      if (asked.answer.ok) this.#heldNanoUsd = asked.answer.heldNanoUsd
      break
    }
    return this.#costOf(this.#readTokens) <= this.#heldNanoUsd
  }

  // ── The end ────────────────────────────────────────────────────────────────────────────────────────────────────

  #endOf(cause: Event['kind']): CallEnd {
    const { callId } = this
    const tokens = this.#saidTokens ?? this.#readTokens
    if (cause === 'refused' || (tokens === 0 && this.#saidTokens === undefined))
      return { release: { callId, reason: cause } }
    const detail: ChargeDetail = {
      ...exampleDetail,
      requestId: `req_${callId.slice(4)}`,
      rule: cause,
      status: cause,
    }
    const admittedAgoMs = this.#clock.now() - this.#sentAt
    const key = keyNumber(this.#plan.keyNumber)
    return {
      capture: {
        callId,
        keyNumber: key,
        costNanoUsd: this.#costOf(tokens),
        tokens,
        admittedAgoMs,
        ...(this.#plan.claim === null ? {} : { claim: this.#claimed(cause) }),
        detail,
      },
    }
  }

  /** An answer that broke off is not kept for a repeat. */
  #claimed(cause: Event['kind']): NonNullable<Capture['claim']> {
    const body = `The answer of ${this.callId}: ${this.#readTokens} tokens.`
    const answer = cause === 'end' ? { contentType: 'text/plain', body } : null
    return { reference: referenceOfClaim(this.#plan), answer }
  }

  async #end(end: CallEnd): Promise<void> {
    this.#parts.watch.said(this.callId, end)
    const usualMs = this.#timings.captureWithinMs + this.#timings.objectCallMs
    const leftAtMs = this.#leftAtMs
    const withinMs =
      leftAtMs === undefined
        ? usualMs
        : Math.min(usualMs, Math.max(0, leftAtMs + this.#timings.afterLeaveMs - this.#clock.now()))
    const { accountId, captures, log, port } = this.#parts
    await deliverEnd(
      accountId,
      end,
      { ...this.#how(), accounts: () => port, captures, timings: this.#timings, log },
      withinMs,
    )
  }

  #clientLeaves(): void {
    const { faults, scheduler, process } = this.#parts
    faults.fired('client_left')
    this.#leftAtMs = this.#clock.now()
    this.#onLeft()
    this.#push({ kind: 'left' })
    scheduler.after(this.#timings.drainMs, process, () => {
      if (this.#isDone) return
      faults.fired('worker_ended_after_disconnect')
      this.#push({ kind: 'drained' })
    })
    scheduler.after(platformEndsAfterMs, process, () => process.kill())
  }

  #watchUpstream(): void {
    const { scheduler, process } = this.#parts
    this.#lastEventMs = scheduler.nowMs
    const look = () => {
      if (this.#isDone) return
      const idleMs = scheduler.nowMs - this.#lastEventMs
      if (idleMs >= upstreamIdleMs) this.#push({ kind: 'idle' })
      else scheduler.after(upstreamIdleMs - idleMs, process, look)
    }
    scheduler.after(upstreamIdleMs, process, look)
  }

  #push(event: Event): void {
    this.#lastEventMs = this.#parts.scheduler.nowMs
    this.#events.push(event)
    this.#wake?.()
  }

  async #next(): Promise<Event> {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) return event
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }

  #how() {
    return { clock: this.#clock, random: this.#dice.bytes }
  }

  #admit(isDispatched: boolean): Admit {
    const plan = this.#plan
    const holdNanoUsd = this.#firstHold()
    const least = this.#costOf(plan.inputTokens + 1)
    return {
      callId: this.callId,
      keyNumber: keyNumber(plan.keyNumber),
      secretHash: secretHashOf(plan.keyNumber),
      model: 'm',
      holdNanoUsd,
      floorNanoUsd: plan.isRolling ? holdNanoUsd : least,
      usualNanoUsd: holdNanoUsd,
      sliceNanoUsd: plan.isRolling ? this.#costOf(sliceTokens) : zeroNanoUsd,
      expectedTokens: plan.inputTokens + plan.outputTokensMax,
      isDispatched,
      exposureNanoUsd: isDispatched ? exposureNanoUsd : zeroNanoUsd,
      claim:
        plan.claim === null
          ? null
          : { reference: referenceOfClaim(plan), bodyHash: String(plan.body).padStart(32, '0') },
    }
  }

  #firstHold(): NanoUsd {
    const { inputTokens, outputTokensMax, isRolling } = this.#plan
    return this.#costOf(inputTokens + (isRolling ? sliceTokens : outputTokensMax))
  }

  #heldTokens(): number {
    return Math.floor(this.#heldNanoUsd / tokenPriceNanoUsd)
  }

  #costOf(tokens: number): NanoUsd {
    return nanoUsd(tokens * tokenPriceNanoUsd)
  }
}

function referenceOfClaim({ claim, keyNumber: key }: CallPlan): string {
  const number = Number(claim?.slice('claim '.length)) + 16 * key
  return number.toString(16).padStart(32, '0')
}
