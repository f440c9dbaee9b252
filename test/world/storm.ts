// What all storms share: how fast their time runs, how often they strike, their seed, and where their figures go.
// `npm test` runs them small; `npm run storms` (dev/storms.ts) sets these variables and runs them at real scale.

import { appendFileSync } from 'node:fs'

/** Durations of the product are divided by `scale` (TIME_SCALE); `kills` is how often SIGKILL strikes. */
export const storm = {
  scale: settingOf('STORM_SCALE', 12),
  kills: settingOf('STORM_KILLS', 6),
  seed: settingOf('STORM_SEED', Date.now() % 1_000_000),
  isLong: process.env['STORM_SCALE'] === '1',
}

/** Limits that are not what a storm is about. */
export const openLimits = { rpm: 1_000_000, tpm: 1_000_000_000, in_flight: 10_000 }

/** So many seconds of the product's time, in the milliseconds that a storm waits for them. */
export function scaledMs(seconds: number): number {
  return Math.ceil((seconds * 1_000) / storm.scale)
}

export type Figures = { readonly [name: string]: string | number }

/** Prints what a storm measured; kept as well where `npm run storms` asks for it. */
export function report(name: string, figures: Figures): void {
  const line = Object.entries(figures).map(([figure, value]) => `${figure} ${value}`)
  process.stdout.write(`storm · ${name}: ${line.join(' · ')}\n`)
  const file = process.env['STORM_FIGURES']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ name, figures })}\n`)
}

/** The same numbers for the same seed (mulberry32), from 0 up to but without 1. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `count` things, each made of its index. */
export function range<Item>(count: number, make: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function settingOf(name: string, otherwise: number): number {
  const value = Number(process.env[name] ?? otherwise)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} is not a whole number`)
  return value
}
