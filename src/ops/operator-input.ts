// Reads the bodies of the operator API (pure): our commands, or a refusal that names the field. A field that is not ours
// is refused, never ignored: an operator who misspells a limit must hear it, and nobody slips in what is not offered.

import { dayMs } from '#core/clock.ts'
import { refuse, type Refusal } from '#core/errors.ts'
import { nanoUsd, parseUsd, type NanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { defaultRegion, isRegion, regions, type Region } from '#core/regions.ts'
import type { AccountSettings, Budget, BudgetWindow } from '#ledger/account-commands.ts'
import type { Bucket } from '#ledger/lots.ts'

export type Read<Value> = { ok: true; value: Value } | Refusal

/** $1 million: what one account may hold at most, and so the most that one grant can be. */
export const amountMaxNanoUsd = nanoUsd(1_000_000 * 1_000_000_000)
const textLengthMax = 200
/** Leaves room for the prefix in the ledger's reference, which is cut at 200 characters. */
const idempotencyKeyLengthMax = 150
const nameLengthMax = 100
const allowedModelsMax = 200
const modelIdLengthMax = 120

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

export type NewKey = { name: string; budgets: readonly Budget[]; allowedModels: readonly string[] | null }

export function readNewKey(body: unknown): Read<NewKey> {
  const fields = readFields(body, ['name', 'limits', 'allowed_models'])
  if (!fields.ok) return fields
  const name = readText(fields.value['name'], 'name', nameLengthMax)
  if (!name.ok) return name
  const budgets = readBudgets(fields.value['limits'] ?? [])
  if (!budgets.ok) return budgets
  const allowedModels = readAllowedModels(fields.value['allowed_models'] ?? null)
  if (!allowedModels.ok) return allowedModels
  return { ok: true, value: { name: name.value, budgets: budgets.value, allowedModels: allowedModels.value } }
}

export type SettingsChange = { settings: Partial<AccountSettings>; reason: string }

export function readSettingsChange(body: unknown): Read<SettingsChange> {
  if (!isObject(body)) return notAnObject()
  const { reason: given, ...rest } = body
  const settings = readSettings(rest, '')
  if (!settings.ok) return settings
  if (Object.keys(settings.value).length === 0)
    return refuse('invalid_request', {
      message: `The body changes nothing. It may hold ${Object.keys(settingReaders).join(', ')}.`,
    })
  const reason = readText(given, 'reason', textLengthMax)
  return reason.ok ? { ok: true, value: { settings: settings.value, reason: reason.value } } : reason
}

type SettingReader = (value: unknown, field: string) => Read<Partial<AccountSettings>>

const count =
  (name: 'rpm' | 'tpm' | 'inFlight' | 'keysMax', max: number): SettingReader =>
  (value, field) => {
    const whole = readWhole(value)
    return whole !== undefined && whole <= max
      ? { ok: true, value: { [name]: whole } }
      : invalid(field, `${field} must be a whole number from 0 to ${max}.`)
  }

const settingReaders: { readonly [field: string]: SettingReader } = {
  rpm: count('rpm', 1_000_000),
  tpm: count('tpm', 1_000_000_000_000),
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
  frozen: (value, field) =>
    typeof value === 'boolean'
      ? { ok: true, value: { isFrozen: value } }
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

const windows: readonly BudgetWindow[] = ['day', 'week', 'month', 'lifetime']

function readBudgets(value: unknown): Read<readonly Budget[]> {
  if (!Array.isArray(value)) return invalid('limits', 'limits must be a list of {window, amount}.')
  const budgets: Budget[] = []
  for (const [index, item] of value.entries()) {
    const field = `limits[${index}]`
    const fields = readFields(item, ['window', 'amount'], `${field}.`)
    if (!fields.ok) return fields
    const window = windows.find((name) => name === fields.value['window'])
    if (window === undefined)
      return invalid(`${field}.window`, `${field}.window must be one of ${windows.join(', ')}.`)
    if (budgets.some((budget) => budget.window === window))
      return invalid(`${field}.window`, `The window ${window} has two limits. Send one.`)
    const amount = readAmount(fields.value['amount'], `${field}.amount`)
    if (!amount.ok) return amount
    budgets.push({ window, amountNanoUsd: amount.value })
  }
  return { ok: true, value: budgets }
}

function readAllowedModels(value: unknown): Read<readonly string[] | null> {
  if (value === null) return { ok: true, value: null }
  const isList = Array.isArray(value) && value.length > 0 && value.length <= allowedModelsMax
  const models = isList ? value.flatMap((model) => readString(model) ?? []) : []
  const isWhole = isList && models.length === value.length && models.every(isModelId)
  if (isWhole) return { ok: true, value: models }
  return invalid(
    'allowed_models',
    `allowed_models must be a list of 1 to ${allowedModelsMax} model ids, or null for all models.`,
  )
}

export function readFields(
  body: unknown,
  known: readonly string[],
  prefix = '',
): Read<{ readonly [name: string]: unknown }> {
  if (!isObject(body))
    return prefix === '' ? notAnObject() : invalid(prefix.slice(0, -1), notAnObjectAt(prefix))
  const unknown = Object.keys(body).find((name) => !known.includes(name))
  return unknown === undefined ? { ok: true, value: body } : unknownField(`${prefix}${unknown}`)
}

export function readText(value: unknown, field: string, lengthMax: number): Read<string> {
  const text = readString(value)?.trim()
  if (text !== undefined && text !== '' && text.length <= lengthMax && isPlainText(text))
    return { ok: true, value: text }
  return invalid(field, `${field} must be a text of 1 to ${lengthMax} characters on one line.`)
}

function isModelId(text: string): boolean {
  return text !== '' && text.length <= modelIdLengthMax && isPlainText(text)
}

/** No control characters: names stand in logs, headers and Postgres. */
function isPlainText(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text)
}

/** Text only: a JSON number has been rounded before we see it. */
function readAmount(value: unknown, field: string): Read<NanoUsd> {
  const amount = readAmountFromZero(value, field)
  return amount.ok && amount.value === 0 ? invalid(field, amountMessage(field, 'more than 0')) : amount
}

function readSignedAmount(value: unknown, field: string): Read<NanoUsd> {
  const text = readString(value)
  const amount = text === undefined ? undefined : parseUsd(text)
  if (amount !== undefined && amount !== 0 && Math.abs(amount) <= amountMaxNanoUsd)
    return { ok: true, value: amount }
  return invalid(
    field,
    `${field} must be a decimal text of US dollars such as "-12.50": not 0, from -1000000 to 1000000, at most 9 decimals.`,
  )
}

function readAmountFromZero(value: unknown, field: string): Read<NanoUsd> {
  const text = readString(value)
  const amount = text === undefined ? undefined : parseUsd(text)
  if (amount !== undefined && amount >= 0 && amount <= amountMaxNanoUsd) return { ok: true, value: amount }
  return invalid(field, amountMessage(field, 'at least 0'))
}

function amountMessage(field: string, least: string): string {
  return `${field} must be a decimal text of US dollars such as "12.50": ${least}, at most 1000000, at most 9 decimals.`
}

function unknownField(field: string): Refusal {
  return invalid(field, `${field.slice(0, textLengthMax)} is not a field of this request.`)
}

function notAnObject(): Refusal {
  return refuse('invalid_request', { message: 'The body must be a JSON object.' })
}

function notAnObjectAt(prefix: string): string {
  return `${prefix.slice(0, -1)} must be a JSON object.`
}

function invalid(param: string, message: string): Refusal {
  return refuse('invalid_request', { message, param: param.slice(0, textLengthMax) })
}
