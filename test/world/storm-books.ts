// The books of one account after a storm: what its object says against what Postgres holds, entry by entry.

import { expect, vi } from 'vitest'

import { type NanoUsd, nanoUsd, parseUsd } from '#core/money.ts'

import type { WorldClient } from '../../dev/world-client.ts'
import { valueAt } from './chat.ts'

export type Account = { accountId: string; apiKey: string }

export type BookEntry = {
  seq: number
  kind: string
  reference: string
  amountNanoUsd: number
  balanceAfterNanoUsd: number
  /** The row of the settle table that applied, or `hold_expired`. */
  rule: string
  admittedAtMs: number
}

export type Books = {
  entries: readonly BookEntry[]
  balanceNanoUsd: NanoUsd
  /** By call id: all that was ever booked for it, as a positive sum, and the entries that say so. */
  charges: ReadonlyMap<string, { costNanoUsd: number; entries: readonly BookEntry[] }>
}

/** The account's present by its own key, or undefined while nobody can tell. */
export async function presentOf(world: WorldClient, { apiKey }: Account) {
  const shown = await read(world, '/v1/account', apiKey)
  const [balance, held] = [valueAt(shown, 'current_balance'), valueAt(shown, 'held')]
  if (typeof balance !== 'string' || typeof held !== 'string') return undefined
  return { balanceNanoUsd: usd(balance), heldNanoUsd: usd(held) }
}

/** No hold is open any more. Asks with reads only, which expire nothing: the object has to come to it by itself. */
export async function untilNothingIsHeld(world: WorldClient, account: Account, withinMs: number) {
  await vi.waitFor(async () => expect(await presentOf(world, account)).toMatchObject({ heldNanoUsd: 0 }), {
    timeout: withinMs,
    interval: 100,
  })
}

/**
 * Waits until nothing is held and every entry is in Postgres, then holds the books to themselves: no gap in the numbers,
 * every balance the sum of what came before, the last one what the object says.
 */
export async function quietBooks(world: WorldClient, account: Account, withinMs: number): Promise<Books> {
  await untilNothingIsHeld(world, account, withinMs)
  await vi.waitFor(
    async () =>
      expect(valueAt(await read(world, '/v1/account/usage', account.apiKey), 'pending_entries')).toBe(0),
    { timeout: withinMs, interval: 250 },
  )
  const entries = await entriesOf(world, account.accountId)
  let sum = 0
  for (const [index, entry] of entries.entries()) {
    sum += entry.amountNanoUsd
    expect(entry, 'gapless, and each balance the sum so far').toMatchObject({
      seq: index + 1,
      balanceAfterNanoUsd: sum,
    })
  }
  const present = await presentOf(world, account)
  expect(present?.balanceNanoUsd, 'balance = Σ entries').toBe(sum)
  return { entries, balanceNanoUsd: nanoUsd(sum), charges: chargesOf(entries) }
}

/** The lowest that the balance ever was. */
export function lowestBalance({ entries }: Books): number {
  return entries.reduce((lowest, entry) => Math.min(lowest, entry.balanceAfterNanoUsd), 0)
}

/** One entry for every call that cost something, none for any other, and never below zero. */
export function expectSettledOnce(books: Books, charged: readonly { callId: string }[]): void {
  expect([...books.charges.keys()].sort()).toEqual(charged.map(({ callId }) => callId).sort())
  for (const { entries } of books.charges.values()) expect(entries).toHaveLength(1)
  expect(lowestBalance(books)).toBe(0)
}

export function countOf(names: readonly string[]): { readonly [name: string]: number } {
  const counts: { [name: string]: number } = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

function chargesOf(entries: readonly BookEntry[]): Books['charges'] {
  const charges = new Map<string, { costNanoUsd: number; entries: BookEntry[] }>()
  for (const entry of entries) {
    if (entry.kind !== 'usage' && entry.kind !== 'late') continue
    const charge = charges.get(entry.reference) ?? { costNanoUsd: 0, entries: [] }
    charge.entries.push(entry)
    charge.costNanoUsd -= entry.amountNanoUsd
    charges.set(entry.reference, charge)
  }
  return charges
}

async function entriesOf(world: WorldClient, accountId: string): Promise<BookEntry[]> {
  const rows = await world.sql(
    `select seq, kind, reference, amount_nano_usd, balance_after_nano_usd,
            detail->>'rule' as rule, (detail->>'admittedAtMs')::bigint as admitted_at_ms
       from ledger_entries where account_id = $1 order by seq`,
    [accountId],
  )
  return rows.map((row) => ({
    seq: Number(row['seq']),
    kind: String(row['kind']),
    reference: String(row['reference']),
    amountNanoUsd: Number(row['amount_nano_usd']),
    balanceAfterNanoUsd: Number(row['balance_after_nano_usd']),
    rule: typeof row['rule'] === 'string' ? row['rule'] : '',
    admittedAtMs: Number(row['admitted_at_ms'] ?? 0),
  }))
}

async function read(world: WorldClient, path: string, apiKey: string): Promise<unknown> {
  const response = await fetch(`${world.baseUrl}${path}`, { headers: { authorization: `Bearer ${apiKey}` } })
  return response.json()
}

function usd(text: string): NanoUsd {
  const amount = parseUsd(text)
  if (amount === undefined) throw new Error(`not an amount: ${text}`)
  return amount
}
