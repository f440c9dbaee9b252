// The other end of the product's queues: takes what the outbox sends and confirms it to the object, as the consumer does
// once Postgres has it. Postgres itself is another machine's work and no part of what is measured here.

import { createServer } from 'node:http'
import type { EntriesMessage } from '#ledger/commands.ts'
import { waitUntil } from '../dev/processes.ts'
import { closeServer, listen, localHost } from '../dev/ports.ts'

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

export async function startSettlement(product: () => number): Promise<Settlement> {
  let charges = 0
  let open = 0
  let held: EntriesMessage[] | undefined
  const confirm = async ({ accountId, entries }: EntriesMessage) => {
    const last = entries.at(-1)
    if (last === undefined) return
    const { epoch, seq, hash, balanceAfterNanoUsd: sumNanoUsd } = last
    await fetch(`http://${localHost}:${product()}/__bench/confirm`, {
      method: 'POST',
      body: JSON.stringify({ accountId, confirm: { epoch, seq, sumNanoUsd, hash } }),
    })
  }
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      response.end()
      // Written by the account object.
      const message = JSON.parse(Buffer.concat(parts).toString('utf8')) as EntriesMessage
      charges += message.entries.filter(({ kind }) => kind === 'usage').length
      if (held !== undefined) return void held.push(message)
      open += 1
      confirm(message)
        .catch((error: unknown) => console.error('a confirmation failed:', error))
        .finally(() => {
          open -= 1
        })
    })
  })
  const port = await listen(server, 0)
  return {
    port,
    charges: () => charges,
    drained: (expected, withinMs) => waitUntil(() => charges >= expected && open === 0, withinMs),
    holdConfirmations: () => {
      held ??= []
    },
    confirmHeld: async () => {
      const messages = held ?? []
      held = undefined
      for (const message of messages) await confirm(message)
    },
    stop: () => closeServer(server),
  }
}
