// A line of a closed epoch is booked again word for word, kind by kind; what says nothing to book is left alone.

import { describe, expect, test } from 'vitest'

import { assert } from '#core/assert.ts'
import { hourMs } from '#core/clock.ts'
import type { Json } from '#core/errors.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { Refund } from './account-commands.ts'
import { admit } from './admission.ts'
import { Simulator, startOfTime } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import type { Draft } from './draft.ts'
import type { Entry } from './entry.ts'
import { erase } from './erasure.ts'
import { admitOf, callAt, captureOf, dollar, grantOf, keyOf, meterOf, planOf } from './example-commands.ts'
import { editKey, putKey, revokeKey } from './keys.ts'
import { meter } from './meter.ts'
import { setPlan } from './plans.ts'
import { rebook, waitingCodes } from './rebook.ts'
import { refund, refundAgain } from './refunds.ts'
import { reverse } from './reversals.ts'
import { changeSettings } from './settings.ts'

const said = { reason: 'why', actor: 'who' }
const callId = callAt(startOfTime, 77)
const first = { keyNumber: keyNumber(1) }

type Act = (draft: Draft) => unknown
type Line = { name: string; before?: Act; act: Act }

const paid: Act = (draft) => credit(draft, grantOf(2 * dollar, { kind: 'purchase', reference: 'paid' }))
const charged: Act = (draft) => capture(draft, captureOf(callId, dollar / 2, { admittedAgoMs: 5_000 }))
const planned: Act = (draft) => {
  setPlan(draft, planOf('plan'))
  admit(draft, admitOf(callId, { tokenBounds: { bound: 500, usual: 500, floor: 500 } }))
  capture(draft, captureOf(callId, dollar))
}
const back = { reference: 'back', callId, amountNanoUsd: null, ...said }

const lines: readonly Line[] = [
  ...(['purchase', 'auto_top_up', 'bonus', 'adjustment'] as const).map((kind) => ({
    name: kind,
    act: (draft: Draft) => credit(draft, { ...grantOf(dollar, { kind, reference: 'c' }), ...said }),
  })),
  {
    name: 'a correction downwards',
    act: (draft) =>
      credit(draft, { ...grantOf(0 - dollar, { kind: 'adjustment', reference: 'c' }), ...said }),
  },
  {
    name: 'a grant with its bucket and its end',
    act: (draft) =>
      credit(draft, {
        ...grantOf(dollar, { reference: 'c', bucket: 'bonus', expiresInMs: hourMs }),
        ...said,
      }),
  },
  {
    name: 'settings',
    act: (draft) => changeSettings(draft, { reference: 's', settings: { rpm: 7 }, ...said }),
  },
  { name: 'an erasure', act: (draft) => erase(draft, { reference: 'e', ...said }) },
  {
    name: 'an erasure after another one',
    before: (draft) => erase(draft, { reference: 'earlier', ...said }),
    act: (draft) => erase(draft, { reference: 'e', ...said }),
  },
  { name: 'a plan of any day', act: (draft) => setPlan(draft, { ...planOf('p'), ...said }) },
  {
    name: 'a plan of its own day',
    act: (draft) => setPlan(draft, { ...planOf('p'), anchorDay: 7, ...said }),
  },
  { name: 'a key', act: (draft) => putKey(draft, { ...keyOf(2), rpm: 9 }) },
  { name: 'an edited key', act: (draft) => editKey(draft, { reference: 'k', ...first, terms: { rpm: 3 } }) },
  { name: 'a deleted key', act: (draft) => revokeKey(draft, { reference: 'k', ...first }) },
  {
    name: 'a refund of a payment',
    before: paid,
    act: (draft) =>
      refund(draft, { reference: 'r', payment: 'paid', amountNanoUsd: nanoUsd(dollar), ...said }),
  },
  {
    name: 'a part of a charge given back',
    before: charged,
    act: (draft) => reverse(draft, { ...back, amountNanoUsd: nanoUsd(dollar / 4) }),
  },
  { name: 'tokens given back alone', before: planned, act: (draft) => reverse(draft, back) },
  { name: 'a late charge', act: charged },
]

/** Each was written after `before`, and arrives before it. */
const early: readonly Line[] = [
  ...lines.filter(({ before }) => before !== undefined),
  {
    name: 'an edit of a key',
    before: (draft) => putKey(draft, keyOf(2)),
    act: (draft) => editKey(draft, { reference: 'k', keyNumber: keyNumber(2), terms: { rpm: 3 } }),
  },
  {
    name: 'the end of a key',
    before: (draft) => putKey(draft, keyOf(2)),
    act: (draft) => revokeKey(draft, { reference: 'k', keyNumber: keyNumber(2) }),
  },
]

/** The line that a lost object wrote, and an account that was rebuilt without it. */
function lostLine({ before, act }: Line): { line: Entry; rebuilt: Simulator; known: number } {
  const lost = Simulator.opened(5)
  const rebuilt = Simulator.opened(5)
  for (const account of [lost, rebuilt]) if (before !== undefined) account.ask((draft) => before(draft))
  const known = lost.store.entries.length
  lost.ask((draft) => act(draft))
  const line = lost.store.entries[known]
  assert(line !== undefined, 'the lost object wrote a line')
  rebuilt.live.epoch = 2
  return { line, rebuilt, known }
}

const tell = (account: Simulator, entry: Entry) => account.ask((draft) => rebook(draft, { entry }))
const wordsOf = (entry: Entry | undefined) =>
  entry && [entry.kind, entry.reference, entry.amountNanoUsd, entry.keyNumber]
const without = (detail: Entry['detail'], names: readonly string[]) =>
  Object.fromEntries(Object.entries<Json>(Object(detail)).filter(([name]) => !names.includes(name)))

describe('a line that comes before the one it is about', () => {
  test.each(early)('is booked, or told again once that one has come: $name', ({ before, act }) => {
    const { line } = lostLine({ name: '', ...(before && { before }), act })
    const rebuilt = Simulator.opened(5)
    rebuilt.live.epoch = 2
    const first = tell(rebuilt, line)
    expect(['ok', 'no_such_key', ...waitingCodes]).toContain(first.ok ? 'ok' : first.code)
    if (before !== undefined) rebuilt.ask((draft) => before(draft))
    expect(tell(rebuilt, line)).toMatchObject({ ok: true })
    const told = rebuilt.store.entries.filter(({ reference }) => reference === line.reference)
    expect(told.filter(({ kind }) => kind === line.kind)).toHaveLength(1)
    rebuilt.check()
  })
})

describe('booked again word for word', () => {
  test.each(lines)('$name', (one) => {
    const { line, rebuilt, known } = lostLine(one)
    expect(tell(rebuilt, line)).toEqual({ ok: true, isBooked: true })
    const again = rebuilt.store.entries[known]
    expect(wordsOf(again)).toEqual(wordsOf(line))
    expect(without(again?.detail ?? null, ['decided'])).toEqual(line.detail)
    rebuilt.check()
  })

  test.each(lines.filter((line) => JSON.stringify(lostLine(line).line.detail).includes('"actor"')))(
    '$name, also where nobody said why and who',
    (one) => {
      const { line, rebuilt, known } = lostLine(one)
      tell(rebuilt, { ...line, detail: without(line.detail, ['reason', 'actor']) })
      expect(rebuilt.store.entries[known]?.detail).toMatchObject({ reason: '', actor: '' })
    },
  )

  test('a charge, as a late one with the figures of its call', () => {
    const { line, rebuilt, known } = lostLine({
      name: '',
      act: (draft) => {
        admit(draft, admitOf(callId))
        capture(draft, captureOf(callId, dollar / 2, { tokens: 42 }))
      },
    })
    expect(line.kind).toBe('usage')
    rebuilt.nowMs += hourMs
    tell(rebuilt, line)
    expect(rebuilt.store.entries[known]).toMatchObject({
      kind: 'late',
      amountNanoUsd: 0 - dollar / 2,
      detail: { tokens: 42, admittedAtMs: startOfTime },
    })
    expect(rebuilt.store.holds.get(callId)?.outcome).toBe('late')
  })

  test('a metered use, once', () => {
    const { line, rebuilt } = lostLine({ name: '', act: (draft) => meter(draft, meterOf(1, 2)) })
    expect([tell(rebuilt, line), tell(rebuilt, line)]).toEqual([
      { ok: true, isBooked: true },
      { ok: true, isBooked: false },
    ])
    expect(rebuilt.live.postedNanoUsd).toBe(5 * dollar + line.amountNanoUsd)
  })
})

test.each<[string, Act]>([
  [
    'edit',
    (draft) => editKey(draft, { reference: 'k', keyNumber: keyNumber(2), terms: { isDisabled: true } }),
  ],
  ['end', (draft) => revokeKey(draft, { reference: 'k', keyNumber: keyNumber(2) })],
])('the %s of a key that was lost is not that of another one which has its number now', (_, act) => {
  const { line } = lostLine({ name: '', before: (draft) => putKey(draft, keyOf(2)), act })
  const rebuilt = Simulator.opened(5)
  rebuilt.ask((draft) => putKey(draft, { ...keyOf(2), reference: 'new', secretHash: 'f'.repeat(64) }))
  rebuilt.live.epoch = 2
  expect(tell(rebuilt, line)).toEqual({ ok: false, code: 'no_such_key' })
  expect(rebuilt.live.keys.get(keyNumber(2))).toMatchObject({ isDisabled: false, endsAtMs: null })
})

describe('what was decided last stands, in whatever order it is told', () => {
  const freeze =
    (reference: string, settings: object): Act =>
    (draft) =>
      changeSettings(draft, { reference, settings, ...said })
  const edit =
    (reference: string, terms: object): Act =>
    (draft) =>
      editKey(draft, { reference, ...first, terms })
  const plan =
    (reference: string, name: string): Act =>
    (draft) =>
      setPlan(draft, { ...planOf(reference), terms: { ...planOf(reference).terms, name } })
  const kinds: readonly [string, readonly [Act, Act, Act], (account: Simulator) => unknown][] = [
    [
      'settings',
      [freeze('s1', { isFrozen: true, rpm: 7 }), freeze('s2', { isFrozen: false }), freeze('s3', { tpm: 9 })],
      ({ live }) => [live.settings.isFrozen, live.settings.rpm, live.settings.tpm],
    ],
    [
      'the terms of a key',
      [edit('k1', { isDisabled: true, rpm: 7 }), edit('k2', { isDisabled: false }), edit('k3', { tpm: 9 })],
      ({ live }) => {
        const key = live.keys.get(keyNumber(1))
        return [key?.isDisabled, key?.rpm, key?.tpm]
      },
    ],
    [
      'a plan',
      [plan('p1', 'a'), plan('p2', 'b'), plan('p3', 'c')],
      ({ live }) => live.allowances.plan?.terms.name,
    ],
  ]
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]

  test.each(kinds)('%s', (_, acts, shown) => {
    const lost = Simulator.opened(5)
    const known = lost.store.entries.length
    for (const act of acts) lost.ask((draft) => act(draft))
    const told = lost.store.entries.slice(known).filter(({ kind }) => kind !== 'allowance')
    for (const order of orders) {
      const rebuilt = Simulator.opened(5)
      rebuilt.live.epoch = 2
      for (const index of order) for (const line of told.slice(index, index + 1)) tell(rebuilt, line)
      expect([order, shown(rebuilt)]).toEqual([order, shown(lost)])
      rebuilt.check()
    }
  })

  test.each(kinds)('%s, and what was decided since', (_, [earlier, ...rest], shown) => {
    const { line, rebuilt } = lostLine({ name: '', act: earlier })
    for (const act of rest) rebuilt.ask((draft) => act(draft))
    const before = shown(rebuilt)
    tell(rebuilt, line)
    const kept = Array.isArray(before) ? [before[0], 7, before[2]] : before
    expect(shown(rebuilt)).toEqual(kept)
  })
})

test('what is said again after its line came too late is told that it stands', () => {
  const repeats: readonly Line[] = [
    {
      name: '',
      before: paid,
      act: (draft) => refund(draft, { reference: 'r', payment: 'paid', amountNanoUsd: null, ...said }),
    },
    { name: '', before: charged, act: (draft) => reverse(draft, back) },
  ]
  for (const one of repeats) {
    const { line, rebuilt } = lostLine(one)
    tell(rebuilt, line)
    const known = rebuilt.store.entries.length
    expect(rebuilt.ask((draft) => one.act(draft))).toMatchObject({
      ok: true,
      isRepeat: true,
      amountNanoUsd: Math.abs(line.amountNanoUsd),
    })
    expect(rebuilt.store.entries).toHaveLength(known)
  }
})

test('of a charge that was given back is given back what is left, where another part went back meanwhile', () => {
  const { line, rebuilt } = lostLine({ name: '', before: charged, act: (draft) => reverse(draft, back) })
  const part = { ...back, reference: 'part', amountNanoUsd: nanoUsd(dollar / 8) }
  rebuilt.live.epoch = 1
  rebuilt.ask((draft) => reverse(draft, part))
  rebuilt.live.epoch = 2
  expect(tell(rebuilt, line)).toEqual({ ok: true, isBooked: true })
  expect(rebuilt.live.postedNanoUsd).toBe(5 * dollar)
  expect(tell(rebuilt, { ...line, detail: { ...Object(line.detail), command: 'another' } })).toMatchObject({
    code: 'beyond_charge',
  })
  rebuilt.check()
})

test('a refund of money that is not there any more is booked all the same', () => {
  const refundAll: Line = {
    name: '',
    before: paid,
    act: (draft) => refund(draft, { reference: 'r', payment: null, amountNanoUsd: null, ...said }),
  }
  const { line } = lostLine(refundAll)
  const rebuilt = Simulator.opened(0)
  rebuilt.live.epoch = 2
  expect(tell(rebuilt, line)).toEqual({ ok: true, isBooked: true })
  expect(rebuilt.live.postedNanoUsd).toBe(-2 * dollar)
})

test('what people wrote does not come back with a line that is told after an erasure', () => {
  const [one] = lines
  assert(one !== undefined, 'there are lines')
  const { line } = lostLine(one)
  const rebuilt = Simulator.opened(5)
  rebuilt.ask((draft) => erase(draft, { reference: 'e', ...said }))
  rebuilt.live.epoch = 2
  tell(rebuilt, line)
  expect(rebuilt.store.entries.at(-1)?.detail).toMatchObject({ reason: '', actor: 'who' })
})

describe('not booked again', () => {
  const [one] = lines
  assert(one !== undefined, 'there are lines')
  const { line } = lostLine(one)
  const charge = lostLine({ name: '', act: charged }).line

  test.each<[string, Partial<Entry>]>([
    ['the creation of the account', { kind: 'create' }],
    ['the grant of a period', { kind: 'allowance' }],
    ['a finding', { kind: 'finding' }],
    ['an expiry', { kind: 'expiry' }],
    ['the opening of an epoch', { kind: 'opening' }],
    ['a charge of what is no call', { kind: 'usage', keyNumber: keyNumber(1), reference: 'r' }],
    ['a charge of no key', { ...charge, keyNumber: null }],
    ['a reversal of what is no call', { kind: 'reversal', reference: 'r' }],
    ['a plan without terms', { kind: 'plan' }],
    ['a key without its number', { kind: 'key', keyNumber: null }],
    ['a line of the epoch that runs', { epoch: 2 }],
  ])('%s', (_, changes) => {
    const account = Simulator.opened(5)
    account.live.epoch = 2
    const before = account.store.entries.length
    expect(tell(account, { ...line, ...changes })).toEqual({ ok: true, isBooked: false })
    expect(account.store.entries).toHaveLength(before)
  })

  test('what the ledger refuses, and it says why', () => {
    const account = Simulator.opened(5)
    account.live.epoch = 2
    const answer = tell(account, { ...charge, kind: 'reversal' })
    expect(answer).toEqual({ ok: false, code: 'invalid_amount' })
    const reversal = { ...charge, kind: 'reversal' as const, amountNanoUsd: dollar, detail: { command: 'v' } }
    const unknown = tell(account, reversal)
    expect(unknown).toEqual({ ok: false, code: 'no_such_charge' })
  })
})

describe('what was decided later', () => {
  const edit = (reference: string, number: number, terms: object): Act => {
    return (draft) => editKey(draft, { reference, keyNumber: keyNumber(number), terms })
  }
  /** The lines of these acts, in their order. */
  const linesOf = (...acts: readonly Act[]) => {
    const lost = Simulator.opened(5)
    lost.ask((draft) => putKey(draft, keyOf(2)))
    const known = lost.store.entries.length
    for (const act of acts) lost.ask((draft) => act(draft))
    return lost.store.entries.slice(known).filter(({ kind }) => kind !== 'allowance')
  }
  const rebuiltWithKey = () => {
    const rebuilt = Simulator.opened(5)
    rebuilt.ask((draft) => putKey(draft, keyOf(2)))
    rebuilt.live.epoch = 3
    return rebuilt
  }

  test('of another kind leaves a plan as it is, also where both are told at once', () => {
    const told = linesOf(
      (draft) => setPlan(draft, planOf('p')),
      (draft) => changeSettings(draft, { reference: 's', settings: { rpm: 7 }, ...said }),
    )
    const rebuilt = rebuiltWithKey()
    rebuilt.ask((draft) => told.toReversed().map((entry) => rebook(draft, { entry })))
    expect(rebuilt.live.allowances.plan?.terms.id).toBe('basic')
    expect(rebuilt.live.settings.rpm).toBe(7)
  })

  test('of another key leaves a key as it is', () => {
    const told = linesOf(edit('k2', 2, { rpm: 3 }), edit('k1', 1, { rpm: 9 }))
    const rebuilt = rebuiltWithKey()
    for (const line of told.toReversed()) tell(rebuilt, line)
    const rpms = [1, 2].map((number) => rebuilt.live.keys.get(keyNumber(number))?.rpm)
    expect(rpms).toEqual([9, 3])
  })

  test('is what a later epoch decided, whatever the numbers of the lines are', () => {
    const [line] = linesOf(edit('early', 1, { rpm: 3 }))
    assert(line !== undefined, 'there is a line')
    const rebuilt = rebuiltWithKey()
    // Of the epoch before, and told first: it is the older one although its number is larger.
    tell(rebuilt, {
      ...line,
      reference: 'older',
      epoch: 1,
      seq: 1_000,
      detail: { ...Object(line.detail), rpm: 9 },
    })
    tell(rebuilt, { ...line, epoch: 2 })
    expect(rebuilt.live.keys.get(keyNumber(1))?.rpm).toBe(3)
  })

  test('a key that was made and told before stays the one that it is', () => {
    const [line] = linesOf((draft) => putKey(draft, keyOf(3)))
    assert(line !== undefined, 'there is a line')
    const rebuilt = rebuiltWithKey()
    expect([tell(rebuilt, line), tell(rebuilt, line)]).toEqual([
      { ok: true, isBooked: true },
      { ok: true, isBooked: true },
    ])
    expect(rebuilt.store.entries.filter(({ reference }) => reference === line.reference)).toHaveLength(1)
  })
})

describe('a refund that is told again', () => {
  const again = (account: Simulator, amount: number, changes: Partial<Refund> = {}) =>
    account.ask((draft) =>
      refundAgain(
        draft,
        { reference: 'r', payment: null, amountNanoUsd: null, ...said, ...changes },
        nanoUsd(amount),
      ),
    )

  test('takes what was paid and leaves what was given, down to the last of it', () => {
    const rebuilt = Simulator.opened(5)
    rebuilt.ask((draft) => paid(draft))
    expect(again(rebuilt, 2 * dollar)).toMatchObject({ ok: true, balanceNanoUsd: 5 * dollar })
    expect(rebuilt.live.lots.map(({ bucket }) => bucket)).toEqual(['promotional'])
  })

  test.each([
    ['of nothing', 0, {}, 'invalid_amount'],
    ['of less than nothing', 0 - dollar, {}, 'invalid_amount'],
    ['without a reference', dollar, { reference: '' }, 'invalid_amount'],
    ['of a payment that is unknown', dollar, { payment: 'nobody' }, 'no_such_payment'],
  ])('%s is refused', (_, amount, changes, code) => {
    const rebuilt = Simulator.opened(5)
    const known = rebuilt.store.entries.length
    expect(again(rebuilt, amount, changes)).toEqual({ ok: false, code })
    expect(rebuilt.store.entries).toHaveLength(known)
  })
})
