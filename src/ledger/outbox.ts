// The way of the entries to the queue: in order, each message with its part of the hash chain. Nothing is lost by a message
// that is lost: what Postgres has not confirmed is sent again.

import { hashAfter } from './chain.ts'
import type { EntriesMessage, Entry } from './entry.ts'
import type { Proof } from './marks.ts'
import { messageEntriesMax, nextMessage } from './next-message.ts'
import type { State } from './state.ts'

export type OutboxParts = {
  entriesAfter: (seq: number, limit: number) => readonly Entry[]
  /** What is durable. */
  state: () => State | null
  /** Moves the sent mark from `from` to `seq`, unless it has moved meanwhile. */
  sent: (from: number, seq: number, hash: string) => Promise<void>
  send: (message: EntriesMessage) => Promise<void>
  now: () => number
}

/** One run sends for at most this long; the rest waits for the next alarm. */
const flushWithinMs = 10_000
const entriesPerReadMax = 500

export class Outbox {
  readonly #parts: OutboxParts
  #flushing: Promise<void> | null = null

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  /** Sends what the queue has not taken yet, until the time is up; throws where the queue does not take a message. */
  flush(): Promise<void> {
    // One at a time: two would send the same entries twice.
    this.#flushing ??= this.#flushAll().finally(() => {
      this.#flushing = null
    })
    return this.#flushing
  }

  async #flushAll(): Promise<void> {
    const { entriesAfter, state, sent, send, now } = this.#parts
    const until = now() + flushWithinMs
    while (now() < until) {
      const known = state()
      if (known === null) return
      const { sentSeq, sentHash } = known.marks
      const entries = nextMessage(entriesAfter(sentSeq, messageEntriesMax))
      if (entries.length === 0) return
      const hashed = await chained(entries, sentHash)
      await send({ accountId: known.accountId, entries: hashed })
      await sent(sentSeq, sentSeq + hashed.length, hashed.at(-1)?.hash ?? sentHash)
    }
  }

  /** Our own sum and hash at an entry, recomputed from the confirmed one; undefined where we have no such entry. */
  async proofAt(seq: number): Promise<Proof | undefined> {
    const known = this.#parts.state()
    if (known === null || seq > known.headSeq || seq <= known.marks.confirmedSeq) return undefined
    let { confirmedSeq: at, confirmedHash: hash } = known.marks
    let proof: Proof | undefined
    while (at < seq) {
      const hashed = await chained(this.#parts.entriesAfter(at, Math.min(entriesPerReadMax, seq - at)), hash)
      const last = hashed.at(-1)
      if (last === undefined) return undefined
      proof = { sumNanoUsd: last.balanceAfterNanoUsd, hash: last.hash }
      at = last.seq
      hash = last.hash
    }
    return proof
  }
}

async function chained(
  entries: readonly Entry[],
  from: string,
): Promise<EntriesMessage['entries'][number][]> {
  const hashed: EntriesMessage['entries'][number][] = []
  let hash = from
  for (const entry of entries) {
    hash = await hashAfter(hash, entry)
    hashed.push({ ...entry, hash })
  }
  return hashed
}
