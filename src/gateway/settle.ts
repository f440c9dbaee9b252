// What is charged when a call ends: the one table. Every way to end × how far it had come × what the provider said.
// Pure; the test derives the cells from these types.

import type { UsageSource } from '#calls/usage.ts'
import type { CancellationPolicy } from '#catalog/model.ts'

/**
 * Why a call ended. `worker_lost` and `object_lost` end it without us: the object charges the last checkpoint. A lost Relay
 * object settles what it proved once it is back.
 */
export const endCauses = [
  'done',
  'client_gone',
  'provider_cap',
  'upstream_error',
  'cut',
  'timeout',
  'hold_refused',
  'key_revoked',
  'cover_lost',
  'drain_limit',
  'cancel',
  'relay_lost',
] as const
export type EndCause = (typeof endCauses)[number]

/** How far it had come. `answered` = headers are here, `delivering` = the first content is here. */
export const phases = [
  'before_dispatch',
  'dispatched',
  'answered',
  'delivering',
  'after_usage',
  'after_terminator',
] as const
export type Phase = (typeof phases)[number]

/** Whether the usage that we hold comes from the provider. */
export const statements = ['said', 'said_zero', 'not_said'] as const
export type Statement = (typeof statements)[number]

export type Ending = { cause: EndCause; phase: Phase; policy: CancellationPolicy; statement: Statement }

/**
 * `nothing` releases the hold · `usage` charges what the provider said · `delivered` charges the input's expected count
 * and the output that was delivered, by our own count · `fee` charges the price of the call, whatever came of it.
 */
export type Charge = 'nothing' | 'usage' | 'delivered' | 'fee'

export type Settlement = { charge: Charge; rule: string }

/** The reasons that cells cannot occur; a cell that occurs all the same is settled by the general rule and logged. */
export function impossibleCell(ending: Ending): string | undefined {
  const { cause, phase, statement } = ending
  if (
    phase === 'before_dispatch' &&
    cause !== 'provider_cap' &&
    cause !== 'hold_refused' &&
    cause !== 'cover_lost' &&
    cause !== 'key_revoked' &&
    cause !== 'client_gone' &&
    cause !== 'cancel'
  )
    return 'nothing upstream can end what was never sent'
  if (cause === 'provider_cap' && phase !== 'before_dispatch') return 'what is beyond the cap is never sent'
  if (isBefore(phase, 'answered') && statement !== 'not_said')
    return 'no usage is said before the answer begins'
  if (phase === 'after_usage' && statement === 'not_said') return 'the phase means that usage was said'
  if (cause === 'done' && isBefore(phase, 'answered')) return 'an answer that never began is not done'
  if (cause === 'drain_limit' && isBefore(phase, 'answered')) return 'draining begins with an answer'
  return undefined
}

/** What to charge, and the rule's name for the charge's explanation: `<cause>_<basis>`. */
export function settle(ending: Ending): Settlement {
  const { cause, phase, policy, statement } = ending
  // Never sent, or sent and not answered: no provider statement and no delivered byte can prove a cost.
  if (isBefore(phase, 'answered')) return { charge: 'nothing', rule: `${cause}_unanswered` }
  // A good head of an answer is the acceptance that the fee is due for.
  if (policy === 'accept') return { charge: 'fee', rule: `${cause}_accepted` }
  // What the provider states is what it bills us: final or the last cumulative figure, an explicit zero included.
  if (statement === 'said') return { charge: 'usage', rule: `${cause}_usage_said` }
  if (statement === 'said_zero') return { charge: 'usage', rule: `${cause}_said_zero` }
  // An answer that ended without a word about usage and without content: a complete one is an empty answer, a broken one a failure.
  if (phase === 'answered') return { charge: 'nothing', rule: `${cause}_nothing_delivered` }
  return { charge: 'delivered', rule: `${cause}_counted` }
}

export function isBefore(phase: Phase, other: Phase): boolean {
  return phases.indexOf(phase) < phases.indexOf(other)
}

/** A declared zero is a statement; our own count and silence are not. */
export function statementOf(source: UsageSource): Statement {
  switch (source) {
    case 'final':
    case 'cumulative':
      return 'said'
    case 'zero':
      return 'said_zero'
    case 'counted':
    case 'none':
      return 'not_said'
  }
}
