// The account's settings as they stand in commands and in the log: the reader for both.

import { nanoUsd } from '#core/money.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type { AccountSettings } from './account-commands.ts'

import { readBudgets } from './key-details.ts'

/** A billion per minute is "no limit" in practice and keeps every sum far from 2^53. */
const limitMax = 1_000_000_000
const keysMaxMax = 1_000
export const invoiceDaysMax = 365
const modes = ['prepaid', 'postpaid', 'allowance'] as const

const read: {
  readonly [Name in keyof AccountSettings]: (value: unknown) => Pick<AccountSettings, Name> | undefined
} = {
  rpm: (value) => found(wholeUpTo(value, limitMax), (rpm) => ({ rpm })),
  tpm: (value) => found(wholeUpTo(value, limitMax), (tpm) => ({ tpm })),
  inFlight: (value) => found(wholeUpTo(value, limitMax), (inFlight) => ({ inFlight })),
  keysMax: (value) => found(wholeUpTo(value, keysMaxMax), (keysMax) => ({ keysMax })),
  monthlySpendLimitNanoUsd: (value) =>
    value === null
      ? { monthlySpendLimitNanoUsd: null }
      : found(amount(value), (limit) => ({ monthlySpendLimitNanoUsd: limit })),
  lowBalanceThresholdNanoUsd: (value) =>
    found(amount(value), (threshold) => ({ lowBalanceThresholdNanoUsd: threshold })),
  mode: (value) =>
    found(
      modes.find((mode) => mode === value),
      (mode) => ({ mode }),
    ),
  creditLimitNanoUsd: (value) => found(amount(value), (limit) => ({ creditLimitNanoUsd: limit })),
  invoiceDueDays: (value) =>
    found(wholeUpTo(value, invoiceDaysMax), (invoiceDueDays) => ({ invoiceDueDays })),
  invoiceGraceDays: (value) =>
    found(wholeUpTo(value, invoiceDaysMax), (invoiceGraceDays) => ({ invoiceGraceDays })),
  endUserBudgets: (value) => found(readBudgets(value), (endUserBudgets) => ({ endUserBudgets })),
  isFrozen: (value) => (typeof value === 'boolean' ? { isFrozen: value } : undefined),
  freezesOnDispute: (value) => (typeof value === 'boolean' ? { freezesOnDispute: value } : undefined),
}

/** The settings that are named, all of them sound; undefined if one is unknown or out of range. */
export function readSettings(value: unknown): Partial<AccountSettings> | undefined {
  if (value === undefined) return {}
  if (!isObject(value)) return undefined
  let settings: Partial<AccountSettings> = {}
  for (const name of Object.keys(value)) {
    const setting = isSettingName(name) ? read[name](value[name]) : undefined
    if (setting === undefined) return undefined
    settings = { ...settings, ...setting }
  }
  return settings
}

function found<Value, Setting>(
  value: Value | undefined,
  name: (value: Value) => Setting,
): Setting | undefined {
  return value === undefined ? undefined : name(value)
}

function isSettingName(name: string): name is keyof AccountSettings {
  return Object.hasOwn(read, name)
}

function wholeUpTo(value: unknown, max: number): number | undefined {
  const whole = readWhole(value)
  return whole !== undefined && whole <= max ? whole : undefined
}

function amount(value: unknown) {
  const whole = readWhole(value)
  return whole === undefined ? undefined : nanoUsd(whole)
}
