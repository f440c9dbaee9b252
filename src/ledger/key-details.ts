// A key's limits as they stand in commands and in the log: the readers for both.

import { nanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import type { Budget, KeyTerms, Scope } from './account-commands.ts'
import { budgetWindows } from './windows.ts'

export const scopes = ['inference', 'balance:read', 'keys:manage'] as const satisfies readonly Scope[]

/** Of a key that was made without a list: it calls models and reads the account, as every key could before there were scopes. */
export const defaultScopes: readonly Scope[] = ['inference', 'balance:read']

/** A billion per minute is "no limit" in practice and keeps every sum far from 2^53. */
const limitMax = 1_000_000_000

/** One list of models per key, at most this long. */
const modelsMax = 200
const modelCharactersMax = 120

/** At most one budget per window, each of at least 0; undefined for anything else. */
export function readBudgets(value: unknown): readonly Budget[] | undefined {
  if (!Array.isArray(value)) return undefined
  const budgets: Budget[] = []
  for (const item of value) {
    if (!isObject(item)) return undefined
    const window = budgetWindows.find((name) => name === item['window'])
    const amount = readWhole(item['amountNanoUsd'])
    const isTaken = budgets.some((budget) => budget.window === window)
    if (window === undefined || amount === undefined || isTaken) return undefined
    budgets.push({ window, amountNanoUsd: nanoUsd(amount) })
  }
  return budgets
}

/** Null allows every model; undefined is no list of models. */
export function readModels(value: unknown): readonly string[] | null | undefined {
  if (value === null) return null
  if (!Array.isArray(value) || value.length > modelsMax) return undefined
  const models: string[] = []
  for (const item of value) {
    if (typeof item !== 'string' || item.length > modelCharactersMax) return undefined
    models.push(item)
  }
  return models
}

const read: { readonly [Name in keyof KeyTerms]: (value: unknown) => Pick<KeyTerms, Name> | undefined } = {
  name: (value) => found(readString(value), (name) => ({ name })),
  budgets: (value) => found(readBudgets(value), (budgets) => ({ budgets })),
  allowedModels: (value) => found(readModels(value), (allowedModels) => ({ allowedModels })),
  scopes: (value) => found(readScopes(value), (list) => ({ scopes: list })),
  rpm: (value) => found(limitOrNull(value), (rpm) => ({ rpm })),
  tpm: (value) => found(limitOrNull(value), (tpm) => ({ tpm })),
  inFlight: (value) => found(limitOrNull(value), (inFlight) => ({ inFlight })),
  expiresAtMs: (value) =>
    found(value === null ? null : readWhole(value, 1), (expiresAtMs) => ({ expiresAtMs })),
  endUserBudgets: (value) => found(readBudgets(value), (endUserBudgets) => ({ endUserBudgets })),
  isDisabled: (value) => (typeof value === 'boolean' ? { isDisabled: value } : undefined),
}

export const termNames = Object.keys(read).filter(isTermName)

/** The terms that are named, all of them sound; undefined if one is not. What is no term is left out. */
export function readTerms(value: object): Partial<KeyTerms> | undefined {
  let terms: Partial<KeyTerms> = {}
  for (const [name, given] of Object.entries(value)) {
    if (!isTermName(name) || given === undefined) continue
    const term = read[name](given)
    if (term === undefined) return undefined
    terms = { ...terms, ...term }
  }
  return terms
}

function isTermName(name: string): name is keyof KeyTerms {
  return Object.hasOwn(read, name)
}

/** Of a closed list, each once. */
function readScopes(value: unknown): readonly Scope[] | undefined {
  if (!Array.isArray(value)) return undefined
  const known = scopes.filter((scope) => value.includes(scope))
  return known.length === value.length ? known : undefined
}

function limitOrNull(value: unknown): number | null | undefined {
  if (value === null) return null
  const whole = readWhole(value)
  return whole !== undefined && whole <= limitMax ? whole : undefined
}

function found<Value, Term>(value: Value | undefined, name: (value: Value) => Term): Term | undefined {
  return value === undefined ? undefined : name(value)
}
