// Random lives of orders: placed, opened, paid, paid wrongly, ended, in any order, repeated, decided in vain, with crashes. A
// payment brings what was agreed once; a restart and a rebuild know every order as before.

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { type OrderId, orderIdOf } from '#core/ids.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { dollar } from './example-commands.ts'
import type { OrderEnd, OrderTerms } from './order-commands.ts'
import { closeOrder, openOrder, orderFrom, payOrder, placeOrder } from './orders.ts'

const slots = 4
const slot = fc.nat({ max: slots - 1 })
const orderAt = (index: number): OrderId => orderIdOf(new Uint8Array(16).fill(index + 1))

const step = fc.oneof(
  fc.record({ do: fc.constant('place' as const), slot }),
  fc.record({ do: fc.constant('open' as const), slot }),
  fc.record({ do: fc.constant('pay' as const), slot, isRight: fc.constantFrom(true, true, true, false) }),
  fc.record({
    do: fc.constant('close' as const),
    slot,
    how: fc.constantFrom('expired' as const, 'failed' as const, 'abandoned' as const),
  }),
  fc.record({ do: fc.constant('vain' as const), slot }),
  fc.record({ do: fc.constant('crash' as const) }),
)

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

function termsOf(index: number): OrderTerms {
  const isAuto = index % 2 === 1
  return {
    kind: isAuto ? 'auto_top_up' : 'purchase',
    netNanoUsd: nanoUsd((index + 1) * 10 * dollar),
    bonusNanoUsd: isAuto ? zeroNanoUsd : nanoUsd((index + 1) * dollar),
    isLive: false,
    page: isAuto ? null : 'hosted',
    origin: isAuto ? '' : 'https://sluice.example',
    savesCard: false,
  }
}

const worthOf = (index: number) => termsOf(index).netNanoUsd + termsOf(index).bonusNanoUsd

/** What an outsider knows of an order: whether it was placed, and rightly paid since. */
class Life {
  readonly simulator = Simulator.opened(0)
  readonly placed = new Set<number>()
  readonly paid = new Set<number>()

  live(one: Step): void {
    const { simulator } = this
    if (one.do === 'crash') return simulator.crash()
    const orderId = orderAt(one.slot)
    const pay = (isRight: boolean) => ({
      orderId,
      facts: {
        accountId: simulator.store.accountId,
        isLive: false,
        currency: isRight ? 'usd' : 'eur',
        netNanoUsd: termsOf(one.slot).netNanoUsd,
        taxNanoUsd: zeroNanoUsd,
        receivedNanoUsd: termsOf(one.slot).netNanoUsd,
        paymentId: null,
      },
    })
    switch (one.do) {
      case 'place':
        simulator.ask((draft) => placeOrder(draft, { orderId, terms: termsOf(one.slot), actor: '' }))
        this.placed.add(one.slot)
        return
      case 'open':
        simulator.ask((draft) => openOrder(draft, { orderId, checkoutId: `cs_${one.slot}` }))
        return
      case 'pay':
        simulator.ask((draft) => payOrder(draft, pay(one.isRight)))
        if (one.isRight && this.placed.has(one.slot)) this.paid.add(one.slot)
        return
      case 'close':
        simulator.ask((draft) => closeOrder(draft, { orderId, end: one.how }))
        return
      case 'vain':
        simulator.askInVain((draft) => payOrder(draft, pay(true)))
    }
  }

  check(): void {
    const { simulator, paid, placed } = this
    simulator.check()
    simulator.checkRestart()
    const sum = [...paid].reduce((total, index) => total + worthOf(index), 0)
    expect(simulator.live.postedNanoUsd).toBe(sum)
    const ends: readonly (OrderEnd | 'paid')[] = ['paid', 'expired', 'failed', 'abandoned', 'mismatch']
    const waiting: OrderId[] = []
    for (let index = 0; index < slots; index += 1) {
      const order = orderFrom(orderAt(index), simulator.store.lookup)
      expect(order !== undefined).toBe(placed.has(index))
      expect(order?.state === 'paid').toBe(paid.has(index))
      if (order !== undefined && !ends.some((end) => end === order.state)) waiting.push(order.orderId)
    }
    expect(simulator.live.orders.map(({ orderId }) => orderId).toSorted()).toEqual(waiting.toSorted())
  }
}

// Cases: payments 6, 14
test('whatever is told of orders in whatever order, each payment is credited once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const life = new Life()
      for (const one of steps) {
        life.live(one)
        life.check()
      }
      checkRebuild(life.simulator)
    }),
    { numRuns: 300 },
  )
})
