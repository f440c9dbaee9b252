// Orders: what was agreed is credited once, whoever says that it was paid, in whatever order and however often.

import { describe, expect, test } from 'vitest'

import { type OrderId, orderIdOf } from '#core/ids.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { credit } from './credits.ts'
import { linkCustomer } from './customers.ts'
import { dollar, grantOf } from './example-commands.ts'
import type { OrderEnd, OrderTerms, PaymentFacts } from './order-commands.ts'
import { closeOrder, openOrder, openOrdersMax, orderFrom, payOrder, placeOrder } from './orders.ts'

const orderOf = (n: number): OrderId => orderIdOf(new Uint8Array(16).fill(n))
const first = orderOf(1)

const terms: OrderTerms = {
  kind: 'purchase',
  netNanoUsd: nanoUsd(1_000 * dollar),
  bonusNanoUsd: nanoUsd(50 * dollar),
  isLive: false,
  page: 'embedded',
  origin: 'https://sluice.example',
  savesCard: false,
}

function factsOf(simulator: Simulator, changes: Partial<PaymentFacts> = {}): PaymentFacts {
  return {
    accountId: simulator.store.accountId,
    isLive: false,
    currency: 'usd',
    netNanoUsd: terms.netNanoUsd,
    taxNanoUsd: zeroNanoUsd,
    receivedNanoUsd: terms.netNanoUsd,
    paymentId: 'pi_1',
    ...changes,
  }
}

const place = (simulator: Simulator, orderId = first, changes: Partial<OrderTerms> = {}) =>
  simulator.ask((draft) => placeOrder(draft, { orderId, terms: { ...terms, ...changes }, actor: 'me' }))
const open = (simulator: Simulator, checkoutId = 'cs_1', orderId = first) =>
  simulator.ask((draft) => openOrder(draft, { orderId, checkoutId }))
const pay = (simulator: Simulator, changes: Partial<PaymentFacts> = {}, orderId = first) =>
  simulator.ask((draft) => payOrder(draft, { orderId, facts: factsOf(simulator, changes) }))
const close = (simulator: Simulator, end: Exclude<OrderEnd, 'mismatch'>, orderId = first) =>
  simulator.ask((draft) => closeOrder(draft, { orderId, end }))
const stateOf = (simulator: Simulator, orderId = first) => orderFrom(orderId, simulator.store.lookup)?.state

const creditsOf = ({ store }: Simulator) =>
  store.entries
    .filter(({ kind }) => ['purchase', 'bonus', 'auto_top_up'].includes(kind))
    .map(({ kind, reference, amountNanoUsd }) => [kind, reference, amountNanoUsd / dollar])

function check(simulator: Simulator): void {
  simulator.check()
  simulator.checkRestart()
  checkRebuild(simulator)
}

function opened(): Simulator {
  const simulator = Simulator.opened(0)
  place(simulator)
  open(simulator)
  return simulator
}

describe('an order that is paid', () => {
  // Cases: payments 19
  // Requirements: 10
  test('brings what was paid and its bonus, each as a line and a lot of its own', () => {
    const simulator = opened()
    expect(pay(simulator)).toMatchObject({ ok: true, isRepeat: false, balanceNanoUsd: 1_050 * dollar })
    expect(creditsOf(simulator)).toEqual([
      ['purchase', first, 1_000],
      ['bonus', `${first}:bonus`, 50],
    ])
    const lots = simulator.live.lots.map(({ bucket, remainingNanoUsd }) => [
      bucket,
      remainingNanoUsd / dollar,
    ])
    expect(lots).toEqual([
      ['bonus', 50],
      ['paid', 1_000],
    ])
    expect(simulator.live.orders).toEqual([])
    check(simulator)
  })

  // Cases: payments 6, 7
  test('is credited once, however often that is told and whatever dies between', () => {
    const simulator = opened()
    for (let time = 0; time < 5; time += 1) {
      simulator.askInVain((draft) => payOrder(draft, { orderId: first, facts: factsOf(simulator) }))
      expect(pay(simulator)).toMatchObject({ ok: true, isRepeat: time > 0 })
      simulator.crash()
    }
    simulator.askTogether(
      Array.from({ length: 50 }, () => (draft) => {
        payOrder(draft, { orderId: first, facts: factsOf(simulator) })
      }),
    )
    expect(creditsOf(simulator)).toHaveLength(2)
    check(simulator)
  })

  // Cases: payments 14
  test.each(['expired', 'failed', 'abandoned'] as const)(
    'after it had %s is credited all the same',
    (how) => {
      const simulator = Simulator.opened(0)
      place(simulator)
      if (how !== 'abandoned') open(simulator)
      expect(close(simulator, how)).toMatchObject({ ok: true, order: { state: how } })
      expect(simulator.live.orders).toEqual([])
      expect(pay(simulator)).toMatchObject({ ok: true, isRepeat: false, order: { state: 'paid' } })
      expect(close(simulator, 'expired')).toMatchObject({ ok: true, order: { state: 'paid' } })
      expect(simulator.live.postedNanoUsd).toBe(1_050 * dollar)
      check(simulator)
    },
  )

  // Cases: payments 22
  test('with tax on top is credited without it', () => {
    const simulator = opened()
    const taxNanoUsd = nanoUsd(200 * dollar)
    pay(simulator, { taxNanoUsd, receivedNanoUsd: nanoUsd(1_200 * dollar) })
    expect(simulator.live.postedNanoUsd).toBe(1_050 * dollar)
    expect(simulator.store.entries.find(({ kind }) => kind === 'purchase')?.detail).toMatchObject({
      payment: { paymentId: 'pi_1', taxNanoUsd, receivedNanoUsd: 1_200 * dollar, bonusNanoUsd: 50 * dollar },
    })
  })

  test('may be another one of the same amount: both are credited', () => {
    const simulator = opened()
    place(simulator, orderOf(2))
    pay(simulator)
    pay(simulator, { paymentId: 'pi_2' }, orderOf(2))
    expect(simulator.live.postedNanoUsd).toBe(2_100 * dollar)
    check(simulator)
  })

  test('by a card that was charged by itself has no page and is a top-up of its own kind', () => {
    const simulator = Simulator.opened(0)
    const auto = { kind: 'auto_top_up', page: null, origin: '', bonusNanoUsd: zeroNanoUsd } as const
    place(simulator, first, auto)
    pay(simulator)
    expect(creditsOf(simulator)).toEqual([['auto_top_up', first, 1_000]])
  })
})

describe('a payment that is not what was agreed', () => {
  // Cases: payments 15, 17
  test.each<[string, Partial<PaymentFacts>, string]>([
    ['of another amount', { netNanoUsd: nanoUsd(10 * dollar), receivedNanoUsd: terms.netNanoUsd }, 'amount'],
    ['in another currency', { currency: 'eur' }, 'currency'],
    ['of less than was asked for', { receivedNanoUsd: nanoUsd(terms.netNanoUsd - 10_000_000) }, 'received'],
    ['without the tax', { taxNanoUsd: nanoUsd(dollar) }, 'received'],
    ['in the other mode', { isLive: true }, 'mode'],
    ['for another account', { accountId: 'acct_w00000000000000' }, 'account'],
    ['for nobody', { accountId: null }, 'account'],
  ])('(%s) is never credited and reported once', (_what, facts, differs) => {
    const simulator = opened()
    for (let time = 0; time < 2; time += 1)
      expect(pay(simulator, facts)).toEqual({ ok: false, code: 'mismatch' })
    expect(creditsOf(simulator)).toEqual([])
    const findings = simulator.store.entries.filter(({ kind }) => kind === 'finding')
    expect(findings.map(({ detail }) => detail)).toMatchObject([
      { what: 'order_mismatch', orderId: first, differs: [differs] },
    ])
    expect(stateOf(simulator)).toBe('mismatch')
    check(simulator)
  })

  test('does not keep the right one from being credited', () => {
    const simulator = opened()
    pay(simulator, { currency: 'eur' })
    expect(pay(simulator)).toMatchObject({ ok: true, order: { state: 'paid' } })
    check(simulator)
  })
})

describe('an order', () => {
  test('is placed once by its id, and never for something else', () => {
    const simulator = opened()
    expect(place(simulator)).toMatchObject({ ok: true, isRepeat: true, order: { state: 'open' } })
    expect(place(simulator, first, { netNanoUsd: nanoUsd(5 * dollar), bonusNanoUsd: zeroNanoUsd })).toEqual({
      ok: false,
      code: 'reference_reused',
    })
    expect(simulator.live.orders).toHaveLength(1)
  })

  test('is opened with one page; the first stands', () => {
    const simulator = Simulator.opened(0)
    expect(open(simulator)).toEqual({ ok: false, code: 'no_such_order' })
    place(simulator)
    expect(open(simulator, '')).toEqual({ ok: false, code: 'invalid_command' })
    expect(open(simulator, 'cs_1')).toMatchObject({ ok: true, order: { checkoutId: 'cs_1', state: 'open' } })
    expect(open(simulator, 'cs_2')).toMatchObject({ ok: true, order: { checkoutId: 'cs_1' } })
    close(simulator, 'expired')
    expect(open(simulator, 'cs_1')).toEqual({ ok: false, code: 'order_closed' })
    check(simulator)
  })

  test('on whose page somebody may be paying is not abandoned', () => {
    const simulator = opened()
    expect(close(simulator, 'abandoned')).toEqual({ ok: false, code: 'order_open' })
    expect(stateOf(simulator)).toBe('open')
  })

  test('keeps its first end', () => {
    const simulator = opened()
    close(simulator, 'failed')
    expect(close(simulator, 'expired')).toMatchObject({ ok: true, order: { state: 'failed' } })
    check(simulator)
  })

  // Cases: payments 17
  test('that nobody placed is neither paid nor closed', () => {
    const simulator = Simulator.opened(0)
    expect(pay(simulator)).toEqual({ ok: false, code: 'no_such_order' })
    expect(close(simulator, 'expired')).toEqual({ ok: false, code: 'no_such_order' })
    expect(creditsOf(simulator)).toEqual([])
  })

  // Cases: payments 51
  test('that would pass what an account may hold is refused before anybody pays, those that wait counted', () => {
    const simulator = Simulator.opened(0)
    const large = { netNanoUsd: nanoUsd(500_000 * dollar), bonusNanoUsd: zeroNanoUsd }
    expect(place(simulator, orderOf(1), large)).toMatchObject({ ok: true })
    expect(place(simulator, orderOf(2), large)).toMatchObject({ ok: true })
    expect(place(simulator, orderOf(3))).toEqual({ ok: false, code: 'balance_too_large' })
    simulator.ask((draft) => credit(draft, grantOf(900_000 * dollar)))
    // Once it is paid it is never refused.
    const facts = { netNanoUsd: large.netNanoUsd, receivedNanoUsd: large.netNanoUsd }
    expect(pay(simulator, facts, orderOf(1))).toMatchObject({ ok: true })
    expect(simulator.live.postedNanoUsd).toBe(1_400_000 * dollar)
    check(simulator)
  })

  test('waits with no more than a few others of the same account', () => {
    const simulator = Simulator.opened(0)
    const small = { netNanoUsd: nanoUsd(5 * dollar), bonusNanoUsd: zeroNanoUsd }
    for (let n = 1; n <= openOrdersMax; n += 1)
      expect(place(simulator, orderOf(n), small)).toMatchObject({ ok: true })
    expect(place(simulator, orderOf(100), small)).toEqual({ ok: false, code: 'too_many_orders' })
    close(simulator, 'abandoned', orderOf(1))
    expect(place(simulator, orderOf(100), small)).toMatchObject({ ok: true })
    // What no person has to look at is not counted.
    const auto = { ...small, kind: 'auto_top_up', page: null, origin: '' } as const
    expect(place(simulator, orderOf(101), auto)).toMatchObject({ ok: true })
  })

  test.each<[string, Partial<OrderTerms>]>([
    ['of nothing', { netNanoUsd: zeroNanoUsd }],
    ['of less than nothing', { netNanoUsd: nanoUsd(0 - dollar) }],
    ['of parts of a cent', { netNanoUsd: nanoUsd(dollar + 1) }],
    ['with more bonus than is paid', { bonusNanoUsd: nanoUsd(1_001 * dollar) }],
    ['of more than an account may hold', { netNanoUsd: nanoUsd(1_000_001 * dollar) }],
    ['by a person without a page', { page: null }],
    ['with a page and nobody to see it', { kind: 'auto_top_up' }],
    ['with an address without end', { origin: `https://${'x'.repeat(200)}` }],
  ])('%s is none', (_what, changes) => {
    const simulator = Simulator.opened(0)
    expect(place(simulator, first, changes)).toEqual({ ok: false, code: 'invalid_command' })
    expect(place(simulator, 'ord_short' as OrderId)).toEqual({ ok: false, code: 'invalid_command' })
  })
})

describe('the account at the provider', () => {
  const link = (simulator: Simulator, customerId: string, number: number) =>
    simulator.ask((draft) => linkCustomer(draft, { customerId, isLive: false, number }))

  test('is linked once under each number, and the first stands', () => {
    const simulator = Simulator.opened(0)
    expect(link(simulator, 'cus_2', 2)).toEqual({ ok: false, code: 'invalid_command' })
    expect(link(simulator, '', 1)).toEqual({ ok: false, code: 'invalid_command' })
    expect(link(simulator, 'cus_1', 1)).toMatchObject({ ok: true, customer: { customerId: 'cus_1' } })
    expect(link(simulator, 'cus_9', 1)).toMatchObject({ ok: true, customer: { customerId: 'cus_1' } })
    expect(link(simulator, 'cus_2', 2)).toMatchObject({ ok: true, customer: { customerId: 'cus_2' } })
    expect(simulator.live.customer).toEqual({ customerId: 'cus_2', isLive: false, number: 2 })
    check(simulator)
  })
})
