// Time as a value and as a port. `Date.now()` is called by the composition root alone.

import type { StopSignal } from './stop.ts'

declare const millis: unique symbol

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number & { readonly [millis]: true }

export type Clock = {
  now(): Millis
  /** Resolves after `ms`; an aborted signal resolves it at once, so that no timer outlives its reason. */
  sleep(ms: number, signal?: StopSignal): Promise<void>
}

export function asMillis(value: number): Millis {
  return value as Millis
}

export function addMillis(time: Millis, ms: number): Millis {
  return (time + ms) as Millis
}

export function isoTime(time: Millis): string {
  return new Date(time).toISOString()
}

export const secondMs = 1_000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

/** Every duration of a table divided by `scale`, for storm tests that would otherwise take minutes; never in production. */
export function durationsDividedBy<Table extends { readonly [name: string]: number }>(
  table: Table,
  scale: number,
): Table {
  return Object.fromEntries(Object.entries(table).map(([name, ms]) => [name, Math.ceil(ms / scale)])) as Table
}
