// What must be true of Idempotency-Keys: whatever is sent again under one of them, one call is charged, and who asks again is
// told of that one. Part of the oracle: shares no line with the ledger.

import type { CallId } from '#core/ids.ts'
import type { Admit, AdmitAnswer, Capture } from '#ledger/call-commands.ts'
import type { Faults } from './faults.ts'
import { Violation } from './violation.ts'

type Claimed = {
  readonly reference: string
  readonly bodyHash: string
  isAdmitted: boolean
  isForgotten: boolean
  said: Capture | undefined
}

export class Claims {
  readonly calls = new Map<CallId, Claimed>()
  readonly #faults: Faults

  constructor(faults: Faults) {
    this.#faults = faults
  }

  asked({ callId, claim }: Admit): void {
    if (claim === null || this.calls.has(callId)) return
    this.calls.set(callId, { ...claim, isAdmitted: false, isForgotten: false, said: undefined })
  }

  /** Nothing is executed under a claim that nobody has granted: it may have been executed already. */
  sentUpstream(callId: CallId, isClaimed: boolean): void {
    if (isClaimed && this.calls.get(callId)?.isAdmitted !== true)
      throw new Violation('claim', `${callId} is sent upstream before its claim is granted`)
  }

  admitted({ callId, claim }: Admit, answer: AdmitAnswer, isOver: (callId: CallId) => boolean): void {
    const call = this.calls.get(callId)
    if (claim === null || call === undefined) return
    if (!answer.ok) return this.#refused(call, answer)
    if (call.isAdmitted) return
    call.isAdmitted = true
    const others = [...this.calls].filter(
      ([id, other]) => id !== callId && other.reference === call.reference,
    )
    if (others.some(([, other]) => other.isAdmitted)) this.#faults.fired('claim_repeated_after_loss')
    const paid = others.find(([id, other]) => !other.isForgotten && other.said !== undefined && isOver(id))
    if (paid !== undefined)
      throw new Violation('claim', `${callId} runs although ${paid[0]} has been paid for`)
  }

  #refused(call: Claimed, { code, earlier }: Exclude<AdmitAnswer, { ok: true }>): void {
    if (code === 'idempotency_key_reused') return this.#faults.fired('claim_of_another_body')
    if (earlier === undefined) return
    const first = this.calls.get(earlier.callId)
    if (first?.reference !== call.reference || first.bodyHash !== call.bodyHash)
      throw new Violation('claim', `a repeat is told of ${earlier.callId}, which is no call of its own`)
    if (code === 'idempotency_in_progress') return this.#faults.fired('claim_still_running')
    this.#faults.fired('claim_answered_again')
    const kept = first.said?.claim?.answer ?? null
    if (earlier.answer !== null && earlier.answer.body !== kept?.body)
      throw new Violation('claim', `a repeat gets another answer than ${earlier.callId} gave`)
  }

  /** A rebuilt account knows no claims: what was claimed before may be claimed anew. */
  forget(): void {
    for (const call of this.calls.values()) call.isForgotten = true
  }

  /** By its owner, whether or not it arrives. */
  said(capture: Capture): void {
    const call = this.calls.get(capture.callId)
    if (call !== undefined) call.said = capture
  }

  /**
   * At rest: at most one of the calls under a claim is charged, by its owner's word or by what it had delivered when it was lost.
   */
  checkQuiet(netOf: (callId: CallId) => number): void {
    const all = [...this.calls].filter(([, { isForgotten }]) => !isForgotten)
    const charged = all.filter(([callId]) => netOf(callId) > 0)
    const seen = new Map<string, CallId>()
    for (const [callId, { reference }] of charged) {
      const other = seen.get(reference)
      if (other !== undefined) throw new Violation('claim', `${other} and ${callId} of one claim both stand`)
      seen.set(reference, callId)
    }
  }

  /** The other calls under its claim: one of them may have been charged in its place. */
  twinsOf(callId: CallId): readonly CallId[] {
    const own = this.calls.get(callId)
    if (own === undefined) return []
    return [...this.calls].flatMap(([id, { reference }]) =>
      id !== callId && reference === own.reference ? [id] : [],
    )
  }
}
