// Reads the bodies of the operator's commands about the books themselves (pure): rebuild, resend, erasure.

import { readFields, readText, type Read } from '#core/fields.ts'
import { refuse } from '#core/errors.ts'
import { idempotencyKeyLengthMax } from './operator-input.ts'

const textLengthMax = 200

export type ErasureAsked = { reason: string; idempotencyKey: string }
export type RebuildAsked = ErasureAsked & { isDiscarding: boolean }

export function readErasure(body: unknown): Read<ErasureAsked> {
  const fields = readFields(body, ['reason', 'idempotency_key', 'confirm'])
  return fields.ok ? readConfirmed(fields.value, 'what is erased cannot be brought back.') : fields
}

export function readRebuild(body: unknown): Read<RebuildAsked> {
  const fields = readFields(body, ['reason', 'idempotency_key', 'confirm', 'discard'])
  if (!fields.ok) return fields
  const { discard = false } = fields.value
  const confirmed = readConfirmed(fields.value, 'an epoch ends here.')
  if (!confirmed.ok) return confirmed
  if (typeof discard !== 'boolean')
    return refuse('invalid_request', { message: 'discard must be true or false.', param: 'discard' })
  return { ok: true, value: { ...confirmed.value, isDiscarding: discard } }
}

function readConfirmed(fields: { readonly [name: string]: unknown }, because: string): Read<ErasureAsked> {
  const reason = readText(fields['reason'], 'reason', textLengthMax)
  if (!reason.ok) return reason
  const key = readText(fields['idempotency_key'], 'idempotency_key', idempotencyKeyLengthMax)
  if (!key.ok) return key
  return fields['confirm'] === true
    ? { ok: true, value: { reason: reason.value, idempotencyKey: key.value } }
    : refuse('invalid_request', { message: `confirm must be true: ${because}`, param: 'confirm' })
}

/** Nothing, or `{from: 1}`. */
export function readResend(body: unknown): Read<{ isWhole: boolean }> {
  if (body === undefined) return { ok: true, value: { isWhole: false } }
  const fields = readFields(body, ['from'])
  if (!fields.ok) return fields
  const { from } = fields.value
  return from === undefined || from === 1
    ? { ok: true, value: { isWhole: from === 1 } }
    : refuse('invalid_request', { message: 'from can only be 1: the whole log.', param: 'from' })
}
