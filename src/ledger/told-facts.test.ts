// What happens to a payment after it was made: every order of everything that may be told of it ends in the same books, each
// of them tried, and whatever was told first waits for the rest.

import { describe, expect, test } from 'vitest'
import { assert } from '#core/assert.ts'
import { nanoUsd } from '#core/money.ts'
import type { AccountSettings } from './account-commands.ts'
import { admit } from './admission.ts'
import { decide } from './book.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import type { Draft } from './draft.ts'
import { admitOf, captureOf, dollar, grantOf } from './example-commands.ts'
import { bonusReferenceOf } from './paid-credits.ts'
import type { TellFacts } from './payment-commands.ts'
import { type Fact, factsPerPaymentMax, refundVersions } from './payment-facts.ts'
import { isPaymentInDoubt, waitingPaymentsMax } from './payment-risk.ts'
import { refund } from './refunds.ts'
import type { ReferenceRow } from './rows.ts'
import type { State } from './state.ts'
import { timings } from './timings.ts'
import { tellFacts } from './told-facts.ts'

const order = 'ord_1'
const dollars = (amount: number) => nanoUsd(Math.round(amount * dollar))

type Event = (draft: Draft) => void

/** $20 with a bonus of $1, however often and by whatever way it is told. */
const paid: Event = (draft) => {
  const reference = order
  credit(draft, grantOf(dollars(20), { reference, kind: 'purchase' }))
  credit(draft, grantOf(dollars(1), { reference: bonusReferenceOf(reference), kind: 'bonus' }))
}

const told =
  (...facts: readonly Fact[]): Event =>
  (draft) => {
    const answer = tellFacts(draft, tellOf(facts))
    assert(answer.ok, 'a fact is taken')
  }

function tellOf(facts: readonly Fact[], changes: Partial<TellFacts> = {}): TellFacts {
  return { payment: order, receivedNanoUsd: null, facts, ...changes }
}

function refundFact(id: string, status: keyof typeof refundVersions, amount = 0): Fact {
  const takenNanoUsd = dollars(amount)
  return { id, kind: 'refund', version: refundVersions[status], takenNanoUsd, isOpen: false }
}

/** `version` stands for the movements of its money and its status. */
function disputeFact(version: number, amount: number, isOpen = true): Fact {
  return { id: 'dp_1', kind: 'dispute', version, takenNanoUsd: dollars(amount), isOpen }
}

const allOfAPayment: readonly Event[] = [
  paid,
  // The same message again, and the same success by another way, long after.
  paid,
  paid,
  told(refundFact('re_1', 'succeeded', 5)),
  told(disputeFact(1, 0)),
  told(disputeFact(101, 20)),
  told(disputeFact(202, 0, false)),
  told(refundFact('re_2', 'succeeded', 15)),
]

/** What the books say when such a set of the above has been told, by a hand that knows only the set. */
function expectedOfPayment(has: (index: number) => boolean): number {
  if (!has(0) && !has(1) && !has(2)) return 0
  const withdrawn = has(6) ? 0 : has(5) ? 20 : 0
  const target = Math.min(20, (has(3) ? 5 : 0) + withdrawn + (has(7) ? 15 : 0))
  return 20 - target + (1 - target / 20)
}

const refundsThatFail: readonly Event[] = [
  paid,
  told(refundFact('re_1', 'pending')),
  told(refundFact('re_1', 'succeeded', 7)),
  told(refundFact('re_1', 'failed')),
  told(refundFact('re_2', 'succeeded', 13), refundFact('re_3', 'pending')),
  told(disputeFact(2, 0), refundFact('re_3', 'succeeded', 1)),
  told(disputeFact(103, 6, false)),
]

function expectedOfFailing(has: (index: number) => boolean): number {
  if (!has(0)) return 0
  const first = has(2) && !has(3) ? 7 : 0
  const target = Math.min(20, first + (has(4) ? 13 : 0) + (has(5) ? 1 : 0) + (has(6) ? 6 : 0))
  return 20 - target + (1 - target / 20)
}

/** Mutation tests run this once per change: there, what is told twice is told once, and 720 orders are tried. */
const isShort = process.env['PROPERTY_RUNS'] !== undefined
const toldAgain = [1, 2]

/** A tree of all orders: what has been told up to a node is walked once for all orders that go on from there. */
class Orders {
  readonly books = new Map<number, string>()
  orders = 0
  nodes = 0
  readonly #events: readonly Event[]
  readonly #expected: (has: (index: number) => boolean) => number
  readonly #before: number

  constructor(events: readonly Event[], expected: (has: (index: number) => boolean) => number, before = 0) {
    this.#events = events
    this.#expected = expected
    this.#before = before
  }

  walk(state: State, rows: ReadonlyMap<string, ReferenceRow>, seen: number): void {
    this.nodes += 1
    this.#check(state, seen)
    let isEnd = true
    for (const [index, event] of this.#events.entries()) {
      if ((seen & (1 << index)) !== 0 || (isShort && toldAgain.includes(index))) continue
      isEnd = false
      const { next, changes } = decide(state, ({ draft }) => draft !== null && event(draft), contextOf(rows))
      const added = changes?.references.map((row) => [`${row.scope} ${row.reference}`, row] as const) ?? []
      assert(next !== null, 'there is an account')
      this.walk(next, new Map([...rows, ...added]), seen | (1 << index))
    }
    if (isEnd) this.orders += 1
  }

  #check(state: State, seen: number): void {
    const isIn = (index: number) => (seen & (1 << index)) !== 0
    const expected = dollars(this.#expected(isIn) + this.#before)
    if (state.postedNanoUsd !== expected)
      throw new Error(`${seen.toString(2)}: ${state.postedNanoUsd}, not ${expected}`)
    const books = booksOf(state)
    const others = this.books.get(seen)
    if (others === undefined) this.books.set(seen, books)
    else if (others !== books) throw new Error(`${seen.toString(2)}:\n${books}\n${others}`)
  }
}

/** All that a customer could notice, but for the order in which it came about. */
function booksOf({ postedNanoUsd, debtNanoUsd, lots, lifetime, risk, paidMonths, refunded }: State): string {
  const lotsOf = lots.map(({ bucket, remainingNanoUsd }) => [bucket, remainingNanoUsd])
  const back = refunded.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0)
  const months = paidMonths.map(({ amountNanoUsd }) => amountNanoUsd)
  return JSON.stringify({ postedNanoUsd, debtNanoUsd, lots: lotsOf, lifetime, risk, months, back })
}

function contextOf(rows: ReadonlyMap<string, ReferenceRow>) {
  const none = () => undefined
  return {
    nowMs: Date.UTC(2026, 10, 18),
    timings,
    rowsPerSnapshot: Infinity,
    lookup: {
      holdRow: none,
      usageEntry: none,
      answer: none,
      moneyOfCall: () => [],
      newestOfKind: () => [],
      reference: (scope: string, reference: string) => rows.get(`${scope} ${reference}`),
    },
  }
}

describe('every order of what may be told of a payment', () => {
  // Cases: payments 8, 35, 36, 37, 39, 40, 41; billing-bugs 50
  test.each([
    ['paid, duplicate, late success, refund, dispute, withdrawn, reinstated, rest', allOfAPayment, 40_320],
    ['refunds that fail beside a dispute that is lost', refundsThatFail, 5_040],
  ] as const)(
    'ends in the same books, and so does every order of a part: %s',
    { timeout: 120_000 },
    (_, events, count) => {
      const expected = events === allOfAPayment ? expectedOfPayment : expectedOfFailing
      const { live } = Simulator.opened(0)
      const orders = new Orders(events, expected)
      orders.walk(live, new Map(), 0)
      if (!isShort) expect([orders.orders, orders.books.size]).toEqual([count, 2 ** events.length])
    },
  )

  // Cases: billing-bugs 41
  test('ends in the same books where a debt and other money are there', { timeout: 120_000 }, () => {
    const simulator = Simulator.opened(3)
    simulator.ask((draft) => capture(draft, captureOf(simulator.newCall(), 7 * dollar)))
    expect(simulator.live.postedNanoUsd).toBe(dollars(-1))
    const orders = new Orders(refundsThatFail, expectedOfFailing, -1)
    orders.walk(simulator.live, new Map(), 0)
    if (!isShort) expect(orders.orders).toBe(5_040)
  })
})

function tell(simulator: Simulator, facts: readonly Fact[], changes: Partial<TellFacts> = {}) {
  return simulator.ask((draft) => tellFacts(draft, tellOf(facts, changes)))
}

function paying(settings: Partial<AccountSettings> = {}): Simulator {
  const simulator = Simulator.opened(0, settings)
  simulator.ask(paid)
  return simulator
}

function spend(simulator: Simulator, amount: number): void {
  const callId = simulator.newCall()
  const holdNanoUsd = dollars(amount)
  expect(simulator.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd }))).ok).toBe(true)
  simulator.ask((draft) => capture(draft, captureOf(callId, holdNanoUsd)))
}

const lotsOf = ({ live }: Simulator) =>
  live.lots.map(({ bucket, remainingNanoUsd }) => [bucket, remainingNanoUsd / dollar])

function check(simulator: Simulator): void {
  simulator.checkRestart()
  checkRebuild(simulator)
}

describe('a refund that was told', () => {
  // Cases: payments 35
  test('takes its share of the bonus, rounded up, and the last one the rest', () => {
    const simulator = Simulator.opened(0)
    simulator.ask((draft) => credit(draft, grantOf(dollars(3), { reference: order, kind: 'purchase' })))
    const bonus = { reference: bonusReferenceOf(order), kind: 'bonus' as const }
    simulator.ask((draft) => credit(draft, grantOf(100, bonus)))
    const taken = [1, 2, 3].map((n) => {
      const answer = tell(simulator, [refundFact(`re_${n}`, 'succeeded', 1)])
      return answer.ok ? answer.bookedNanoUsd + dollar : 0
    })
    expect(taken).toEqual([-34, -33, -33])
    expect([simulator.live.postedNanoUsd, simulator.live.lots]).toEqual([0, []])
    expect(simulator.live.lifetime.added.dollars).toBe(0)
    check(simulator)
  })

  // Cases: payments 36
  test('is booked once, however often and in whatever words it is told', () => {
    const simulator = paying()
    const fact = refundFact('re_1', 'succeeded', 5)
    tell(simulator, [fact, fact])
    const entries = simulator.store.entries.length
    tell(simulator, [fact])
    tell(simulator, [refundFact('re_1', 'pending')])
    simulator.crash()
    tell(simulator, [fact])
    expect(simulator.store.entries).toHaveLength(entries)
    expect(simulator.live.postedNanoUsd).toBe(dollars(15.75))
    check(simulator)
  })

  // Cases: payments 37
  test('and fails comes back once, to the lots that it took', () => {
    const simulator = paying()
    const before = lotsOf(simulator)
    tell(simulator, [refundFact('re_1', 'succeeded', 20)])
    expect(simulator.live.postedNanoUsd).toBe(0)
    tell(simulator, [refundFact('re_1', 'failed')])
    tell(simulator, [refundFact('re_1', 'failed')])
    expect(lotsOf(simulator)).toEqual(before)
    check(simulator)
  })

  test('leaves what was given, and what it does not find is a debt that is shown', () => {
    const simulator = paying()
    simulator.ask((draft) => credit(draft, grantOf(dollars(2), { reference: 'gift' })))
    spend(simulator, 13)
    tell(simulator, [refundFact('re_1', 'succeeded', 20)])
    // Spent were the gift, the bonus and 10 of the payment.
    expect([simulator.live.postedNanoUsd, simulator.live.debtNanoUsd]).toEqual([dollars(-11), dollars(11)])
    simulator.ask((draft) => credit(draft, grantOf(dollars(2), { reference: 'another gift' })))
    expect(lotsOf(simulator)).toEqual([['promotional', 2]])
    check(simulator)
  })

  test('takes its own lot first, then the newest paid', () => {
    const simulator = paying()
    simulator.ask((draft) => credit(draft, grantOf(dollars(2), { reference: 'b', kind: 'purchase' })))
    simulator.ask((draft) => credit(draft, grantOf(dollars(3), { reference: 'c', kind: 'purchase' })))
    spend(simulator, 19)
    tell(simulator, [refundFact('re_1', 'succeeded', 4)])
    // Of the payment 2 were left; the bonus is spent, so its share of 0.20 is paid money as well.
    expect(lotsOf(simulator)).toEqual([
      ['paid', 2],
      ['paid', 0.8],
    ])
    check(simulator)
  })

  test('never touches what a running call keeps', () => {
    const simulator = paying()
    const callId = simulator.newCall()
    simulator.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: dollars(11) })))
    tell(simulator, [refundFact('re_1', 'succeeded', 20)])
    expect([simulator.live.heldNanoUsd, simulator.live.debtNanoUsd]).toEqual([dollars(11), dollars(11)])
    simulator.ask((draft) => capture(draft, captureOf(callId, dollar)))
    expect(simulator.live.postedNanoUsd).toBe(dollars(-1))
    check(simulator)
  })

  // Cases: payments 22
  test('of tax that was paid and never credited takes its share of the credit', () => {
    const simulator = paying()
    const receivedNanoUsd = dollars(24)
    tell(simulator, [refundFact('re_1', 'succeeded', 12)], { receivedNanoUsd })
    expect(simulator.live.postedNanoUsd).toBe(dollars(10.5))
    tell(simulator, [refundFact('re_2', 'succeeded', 12)], { receivedNanoUsd })
    expect(simulator.live.postedNanoUsd).toBe(0)
    check(simulator)
  })

  test('comes to the same where what was received is told last', () => {
    const simulator = paying()
    const fact = refundFact('re_1', 'succeeded', 12)
    tell(simulator, [fact])
    tell(simulator, [fact], { receivedNanoUsd: dollars(24) })
    tell(simulator, [fact], { receivedNanoUsd: dollars(12) })
    expect(simulator.live.postedNanoUsd).toBe(dollars(10.5))
    check(simulator)
  })
})

describe('a bonus that comes back', () => {
  test('after it had been spent is paid money again, and then what was left of it', () => {
    const simulator = paying()
    spend(simulator, 0.6)
    tell(simulator, [disputeFact(101, 20)])
    expect([simulator.live.lots, simulator.live.debtNanoUsd]).toEqual([[], dollars(0.6)])
    tell(simulator, [disputeFact(202, 0, false)])
    expect(lotsOf(simulator)).toEqual([
      ['bonus', 0.4],
      ['paid', 20],
    ])
    check(simulator)
  })

  test('after its day is over stays away', () => {
    const simulator = Simulator.opened(0)
    simulator.ask((draft) => credit(draft, grantOf(dollars(20), { reference: order, kind: 'purchase' })))
    const reference = bonusReferenceOf(order)
    const bonus = grantOf(dollar, { reference, kind: 'bonus', expiresInMs: 60_000 })
    simulator.ask((draft) => credit(draft, bonus))
    tell(simulator, [disputeFact(101, 20)])
    simulator.nowMs += 60_000
    tell(simulator, [disputeFact(202, 0, false)])
    expect(lotsOf(simulator)).toEqual([['paid', 20]])
    check(simulator)
  })
})

describe('a dispute', () => {
  // Cases: payments 39
  test('takes the payment, gives it back exactly when it is won, and a refund after it takes its own', () => {
    const simulator = paying()
    const before = lotsOf(simulator)
    tell(simulator, [disputeFact(101, 20)])
    expect(simulator.live.postedNanoUsd).toBe(0)
    tell(simulator, [disputeFact(202, 0, false)])
    expect(lotsOf(simulator)).toEqual(before)
    tell(simulator, [refundFact('re_1', 'succeeded', 5)])
    expect(simulator.live.postedNanoUsd).toBe(dollars(15.75))
    check(simulator)
  })

  // Cases: payments 40
  test('that is an inquiry or was prevented takes nothing and marks nobody', () => {
    const simulator = paying({ freezesOnDispute: true })
    tell(simulator, [disputeFact(0, 0, false)])
    expect(simulator.live.postedNanoUsd).toBe(dollars(21))
    expect(isPaymentInDoubt(simulator.live.risk)).toBe(false)
    spend(simulator, 1)
    check(simulator)
  })

  test('freezes an account whose operator wants it, until it is closed', () => {
    for (const freezesOnDispute of [false, true]) {
      const simulator = paying({ freezesOnDispute })
      const ask = () => simulator.ask((draft) => admit(draft, admitOf(simulator.newCall())))
      tell(simulator, [disputeFact(1, 0)])
      simulator.crash()
      expect(isPaymentInDoubt(simulator.live.risk)).toBe(true)
      expect(ask()).toMatchObject(freezesOnDispute ? { ok: false, code: 'account_suspended' } : { ok: true })
      tell(simulator, [disputeFact(2, 0, false)])
      tell(simulator, [disputeFact(1, 0)])
      expect([isPaymentInDoubt(simulator.live.risk), ask().ok]).toEqual([false, true])
      check(simulator)
    }
  })

  // Cases: payments 42
  test('that a bank warns of marks the account, and moves nothing', () => {
    const simulator = paying()
    const warning = { ...disputeFact(1, 0), id: 'issfr_1', kind: 'fraud_warning' as const }
    tell(simulator, [warning])
    tell(simulator, [warning])
    expect([simulator.live.risk.fraudWarnings, simulator.live.postedNanoUsd]).toEqual([1, dollars(21)])
    tell(simulator, [{ ...warning, version: 2, isOpen: false }])
    expect(isPaymentInDoubt(simulator.live.risk)).toBe(false)
    check(simulator)
  })
})

describe('what is told of a payment that nobody knows', () => {
  test('waits for it and takes effect with it, bonus and all', () => {
    const simulator = Simulator.opened(0)
    const answer = tell(simulator, [refundFact('re_1', 'succeeded', 5), disputeFact(1, 0)])
    expect(answer).toMatchObject({ ok: true, bookedNanoUsd: 0, isPaymentKnown: false })
    expect(simulator.live.risk).toEqual({ openDisputes: 1, fraudWarnings: 0, waitingPayments: 1 })
    simulator.crash()
    simulator.ask(paid)
    expect(simulator.live.postedNanoUsd).toBe(dollars(15.75))
    expect(simulator.live.risk.waitingPayments).toBe(0)
    check(simulator)
  })

  test('has a limit over all of them', () => {
    const simulator = Simulator.opened(0)
    const fact = refundFact('re_1', 'succeeded', 5)
    simulator.ask((draft) => {
      for (let n = 0; n < waitingPaymentsMax; n += 1)
        expect(tellFacts(draft, tellOf([fact], { payment: `ord_${n}` })).ok).toBe(true)
    })
    expect(tell(simulator, [fact], { payment: 'ord_more' })).toEqual({ ok: false, code: 'too_many_facts' })
    expect(tell(simulator, [fact], { payment: 'ord_7' }).ok).toBe(true)
    expect(simulator.store.entries.at(-1)).toMatchObject({ kind: 'finding', reference: 'facts:ord_more' })
  })
})

describe('facts of one payment', () => {
  test('beyond their limit are a finding, once, and those that are known go on', () => {
    const simulator = paying()
    for (let n = 0; n < factsPerPaymentMax; n += 1)
      expect(tell(simulator, [refundFact(`re_${n}`, 'succeeded', 0.1)]).ok).toBe(true)
    const posted = simulator.live.postedNanoUsd
    for (let times = 0; times < 2; times += 1)
      expect(tell(simulator, [refundFact('re_more', 'succeeded', 1)])).toEqual({
        ok: false,
        code: 'too_many_facts',
      })
    expect(simulator.store.entries.filter(({ kind }) => kind === 'finding')).toHaveLength(1)
    expect(simulator.live.postedNanoUsd).toBe(posted)
    expect(tell(simulator, [refundFact('re_3', 'failed')])).toMatchObject({
      ok: true,
      bookedNanoUsd: dollars(0.105),
    })
    check(simulator)
  })

  test.each([
    [{ id: '' }],
    [{ id: 'x'.repeat(201) }],
    [{ kind: 'gift' as 'refund' }],
    [{ version: -1 }],
    [{ version: 1.5 }],
    [{ takenNanoUsd: nanoUsd(-1) }],
    [{ takenNanoUsd: nanoUsd(1_000_000_000_000_001) }],
    [{ isOpen: 1 as unknown as boolean }],
  ])('that are not sound change nothing: %j', (wrong) => {
    const simulator = paying()
    const entries = simulator.store.entries.length
    expect(tell(simulator, [{ ...refundFact('re_1', 'succeeded', 1), ...wrong }])).toEqual({
      ok: false,
      code: 'invalid_command',
    })
    expect(simulator.store.entries).toHaveLength(entries)
  })

  test.each([[{ payment: '' }], [{ payment: 'o'.repeat(201) }], [{ receivedNanoUsd: nanoUsd(0) }]])(
    'of something that is no payment change nothing: %j',
    (wrong) => {
      expect(tell(paying(), [refundFact('re_1', 'succeeded', 1)], wrong)).toMatchObject({ ok: false })
    },
  )
})

describe('a refund through the provider', () => {
  const ours = (simulator: Simulator, amount: number | null, changes: object = {}) =>
    simulator.ask((draft) =>
      refund(draft, {
        reference: 'refund:a',
        payment: order,
        amountNanoUsd: amount === null ? null : dollars(amount),
        reason: '',
        actor: '',
        isThroughProvider: true,
        ...changes,
      }),
    )

  test('holds the money first, and its success takes nothing more', () => {
    const simulator = paying()
    expect(ours(simulator, 10)).toMatchObject({ ok: true, amountNanoUsd: dollars(10), isRepeat: false })
    expect(simulator.live.postedNanoUsd).toBe(dollars(10.5))
    tell(simulator, [refundFact('refund:a', 'pending', 10)])
    tell(simulator, [refundFact('refund:a', 'succeeded', 10)])
    expect(ours(simulator, 10)).toMatchObject({ ok: true, amountNanoUsd: dollars(10), isRepeat: true })
    expect(simulator.live.postedNanoUsd).toBe(dollars(10.5))
    check(simulator)
  })

  // Cases: payments 37
  test('that fails gives the money back once', () => {
    const simulator = paying()
    const before = lotsOf(simulator)
    ours(simulator, 10)
    tell(simulator, [refundFact('refund:a', 'failed')])
    tell(simulator, [refundFact('refund:a', 'succeeded', 10)])
    expect(lotsOf(simulator)).toEqual(before)
    expect(ours(simulator, 10, { reference: 'refund:b' })).toMatchObject({ ok: true })
    check(simulator)
  })

  // Cases: payments 38
  test('of more than is there is refused, unless the operator wants it: then it is a debt', () => {
    const simulator = paying()
    spend(simulator, 15)
    expect(ours(simulator, 20)).toEqual({
      ok: false,
      code: 'beyond_refundable',
      // With its bonus, which is spent: 5.714… × 1.05 are the 6 that are left.
      leftNanoUsd: nanoUsd(5_710_000_000),
    })
    expect(ours(simulator, 20.01, { isPaidOut: true })).toMatchObject({ code: 'beyond_refundable' })
    expect(ours(simulator, 20, { isPaidOut: true })).toMatchObject({ ok: true, balanceNanoUsd: dollars(-15) })
    check(simulator)
  })

  test('of all that is left takes the bonus with it', () => {
    const simulator = paying()
    expect(ours(simulator, null)).toMatchObject({ ok: true, amountNanoUsd: dollars(20), balanceNanoUsd: 0 })
    check(simulator)
  })

  test('goes in whole cents of what was received', () => {
    const simulator = paying()
    const answer = ours(simulator, 0.001, { receivedNanoUsd: dollars(24) })
    expect(answer).toMatchObject({ ok: true, amountNanoUsd: 8_333_334 })
    check(simulator)
  })
})
