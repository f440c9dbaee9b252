// Reads what is said about a key, by its customer or by the operator (pure): the ledger's terms, or a refusal that names the
// field. Only terms are fields: a secret, a number or spending can never be slipped in.

import type { Millis } from '#core/clock.ts'
import { dayMs, secondMs } from '#core/clock.ts'
import type { Refusal } from '#core/errors.ts'
import {
  type Read,
  invalid,
  isPlainText,
  nameLengthMax,
  readAmount,
  readFields,
  readText,
} from '#core/fields.ts'
import { readString, readWhole } from '#core/readers.ts'
import type { Budget, KeyTerms } from '#ledger/account-commands.ts'
import { scopes } from '#ledger/key-details.ts'
import { budgetWindows } from '#ledger/windows.ts'

const allowedModelsMax = 200
const modelIdLengthMax = 120
const limitMax = 1_000_000_000
/** How long a rotated key may go on beside the new one. */
const graceSecondsMax = dayMs / secondMs

type TermReader = (value: unknown, field: string, now: Millis) => Read<Partial<KeyTerms>>

const readers: { readonly [field: string]: TermReader } = {
  name: (value, field) => named(readText(value, field, nameLengthMax), (name) => ({ name })),
  limits: (value, field) => named(readBudgets(value, field), (budgets) => ({ budgets })),
  allowed_models: (value, field) => named(readModels(value, field), (allowedModels) => ({ allowedModels })),
  scopes: (value, field) => named(readScopes(value, field), (list) => ({ scopes: list })),
  rpm: (value, field) => named(readLimit(value, field), (rpm) => ({ rpm })),
  tpm: (value, field) => named(readLimit(value, field), (tpm) => ({ tpm })),
  in_flight: (value, field) => named(readLimit(value, field), (inFlight) => ({ inFlight })),
  expires_at: (value, field, now) => named(readExpiry(value, field, now), (expiresAtMs) => ({ expiresAtMs })),
  end_user_limits: (value, field) =>
    named(readBudgets(value, field), (endUserBudgets) => ({ endUserBudgets })),
  disabled: (value, field) =>
    typeof value === 'boolean'
      ? { ok: true, value: { isDisabled: value } }
      : invalid(field, `${field} must be true or false.`),
}

export type NewTerms = Pick<KeyTerms, 'name' | 'budgets' | 'allowedModels'> & Partial<KeyTerms>

export function readNewKey(body: unknown, now: Millis): Read<NewTerms> {
  const terms = readTerms(body, now)
  if (!terms.ok) return terms
  const { name } = terms.value
  if (name === undefined) return readNoName()
  return { ok: true, value: { budgets: [], allowedModels: null, ...terms.value, name } }
}

/** What is named is changed, nothing else. */
export function readKeyEdit(body: unknown, now: Millis): Read<Partial<KeyTerms>> {
  const terms = readTerms(body, now)
  if (!terms.ok || Object.keys(terms.value).length > 0) return terms
  return invalid('', `The body changes nothing. It may hold ${Object.keys(readers).join(', ')}.`)
}

export function readRotation(body: unknown): Read<{ graceMs: number }> {
  const fields = readFields(body ?? {}, ['grace_seconds'])
  if (!fields.ok) return fields
  const seconds = readWhole(fields.value['grace_seconds'] ?? 0)
  return seconds !== undefined && seconds <= graceSecondsMax
    ? { ok: true, value: { graceMs: seconds * secondMs } }
    : invalid('grace_seconds', `grace_seconds must be a whole number from 0 to ${graceSecondsMax}.`)
}

function readTerms(body: unknown, now: Millis): Read<Partial<KeyTerms>> {
  const fields = readFields(body, Object.keys(readers))
  if (!fields.ok) return fields
  let terms: Partial<KeyTerms> = {}
  for (const [field, value] of Object.entries(fields.value)) {
    const read = readers[field]?.(value, field, now)
    if (read?.ok === false) return read
    terms = { ...terms, ...read?.value }
  }
  return { ok: true, value: terms }
}

function named<Value>(read: Read<Value>, name: (value: Value) => Partial<KeyTerms>): Read<Partial<KeyTerms>> {
  return read.ok ? { ok: true, value: name(read.value) } : read
}

function readNoName(): Refusal {
  return invalid('name', `name must be a text of 1 to ${nameLengthMax} characters on one line.`)
}

export function readBudgets(value: unknown, list: string): Read<readonly Budget[]> {
  if (!Array.isArray(value)) return invalid(list, `${list} must be a list of {window, amount}.`)
  const budgets: Budget[] = []
  for (const [index, item] of value.entries()) {
    const field = `${list}[${index}]`
    const fields = readFields(item, ['window', 'amount'], `${field}.`)
    if (!fields.ok) return fields
    const window = budgetWindows.find((name) => name === fields.value['window'])
    if (window === undefined)
      return invalid(`${field}.window`, `${field}.window must be one of ${budgetWindows.join(', ')}.`)
    if (budgets.some((budget) => budget.window === window))
      return invalid(`${field}.window`, `The window ${window} has two limits. Send one.`)
    const amount = readAmount(fields.value['amount'], `${field}.amount`)
    if (!amount.ok) return amount
    budgets.push({ window, amountNanoUsd: amount.value })
  }
  return { ok: true, value: budgets }
}

function readModels(value: unknown, field: string): Read<readonly string[] | null> {
  if (value === null) return { ok: true, value: null }
  const isList = Array.isArray(value) && value.length > 0 && value.length <= allowedModelsMax
  const models = isList ? value.flatMap((model) => readString(model) ?? []) : []
  const isWhole = isList && models.length === value.length && models.every(isModelId)
  if (isWhole) return { ok: true, value: models }
  return invalid(
    field,
    `${field} must be a list of 1 to ${allowedModelsMax} model ids, or null for all models.`,
  )
}

function isModelId(text: string): boolean {
  return text !== '' && text.length <= modelIdLengthMax && isPlainText(text)
}

function readScopes(value: unknown, field: string): Read<KeyTerms['scopes']> {
  const known = Array.isArray(value) ? scopes.filter((scope) => value.includes(scope)) : []
  return Array.isArray(value) && known.length === value.length
    ? { ok: true, value: known }
    : invalid(field, `${field} must be a list of some of ${scopes.join(', ')}, each once.`)
}

function readLimit(value: unknown, field: string): Read<number | null> {
  if (value === null) return { ok: true, value: null }
  const whole = readWhole(value)
  return whole !== undefined && whole <= limitMax
    ? { ok: true, value: whole }
    : invalid(
        field,
        `${field} must be a whole number from 0 to ${limitMax}, or null for the account's alone.`,
      )
}

/** A date of the customer's, with its zone: `2027-01-31` (UTC) or `2027-01-31T12:00:00Z`. */
function readExpiry(value: unknown, field: string, now: Millis): Read<number | null> {
  if (value === null) return { ok: true, value: null }
  const text = readString(value) ?? ''
  const isDate = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)
  const atMs = isDate ? Date.parse(text) : Number.NaN
  return atMs > now
    ? { ok: true, value: atMs }
    : invalid(field, `${field} must be a date to come, such as "2031-01-31T12:00:00Z", or null for never.`)
}
