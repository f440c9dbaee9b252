// How the tables' columns hold what we count: money, numbers, moments.

import { bigint, timestamp } from 'drizzle-orm/pg-core'

/** Read as bigint: a sum over a mirror may pass 2^53 even though no single amount does. */
export const nanoUsd = (name: string) => bigint(name, { mode: 'bigint' })

/** Counts and sequence numbers: safe integers by construction. */
export const whole = (name: string) => bigint(name, { mode: 'number' })

export const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })
