// The other end of the product's queues: takes what the outbox sends, in batches as the platform makes them, and confirms
// each account's newest entry to its object, as the consumer does once Postgres has it. Postgres itself is another machine's
// work and no part of what is measured here.

import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { EntriesMessage } from '#ledger/entry.ts'
import { closeServer, listen, localHost } from '../dev/ports.ts'
import { waitUntil } from '../dev/processes.ts'
import type { BenchConfirm } from './workers/doors.ts'

export type Settlement = {
  port: number
  /** Charges that have arrived since the start. */
  charges(): number
  /** Resolves when as many charges have arrived and every confirmation was answered; false when the time is over. */
  drained(charges: number, withinMs: number): Promise<boolean>
  /** From now on confirmations are kept back, … */
  holdConfirmations(): void
  /** … until this sends them. */
  confirmHeld(): Promise<void>
  stop(): Promise<void>
}

/** A batch waits so long for company. The platform's waits a second, but nothing here hangs on it. */
const batchWithinMs = 250

/** What the platform's queues say to a producer. */
const taken = JSON.stringify({ metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } })

export async function startSettlement(product: () => number): Promise<Settlement> {
  const newest = new Map<string, BenchConfirm>()
  let charges = 0
  let open = 0
  let isHeld = false
  let batch: Promise<void> | undefined
  const confirmAll = async () => {
    const confirmations = [...newest.values()]
    newest.clear()
    await Promise.all(confirmations.map((one) => confirm(one, product())))
  }
  const nextBatch = async () => {
    await setTimeout(batchWithinMs)
    batch = undefined
    if (isHeld) return
    open += 1
    await confirmAll().finally(() => {
      open -= 1
    })
  }
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.end(taken)
      // Written by the account object.
      const { accountId, entries } = JSON.parse(Buffer.concat(parts).toString('utf8')) as EntriesMessage
      charges += entries.filter(({ kind }) => kind === 'usage').length
      const last = entries.at(-1)
      if (last === undefined) return
      const { epoch, seq, hash, balanceAfterNanoUsd: sumNanoUsd } = last
      newest.set(accountId, { accountId, confirm: { epoch, seq, sumNanoUsd, hash } })
      batch ??= nextBatch().catch((error: unknown) => console.error('a confirmation failed:', error))
    })
  })
  const port = await listen(server, 0)
  return {
    port,
    charges: () => charges,
    drained: (expected, withinMs) =>
      waitUntil(() => charges >= expected && (isHeld || newest.size + open === 0), withinMs),
    holdConfirmations: () => {
      isHeld = true
    },
    confirmHeld: async () => {
      isHeld = false
      await confirmAll()
    },
    stop: () => closeServer(server),
  }
}

async function confirm(confirmation: BenchConfirm, port: number): Promise<void> {
  const answer = await fetch(`http://${localHost}:${port}/__bench/confirm`, {
    method: 'POST',
    body: JSON.stringify(confirmation),
  })
  const text = await answer.text()
  if (text !== '{"ok":true}') throw new Error(`the object answered ${text}`)
}
