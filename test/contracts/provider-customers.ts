// What any payment provider must do for customers, for its own pages about them, and of what it has told.

import { describe, expect, test } from 'vitest'
import { makeAccountId } from '#core/ids.ts'
import {
  accountId,
  dollars,
  gone,
  newCustomer,
  newKey,
  paidOrder,
  unknown,
  valueOf,
} from './provider-shop.ts'
import { type ProviderUnderTest, reusedKey } from './provider-world.ts'

const otherAccountId = makeAccountId('w', (bytes) => new Uint8Array(bytes).fill(7))

export function describeCustomers(tested: () => ProviderUnderTest): void {
  describe('a customer', () => {
    test('is made once under its key, and says whose it is', async () => {
      const { customers } = tested().provider
      const asked = { key: newKey(), accountId }
      const made = valueOf(await customers.make(asked))
      expect(valueOf(await customers.make(asked))).toEqual(made)
      expect(valueOf(await customers.look(made.customerId))).toEqual({ accountId, email: null })
      expect(valueOf(await customers.make({ key: newKey(), accountId }))).not.toEqual(made)
      expect(valueOf(await customers.unused(made.customerId))).toBe(0)
    })

    test('stays whose it was when its key is used for another', async () => {
      const { customers } = tested().provider
      const asked = { key: `${reusedKey}: customer`, accountId }
      const { customerId } = valueOf(await customers.make(asked))
      expect(await customers.make({ ...asked, accountId: otherAccountId })).toMatchObject(unknown)
      expect(valueOf(await customers.look(customerId)).accountId).toBe(accountId)
    })

    test('has the address that it was given, and is still the same account’s', async () => {
      const { customers } = tested().provider
      const customerId = await newCustomer(tested())
      const email = 'billing@example.com'
      expect(valueOf(await customers.setEmail({ key: newKey(), customerId, email }))).toEqual({ customerId })
      expect(valueOf(await customers.look(customerId))).toEqual({ accountId, email })
    })

    test('that nobody made, or that was deleted, is gone', async () => {
      const { provider, world } = tested()
      const { customers, portals } = provider
      const deleted = await newCustomer(tested())
      await world.deleteCustomer(deleted)
      for (const customerId of ['nobody', deleted]) {
        expect(await customers.look(customerId)).toMatchObject(gone)
        const email = 'billing@example.com'
        expect(await customers.setEmail({ key: newKey(), customerId, email })).toMatchObject(gone)
        const portal = { key: newKey(), customerId, returnUrl: 'https://shop.example/billing' }
        expect(await portals.open(portal)).toMatchObject(gone)
      }
    })

    test('has a page of the provider’s about itself', async () => {
      const { portals } = tested().provider
      const asked = {
        key: newKey(),
        customerId: await newCustomer(tested()),
        returnUrl: 'https://shop.example/billing',
      }
      const opened = valueOf(await portals.open(asked))
      expect(URL.canParse(opened.url)).toBe(true)
      expect(valueOf(await portals.open(asked))).toEqual(opened)
    })
  })

  describe('what was told', () => {
    test('is looked up as it was told, whatever has become of it since', async () => {
      const { provider, world } = tested()
      const { paymentId, checkoutId } = await paidOrder(tested(), { by: 'debit' })
      const before = await world.toldAbout(paymentId)
      await world.endPending({ paymentId, isArriving: true })
      const told = [...before, ...(await world.toldAbout(checkoutId)), ...(await toldOfRefund(tested()))]
      expect(told.length).toBeGreaterThan(3)
      // What was otherwise before is part of it.
      expect(told.some(({ previous }) => Object.keys(previous).length > 0)).toBe(true)
      for (const event of told) expect(valueOf(await provider.events.look(event.id))).toEqual(event)
    })

    test('never is gone', async () => {
      expect(await tested().provider.events.look('nobody')).toMatchObject(gone)
    })
  })
}

/** It was pending, and then it was not. */
async function toldOfRefund(tested: ProviderUnderTest) {
  const { world } = tested
  const { paymentId } = await paidOrder(tested, { by: 'slow_refund_card' })
  const { refundId } = await world.refund({ paymentId, amountNanoUsd: dollars(3) })
  await world.endRefund({ refundId, isGood: true })
  return world.toldAbout(refundId)
}
