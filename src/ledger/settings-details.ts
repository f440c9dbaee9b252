// The account's settings as they stand in commands and in the log: the reader for both.

import { nanoUsd } from '#core/money.ts'
import { isObject, readWhole } from '#core/readers.ts'
import type { AccountSettings } from './commands.ts'

/** A billion per minute is "no limit" in practice and keeps every sum far from 2^53. */
const limitMax = 1_000_000_000
const keysMaxMax = 1_000

const read: { [Name in keyof AccountSettings]: (value: unknown) => AccountSettings[Name] | undefined } = {
  rpm: (value) => wholeUpTo(value, limitMax),
  tpm: (value) => wholeUpTo(value, limitMax),
  inFlight: (value) => wholeUpTo(value, limitMax),
  keysMax: (value) => wholeUpTo(value, keysMaxMax),
  monthlySpendLimitNanoUsd: (value) => (value === null ? null : amount(value)),
  lowBalanceThresholdNanoUsd: amount,
  isFrozen: (value) => (typeof value === 'boolean' ? value : undefined),
}

/** The settings that are named and sound; undefined if one is unknown or out of range. */
export function readSettings(value: unknown): Partial<AccountSettings> | undefined {
  if (value === undefined) return {}
  if (!isObject(value)) return undefined
  const settings: Partial<AccountSettings> = {}
  for (const name of Object.keys(value)) {
    if (!isSettingName(name) || !readOne(settings, name, value[name])) return undefined
  }
  return settings
}

function readOne<Name extends keyof AccountSettings>(
  settings: Partial<AccountSettings>,
  name: Name,
  value: unknown,
): boolean {
  const setting = read[name](value)
  if (setting === undefined) return false
  settings[name] = setting
  return true
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
