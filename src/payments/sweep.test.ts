// What the sweeper makes of an order that waits: looked up and booked, left open, or given up where nobody can have paid.

import { expect, test } from 'vitest'

import { asMillis, hourMs, minuteMs } from '#core/clock.ts'
import { orderIdOf } from '#core/ids.ts'
import { jsonLog } from '#core/log.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import { Simulator } from '#ledger/book.simulator.ts'
import { dollar } from '#ledger/example-commands.ts'
import type { OrderTerms } from '#ledger/order-commands.ts'
import { closeOrder, openOrder, orderFrom, payOrder, placeOrder } from '#ledger/orders.ts'
import type { ReadyParts } from './parts.ts'
import type { Checkout, PaymentProvider, ProviderAnswer } from './provider.ts'
import { lookAgain, openWithinMs } from './sweep.ts'

const orderId = orderIdOf(new Uint8Array(16))

const terms: OrderTerms = {
  kind: 'purchase',
  netNanoUsd: nanoUsd(20 * dollar),
  bonusNanoUsd: zeroNanoUsd,
  isLive: false,
  page: 'embedded',
  origin: 'https://sluice.example',
  savesCard: false,
}

/** An account with an order, and a provider at which its page stands so. */
function worldOf(page: Partial<Checkout> | ProviderAnswer<Checkout>, isOpened = true) {
  const simulator = Simulator.opened(0)
  const { accountId } = simulator.store
  const checkout: Checkout = {
    checkoutId: 'cs_1',
    clientSecret: null,
    url: null,
    status: 'open',
    accountId,
    orderId,
    isLive: false,
    currency: 'usd',
    netNanoUsd: terms.netNanoUsd,
    taxNanoUsd: zeroNanoUsd,
    totalNanoUsd: terms.netNanoUsd,
    paymentId: 'pi_1',
    ...page,
  }
  const looked: string[] = []
  const account: Partial<AccountPort> = {
    order: async (id) => orderFrom(id, simulator.store.lookup) ?? null,
    payOrder: async (command) => simulator.ask((draft) => payOrder(draft, command)),
    closeOrder: async (command) => simulator.ask((draft) => closeOrder(draft, command)),
  }
  const checkouts: Pick<PaymentProvider['checkouts'], 'look'> = {
    look: async (id) => {
      looked.push(id)
      return 'ok' in page ? page : { ok: true, value: checkout }
    },
  }
  const parts: ReadyParts = {
    // Nothing else is asked of either.
    provider: { isLive: false, checkouts } as PaymentProvider,
    accounts: () => account as AccountPort,
    plans: { get: () => undefined, list: () => [] },
    db: undefined,
    clock: { now: () => asMillis(simulator.nowMs), sleep: async () => undefined },
    log: jsonLog(
      () => undefined,
      () => simulator.nowMs,
    ),
  }
  simulator.ask((draft) => placeOrder(draft, { orderId, terms, actor: '' }))
  if (isOpened) simulator.ask((draft) => openOrder(draft, { orderId, checkoutId: 'cs_1' }))
  const sweep = () => lookAgain({ accountId, orderId }, parts)
  return { simulator, looked, sweep }
}

// Cases: payments 13
test('an order whose page was paid is credited, once', async () => {
  const { simulator, sweep } = worldOf({ status: 'paid' })
  expect(await sweep()).toMatchObject({ state: 'paid' })
  expect(await sweep()).toMatchObject({ state: 'paid' })
  expect(simulator.live.postedNanoUsd).toBe(20 * dollar)
})

test.each(['expired', 'failed'] as const)('an order whose page has %s is closed', async (status) => {
  const { sweep } = worldOf({ status })
  expect(await sweep()).toMatchObject({ state: status })
})

test.each(['open', 'pending'] as const)('an order whose page is %s waits, however long', async (status) => {
  const { simulator, sweep } = worldOf({ status })
  simulator.nowMs += 30 * 24 * hourMs
  expect(await sweep()).toMatchObject({ state: 'open' })
})

// Cases: payments 53
test('an order of which the provider says nothing that can be believed stays as it is', async () => {
  const { simulator, sweep } = worldOf({ ok: false, code: 'unknown', message: 'a proxy' })
  expect(await sweep()).toBeUndefined()
  expect(orderFrom(orderId, simulator.store.lookup)).toMatchObject({ state: 'open' })
})

// Cases: payments 17
test('a page that names another order is no word about this one', async () => {
  const { simulator, sweep } = worldOf({ status: 'paid', orderId: 'ord_other' })
  expect(await sweep()).toBeUndefined()
  expect(simulator.live.postedNanoUsd).toBe(0)
})

test('an order whose page was shown to nobody is given up when its key is too old, not before', async () => {
  const { simulator, looked, sweep } = worldOf({}, false)
  simulator.nowMs += openWithinMs - minuteMs
  expect(await sweep()).toMatchObject({ state: 'placed' })
  simulator.nowMs += minuteMs
  expect(await sweep()).toMatchObject({ state: 'abandoned' })
  expect(looked).toEqual([])
})
