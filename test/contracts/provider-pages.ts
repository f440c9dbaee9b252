// What any payment provider must do for a page on which a person pays for an order.

import { describe, expect, test } from 'vitest'
import {
  accountId,
  cents,
  dollars,
  gone,
  lookAtPage,
  newCustomer,
  newOrderId,
  pageFor,
  paidOrder,
  unknown,
  valueOf,
} from './provider-shop.ts'
import { type ProviderUnderTest, reusedKey } from './provider-world.ts'

export function describePages(tested: () => ProviderUnderTest): void {
  describe('a page for an order', () => {
    keys(tested)
    states(tested)
    money(tested)
  })
}

function keys(tested: () => ProviderUnderTest): void {
  test('is opened once under its key, hosted or inside ours', async () => {
    const { provider } = tested()
    const asked = pageFor(await newCustomer(tested()))
    const hosted = valueOf(await provider.checkouts.open(asked))
    expect(hosted).toMatchObject({ clientSecret: null, url: expect.stringContaining('http') })
    expect(valueOf(await provider.checkouts.open(asked))).toEqual(hosted)
    const other = valueOf(await provider.checkouts.open(pageFor(asked.customerId, { page: 'embedded' })))
    expect(other).toMatchObject({ url: null, clientSecret: expect.any(String) })
    expect(other.checkoutId).not.toBe(hosted.checkoutId)
  })

  test('stays as it was when its key is used for something else', async () => {
    const { provider } = tested()
    const asked = pageFor(await newCustomer(tested()), { key: `${reusedKey}: page` })
    const { checkoutId } = valueOf(await provider.checkouts.open(asked))
    const otherwise = { ...asked, netNanoUsd: dollars(9) }
    expect(await provider.checkouts.open(otherwise)).toMatchObject(unknown)
    expect((await lookAtPage(provider, checkoutId)).netNanoUsd).toBe(dollars(10))
  })

  test('that nobody opened, or for a customer who was deleted, is gone', async () => {
    const { provider, world } = tested()
    expect(await provider.checkouts.look('nobody')).toMatchObject(gone)
    const customerId = await newCustomer(tested())
    await world.deleteCustomer(customerId)
    expect(await provider.checkouts.open(pageFor(customerId))).toMatchObject(gone)
  })
}

function states(tested: () => ProviderUnderTest): void {
  test('is open until it is paid, and says whose it is', async () => {
    const { provider, world } = tested()
    const orderId = newOrderId()
    const asked = pageFor(await newCustomer(tested()), { orderId })
    const { checkoutId } = valueOf(await provider.checkouts.open(asked))
    const whose = { checkoutId, accountId, orderId, isLive: provider.isLive }
    expect(await lookAtPage(provider, checkoutId)).toMatchObject({
      ...whose,
      status: 'open',
      paymentId: null,
    })
    expect(await world.payPage({ checkoutId, by: 'card' })).toBe('done')
    const paid = await lookAtPage(provider, checkoutId)
    expect(paid).toMatchObject({ ...whose, status: 'paid', paymentId: expect.any(String) })
  })

  test('stays open after a decline and while the bank asks, and is paid once the person has answered', async () => {
    const { provider, world } = tested()
    const { checkoutId, outcome } = await paidOrder(tested(), { by: 'declined_card' })
    expect(outcome).toBe('declined')
    expect((await lookAtPage(provider, checkoutId)).status).toBe('open')
    expect(await world.payPage({ checkoutId, by: 'asking_card' })).toBe('asked')
    const asked = await lookAtPage(provider, checkoutId)
    expect(asked.status).toBe('open')
    await world.answerBank({ paymentId: asked.paymentId ?? '', isPassed: false })
    expect((await lookAtPage(provider, checkoutId)).status).toBe('open')
    await world.payPage({ checkoutId, by: 'asking_card' })
    await world.answerBank({ paymentId: asked.paymentId ?? '', isPassed: true })
    expect((await lookAtPage(provider, checkoutId)).status).toBe('paid')
  })

  test.each([
    ['debit', true, 'paid'],
    ['failing_debit', false, 'failed'],
  ] as const)(
    'paid by a %s is pending until the money is there (%s) and then %s',
    async (by, isArriving, end) => {
      const { provider, world } = tested()
      const { checkoutId, paymentId } = await paidOrder(tested(), { by })
      expect((await lookAtPage(provider, checkoutId)).status).toBe('pending')
      expect(valueOf(await provider.payments.look(paymentId))).toMatchObject({
        isPaid: false,
        receivedNanoUsd: 0,
      })
      await world.endPending({ paymentId, isArriving })
      expect((await lookAtPage(provider, checkoutId)).status).toBe(end)
    },
  )

  test('expires when nobody pays', async () => {
    const { provider, world } = tested()
    const { checkoutId } = valueOf(await provider.checkouts.open(pageFor(await newCustomer(tested()))))
    await world.letPagesExpire()
    expect((await lookAtPage(provider, checkoutId)).status).toBe('expired')
  })
}

function money(tested: () => ProviderUnderTest): void {
  test('says what was bought, the tax and the sum apart, and what is received has the tax in it', async () => {
    const { provider, withTax, world } = tested()
    const { checkoutId } = valueOf(await withTax.checkouts.open(pageFor(await newCustomer(tested()))))
    await world.payPage({ checkoutId, by: 'card' })
    const paid = await lookAtPage(withTax, checkoutId)
    const tax = cents((1_000 * world.taxBasisPoints) / 10_000)
    const totalNanoUsd = dollars(10) + tax
    expect(paid).toMatchObject({ netNanoUsd: dollars(10), taxNanoUsd: tax, totalNanoUsd })
    const payment = valueOf(await provider.payments.look(paid.paymentId ?? ''))
    expect(payment.receivedNanoUsd).toBe(totalNanoUsd)
  })

  test('is in our money whatever money the person saw', async () => {
    const { provider, world } = tested()
    const { checkoutId } = valueOf(await provider.checkouts.open(pageFor(await newCustomer(tested()))))
    await world.payPage({ checkoutId, by: 'card', presented: { amount: 934, currency: 'eur' } })
    const paid = await lookAtPage(provider, checkoutId)
    const inDollars = { currency: 'usd', netNanoUsd: dollars(10), taxNanoUsd: 0, totalNanoUsd: dollars(10) }
    expect(paid).toMatchObject({ ...inDollars, status: 'paid' })
    const { currency, receivedNanoUsd } = valueOf(await provider.payments.look(paid.paymentId ?? ''))
    expect([currency, receivedNanoUsd]).toEqual(['usd', dollars(10)])
  })

  test('waits for the whole of a transfer, counts what has come, and leaves what is over with the customer', async () => {
    const { provider, world } = tested()
    const { checkoutId, customerId, paymentId } = await paidOrder(tested(), { by: 'transfer' })
    const transfer = { receivedNanoUsd: 0, missingNanoUsd: dollars(10), url: expect.stringContaining('http') }
    expect(await lookAtPage(provider, checkoutId)).toMatchObject({ status: 'pending', transfer })
    await world.transfer({ paymentId, amountNanoUsd: dollars(4) })
    const partly = { receivedNanoUsd: dollars(4), missingNanoUsd: dollars(6) }
    expect(await lookAtPage(provider, checkoutId)).toMatchObject({ status: 'pending', transfer: partly })
    await world.transfer({ paymentId, amountNanoUsd: dollars(7) })
    const paid = await lookAtPage(provider, checkoutId)
    expect(paid).toMatchObject({ status: 'paid', totalNanoUsd: dollars(10) })
    expect(paid.transfer).toBeUndefined()
    expect(valueOf(await provider.customers.unused(customerId))).toBe(dollars(1))
  })

  test('saves the card only where it was asked to', async () => {
    const { provider } = tested()
    const { customerId } = await paidOrder(tested())
    expect(valueOf(await provider.cards.list(customerId))).toEqual([])
    await paidOrder(tested(), { customerId, savesCard: true })
    expect(valueOf(await provider.cards.list(customerId))).toMatchObject([{ customerId }])
  })
}
