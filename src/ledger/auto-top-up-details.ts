// Terms, methods and outcomes of automatic top-up as they stand in commands and in the log: the readers for both.

import type { Json } from '#core/errors.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import type { AutoTopUpTerms, PauseReason, SavedMethod } from './auto-top-up-commands.ts'

/** Cards are charged in whole cents. */
const centNanoUsd = 10_000_000
/** $100,000: what no operator's rule may pass. */
const amountMaxNanoUsd = 100_000_000_000_000
const idCharactersMax = 200

const pauseReasons: readonly PauseReason[] = ['declined', 'card', 'needs_action', 'mismatch']

/** An amount below its threshold would ask for the next one at once. */
export function readAutoTopUpTerms(value: unknown): AutoTopUpTerms | undefined {
  if (!isObject(value)) return undefined
  const { isEnabled } = value
  const threshold = readCents(value['thresholdNanoUsd'], 0)
  const amount = readCents(value['amountNanoUsd'], 1)
  const cap = value['monthlyCapNanoUsd'] === null ? null : readWhole(value['monthlyCapNanoUsd'], 1)
  if (typeof isEnabled !== 'boolean' || threshold === undefined || amount === undefined) return undefined
  if (cap === undefined || amount < threshold || (cap !== null && cap < amount)) return undefined
  return {
    isEnabled,
    thresholdNanoUsd: nanoUsd(threshold),
    amountNanoUsd: nanoUsd(amount),
    monthlyCapNanoUsd: cap === null ? null : nanoUsd(cap),
  }
}

export function termsAsJson({
  isEnabled,
  thresholdNanoUsd,
  amountNanoUsd,
  monthlyCapNanoUsd,
}: AutoTopUpTerms) {
  return { isEnabled, thresholdNanoUsd, amountNanoUsd, monthlyCapNanoUsd } satisfies Json
}

export function readMethod(value: unknown): SavedMethod | undefined {
  if (!isObject(value)) return undefined
  const id = readId(value['id'])
  const customerId = readId(value['customerId'])
  const fingerprint = readId(value['fingerprint'])
  return id === undefined || customerId === undefined || fingerprint === undefined
    ? undefined
    : { id, customerId, fingerprint }
}

export function methodAsJson({ id, customerId, fingerprint }: SavedMethod) {
  return { id, customerId, fingerprint } satisfies Json
}

export function readPauseReason(value: unknown): PauseReason | undefined {
  return pauseReasons.find((reason) => reason === value)
}

export function readId(value: unknown): string | undefined {
  const text = readString(value)
  return text !== undefined && text !== '' && text.length <= idCharactersMax ? text : undefined
}

function readCents(value: unknown, min: number): number | undefined {
  const whole = readWhole(value, min)
  return whole !== undefined && whole % centNanoUsd === 0 && whole <= amountMaxNanoUsd ? whole : undefined
}
