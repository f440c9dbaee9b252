// The two marks of the outbox: who may move them, how far, and what a wrong confirmation leaves behind.

import { describe, expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import { Simulator } from './book.simulator.ts'
import { erase } from './erasure.ts'
import { confirm, keepMarksIfMoved, markSent, rewind, rewindIfDue } from './marks.ts'
import { genesisHash } from './state.ts'
import { timings } from './timings.ts'

const proof = { sumNanoUsd: nanoUsd(5), hash: 'b'.repeat(64) }
const told = { epoch: 1, seq: 2, ...proof }

/** Three entries, the first two sent. */
function sent(): Simulator {
  const account = Simulator.opened(5)
  account.ask((draft) => markSent(draft, 0, 2, 'a'))
  return account
}

describe('the sent mark', () => {
  test.each([
    ['from where it stands', 2, 3, 3],
    ['not from elsewhere: somebody moved it meanwhile', 1, 3, 2],
    ['not beyond the log', 2, 4, 2],
  ])('moves %s', (_, from, seq, expected) => {
    const account = sent()
    account.ask((draft) => markSent(draft, from, seq, 'c'))
    expect(account.live.marks.sentSeq).toBe(expected)
  })

  test('is written once per wake, where it has moved', () => {
    const account = sent()
    account.ask((draft) => {
      keepMarksIfMoved(draft, 2)
      expect(draft.isMarksChanged).toBe(false)
      keepMarksIfMoved(draft, 1)
      expect(draft.isMarksChanged).toBe(true)
    })
  })
})

describe('a confirmation', () => {
  test('of more than was sent moves both marks, of less only its own', () => {
    const [ahead, behind] = [sent(), sent()]
    expect(ahead.ask((draft) => confirm(draft, { ...told, seq: 3 }, proof))).toEqual({ ok: true })
    expect(ahead.live.marks).toMatchObject({ sentSeq: 3, sentHash: proof.hash, confirmedSeq: 3 })
    expect(behind.ask((draft) => confirm(draft, { ...told, seq: 1 }, proof))).toEqual({ ok: true })
    expect(behind.live.marks).toMatchObject({ sentSeq: 2, sentHash: 'a', confirmedSeq: 1 })
  })

  test('that is said again changes nothing, whatever it says', () => {
    const account = sent()
    account.ask((draft) => confirm(draft, told, proof))
    const entries = account.store.entries.length
    expect(account.ask((draft) => confirm(draft, told, undefined))).toEqual({ ok: true })
    expect(account.store.entries).toHaveLength(entries)
  })

  test.each([
    ['another sum', { ...proof, sumNanoUsd: nanoUsd(4) }, { ownSumNanoUsd: 4, ownHash: proof.hash }],
    ['no such entry', undefined, { ownSumNanoUsd: null, ownHash: null }],
  ])('where the object itself has %s is refused and found', (_, own, figures) => {
    const account = sent()
    const answer = account.ask((draft) => confirm(draft, told, own))
    expect(answer).toEqual({ ok: false, code: 'invalid_command' })
    expect(account.store.entries.at(-1)).toMatchObject({
      kind: 'finding',
      reference: `confirm:2:${'b'.repeat(16)}`,
      detail: { what: 'confirmation_differs', ...figures },
    })
  })
})

describe('sending again', () => {
  function confirmed(): Simulator {
    const account = sent()
    account.ask((draft) => confirm(draft, { ...told, seq: 1 }, proof))
    return account
  }

  test('goes back to what is confirmed, or to the first entry where Postgres lost it', () => {
    const [some, all] = [confirmed(), confirmed()]
    expect(some.ask((draft) => rewind(draft))).toEqual({ ok: true })
    expect(some.live.marks).toMatchObject({ sentSeq: 1, sentHash: proof.hash, confirmedSeq: 1, resends: 1 })
    all.ask((draft) => rewind(draft, { from: 1 }))
    expect(all.live.marks).toMatchObject({ sentSeq: 0, sentHash: genesisHash, confirmedSeq: 0, resends: 1 })
    expect(all.store.marks).toEqual(all.live.marks)
  })

  test('is done by itself when it is due, and not before', () => {
    const account = confirmed()
    account.nowMs += timings.resendAfterMs - 1
    account.ask((draft) => rewindIfDue(draft, timings))
    expect(account.live.marks.resends).toBe(0)
    account.nowMs += 1
    account.ask((draft) => rewindIfDue(draft, timings))
    expect(account.live.marks.resends).toBe(1)
    account.ask((draft) => rewindIfDue(draft, timings))
    expect(account.live.marks.resends).toBe(1)
  })
})

test('an erasure without a reference is refused', () => {
  const account = Simulator.opened(0)
  const command = { reference: '', reason: '', actor: '' }
  expect(account.ask((draft) => erase(draft, command))).toEqual({ ok: false, code: 'internal' })
  expect(account.live.erasedSeq).toBe(0)
})
