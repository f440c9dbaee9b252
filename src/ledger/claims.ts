// Idempotency-Keys: a claim is written with the hold of the call that it stands for, so that whatever is sent again under
// the same key, at once, later or after a crash, at most one call is executed and charged.

import { dayMs } from '#core/clock.ts'
import { readCallId } from '#core/ids.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { Admit, AdmitRefused } from './call-commands.ts'
import type { Draft } from './draft.ts'
import { keepReference, referenceOf, resolvedCall } from './draft.ts'

/** How long a key stands for its call; afterwards it may be used anew. */
export const claimKeptMs = 1 * dayMs

const hashPattern = /^[0-9a-f]{32}$/

export type ClaimRefusal = Pick<AdmitRefused, 'code' | 'earlier'>

/** Why the call may not run under its claim; undefined where it has none or the claim is free. */
export function refusalOfClaim(draft: Draft, command: Admit): ClaimRefusal | undefined {
  const { claim } = command
  if (claim === null) return undefined
  if (!hashPattern.test(claim.reference) || !hashPattern.test(claim.bodyHash)) return { code: 'internal' }
  const [bodyHash, call, atMs] = referenceOf(draft, 'claim', claim.reference)?.said.split(' ') ?? []
  const callId = readCallId(call)
  if (callId === undefined || callId === command.callId) return undefined
  if (draft.state.nowMs - Number(atMs) >= claimKeptMs) return undefined
  if (bodyHash !== claim.bodyHash) return { code: 'idempotency_key_reused' }
  if (draft.state.holds.has(callId)) {
    return { code: 'idempotency_in_progress', earlier: { callId, chargedNanoUsd: zeroNanoUsd } }
  }
  const resolved = resolvedCall(draft, callId)
  // What cost nothing may be tried again: an upstream that failed, an owner that died before anything was delivered.
  if (resolved === undefined || resolved.outcome === 'released') return undefined
  const { outcome, chargedNanoUsd } = resolved
  if (outcome === 'expired' && chargedNanoUsd === zeroNanoUsd) return undefined
  return { code: 'idempotency_completed', earlier: { callId, chargedNanoUsd } }
}

/** Part of the admission: durable with its hold, or not at all. */
export function keepClaim(draft: Draft, command: Admit): void {
  const { claim, callId } = command
  if (claim === null) return
  const said = `${claim.bodyHash} ${callId} ${String(draft.state.nowMs)}`
  keepReference(draft, { scope: 'claim', reference: claim.reference, seq: draft.state.headSeq, said })
}
