// API keys: minted outside, issued, edited, rotated and deleted here, by reference. Each change is an entry of amount 0 in
// the log; none of them touches the balance.

import type { Json } from '#core/errors.ts'
import { type KeyNumber, keyNumber } from '#core/ids.ts'
import { readWhole } from '#core/readers.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type {
  CheckKey,
  CheckKeyAnswer,
  EditKey,
  KeyAnswer,
  KeyManager,
  KeyTerms,
  PutKey,
  RevokeKey,
  RotateKey,
} from './account-commands.ts'
import type { Draft } from './draft.ts'
import { append, keepReference, referenceOf } from './draft.ts'
import { defaultScopes, readTerms, termNames } from './key-details.ts'
import { forceOf } from './key-force.ts'
import { mayEdit, mayHold } from './key-powers.ts'
import type { Decided } from './rebook-order.ts'
import type { ReferenceRow } from './rows.ts'
import type { Key, State } from './state.ts'

const secretHashPattern = /^[0-9a-f]{64}$/
const keyNumberMax = 0xffff_ffff
/** Deleted ones included: they stay in memory, so that their number is never issued again. */
const keysEverMax = 5_000
/** How long a rotated key may go on beside the new one. */
export const rotateGraceMsMax = 86_400_000

type Refused = KeyAnswer & { ok: false }

export function putKey(draft: Draft, command: PutKey): KeyAnswer {
  const { state } = draft
  const earlier = referenceOf(draft, 'key', command.reference)
  if (earlier !== undefined) return repeated(earlier.said)
  const { name, budgets, allowedModels } = command
  const given = readTerms(command)
  if (given === undefined || !isMinted(command)) return { ok: false, code: 'internal' }
  const by = managerOf(state, command.by)
  if (isRefused(by)) return by
  const terms: KeyTerms = { ...noLimits, ...given, name, budgets, allowedModels }
  if (by !== null && !mayHold(by, terms)) return { ok: false, code: 'beyond_own_limits' }
  return refusalOfNumber(state, command.keyNumber, 1) ?? put(draft, command, terms, command.family)
}

const noLimits = {
  scopes: defaultScopes,
  rpm: null,
  tpm: null,
  inFlight: null,
  expiresAtMs: null,
  endUserBudgets: [],
  isDisabled: false,
}

/** Changes the terms that are named; a deleted key has none any more. `decided` is where a line stood that is booked again. */
export function editKey(draft: Draft, command: EditKey, decided?: Decided): KeyAnswer {
  const { state } = draft
  const earlier = referenceOf(draft, 'key_edit', command.reference)
  if (earlier !== undefined) return repeated(earlier.said)
  const terms = readTerms(command.terms)
  if (terms === undefined || command.reference === '') return { ok: false, code: 'internal' }
  const by = managerOf(state, command.by)
  if (isRefused(by)) return by
  const key = liveKey(state, command.keyNumber)
  if (key === undefined) return { ok: false, code: 'no_such_key' }
  const after = { ...key, ...terms }
  if (by !== null && !mayEdit(by, key, after)) return { ok: false, code: 'beyond_own_limits' }
  // Name and state stand in every entry: the mirror knows a key by its newest one.
  const { name, isDisabled } = after
  const stood = decided && { decided }
  const detail = {
    action: 'edit',
    ...asJson(terms),
    name,
    isDisabled,
    ofSecretHash: key.secretHash,
    ...stood,
  }
  return write(draft, 'key_edit', command, detail)
}

/** The new key takes the old one's limits and what is spent under them: rotating is no way around a budget. */
export function rotateKey(draft: Draft, command: RotateKey): KeyAnswer {
  const { state } = draft
  const { reference, keyNumber: number, newKeyNumber, secretHash } = command
  const earlier = referenceOf(draft, 'key', reference)
  if (earlier !== undefined) return repeated(earlier.said)
  const graceMs = readWhole(command.graceMs)
  const isSound = graceMs !== undefined && graceMs <= rotateGraceMsMax
  if (!isSound || !isMinted({ ...command, keyNumber: newKeyNumber })) return { ok: false, code: 'internal' }
  const by = managerOf(state, command.by)
  if (isRefused(by)) return by
  const key = liveKey(state, number)
  // One that is being rotated already has its successor.
  if (key === undefined || key.endsAtMs !== null) return { ok: false, code: 'no_such_key' }
  const isItself = by?.keyNumber === key.keyNumber
  if (by !== null && !isItself && !mayHold(by, key)) return { ok: false, code: 'beyond_own_limits' }
  const refusal = refusalOfNumber(state, newKeyNumber, 0)
  if (refusal !== undefined) return refusal
  end(draft, key, { reference, endsAtMs: state.nowMs + graceMs })
  return put(draft, { reference, keyNumber: newKeyNumber, secretHash }, key, key.family)
}

export function revokeKey(draft: Draft, command: RevokeKey): KeyAnswer {
  const { state } = draft
  const { reference } = command
  const earlier = referenceOf(draft, 'revoke', reference)
  if (earlier !== undefined) return repeated(earlier.said)
  const by = managerOf(state, command.by)
  if (isRefused(by)) return by
  const key = state.keys.get(command.keyNumber)
  if (key === undefined) return { ok: false, code: 'no_such_key' }
  if (forceOf(key, state.nowMs) === 'deleted') return { ok: true, keyNumber: key.keyNumber, isRepeat: true }
  return end(draft, key, { reference, endsAtMs: state.nowMs })
}

/** For reading only: a frozen account may still look at itself. */
export function checkKey(state: State, command: CheckKey, nowMs: number): CheckKeyAnswer {
  const key = state.keys.get(command.keyNumber)
  if (key === undefined || key.secretHash !== command.secretHash)
    return { ok: false, code: 'invalid_api_key' }
  return forceOf(key, nowMs) === 'active'
    ? { ok: true, scopes: key.scopes }
    : { ok: false, code: 'key_disabled' }
}

/** The key that asks, if it may manage keys; null for the operator. */
function managerOf(state: State, by: KeyManager | undefined): Key | null | Refused {
  if (by === undefined) return null
  const checked = checkKey(state, by, state.nowMs)
  if (!checked.ok) return checked
  const key = state.keys.get(by.keyNumber)
  if (key === undefined || !key.scopes.includes('keys:manage')) return { ok: false, code: 'scope_missing' }
  return key
}

function isRefused(by: Key | null | Refused): by is Refused {
  return by !== null && 'ok' in by
}

function liveKey(state: State, number: KeyNumber): Key | undefined {
  const key = state.keys.get(number)
  return key === undefined || forceOf(key, state.nowMs) === 'deleted' ? undefined : key
}

/** What is disabled or expired may come back, so it counts; what ends soon does not. */
function refusalOfNumber(state: State, number: KeyNumber, more: number): Refused | undefined {
  if (state.keys.has(number)) return { ok: false, code: 'number_taken' }
  const kept = [...state.keys.values()].filter(({ endsAtMs }) => endsAtMs === null).length
  const isFull = state.keys.size >= keysEverMax || (more > 0 && kept + more > state.settings.keysMax)
  return isFull ? { ok: false, code: 'too_many_keys' } : undefined
}

type Minted = Pick<PutKey, 'reference' | 'keyNumber' | 'secretHash'>

function put(draft: Draft, minted: Minted, terms: KeyTerms, family?: KeyNumber): KeyAnswer {
  const ofFamily = family === undefined ? {} : { family }
  const detail = { action: 'put', ...asJson(terms), ...ofFamily, secretHash: minted.secretHash }
  return write(draft, 'key', minted, detail)
}

function end(draft: Draft, key: Key, how: { reference: string; endsAtMs: number }): KeyAnswer {
  const { reference, endsAtMs } = how
  const detail = { action: 'revoke', name: key.name, endsAtMs, ofSecretHash: key.secretHash }
  return write(draft, 'revoke', { reference, keyNumber: key.keyNumber }, detail)
}

function write(
  draft: Draft,
  scope: ReferenceRow['scope'],
  { keyNumber: number, reference }: { keyNumber: KeyNumber; reference: string },
  detail: Json,
): KeyAnswer {
  const entry = append(draft, {
    kind: 'key',
    reference,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: number,
    detail,
  })
  keepReference(draft, { scope, reference, seq: entry.seq, said: String(number) })
  return { ok: true, keyNumber: number, isRepeat: false }
}

function repeated(said: string): KeyAnswer {
  return { ok: true, keyNumber: keyNumber(Number(said)), isRepeat: true }
}

function isMinted(command: Minted): boolean {
  const number = readWhole(command.keyNumber, 1)
  return (
    number !== undefined &&
    number <= keyNumberMax &&
    secretHashPattern.test(command.secretHash) &&
    command.reference !== ''
  )
}

/** The terms alone, whatever else the value holds. */
function asJson(terms: Partial<KeyTerms>): { readonly [name: string]: Json } {
  const named: { [name: string]: Json } = {}
  for (const name of termNames) {
    const value = terms[name]
    if (value === undefined) continue
    named[name] = plain(value)
  }
  return named
}

function plain(value: KeyTerms[keyof KeyTerms]): Json {
  if (typeof value !== 'object' || value === null) return value
  return value.map((item) => (typeof item === 'string' ? item : { ...item }))
}
