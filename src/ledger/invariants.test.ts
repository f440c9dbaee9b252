// Each invariant is found broken by itself, and a sound group of commands breaks none.

import { expect, test } from 'vitest'

import { asMillis } from '#core/clock.ts'
import { makeAccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { Entry } from './entry.ts'
import { brokenInvariants } from './invariants.ts'
import type { Lot } from './lots.ts'
import { type State, newState } from './state.ts'

const empty = newState(makeAccountId('w', (bytes) => new Uint8Array(bytes)))
const before: State = { ...empty, headSeq: 1 }
const lot: Lot = { seq: 2, bucket: 'paid', remainingNanoUsd: nanoUsd(10), expiresAtMs: null }
const entry = (seq: number, amount: number): Entry => ({
  epoch: 1,
  seq,
  kind: 'purchase',
  reference: 'r',
  amountNanoUsd: nanoUsd(amount),
  balanceAfterNanoUsd: nanoUsd(amount),
  createdAtMs: asMillis(0),
  keyNumber: null,
  detail: null,
})
const after: State = { ...before, headSeq: 2, postedNanoUsd: nanoUsd(10), lots: [lot] }
const pinned = (amount: number, seq = 2) => new Map([[seq, nanoUsd(amount)]])

const sum = 'posted is the sum of all entries'
const held = 'held is the sum of all open holds'
const worth = 'posted is the sum of all lots less the debt'
const lots = 'no lot holds less than what is pinned of it'
const gapless = 'entries are numbered without a gap'

test.each<[string, Partial<State>, readonly Entry[], readonly string[]]>([
  ['a purchase', {}, [entry(2, 10)], []],
  ['a lot that is pinned whole', { pinned: pinned(10) }, [entry(2, 10)], []],
  ['an entry of another amount', {}, [entry(2, 9)], [sum]],
  ['a balance that nothing stands for', { postedNanoUsd: nanoUsd(11) }, [entry(2, 11)], [worth]],
  ['something held without a hold', { heldNanoUsd: nanoUsd(1) }, [entry(2, 10)], [held]],
  ['more pinned than there is', { pinned: pinned(11) }, [entry(2, 10)], [lots]],
  ['a pin of a lot that is gone', { pinned: pinned(1, 3) }, [entry(2, 10)], [lots]],
  [
    'an empty lot that is kept',
    { lots: [lot, { ...lot, seq: 3, remainingNanoUsd: nanoUsd(0) }] },
    [entry(2, 10)],
    [lots],
  ],
  [
    'a debt below nothing',
    { debtNanoUsd: nanoUsd(-1), lots: [{ ...lot, remainingNanoUsd: nanoUsd(9) }] },
    [entry(2, 10)],
    [lots],
  ],
  ['a number left out', { headSeq: 3 }, [entry(3, 10)], [gapless]],
  ['a wrong number', {}, [entry(3, 10)], [gapless]],
  ['a head that ran ahead', { headSeq: 3 }, [entry(2, 10)], [gapless]],
])('%s', (_, changes, written, broken) => {
  expect(brokenInvariants(before, { ...after, ...changes }, written)).toEqual(broken)
})
