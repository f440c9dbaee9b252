// What any payment provider must do for plans that are paid for month by month.

import { describe, expect, test } from 'vitest'
import { zeroNanoUsd } from '#core/money.ts'
import type { OfferedPlan, SubscriptionState } from '#payments/subscription-state.ts'
import { accountId, dollars, gone, newCustomer, newKey, refused, unknown, valueOf } from './provider-shop.ts'
import { type ProviderUnderTest, reusedKey } from './provider-world.ts'

function offered(id: string, price: number): OfferedPlan {
  const terms = { id, name: id, included: {}, overage: {}, monthlyCreditNanoUsd: zeroNanoUsd }
  return { terms, priceNanoUsd: dollars(price) }
}

export const smallPlan = offered('small', 10)
const [small, large] = [smallPlan, offered('large', 50)]

const pageOf = (customerId: string, page: 'embedded' | 'hosted' = 'hosted') => ({
  key: newKey(),
  accountId,
  customerId,
  plan: small,
  page,
  origin: 'https://shop.example',
})

const billed = ({ invoices }: SubscriptionState) =>
  invoices.map(({ kind, state, planId }) => [kind, state, planId])

const lookAt = async ({ provider }: ProviderUnderTest, id: string) =>
  valueOf(await provider.subscriptions.look(id))

/** A customer who has just begun a plan. */
export async function subscribed(tested: ProviderUnderTest) {
  const customerId = await newCustomer(tested)
  const { subscriptions } = tested.provider
  const { checkoutId } = valueOf(await subscriptions.openPage(pageOf(customerId)))
  await tested.world.payPage({ checkoutId, by: 'card' })
  const { subscriptionId } = valueOf(await subscriptions.lookAtPage(checkoutId))
  return { customerId, checkoutId, subscriptionId: subscriptionId ?? '' }
}

export function describePlans(tested: () => ProviderUnderTest): void {
  describe('a plan', () => {
    pages(tested)
    periods(tested)
    changes(tested)
    ends(tested)
  })
}

function pages(tested: () => ProviderUnderTest): void {
  test('has a page that is opened once under its key', async () => {
    const { subscriptions } = tested().provider
    const asked = { ...pageOf(await newCustomer(tested())), key: `${reusedKey}: plan page` }
    const opened = valueOf(await subscriptions.openPage(asked))
    expect(valueOf(await subscriptions.openPage(asked))).toEqual(opened)
    expect(await subscriptions.openPage({ ...asked, plan: large })).toMatchObject(unknown)
  })

  test('has a page that is open until somebody subscribes on it or it is closed', async () => {
    const { subscriptions } = tested().provider
    const customerId = await newCustomer(tested())
    const first = valueOf(await subscriptions.openPage(pageOf(customerId)))
    expect(first).toMatchObject({ status: 'open', accountId, subscriptionId: null, clientSecret: null })
    const embedded = valueOf(await subscriptions.openPage(pageOf(customerId, 'embedded')))
    expect(embedded).toMatchObject({ url: null, status: 'open' })
    const { checkoutId } = first
    const close = () => subscriptions.closePage({ key: `close ${checkoutId}`, checkoutId })
    expect(valueOf(await close())).toMatchObject({ status: 'expired' })
    const done = await subscribed(tested())
    expect(valueOf(await subscriptions.lookAtPage(done.checkoutId))).toMatchObject({
      status: 'complete',
      subscriptionId: done.subscriptionId,
    })
    const late = await subscriptions.closePage({ key: newKey(), checkoutId: done.checkoutId })
    expect(late).toMatchObject(refused)
    expect(await subscriptions.lookAtPage('nobody')).toMatchObject(gone)
  })
}

function periods(tested: () => ProviderUnderTest): void {
  test('that runs says whose it is, its price, its card and each period that was paid', async () => {
    const { provider, world } = tested()
    const { customerId, subscriptionId } = await subscribed(tested())
    const state = await lookAt(tested(), subscriptionId)
    expect(state).toMatchObject({
      accountId,
      isLive: provider.isLive,
      status: 'active',
      planId: 'small',
      priceNanoUsd: small.priceNanoUsd,
      endsAtMs: null,
      invoices: [{ kind: 'period', state: 'paid', planId: 'small', totalNanoUsd: small.priceNanoUsd }],
    })
    expect(state.cardId).not.toBeNull()
    expect(valueOf(await provider.subscriptions.running(customerId))).toEqual([{ subscriptionId }])
    await world.renew(subscriptionId)
    const [first, second] = (await lookAt(tested(), subscriptionId)).invoices
    expect(second?.startMs).toBe(first?.endMs)
    expect(await provider.subscriptions.look('nobody')).toMatchObject(gone)
  })

  test('is known by the payment that paid its invoice, and that invoice is told from ours', async () => {
    const { provider, world } = tested()
    const { subscriptionId } = await subscribed(tested())
    const { invoices, cardId } = await lookAt(tested(), subscriptionId)
    const paymentId = await world.newestPaymentBy(cardId ?? '')
    const found = valueOf(await provider.subscriptions.paidBy(paymentId))
    const invoiceId = invoices[0]?.invoiceId ?? ''
    expect(found).toEqual({ accountId, invoiceId })
    expect(valueOf(await provider.subscriptions.paidBy('pi_of_nobody'))).toBeNull()
    expect(valueOf(await provider.invoices.look(invoiceId))).toMatchObject({
      isOfSubscription: true,
      status: 'paid',
    })
  })
}

function changes(tested: () => ProviderUnderTest): void {
  test('that is dearer is billed for the rest of the period now, a cheaper one from the next', async () => {
    const { provider, world } = tested()
    const { subscriptionId } = await subscribed(tested())
    const { itemId } = await lookAt(tested(), subscriptionId)
    const dearer = { key: newKey(), subscriptionId, itemId, plan: large, isInvoiced: true }
    // Asked twice under its key, changed and billed once.
    for (const _ of ['first', 'again'])
      expect(await provider.subscriptions.change(dearer)).toMatchObject({ ok: true })
    const changed = await lookAt(tested(), subscriptionId)
    expect(billed(changed)).toEqual([
      ['period', 'paid', 'small'],
      ['change', 'paid', 'large'],
    ])
    expect(changed.planId).toBe('large')
    const cheaper = { ...dearer, key: newKey(), plan: small, isInvoiced: false }
    expect(await provider.subscriptions.change(cheaper)).toMatchObject({ ok: true })
    expect(billed(await lookAt(tested(), subscriptionId))).toHaveLength(2)
    await world.renew(subscriptionId)
    expect(billed(await lookAt(tested(), subscriptionId)).at(-1)).toEqual(['period', 'paid', 'small'])
  })

  test('without the money is not changed, and a renewal is said to have failed', async () => {
    const { provider, world } = tested()
    const { subscriptionId } = await subscribed(tested())
    const { itemId, cardId } = await lookAt(tested(), subscriptionId)
    await world.setMood({ cardId: cardId ?? '', mood: 'lacks_funds' })
    const change = { key: newKey(), subscriptionId, itemId, plan: large, isInvoiced: true }
    expect(await provider.subscriptions.change(change)).toMatchObject(refused)
    expect(await lookAt(tested(), subscriptionId)).toMatchObject({ status: 'active', planId: 'small' })
    await world.renew(subscriptionId)
    const late = await lookAt(tested(), subscriptionId)
    expect([late.status, billed(late).at(-1)]).toEqual(['unpaid', ['period', 'failed', 'small']])
  })
}

function ends(tested: () => ProviderUnderTest): void {
  test('that nobody has is gone, and a customer who is gone has none', async () => {
    const { provider, world } = tested()
    const { subscriptions } = provider
    const asked = { key: newKey(), subscriptionId: 'nobody' }
    expect(await subscriptions.setEnding({ ...asked, isEnding: true })).toMatchObject(gone)
    expect(await subscriptions.end({ ...asked, key: newKey() })).toMatchObject(gone)
    const change = { ...asked, key: newKey(), itemId: 'nobody', plan: small, isInvoiced: false }
    expect(await subscriptions.change(change)).toMatchObject(gone)
    const { customerId } = await subscribed(tested())
    await world.deleteCustomer(customerId)
    const running = await subscriptions.running(customerId)
    expect(running.ok ? running.value : running.code).toEqual(running.ok ? [] : 'gone')
    expect(await subscriptions.openPage(pageOf(customerId))).toMatchObject(gone)
  })

  test('ends with its period, goes on after all, or ends at once', async () => {
    const { provider } = tested()
    const { customerId, subscriptionId } = await subscribed(tested())
    const setEnding = async (isEnding: boolean) => {
      valueOf(await provider.subscriptions.setEnding({ key: newKey(), subscriptionId, isEnding }))
      return lookAt(tested(), subscriptionId)
    }
    const { invoices, endsAtMs } = await setEnding(true)
    expect(endsAtMs).toBe(invoices[0]?.endMs)
    expect((await setEnding(false)).endsAtMs).toBeNull()
    valueOf(await provider.subscriptions.end({ key: newKey(), subscriptionId }))
    expect((await lookAt(tested(), subscriptionId)).status).toBe('ended')
    expect(valueOf(await provider.subscriptions.running(customerId))).toEqual([])
  })
}
