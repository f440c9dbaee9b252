// What any payment provider must do for cards that were saved, and for charging them without their owner.

import { describe, expect, test } from 'vitest'
import { meaningOfDecline } from '#ledger/declines.ts'
import {
  accountId,
  chargeOf,
  customerWithCard,
  dollars,
  gone,
  newCardPage,
  newCustomer,
  newKey,
  newOrderId,
  paidOrder,
  refused,
  savedCard,
  unknown,
  valueOf,
} from './provider-shop.ts'
import { type ProviderUnderTest, reusedKey } from './provider-world.ts'

export function describeCards(tested: () => ProviderUnderTest): void {
  describe('a saved card', () => {
    cards(tested)
    removal(tested)
  })
  describe('a charge without its owner', () => {
    charges(tested)
    declines(tested)
  })
}

function cards(tested: () => ProviderUnderTest): void {
  test('is left on a page of its own, once under its key', async () => {
    const { provider, world } = tested()
    const customerId = await newCustomer(tested())
    const origin = 'https://shop.example'
    const asked = { key: newKey(), accountId, customerId, page: 'hosted' as const, origin }
    const page = valueOf(await provider.cards.openPage(asked))
    expect(page).toMatchObject({ clientSecret: null, url: expect.stringContaining('http') })
    expect(valueOf(await provider.cards.openPage(asked))).toEqual(page)
    expect((await newCardPage(tested(), customerId)).clientSecret).toEqual(expect.any(String))
    expect(valueOf(await provider.cards.list(customerId))).toEqual([])
    await world.payPage({ checkoutId: page.checkoutId, by: 'card' })
    const [card] = valueOf(await provider.cards.list(customerId))
    expect(card).toMatchObject({
      customerId,
      isPrepaid: false,
      brand: expect.stringMatching(/./),
      last4: expect.stringMatching(/^\d{4}$/),
      fingerprint: expect.any(String),
    })
    expect(card?.expiresMonth).toBeLessThanOrEqual(12)
    expect(card?.expiresYear).toBeGreaterThan(2_000)
    expect(valueOf(await provider.cards.look(card?.cardId ?? ''))).toEqual(card)
  })

  test('counts as confirmed where its owner left it, not where it merely paid', async () => {
    const { provider, world } = tested()
    const { customerId } = await paidOrder(tested(), { savesCard: true })
    await world.leaveUnconfirmedCard(customerId)
    const [paying] = valueOf(await provider.cards.list(customerId))
    expect(valueOf(await provider.cards.confirmed(customerId))).toEqual([])
    const cardId = await savedCard(tested(), customerId)
    expect(cardId).not.toBe(paying?.cardId)
    expect(valueOf(await provider.cards.confirmed(customerId)).map((card) => card.cardId)).toEqual([cardId])
    const newer = await savedCard(tested(), customerId)
    const confirmed = valueOf(await provider.cards.confirmed(customerId))
    expect(confirmed.map((card) => card.cardId)).toEqual([newer, cardId])
    // The same card, left twice.
    expect(new Set(confirmed.map(({ fingerprint }) => fingerprint)).size).toBe(1)
  })

  test('is a card: what else a person has left is neither listed nor confirmed', async () => {
    const { provider, world } = tested()
    const customerId = await newCustomer(tested())
    const { checkoutId } = await newCardPage(tested(), customerId)
    await world.payPage({ checkoutId, by: 'debit' })
    expect(valueOf(await provider.cards.list(customerId))).toEqual([])
    expect(valueOf(await provider.cards.confirmed(customerId))).toEqual([])
  })

  test('that was declined on the page is not saved', async () => {
    const { provider, world } = tested()
    const customerId = await newCustomer(tested())
    const { checkoutId } = await newCardPage(tested(), customerId)
    expect(await world.payPage({ checkoutId, by: 'declined_card' })).toBe('declined')
    expect(valueOf(await provider.cards.list(customerId))).toEqual([])
    expect(valueOf(await provider.cards.confirmed(customerId))).toEqual([])
  })
}

function removal(tested: () => ProviderUnderTest): void {
  test('is nobody’s and cannot be charged once it was removed, by us or by its owner', async () => {
    const { provider, world } = tested()
    const from = await customerWithCard(tested())
    const { customerId, cardId } = from
    const remove = { key: newKey(), cardId }
    expect(valueOf(await provider.cards.remove(remove))).toMatchObject({ cardId, customerId: null })
    expect(valueOf(await provider.cards.remove(remove))).toMatchObject({ cardId, customerId: null })
    const again = { customerId, cardId: await savedCard(tested(), customerId) }
    await world.removeCard(again.cardId)
    expect(valueOf(await provider.cards.list(customerId))).toEqual([])
    for (const removed of [from, again]) {
      expect(valueOf(await provider.cards.look(removed.cardId)).customerId).toBeNull()
      expect(await provider.charges.make(chargeOf(removed))).toMatchObject({
        ok: false,
        code: expect.stringMatching(/^(refused|gone)$/),
      })
    }
  })

  test('that nobody saved, or of a customer who is gone, is gone', async () => {
    const { provider, world } = tested()
    const { cards, charges } = provider
    expect(await cards.look('nobody')).toMatchObject(gone)
    expect(await cards.remove({ key: newKey(), cardId: 'nobody' })).toMatchObject(gone)
    const from = await customerWithCard(tested())
    expect(await charges.make(chargeOf({ ...from, cardId: 'nobody' }))).toMatchObject(gone)
    await world.deleteCustomer(from.customerId)
    expect(await cards.list(from.customerId)).toMatchObject(gone)
    expect(await charges.make(chargeOf(from))).toMatchObject({ ok: false })
  })
}

function charges(tested: () => ProviderUnderTest): void {
  test('is made once under its key, says whose it is, and is found by its order', async () => {
    const { provider } = tested()
    const asked = chargeOf(await customerWithCard(tested()))
    const { customerId, orderId } = asked
    expect(valueOf(await provider.charges.find({ customerId, orderId }))).toBeNull()
    const made = valueOf(await provider.charges.make(asked))
    expect(made).toMatchObject({
      accountId,
      orderId,
      isLive: provider.isLive,
      currency: 'usd',
      status: 'succeeded',
      amountNanoUsd: dollars(5),
      receivedNanoUsd: dollars(5),
    })
    expect(valueOf(await provider.charges.make(asked))).toEqual(made)
    valueOf(await provider.charges.make(chargeOf(asked)))
    expect(valueOf(await provider.charges.look(made.paymentId))).toEqual(made)
    expect(valueOf(await provider.charges.find({ customerId, orderId }))).toEqual(made)
    expect(valueOf(await provider.payments.look(made.paymentId))).toMatchObject({
      accountId,
      orderId,
      isPaid: true,
    })
  })

  test('is not made when its key was used for another', async () => {
    const { provider } = tested()
    const asked = { ...chargeOf(await customerWithCard(tested())), key: `${reusedKey}: charge` }
    const { customerId } = asked
    const made = valueOf(await provider.charges.make(asked))
    const otherwise = { ...asked, orderId: newOrderId(), netNanoUsd: dollars(6) }
    expect(await provider.charges.make(otherwise)).toMatchObject(unknown)
    expect(valueOf(await provider.charges.find({ customerId, orderId: otherwise.orderId }))).toBeNull()
    expect(valueOf(await provider.charges.look(made.paymentId))).toEqual(made)
  })

  test('is not made with the card of another customer', async () => {
    const { provider } = tested()
    const { cardId } = await customerWithCard(tested())
    const asked = chargeOf({ cardId, customerId: await newCustomer(tested()) })
    expect(await provider.charges.make(asked)).toMatchObject(refused)
  })

  test('that nobody made is gone', async () => {
    expect(await tested().provider.charges.look('nobody')).toMatchObject(gone)
  })
}

function declines(tested: () => ProviderUnderTest): void {
  test.each([
    ['lacks_funds', 'declined', 'passing'],
    ['is_stolen', 'declined', 'card'],
    ['is_refused_for_good', 'declined', 'card'],
    ['asks_its_owner', 'needs_action', 'needs_action'],
  ] as const)('by a card that %s is an answer, %s, whose reason means: %s', async (mood, status, meaning) => {
    const { provider, world } = tested()
    const from = await customerWithCard(tested())
    await world.setMood({ cardId: from.cardId, mood })
    const asked = chargeOf(from)
    const { customerId, orderId } = asked
    const made = valueOf(await provider.charges.make(asked))
    expect(made).toMatchObject({ status, accountId, orderId, amountNanoUsd: dollars(5), receivedNanoUsd: 0 })
    expect(meaningOfDecline(made.declineCode ?? '', made.adviceCode)).toBe(meaning)
    // Whatever the card does meanwhile: the key has its answer.
    await world.setMood({ cardId: from.cardId, mood: 'pays' })
    expect(valueOf(await provider.charges.make(asked))).toEqual(made)
    expect(valueOf(await provider.charges.find({ customerId, orderId }))).toEqual(made)
    expect(valueOf(await provider.payments.look(made.paymentId))).toMatchObject({
      isPaid: false,
      receivedNanoUsd: 0,
    })
  })

  test('that asks for its owner can be confirmed by them', async () => {
    const { provider, world } = tested()
    const from = await customerWithCard(tested())
    await world.setMood({ cardId: from.cardId, mood: 'asks_its_owner' })
    const { clientSecret } = valueOf(await provider.charges.make(chargeOf(from)))
    expect(clientSecret).toEqual(expect.stringMatching(/./))
  })
}
