// Money: whole billionths of a US dollar for amounts, whole trillionths for prices. Not for currencies or display formats.
// The account object's SQLite refuses bigint and silently rounds above 2^53, so every amount is a safe integer.

import { assert } from './assert.ts'

declare const nano: unique symbol
declare const pico: unique symbol

/** An amount in billionths of a US dollar (1 USD = 1,000,000,000). May be negative. */
export type NanoUsd = number & { readonly [nano]: true }

/** A price of one unit in trillionths of a US dollar ($0.0375 per million tokens = 37,500). */
export type PicoUsd = number & { readonly [pico]: true }

const nanoPerUsd = 1_000_000_000
const picoPerNano = 1_000n
const fractionDigits = 9

export const zeroNanoUsd = 0 as NanoUsd

export function nanoUsd(value: number): NanoUsd {
  assert(Number.isSafeInteger(value), 'an amount is a safe whole number of nano-dollars')
  return (value === 0 ? 0 : value) as NanoUsd
}

export function picoUsd(value: number): PicoUsd {
  assert(Number.isSafeInteger(value) && value >= 0, 'a price is a safe whole number of pico-dollars')
  return value as PicoUsd
}

export function addNanoUsd(...amounts: readonly NanoUsd[]): NanoUsd {
  // Asserted at every step: an inexact sum in the middle could come back into the safe range as a wrong one.
  return amounts.reduce((sum, amount) => nanoUsd(sum + amount), zeroNanoUsd)
}

export function subtractNanoUsd(from: NanoUsd, amount: NanoUsd): NanoUsd {
  return nanoUsd(from - amount)
}

export function negateNanoUsd(amount: NanoUsd): NanoUsd {
  return nanoUsd(0 - amount)
}

export function minNanoUsd(a: NanoUsd, b: NanoUsd): NanoUsd {
  return a < b ? a : b
}

export function maxNanoUsd(a: NanoUsd, b: NanoUsd): NanoUsd {
  return a > b ? a : b
}

/** `amount` times a whole number, for thresholds such as "20 holds". */
export function timesNanoUsd(amount: NanoUsd, factor: number): NanoUsd {
  return nanoUsd(amount * factor)
}

/** `amount` × `part` / `whole`, multiplied in bigint and rounded up; none of them negative, `whole` more than nothing. */
export function shareRoundedUpOf(amount: NanoUsd, part: NanoUsd, whole: NanoUsd): NanoUsd {
  assert(amount >= 0 && part >= 0 && whole > 0, 'a share is of something')
  const divisor = BigInt(whole)
  return nanoUsd(Number((BigInt(amount) * BigInt(part) + divisor - 1n) / divisor))
}

/** One priced quantity: `units` (tokens, images, requests …) at `pricePicoUsd` each. */
export type PricedUnits = { units: number; pricePicoUsd: PicoUsd }

/** The sum of units × price, multiplied in bigint and rounded up once, at the end. Units must be whole and ≥ 0. */
export function priceOfRoundedUp(lines: readonly PricedUnits[]): NanoUsd {
  const totalPico = lines.reduce((sum, line) => {
    assert(Number.isSafeInteger(line.units) && line.units >= 0, 'units are a whole number of at least 0')
    return sum + BigInt(line.units) * BigInt(line.pricePicoUsd)
  }, 0n)
  return nanoUsd(Number((totalPico + picoPerNano - 1n) / picoPerNano))
}

/** Reads a decimal dollar text such as `12.5` or `-0.000000001`; undefined for anything else, more than 9 decimals or too much. */
export function parseUsd(text: string): NanoUsd | undefined {
  const match = /^(-?)(\d{1,7})(?:\.(\d{1,9}))?$/.exec(text)
  if (match === null) return undefined
  const [, sign, whole, fraction = ''] = match
  const value = BigInt(whole ?? '0') * BigInt(nanoPerUsd) + BigInt(fraction.padEnd(fractionDigits, '0'))
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return nanoUsd(Number(sign === '-' ? -value : value))
}

/** The exact decimal text of an amount, with at least two decimals: `10.00`, `0.000123`. */
export function formatUsd(amount: NanoUsd): string {
  const digits = String(Math.abs(amount)).padStart(fractionDigits + 1, '0')
  const whole = digits.slice(0, -fractionDigits)
  const fraction = digits.slice(-fractionDigits).replace(/0{1,7}$/, '')
  return `${amount < 0 ? '-' : ''}${whole}.${fraction}`
}

/** The JSON number that conventions such as `usage.cost` demand: the double nearest to the exact decimal. */
export function usdNumber(amount: NanoUsd): number {
  return Number(formatUsd(amount))
}

/** The exact decimal text of a price per unit: 37,500 pico-dollars is `0.0000000375`. */
export function formatPicoUsd(price: PicoUsd): string {
  const digits = String(price).padStart(13, '0')
  const fraction = digits.slice(-12).replace(/0+$/, '')
  return fraction === '' ? digits.slice(0, -12) : `${digits.slice(0, -12)}.${fraction}`
}

/** A sum that may pass what one amount may be: lifetime totals, reports. The same text as `formatUsd`. */
export function formatUsdSum(sum: bigint): string {
  return decimalText(sum, fractionDigits, 2)
}

/** The exact decimal text of units × price, before the charge is rounded: up to 12 decimals. */
export function formatPicoUsdSum(sum: bigint): string {
  return decimalText(sum, 12, 2)
}

/** Reads the decimal text of a sum, as `formatUsdSum` prints it. */
export function parseUsdSum(text: string): bigint | undefined {
  const match = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(text)
  if (match === null) return undefined
  const value = BigInt(`${match[2] ?? '0'}${(match[3] ?? '').padEnd(fractionDigits, '0')}`)
  return match[1] === '-' ? -value : value
}

function decimalText(value: bigint, decimals: number, decimalsMin: number): string {
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, '0')
  const whole = digits.slice(0, -decimals)
  const fraction = digits.slice(-decimals).replace(/0+$/, '').padEnd(decimalsMin, '0')
  return `${value < 0n ? '-' : ''}${whole}.${fraction}`
}
