// Reads the bodies of the operator API (pure): our commands, or a refusal that names the field. A field that is not ours
// is refused, never ignored: an operator who misspells a limit must hear it, and nobody slips in what is not offered.

import { dayMs } from '#core/clock.ts'
import { refuse } from '#core/errors.ts'
import {
  type Read,
  invalid,
  nameLengthMax,
  notAnObject,
  readAmount,
  readAmountFromZero,
  readFields,
  readSignedAmount,
  readText,
  textLengthMax,
  unknownField,
} from '#core/fields.ts'
import { type CallId, readCallId } from '#core/ids.ts'
import type { NanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { defaultRegion, isRegion, regions, type Region } from '#core/regions.ts'
import { readBudgets } from '#keys/key-input.ts'
import type { AccountSettings } from '#ledger/account-commands.ts'
import { invoiceDaysMax } from '#ledger/settings-details.ts'
import type { Bucket } from '#ledger/lots.ts'

/** Leaves room for the prefix in the ledger's reference, which is cut at 200 characters. */
export const idempotencyKeyLengthMax = 150

export type NewAccount = { name: string; region: Region; settings: Partial<AccountSettings> }

export function readNewAccount(body: unknown): Read<NewAccount> {
  const fields = readFields(body, ['name', 'region', 'settings'])
  if (!fields.ok) return fields
  const name = readText(fields.value['name'], 'name', nameLengthMax)
  if (!name.ok) return name
  const region = readString(fields.value['region'] ?? defaultRegion)
  if (region === undefined || !isRegion(region))
    return invalid('region', `region must be one of ${regions.join(', ')}.`)
  const settings = readSettings(fields.value['settings'] ?? {}, 'settings.')
  return settings.ok ? { ok: true, value: { name: name.value, region, settings: settings.value } } : settings
}

/** As given by the operator; null never expires. */
export type Grant = Adjustment & { bucket?: Bucket; expiresInMs: number | null }
export type Adjustment = { amountNanoUsd: NanoUsd; reason: string; idempotencyKey: string }

/** What was paid for cannot be granted. */
export const grantBuckets = ['allowance', 'promotional', 'bonus'] as const
export const expiresInDaysMax = 3_650
export const modes = ['prepaid', 'postpaid', 'allowance'] as const

export function readGrant(body: unknown): Read<Grant> {
  const fields = readFields(body, ['amount', 'reason', 'idempotency_key', 'bucket', 'expires_in_days'])
  if (!fields.ok) return fields
  const booking = readBooking(fields.value, readAmount)
  if (!booking.ok) return booking
  const { bucket: named = 'promotional', expires_in_days: days = null } = fields.value
  const bucket = grantBuckets.find((name) => name === named)
  if (bucket === undefined) return invalid('bucket', `bucket must be one of ${grantBuckets.join(', ')}.`)
  if (days === null) return { ok: true, value: { ...booking.value, bucket, expiresInMs: null } }
  const whole = readWhole(days, 1)
  if (whole === undefined || whole > expiresInDaysMax)
    return invalid('expires_in_days', `expires_in_days must be a whole number from 1 to ${expiresInDaysMax}.`)
  return { ok: true, value: { ...booking.value, bucket, expiresInMs: whole * dayMs } }
}

/** The only amount of the product that may be negative: it needs a reason like the others. */
export function readAdjustment(body: unknown): Read<Adjustment> {
  const fields = readFields(body, ['amount', 'reason', 'idempotency_key'])
  return fields.ok ? readBooking(fields.value, readSignedAmount) : fields
}

export type Reversal = Omit<Adjustment, 'amountNanoUsd'> & { amountNanoUsd: NanoUsd | null; callId: CallId }

/** Without an amount, all that is left of the charge. */
export function readReversal(body: unknown): Read<Reversal> {
  const fields = readFields(body, ['generation_id', 'amount', 'reason', 'idempotency_key'])
  if (!fields.ok) return fields
  const callId = readCallId(fields.value['generation_id'])
  if (callId === undefined) return invalid('generation_id', 'generation_id must be the id of a call: gen_….')
  const isWhole = !Object.hasOwn(fields.value, 'amount')
  const booking = readBooking(isWhole ? { ...fields.value, amount: '1' } : fields.value, readAmount)
  if (!booking.ok) return booking
  const { amountNanoUsd } = booking.value
  return { ok: true, value: { ...booking.value, callId, amountNanoUsd: isWhole ? null : amountNanoUsd } }
}

export type RefundRequest = Omit<Adjustment, 'amountNanoUsd'> & {
  amountNanoUsd: NanoUsd | null
  payment: string | null
  isPaidOut: boolean
}

/** Without an amount, all that can go back; without a payment, whatever was paid, the newest first. */
export function readRefund(body: unknown): Read<RefundRequest> {
  const fields = readFields(body, ['payment', 'amount', 'beyond_balance', 'reason', 'idempotency_key'])
  if (!fields.ok) return fields
  const isPaidOut = fields.value['beyond_balance'] ?? false
  if (typeof isPaidOut !== 'boolean')
    return invalid('beyond_balance', 'beyond_balance must be true or false.')
  const isNamed = Object.hasOwn(fields.value, 'payment')
  const payment = isNamed ? readText(fields.value['payment'], 'payment', textLengthMax) : undefined
  if (payment?.ok === false) return payment
  const isWhole = !Object.hasOwn(fields.value, 'amount')
  const booking = readBooking(isWhole ? { ...fields.value, amount: '1' } : fields.value, readAmount)
  if (!booking.ok) return booking
  const amountNanoUsd = isWhole ? null : booking.value.amountNanoUsd
  // All that is there is never more than is there.
  if (isPaidOut && isWhole) return invalid('amount', 'beyond_balance needs an amount.')
  return { ok: true, value: { ...booking.value, amountNanoUsd, payment: payment?.value ?? null, isPaidOut } }
}

type AmountReader = (value: unknown, field: string) => Read<NanoUsd>

function readBooking(fields: { readonly [name: string]: unknown }, amountOf: AmountReader): Read<Adjustment> {
  const amount = amountOf(fields['amount'], 'amount')
  if (!amount.ok) return amount
  const reason = readText(fields['reason'], 'reason', textLengthMax)
  if (!reason.ok) return reason
  const key = readText(fields['idempotency_key'], 'idempotency_key', idempotencyKeyLengthMax)
  if (!key.ok) return key
  return {
    ok: true,
    value: { amountNanoUsd: amount.value, reason: reason.value, idempotencyKey: key.value },
  }
}

/** Without an idempotency key a repeat is a change of its own. */
export type SettingsChange = { settings: Partial<AccountSettings>; reason: string; idempotencyKey?: string }

export function readSettingsChange(body: unknown): Read<SettingsChange> {
  if (!isObject(body)) return notAnObject()
  const { reason: given, idempotency_key: keyGiven, ...rest } = body
  const key =
    keyGiven === undefined ? undefined : readText(keyGiven, 'idempotency_key', idempotencyKeyLengthMax)
  if (key?.ok === false) return key
  const settings = readSettings(rest, '')
  if (!settings.ok) return settings
  if (Object.keys(settings.value).length === 0)
    return refuse('invalid_request', {
      message: `The body changes nothing. It may hold ${Object.keys(settingReaders).join(', ')}.`,
    })
  const reason = readText(given, 'reason', textLengthMax)
  if (!reason.ok) return reason
  const named = key === undefined ? {} : { idempotencyKey: key.value }
  return { ok: true, value: { settings: settings.value, reason: reason.value, ...named } }
}

type SettingReader = (value: unknown, field: string) => Read<Partial<AccountSettings>>

const count =
  (
    name: 'rpm' | 'tpm' | 'inFlight' | 'keysMax' | 'invoiceDueDays' | 'invoiceGraceDays',
    max: number,
  ): SettingReader =>
  (value, field) => {
    const whole = readWhole(value)
    return whole !== undefined && whole <= max
      ? { ok: true, value: { [name]: whole } }
      : invalid(field, `${field} must be a whole number from 0 to ${max}.`)
  }

const settingReaders: { readonly [field: string]: SettingReader } = {
  rpm: count('rpm', 1_000_000),
  tpm: count('tpm', 1_000_000_000),
  // Each running call is a row in the object's memory.
  in_flight: count('inFlight', 10_000),
  keys_max: count('keysMax', 1_000),
  monthly_spend_limit: (value, field) => {
    if (value === null) return { ok: true, value: { monthlySpendLimitNanoUsd: null } }
    const amount = readAmount(value, field)
    return amount.ok ? { ok: true, value: { monthlySpendLimitNanoUsd: amount.value } } : amount
  },
  low_balance_threshold: (value, field) => {
    const amount = readAmountFromZero(value, field)
    return amount.ok ? { ok: true, value: { lowBalanceThresholdNanoUsd: amount.value } } : amount
  },
  mode: (value, field) => {
    const mode = modes.find((name) => name === value)
    return mode === undefined
      ? invalid(field, `${field} must be one of ${modes.join(', ')}.`)
      : { ok: true, value: { mode } }
  },
  credit_limit: (value, field) => {
    const amount = readAmountFromZero(value, field)
    return amount.ok ? { ok: true, value: { creditLimitNanoUsd: amount.value } } : amount
  },
  invoice_due_days: count('invoiceDueDays', invoiceDaysMax),
  invoice_grace_days: count('invoiceGraceDays', invoiceDaysMax),
  end_user_limits: (value, field) => {
    const budgets = readBudgets(value, field)
    return budgets.ok ? { ok: true, value: { endUserBudgets: budgets.value } } : budgets
  },
  frozen: (value, field) =>
    typeof value === 'boolean'
      ? { ok: true, value: { isFrozen: value } }
      : invalid(field, `${field} must be true or false.`),
  freeze_on_dispute: (value, field) =>
    typeof value === 'boolean'
      ? { ok: true, value: { freezesOnDispute: value } }
      : invalid(field, `${field} must be true or false.`),
}

function readSettings(value: unknown, prefix: string): Read<Partial<AccountSettings>> {
  const fields = readFields(value, Object.keys(settingReaders), prefix)
  if (!fields.ok) return fields
  let settings: Partial<AccountSettings> = {}
  for (const [name, given] of Object.entries(fields.value)) {
    const read = settingReaders[name]?.(given, `${prefix}${name}`)
    if (read === undefined) return unknownField(`${prefix}${name}`)
    if (!read.ok) return read
    settings = { ...settings, ...read.value }
  }
  return { ok: true, value: settings }
}
