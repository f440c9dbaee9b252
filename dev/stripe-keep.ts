// Keeps what Stripe's stand-in knows in a file, for a world that is started again: customers and cards of yesterday are still there.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { StateSnapshot, StripeState } from './stripe-state.ts'

export type StripeSecrets = { secretKey: string; publishableKey: string; webhookSecret: string }

type KeptFile = { secrets: StripeSecrets; port: number; state: StateSnapshot }

export function readKept(file: string | undefined): KeptFile | undefined {
  if (file === undefined || !existsSync(file)) return undefined
  // Written below.
  return JSON.parse(readFileSync(file, 'utf8')) as KeptFile
}

/** Writes whenever something has happened since the last time; whole, or not at all. */
export class StripeKeeper {
  private readonly file: string | undefined
  private written = -1

  constructor(file: string | undefined) {
    this.file = file
  }

  keep(state: StripeState, rest: Omit<KeptFile, 'state'>): void {
    // Everything that changes money or a card makes an event; the rest comes along.
    if (this.file === undefined || this.written === state.events.size) return
    this.written = state.events.size
    const kept: KeptFile = { ...rest, state: state.snapshot() }
    writeFileSync(`${this.file}.new`, JSON.stringify(kept), { mode: 0o600 })
    renameSync(`${this.file}.new`, this.file)
  }
}
