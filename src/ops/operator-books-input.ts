// Reads the bodies of the operator's commands about the books themselves (pure): rebuild and resend.

import { readFields, readText, type Read } from '#core/fields.ts'
import { refuse } from '#core/errors.ts'

const textLengthMax = 200

export type RebuildAsked = { reason: string; idempotencyKey: string; isDiscarding: boolean }

export function readRebuild(body: unknown): Read<RebuildAsked> {
  const fields = readFields(body, ['reason', 'idempotency_key', 'confirm', 'discard'])
  if (!fields.ok) return fields
  const { confirm, discard = false } = fields.value
  const reason = readText(fields.value['reason'], 'reason', textLengthMax)
  if (!reason.ok) return reason
  const key = readText(fields.value['idempotency_key'], 'idempotency_key', textLengthMax)
  if (!key.ok) return key
  if (confirm !== true)
    return refuse('invalid_request', {
      message: 'confirm must be true: an epoch ends here.',
      param: 'confirm',
    })
  if (typeof discard !== 'boolean')
    return refuse('invalid_request', { message: 'discard must be true or false.', param: 'discard' })
  return { ok: true, value: { reason: reason.value, idempotencyKey: key.value, isDiscarding: discard } }
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
