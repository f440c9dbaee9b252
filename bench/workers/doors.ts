// The doors of the bench's product Worker: what the harness may ask it, beside the product's own routes.

import type { Confirm } from '#ledger/account-commands.ts'

/** `POST /__bench/account`: an account with money, limits that the load does not reach and a key with two budgets. */
export type NewBenchAccount = { name: string; creditNanoUsd: number; budgetNanoUsd: number }
export type BenchAccount = { accountId: string; apiKey: string }

/** `POST /__bench/confirm`: what settlement says once Postgres has the entries. */
export type BenchConfirm = { accountId: string; confirm: Confirm }

/** `POST /__bench/object`: so many callers admit and capture by RPC, one call after the other, for so long. */
export type ObjectLoad = { accountId: string; callers: number; forMs: number }
export type ObjectThroughput = { calls: number; tookMs: number }

/** `POST /__bench/count`: what all objects did since it was last asked; the first time it only begins to count. */
export type BenchCount = { rowsWritten: number; alarmsSet: number; calls: { [method: string]: number } }
