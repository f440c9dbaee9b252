// API keys: minted outside, issued and revoked here, by reference. A key is an entry of amount 0 in the log.

import { keyNumber } from '#core/ids.ts'
import { readWhole } from '#core/readers.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { CheckKey, CheckKeyAnswer, KeyAnswer, PutKey, RevokeKey } from './account-commands.ts'
import type { Draft } from './draft.ts'
import { append, keepReference, referenceOf } from './draft.ts'
import { readBudgets, readModels } from './key-details.ts'
import type { State } from './state.ts'

const secretHashPattern = /^[0-9a-f]{64}$/
const keyNumberMax = 0xffff_ffff
/** Revoked ones included: they stay in memory, so that their number is never issued again. */
const keysEverMax = 5_000

export function putKey(draft: Draft, command: PutKey): KeyAnswer {
  const { state } = draft
  const earlier = referenceOf(draft, 'key', command.reference)
  if (earlier !== undefined) return repeated(earlier.said)
  const budgets = readBudgets(command.budgets)
  const allowedModels = readModels(command.allowedModels)
  if (budgets === undefined || allowedModels === undefined || !isSound(command)) {
    return { ok: false, code: 'internal' }
  }
  if (state.keys.has(command.keyNumber)) return { ok: false, code: 'number_taken' }
  const enabled = [...state.keys.values()].filter((key) => !key.isDisabled).length
  if (enabled >= state.settings.keysMax || state.keys.size >= keysEverMax) {
    return { ok: false, code: 'too_many_keys' }
  }
  return write(draft, 'key', command, {
    action: 'put',
    name: command.name,
    secretHash: command.secretHash,
    budgets: budgets.map((budget) => ({ ...budget })),
    allowedModels,
  })
}

export function revokeKey(draft: Draft, command: RevokeKey): KeyAnswer {
  const earlier = referenceOf(draft, 'revoke', command.reference)
  if (earlier !== undefined) return repeated(earlier.said)
  const key = draft.state.keys.get(command.keyNumber)
  if (key === undefined) return { ok: false, code: 'no_such_key' }
  if (key.isDisabled) return { ok: true, keyNumber: key.keyNumber, isRepeat: true }
  return write(draft, 'revoke', command, { action: 'revoke', name: key.name })
}

/** For reading only: a frozen account may still look at itself. */
export function checkKey(state: State, command: CheckKey): CheckKeyAnswer {
  const key = state.keys.get(command.keyNumber)
  if (key === undefined || key.secretHash !== command.secretHash)
    return { ok: false, code: 'invalid_api_key' }
  return key.isDisabled ? { ok: false, code: 'key_disabled' } : { ok: true }
}

function write(
  draft: Draft,
  scope: 'key' | 'revoke',
  command: PutKey | RevokeKey,
  detail: Parameters<typeof append>[1]['detail'],
): KeyAnswer {
  const { keyNumber, reference } = command
  const entry = append(draft, { kind: 'key', reference, amountNanoUsd: zeroNanoUsd, keyNumber, detail })
  keepReference(draft, { scope, reference, seq: entry.seq, said: String(keyNumber) })
  return { ok: true, keyNumber, isRepeat: false }
}

function repeated(said: string): KeyAnswer {
  return { ok: true, keyNumber: keyNumber(Number(said)), isRepeat: true }
}

function isSound(command: PutKey): boolean {
  const number = readWhole(command.keyNumber, 1)
  return (
    number !== undefined &&
    number <= keyNumberMax &&
    secretHashPattern.test(command.secretHash) &&
    typeof command.name === 'string' &&
    command.reference !== ''
  )
}
