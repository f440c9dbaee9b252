// A key's limits as they stand in commands and in the log: the readers for both.

import { nanoUsd } from '#core/money.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type { Budget } from './account-commands.ts'
import { budgetWindows } from './windows.ts'

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
