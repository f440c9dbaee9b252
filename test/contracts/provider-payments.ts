// What any payment provider must say of a payment and of what becomes of it: facts whose versions only grow and whose names stay.

import { describe, expect, test } from 'vitest'
import { addNanoUsd } from '#core/money.ts'
import type { Fact } from '#ledger/payment-facts.ts'
import {
  accountId,
  chargeOf,
  customerWithCard,
  dollars,
  gone,
  newKey,
  paidOrder,
  refused,
  unknown,
  valueOf,
} from './provider-shop.ts'
import { type ProviderUnderTest, reusedKey } from './provider-world.ts'

export function describePayments(tested: () => ProviderUnderTest): void {
  const look = async (paymentId: string) => valueOf(await tested().provider.payments.look(paymentId))

  /** The one fact of a payment, which must have grown and kept its name. */
  async function factAfter(paymentId: string, before?: Fact): Promise<Fact> {
    const { facts } = await look(paymentId)
    expect(facts).toHaveLength(1)
    const [fact] = facts
    if (fact === undefined) throw new Error('a fact must be there')
    if (before !== undefined) {
      expect([fact.id, fact.kind]).toEqual([before.id, before.kind])
      expect(fact.version).toBeGreaterThan(before.version)
    }
    return fact
  }

  describe('a payment', () => {
    what(tested)
    list(tested)
  })

  describe('what becomes of a payment', () => {
    refunds(tested, factAfter)
    disputes(tested, factAfter)
  })
}

type FactAfter = (paymentId: string, before?: Fact) => Promise<Fact>

function what(tested: () => ProviderUnderTest): void {
  test('says whose it is, what was received and by what', async () => {
    const { provider, world } = tested()
    const { paymentId, orderId } = await paidOrder(tested())
    expect(valueOf(await provider.payments.look(paymentId))).toMatchObject({
      paymentId,
      accountId,
      orderId,
      isLive: provider.isLive,
      currency: 'usd',
      isPaid: true,
      receivedNanoUsd: dollars(10),
      facts: [],
    })
    const described = valueOf(await provider.payments.describe(paymentId))
    const text = expect.stringMatching(/./)
    expect(described).toEqual({ method: text, last4: expect.stringMatching(/^\d{4}$/), statement: text })
    expect(valueOf(await provider.payments.paysInvoice(paymentId))).toBe(false)
    const chargeId = await world.chargeOf(paymentId)
    expect(valueOf(await provider.payments.paymentOfCharge(chargeId))).toBe(paymentId)
  })

  test('that nobody made is gone', async () => {
    const { payments } = tested().provider
    const answers = [payments.look('nobody'), payments.describe('nobody'), payments.paymentOfCharge('nobody')]
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject(gone)
  })

  test('of the other mode says so, or is not there at all', async () => {
    const { provider, inOtherMode } = tested()
    expect(inOtherMode.isLive).toBe(!provider.isLive)
    const { paymentId, checkoutId } = await paidOrder(tested())
    const { payments, charges, checkouts } = inOtherMode
    const looks = [payments.look(paymentId), charges.look(paymentId), checkouts.look(checkoutId)]
    for (const looked of await Promise.all(looks))
      expect(looked.ok ? looked.value.isLive : looked.code).toBe(looked.ok ? provider.isLive : 'gone')
  })
}

/** More than any provider gives on one page. */
const manyPayments = 105
const dayMs = 86_400_000

function list(tested: () => ProviderUnderTest): void {
  test('is listed once with all that were made in its time, newest first, page by page', async () => {
    const { provider, world } = tested()
    const from = await customerWithCard(tested())
    const fromMs = Math.floor((await world.nowMs()) / 1_000) * 1_000
    const made = new Set<string>()
    while (made.size < manyPayments) {
      const charges = Array.from({ length: 15 }, () => provider.charges.make(chargeOf(from)))
      for (const charge of await Promise.all(charges)) made.add(valueOf(charge).paymentId)
    }
    const toMs = (await world.nowMs()) + 1_000
    await world.letPagesExpire()
    const late = valueOf(await provider.charges.make(chargeOf(from)))
    const listed: { paymentId: string; madeAtMs: number }[] = []
    let after: string | null = null
    do {
      const page: { payments: readonly { paymentId: string; madeAtMs: number }[]; next: string | null } =
        valueOf(await provider.payments.madeBetween({ fromMs, toMs, after }))
      listed.push(...page.payments)
      after = page.next
    } while (after !== null)
    const ids = listed.map(({ paymentId }) => paymentId)
    expect(new Set(ids).size).toBe(ids.length)
    expect([...made].filter((id) => !ids.includes(id))).toEqual([])
    expect(ids).not.toContain(late.paymentId)
    const times = listed.map(({ madeAtMs }) => madeAtMs)
    expect(times).toEqual(times.toSorted((one, other) => other - one))
    expect(times.every((time) => time >= fromMs && time < toMs)).toBe(true)
    const lateMs = (await world.nowMs()) + dayMs
    const later = valueOf(
      await provider.payments.madeBetween({ fromMs: lateMs, toMs: lateMs + dayMs, after: null }),
    )
    expect(later).toEqual({ payments: [], next: null })
  })
}

function refunds(tested: () => ProviderUnderTest, factAfter: FactAfter): void {
  const refundOf = (paymentId: string, amountNanoUsd = dollars(4)) => ({
    key: newKey(),
    paymentId,
    amountNanoUsd,
    reference: `refund of ${paymentId}`,
  })

  test('by a refund of ours comes back under our name, once under its key', async () => {
    const { provider } = tested()
    const { paymentId } = await paidOrder(tested())
    const asked = refundOf(paymentId)
    const first = valueOf(await provider.payments.refund(asked))
    expect(valueOf(await provider.payments.refund(asked))).toEqual(first)
    const kind = { kind: 'refund', id: asked.reference, takenNanoUsd: dollars(4) }
    expect(await factAfter(paymentId)).toMatchObject(kind)
  })

  test('is nothing more when the key of a refund is used for another, or more is asked for than is left', async () => {
    const { provider } = tested()
    const { paymentId } = await paidOrder(tested())
    const asked = { ...refundOf(paymentId), key: `${reusedKey}: refund` }
    valueOf(await provider.payments.refund(asked))
    const otherwise = { ...asked, amountNanoUsd: dollars(5) }
    expect(await provider.payments.refund(otherwise)).toMatchObject(unknown)
    expect(await provider.payments.refund(refundOf(paymentId, dollars(7)))).toMatchObject(refused)
    expect((await factAfter(paymentId)).takenNanoUsd).toBe(dollars(4))
    expect(await provider.payments.refund(refundOf('nobody'))).toMatchObject(gone)
  })

  test.each([
    [true, dollars(4)],
    [false, dollars(0)],
  ])(
    'by a refund of ours holds its money while it is pending, and keeps it only where it comes to be (%s)',
    async (isGood, taken) => {
      const { provider, world } = tested()
      const { paymentId } = await paidOrder(tested(), { by: 'slow_refund_card' })
      const { refundId } = valueOf(await provider.payments.refund(refundOf(paymentId)))
      const pending = await factAfter(paymentId)
      expect(pending.takenNanoUsd).toBe(dollars(4))
      await world.endRefund({ refundId, isGood })
      expect((await factAfter(paymentId, pending)).takenNanoUsd).toBe(taken)
    },
  )

  test('by a refund of the back office counts once it has come to be, and no more once it has failed', async () => {
    const { world } = tested()
    const { paymentId } = await paidOrder(tested(), { by: 'slow_refund_card' })
    const { refundId } = await world.refund({ paymentId, amountNanoUsd: dollars(3) })
    const pending = await factAfter(paymentId)
    expect(pending).toMatchObject({ kind: 'refund', id: refundId, takenNanoUsd: 0 })
    await world.endRefund({ refundId, isGood: true })
    const done = await factAfter(paymentId, pending)
    expect(done.takenNanoUsd).toBe(dollars(3))
    await world.endRefund({ refundId, isGood: false })
    expect((await factAfter(paymentId, done)).takenNanoUsd).toBe(0)
  })

  test('is several facts of several refunds, and their sum', async () => {
    const { provider, world } = tested()
    const { paymentId } = await paidOrder(tested())
    valueOf(await provider.payments.refund(refundOf(paymentId)))
    await world.refund({ paymentId, amountNanoUsd: dollars(3) })
    const { facts } = valueOf(await provider.payments.look(paymentId))
    expect(facts).toHaveLength(2)
    expect(addNanoUsd(...facts.map(({ takenNanoUsd }) => takenNanoUsd))).toBe(dollars(7))
  })
}

function disputes(tested: () => ProviderUnderTest, factAfter: FactAfter): void {
  test('by a dispute takes what has moved, gives back what was reinstated, and is open until it is decided', async () => {
    const { world } = tested()
    const { paymentId } = await paidOrder(tested())
    const { disputeId } = await world.openDispute({ paymentId })
    const opened = await factAfter(paymentId)
    expect(opened).toMatchObject({ kind: 'dispute', id: disputeId, takenNanoUsd: 0, isOpen: true })
    await world.moveDispute({ disputeId, move: 'withdraw' })
    const withdrawn = await factAfter(paymentId, opened)
    expect(withdrawn).toMatchObject({ takenNanoUsd: dollars(10), isOpen: true })
    await world.moveDispute({ disputeId, move: 'win' })
    const won = await factAfter(paymentId, withdrawn)
    expect(won).toMatchObject({ takenNanoUsd: dollars(10), isOpen: false })
    await world.moveDispute({ disputeId, move: 'reinstate' })
    expect(await factAfter(paymentId, won)).toMatchObject({ takenNanoUsd: 0, isOpen: false })
  })

  test('by a dispute that is lost stays taken', async () => {
    const { world } = tested()
    const { paymentId } = await paidOrder(tested())
    const { disputeId } = await world.openDispute({ paymentId })
    await world.moveDispute({ disputeId, move: 'withdraw' })
    const withdrawn = await factAfter(paymentId)
    await world.moveDispute({ disputeId, move: 'lose' })
    expect(await factAfter(paymentId, withdrawn)).toMatchObject({ takenNanoUsd: dollars(10), isOpen: false })
  })

  test('by a warning of fraud takes nothing, and it is open until the whole was refunded', async () => {
    const { world } = tested()
    const { paymentId } = await paidOrder(tested())
    await world.warnOfFraud({ paymentId })
    const warned = await factAfter(paymentId)
    expect(warned).toMatchObject({ kind: 'fraud_warning', takenNanoUsd: 0, isOpen: true })
    await world.refund({ paymentId, amountNanoUsd: dollars(10) })
    const { facts } = valueOf(await tested().provider.payments.look(paymentId))
    const [settled] = facts.filter(({ kind }) => kind === 'fraud_warning')
    expect(settled).toMatchObject({ id: warned.id, takenNanoUsd: 0, isOpen: false })
    expect(settled?.version).toBeGreaterThan(warned.version)
  })
}
