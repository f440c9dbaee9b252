// The outbox: what travels, in which order and size, with which hashes, and what is sent again.

import { describe, expect, test } from 'vitest'

import { hourMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { nextDueAt } from './alarm.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { isObject } from '#core/readers.ts'
import { canonicalJson, hashAfter } from './chain.ts'
import type { EntriesMessage } from './entry.ts'
import { captureOf, dollar, exampleDetail } from './example-commands.ts'
import { confirm, keepMarksIfMoved, markSent, rewind, rewindIfDue } from './marks.ts'
import { messageBytesMax, messageEntriesMax, nextMessage } from './next-message.ts'
import { Outbox } from './outbox.ts'
import { genesisHash } from './state.ts'
import { timings } from './timings.ts'

/** An account whose queue is a list; `isDown` makes it refuse. */
class Posted {
  readonly account = Simulator.opened(10)
  readonly messages: EntriesMessage[] = []
  isDown = false
  readonly outbox = new Outbox({
    entriesAfter: (seq, limit) => this.account.store.entries.slice(seq, seq + limit),
    state: () => this.account.state,
    sent: async (from, seq, hash) => this.account.ask((draft) => markSent(draft, from, seq, hash)),
    send: async (message) => {
      if (this.isDown) throw new Error('the queue is down')
      this.messages.push(message)
    },
    now: () => this.account.nowMs,
  })

  charge(count: number, detail = exampleDetail): void {
    for (let n = 0; n < count; n += 1) {
      this.account.ask((draft) => capture(draft, captureOf(this.account.newCall(), 1, { detail })))
    }
  }

  get seqs(): number[] {
    return this.messages.flatMap(({ entries }) => entries.map(({ seq }) => seq))
  }
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n)

describe('sending', () => {
  test('takes every entry once, in order, in messages of at most 100', async () => {
    const posted = new Posted()
    posted.charge(250)
    await posted.outbox.flush()
    await posted.outbox.flush()
    expect(posted.seqs).toEqual(range(1, 253))
    expect(posted.messages.map(({ entries }) => entries.length)).toEqual([
      messageEntriesMax,
      messageEntriesMax,
      53,
    ])
  })

  test('keeps every message below what the queue takes', async () => {
    const posted = new Posted()
    posted.charge(40, { ...exampleDetail, upstreamId: 'é'.repeat(10_000) })
    await posted.outbox.flush()
    const sizes = posted.messages.map((message) => new TextEncoder().encode(JSON.stringify(message)).length)
    expect(Math.max(...sizes)).toBeLessThan(messageBytesMax + 8_000)
    expect(posted.messages.length).toBeGreaterThan(5)
    expect(posted.seqs).toEqual(range(1, 43))
  })

  test('moves no mark when the queue refuses, and sends the same when it works again', async () => {
    const posted = new Posted()
    posted.isDown = true
    await expect(posted.outbox.flush()).rejects.toThrow('down')
    expect(posted.account.live.marks.sentSeq).toBe(0)
    posted.isDown = false
    await posted.outbox.flush()
    expect(posted.seqs).toEqual(range(1, 3))
  })

  test('twice at once sends nothing twice', async () => {
    const posted = new Posted()
    await Promise.all([posted.outbox.flush(), posted.outbox.flush()])
    expect(posted.seqs).toEqual(range(1, 3))
  })
})

describe('the hash chain', () => {
  test('can be recomputed by anyone from the messages alone', async () => {
    const posted = new Posted()
    posted.charge(130)
    await posted.outbox.flush()
    let previous = genesisHash
    for (const { hash, ...entry } of posted.messages.flatMap(({ entries }) => entries)) {
      const { name: _, reason: __, ...detail } = isObject(entry.detail) ? entry.detail : {}
      const text = new TextEncoder().encode(previous + canonicalJson({ ...entry, detail }))
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', text))
      previous = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
      expect(hash).toBe(previous)
    }
  })

  test('holds no name and no reason, so that a person can be erased from under it', async () => {
    const [entry] = new Posted().account.store.entries
    if (entry === undefined) throw new Error('There is an entry.')
    const named = { ...entry, detail: { plan: 'a', name: 'Ada', reason: 'moved' } }
    const erased = { ...entry, detail: { plan: 'a' } }
    expect(await hashAfter(genesisHash, named)).toBe(await hashAfter(genesisHash, erased))
  })

  test('changes with every field of an entry', async () => {
    const [entry] = new Posted().account.store.entries
    if (entry === undefined) throw new Error('There is an entry.')
    const changed = [
      { ...entry, seq: 2 },
      { ...entry, epoch: 2 },
      { ...entry, kind: 'grant' as const },
      { ...entry, reference: 'x' },
      { ...entry, amountNanoUsd: nanoUsd(1) },
      { ...entry, balanceAfterNanoUsd: nanoUsd(1) },
      { ...entry, createdAtMs: 1 },
      { ...entry, detail: {} },
    ]
    const hashes = await Promise.all([entry, ...changed].map((one) => hashAfter(genesisHash, one)))
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(await hashAfter('1'.repeat(64), entry)).not.toBe(hashes[0])
  })

  test('does not depend on the order in which names were written', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: true })).toBe(
      '{"a":true,"b":[1,{"c":"x","d":null}]}',
    )
  })
})

describe('a confirmation', () => {
  const at = async (posted: Posted, seq: number) => {
    const proof = await posted.outbox.proofAt(seq)
    const said = { epoch: 1, seq, sumNanoUsd: proof?.sumNanoUsd ?? nanoUsd(0), hash: proof?.hash ?? '' }
    return { proof, said }
  }

  test('with the right sum and hash moves the mark, never back', async () => {
    const posted = new Posted()
    posted.charge(5)
    const { said, proof } = await at(posted, 6)
    const earlier = await at(posted, 2)
    const say = (confirmed: typeof said, own: typeof proof) =>
      posted.account.ask((draft) => confirm(draft, confirmed, own))
    expect(say(said, proof)).toEqual({ ok: true })
    expect(say(earlier.said, earlier.proof)).toEqual({ ok: true })
    expect(posted.account.live.marks).toMatchObject({ confirmedSeq: 6, sentSeq: 6 })
    posted.account.crash()
    await posted.outbox.flush()
    expect(posted.seqs).toEqual([7, 8])
  })

  test.each([
    ['another sum', { sumNanoUsd: nanoUsd(5) }],
    ['another hash', { hash: 'f'.repeat(64) }],
    ['an entry that we do not have', { seq: 99 }],
  ])('with %s confirms nothing and is a finding, once', async (_, wrong) => {
    const posted = new Posted()
    const { said } = await at(posted, 3)
    const proof = await posted.outbox.proofAt('seq' in wrong ? wrong.seq : 3)
    for (let n = 0; n < 2; n += 1) {
      const answer = posted.account.ask((draft) => confirm(draft, { ...said, ...wrong }, proof))
      expect(answer).toEqual({ ok: false, code: 'invalid_command' })
    }
    expect(posted.account.live.marks.confirmedSeq).toBe(0)
    const findings = posted.account.store.entries.filter(({ kind }) => kind === 'finding')
    expect(findings.map(({ detail }) => detail)).toMatchObject([{ what: 'confirmation_differs' }])
  })

  test('of another epoch is refused', async () => {
    const posted = new Posted()
    const { said, proof } = await at(posted, 3)
    const answer = posted.account.ask((draft) => confirm(draft, { ...said, epoch: 2 }, proof))
    expect(answer).toEqual({ ok: false, code: 'invalid_command' })
  })
})

describe('what stays unconfirmed', () => {
  const wake = (posted: Posted) => {
    posted.account.ask((draft) => rewindIfDue(draft, timings))
    return posted.outbox.flush()
  }

  test('is sent again after ten minutes without any progress, however busy the account is', async () => {
    const posted = new Posted()
    await posted.outbox.flush()
    for (let minute = 1; minute <= 10; minute += 1) {
      posted.account.nowMs += timings.resendAfterMs / 10
      posted.charge(1)
      await posted.outbox.flush()
    }
    posted.messages.length = 0
    await wake(posted)
    expect(posted.seqs).toEqual(range(1, 13))
  })

  test('is sent again less and less often while nothing is confirmed', async () => {
    const posted = new Posted()
    await posted.outbox.flush()
    const waits: number[] = []
    for (let n = 0; n < 6; n += 1) {
      const before = posted.account.nowMs
      posted.account.nowMs = nextDueAt(posted.account.live, timings) ?? Number.NaN
      await wake(posted)
      waits.push((posted.account.nowMs - before) / timings.resendAfterMs)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 16])
    expect(posted.messages).toHaveLength(7)
  })

  test('is sent again at once when that is asked for', async () => {
    const posted = new Posted()
    await posted.outbox.flush()
    posted.account.ask((draft) => rewind(draft))
    await posted.outbox.flush()
    expect(posted.seqs).toEqual([...range(1, 3), ...range(1, 3)])
  })

  test('is not sent again by a restart once the mark was kept', async () => {
    const posted = new Posted()
    await posted.outbox.flush()
    posted.account.ask((draft) => keepMarksIfMoved(draft, 0))
    posted.account.crash()
    await posted.outbox.flush()
    expect(posted.seqs).toEqual(range(1, 3))
  })
})

describe('the alarm', () => {
  test('is due at the first of expiry, unsent entries and an overdue confirmation, and never when all is quiet', async () => {
    const posted = new Posted()
    const { account } = posted
    expect(nextDueAt(account.live, timings)).toBe(account.nowMs + timings.holdExpiryMs)
    await posted.outbox.flush()
    expect(nextDueAt(account.live, timings)).toBe(account.nowMs + timings.resendAfterMs)
    const proof = await posted.outbox.proofAt(3)
    const said = { epoch: 1, seq: 3, sumNanoUsd: nanoUsd(10 * dollar), hash: proof?.hash ?? '' }
    account.ask((draft) => confirm(draft, said, proof))
    expect(nextDueAt(account.live, timings)).toBeUndefined()
    account.nowMs += hourMs
    expect(nextDueAt(account.live, timings)).toBeUndefined()
  })
})

describe('a message', () => {
  const [first] = new Posted().account.store.entries
  const encoded = (entry: object) => new TextEncoder().encode(JSON.stringify(entry)).length
  /** With a hash of 80 bytes it is so long. */
  const entryOf = (bytes: number) => {
    if (first === undefined) throw new Error('There is an entry.')
    const bare = { ...first, detail: { text: '' } }
    return { ...bare, detail: { text: 'a'.repeat(bytes - 80 - encoded(bare)) } }
  }

  test.each([
    ['exactly fills it', [messageBytesMax / 2, messageBytesMax / 2, 1_000], 2],
    ['is a byte too long', [messageBytesMax / 2, messageBytesMax / 2 + 1], 1],
    ['alone is longer than one', [messageBytesMax + 1, 1_000], 1],
    ['is one too many', Array.from({ length: messageEntriesMax + 1 }, () => 900), messageEntriesMax],
  ])('ends before what does not fit: an entry that %s', (_, sizes, count) => {
    expect(nextMessage(sizes.map(entryOf))).toHaveLength(count)
  })
})

describe('a proof', () => {
  test('is the sum and hash at any entry behind the confirmed one, and there is none for another', async () => {
    const posted = new Posted()
    posted.charge(20)
    await posted.outbox.flush()
    const sent = posted.messages.flatMap(({ entries }) => entries)
    const proofOf = (seq: number) => {
      const { balanceAfterNanoUsd, hash } = sent[seq - 1] ?? {}
      return { sumNanoUsd: balanceAfterNanoUsd, hash }
    }
    expect(await posted.outbox.proofAt(5)).toEqual(proofOf(5))
    const { hash, sumNanoUsd } = proofOf(7)
    if (hash === undefined || sumNanoUsd === undefined) throw new Error('Entry 7 was sent.')
    posted.account.ask((draft) =>
      confirm(draft, { epoch: 1, seq: 7, sumNanoUsd, hash }, { sumNanoUsd, hash }),
    )
    expect(posted.account.live.marks.confirmedSeq).toBe(7)
    expect(await posted.outbox.proofAt(9)).toEqual(proofOf(9))
    expect(await posted.outbox.proofAt(23)).toEqual(proofOf(23))
    for (const seq of [6, 7, 24]) expect(await posted.outbox.proofAt(seq)).toBeUndefined()
  })

  test('is not made up where the rows are not there', async () => {
    const { account } = new Posted()
    const parts = { sent: async () => undefined, send: async () => undefined, now: () => 0 }
    const none = new Outbox({ ...parts, entriesAfter: () => [], state: () => account.state })
    expect(await none.proofAt(2)).toBeUndefined()
    const unknown = new Outbox({ ...parts, entriesAfter: () => account.store.entries, state: () => null })
    expect(await unknown.proofAt(1)).toBeUndefined()
    await expect(unknown.flush()).resolves.toBeUndefined()
  })
})

test('one run sends for at most ten seconds, and the next one goes on', async () => {
  const posted = new Posted()
  posted.charge(250)
  let nowMs = 0
  const slow = new Outbox({
    entriesAfter: (seq, limit) => posted.account.store.entries.slice(seq, seq + limit),
    state: () => posted.account.state,
    sent: async (from, seq, hash) => posted.account.ask((draft) => markSent(draft, from, seq, hash)),
    send: async (message) => {
      posted.messages.push(message)
      nowMs += 5_000
    },
    now: () => nowMs,
  })
  await slow.flush()
  expect(posted.messages).toHaveLength(2)
  await slow.flush()
  expect(posted.seqs).toEqual(range(1, 253))
})
