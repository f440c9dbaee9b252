// Idempotency-Keys: a claim is written with the hold of the call that it stands for, so that whatever is sent again under
// the same key, at once, later or after a crash, at most one call is executed and charged.

import { dayMs } from '#core/clock.ts'
import { type CallId, readCallId } from '#core/ids.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { Admit, AdmitRefused, Capture } from './call-commands.ts'
import { storedAnswerBytesMax } from './claim.ts'
import { boundedText } from './detail.ts'
import type { Draft } from './draft.ts'
import { type Resolved, keepReference, referenceOf, resolvedCall } from './draft.ts'

/** How long a key stands for its call; afterwards it may be used anew. */
export const claimKeptMs = 1 * dayMs

const hashPattern = /^[0-9a-f]{32}$/

export type ClaimRefusal = Pick<AdmitRefused, 'code' | 'earlier'>

/** Why the call may not run under its claim; undefined where it has none or the claim is free. */
export function refusalOfClaim(draft: Draft, command: Admit): ClaimRefusal | undefined {
  const { claim } = command
  if (claim === null) return undefined
  if (!hashPattern.test(claim.reference) || !hashPattern.test(claim.bodyHash)) return { code: 'internal' }
  const kept = keptClaim(draft, claim.reference)
  if (kept === undefined) return undefined
  const { callId } = kept
  if (kept.bodyHash !== claim.bodyHash) return { code: 'idempotency_key_reused' }
  if (draft.state.holds.has(callId)) {
    return { code: 'idempotency_in_progress', earlier: { callId, chargedNanoUsd: zeroNanoUsd, answer: null } }
  }
  const resolved = resolvedCall(draft, callId)
  if (resolved === undefined) return undefined
  if (!mayRunAnew(resolved)) return completed(draft, resolved)
  // The attempt before it was not lost after all: its owner has told its end meanwhile, and that is what was paid for.
  const before = kept.superseded === undefined ? undefined : resolvedCall(draft, kept.superseded)
  return before?.outcome === 'late' && before.chargedNanoUsd > 0 ? completed(draft, before) : undefined
}

function completed(draft: Draft, { row: { callId }, chargedNanoUsd }: Resolved): ClaimRefusal {
  const answer = draft.answers.get(callId) ?? draft.context.lookup.answer(callId) ?? null
  return { code: 'idempotency_completed', earlier: { callId, chargedNanoUsd, answer } }
}

/** What cost nothing may be tried again, and what broke off by our fault: its owner died before the end. */
function mayRunAnew({ outcome }: Resolved): boolean {
  return outcome === 'released' || outcome === 'expired'
}

/** Part of the admission: durable with its hold, or not at all. */
export function keepClaim(draft: Draft, command: Admit): void {
  const { claim, callId } = command
  if (claim === null) return
  const attempt = lostAttempts(draft, claim.reference)[0]
  const said = [
    claim.bodyHash,
    callId,
    draft.state.nowMs,
    ...(attempt === undefined ? [] : [attempt.row.callId]),
  ]
  keepReference(draft, {
    scope: 'claim',
    reference: claim.reference,
    seq: draft.state.headSeq,
    said: said.join(' '),
  })
  if (attempt !== undefined)
    keepReference(draft, {
      scope: 'repeat',
      reference: callId,
      seq: draft.state.headSeq,
      said: attempt.row.callId,
    })
}

type Kept = { bodyHash: string; callId: CallId; superseded: CallId | undefined }

/** The claim that stands, undefined where there is none or its day is over. */
function keptClaim(draft: Draft, reference: string): Kept | undefined {
  const said = referenceOf(draft, 'claim', reference)?.said.split(' ') ?? []
  const [bodyHash = '', call, atMs, earlier] = said
  const callId = readCallId(call)
  if (callId === undefined || draft.state.nowMs - Number(atMs) >= claimKeptMs) return undefined
  return { bodyHash, callId, superseded: readCallId(earlier) }
}

/**
 * The attempts under a claim that died, the one whose checkpoint is charged first: two at most, as all but one are ended. Also
 * one that was charged nothing: what its owner says in the end may still be on its way.
 */
export function lostAttempts(draft: Draft, reference: string): readonly Resolved[] {
  const kept = keptClaim(draft, reference)
  if (kept === undefined) return []
  const lost = [kept.callId, kept.superseded].flatMap((callId) => {
    const resolved = callId === undefined ? undefined : resolvedCall(draft, callId)
    return resolved?.outcome === 'expired' ? [resolved] : []
  })
  const isCharged = ({ chargedNanoUsd }: Resolved) => Number(chargedNanoUsd > 0)
  return lost.sort((a, b) => isCharged(b) - isCharged(a))
}

/** The lost attempt that this call repeats; undefined for all others. */
export function repeatedBy(draft: Draft, callId: CallId): Resolved | undefined {
  const attempt = readCallId(referenceOf(draft, 'repeat', callId)?.said)
  return attempt === undefined ? undefined : resolvedCall(draft, attempt)
}

/** The attempt that a captured call has repeated; undefined for all others. */
export function supersededOf(draft: Draft, { claim, callId }: Capture): Resolved | undefined {
  if (claim === undefined) return undefined
  const kept = keptClaim(draft, claim.reference)
  if (kept?.callId !== callId || kept.superseded === undefined) return undefined
  return resolvedCall(draft, kept.superseded)
}

/** Kept beside its charge, in the same transaction: what is read again is what was paid for. */
export function keepAnswer(draft: Draft, { claim, callId }: Capture): void {
  const answer = claim?.answer ?? null
  if (answer === null || utf8Length(answer.body) > storedAnswerBytesMax) return
  draft.answers.set(callId, { contentType: boundedText(answer.contentType), body: answer.body })
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length
}
