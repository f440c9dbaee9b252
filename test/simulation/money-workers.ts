// The Workers that ask Stripe: the shipped handlers of tasks, sweeps and pages, each as a process that may die under way, over the
// shipped port to a Stripe that is a model.

import type Stripe from 'stripe'

import type { Db } from '#db/client.ts'
import type { TaskHandler } from '#ledger/tasks.ts'
import { autoTopUpTask } from '#payments/auto-top-up-task.ts'
import type { PaymentConfig } from '#payments/config.ts'
import { invoiceTask } from '#payments/invoice-task.ts'
import { mirrorOrders } from '#payments/mirror-orders.ts'
import type { PaymentParts, ReadyParts } from '#payments/parts.ts'
import type { PaymentProvider, Subscriptions } from '#payments/provider.ts'
import { refundHandler } from '#payments/refund-task.ts'
import { stripeCharges } from '#payments/stripe-charges.ts'
import { stripeCheckouts } from '#payments/stripe-checkouts.ts'
import { stripeCustomers } from '#payments/stripe-customers.ts'
import { stripeInvoices } from '#payments/stripe-invoices.ts'
import { stripePayments } from '#payments/stripe-payments.ts'
import { sweepInvoices } from '#payments/sweep-invoices.ts'
import { sweepOrders } from '#payments/sweep.ts'
import type { Dice } from './dice.ts'
import { Process } from './scheduler.ts'
import type { Setting } from './setting.ts'
import type { StripeApi } from './stripe-api.ts'

export class MoneyWorkers {
  /** Of a hundred invocations. */
  deathPercent = 15
  readonly #world: Setting
  readonly #provider: PaymentProvider
  readonly #dice: Dice

  constructor(world: Setting, api: StripeApi, hasAutomaticTax: boolean, dice: Dice) {
    this.#world = world
    this.#dice = dice
    this.#provider = providerOver(api, hasAutomaticTax)
  }

  ready(process: Process): ReadyParts {
    const { network, host, scheduler, log, postgres } = this.#world
    return {
      accounts: () => network.portOf(host, process),
      provider: this.#provider,
      plans: { get: () => undefined, list: () => [] },
      // A model of its own behind the files that speak SQL (payment-rows.ts).
      db: postgres as unknown as Db,
      clock: scheduler.clockOf(process),
      log,
    }
  }

  handlers(process: Process): readonly TaskHandler[] {
    const parts = this.#parts(process)
    return [mirrorOrders(parts), autoTopUpTask(parts), refundHandler(parts), invoiceTask(parts)]
  }

  /** As the frequent trigger runs them. */
  sweep(): void {
    this.run('sweep', async (process) => {
      await sweepInvoices(this.#parts(process))
      await sweepOrders(this.#parts(process))
    })
  }

  /** Work in a process of its own, which may die; `over` is told how it ended. */
  run<Result>(
    name: string,
    work: (process: Process) => Promise<Result>,
    over: (result: Result | undefined) => void = () => undefined,
  ): void {
    const { scheduler, outside, faults } = this.#world
    const process = new Process(name, null)
    let isOver = false
    const end = (result: Result | undefined) => {
      if (isOver) return
      isOver = true
      over(result)
    }
    const later = (result: Result | undefined) => scheduler.after(1, outside, () => end(result))
    scheduler.after(0, process, () => void work(process).then(later, () => later(undefined)))
    if (!this.#dice.chance(this.deathPercent)) return
    scheduler.after(this.#dice.between(1, 600), outside, () => {
      if (isOver) return
      faults.fired('money_worker_killed')
      process.kill()
      end(undefined)
    })
  }

  #parts(process: Process): PaymentParts {
    return { ...this.ready(process), provider: () => Promise.resolve(this.#provider) }
  }
}

/** No plan is sold here, so no payment is one's. */
const noSubscriptions: Pick<Subscriptions, 'paidBy'> = { paidBy: async () => ({ ok: true, value: null }) }

/** Cards, portals and events are for people. */
function providerOver({ sdk: model }: StripeApi, hasAutomaticTax: boolean): PaymentProvider {
  const sdk = model as unknown as Stripe
  const config: PaymentConfig = {
    secretKey: '',
    isLive: false,
    baseUrl: undefined,
    hasAutomaticTax,
    statementSuffix: undefined,
  }
  const provider: Omit<PaymentProvider, 'cards' | 'portals' | 'events'> = {
    isLive: false,
    customers: stripeCustomers(sdk),
    checkouts: stripeCheckouts(sdk, config),
    charges: stripeCharges(sdk, config),
    payments: stripePayments(sdk),
    invoices: stripeInvoices(sdk, config),
    subscriptions: noSubscriptions as Subscriptions,
  }
  return provider as PaymentProvider
}
