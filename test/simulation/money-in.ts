// Money that comes in through Stripe, in one simulated world: joins what Stripe holds, the way to it, its webhook, the Workers that
// ask it, the people, and what must be true of it all.

import type { EntriesMessage } from '#ledger/entry.ts'
import { compareNow } from '#payments/compare.ts'
import { consumeTasks } from '#settlement/consume-tasks.ts'
import type { Db } from '#db/client.ts'
import { Deliveries } from './deliveries.ts'
import { Dice } from './dice.ts'
import { InvoiceTruth } from './invoice-truth.ts'
import type { MoneyInPlan, StripePlan } from './money-in-plan.ts'
import { MoneyTruth } from './money-truth.ts'
import { MoneyWorkers } from './money-workers.ts'
import type { Question } from './object-host.ts'
import type { QueueMessage } from './queue.ts'
import type { Process } from './scheduler.ts'
import type { Setting } from './setting.ts'
import { StripeApi } from './stripe-api.ts'
import { type Intent, type Invoice, StripeBooks } from './stripe-books.ts'
import { StripeLine } from './stripe-line.ts'
import { Till } from './till.ts'
import { presently } from './turn.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** Within the plan, and then until all is quiet. */
const sweepsAtMs = [200_000, 420_000]
const sweepsAfterMs = [1, 16, 61, 122, 183, 660].map((minutes) => minutes * minuteMs)
const longSweepsAfterMs = [20, 25, 29, 30, 31, 36, 48, 52, 58].map((hours) => hours * hourMs)
const invoicesMax = 100

export class MoneyIn {
  readonly #world: Setting
  readonly #plan: StripePlan
  readonly #books: StripeBooks
  readonly #line: StripeLine
  readonly #workers: MoneyWorkers
  readonly #deliveries: Deliveries
  readonly #till: Till
  readonly #truth: MoneyTruth
  readonly #invoices: InvoiceTruth
  #isUsed = false

  constructor(world: Setting) {
    const { scheduler, outside: platform, faults, say, guard, plan, oracle } = world
    this.#world = world
    this.#plan = plan.stripe
    const dice = (name: string) => new Dice(`${name} ${plan.seed}`)
    const found = (violation: Error) =>
      guard(() => {
        throw violation
      })
    this.#books = new StripeBooks(
      () => scheduler.nowMs,
      (type, object, previous) => this.#tell(type, object, previous),
    )
    const isForgetful = () => oracle.lostAtMs > 0
    const parts = { scheduler, platform, faults, say, found, isForgetful, dice: dice('stripe line') }
    this.#line = new StripeLine({ ...plan.stripe }, plan.stripe, parts)
    const api = new StripeApi(this.#books, this.#line, plan.stripe.hasTax)
    this.#workers = new MoneyWorkers(world, api, plan.stripe.hasTax, dice('money workers'))
    this.#deliveries = new Deliveries(world, this.#workers, plan.stripe.eventLossPercent)
    this.#till = new Till(world, this.#books, this.#workers)
    this.#truth = new MoneyTruth(this.#books, oracle)
    this.#invoices = new InvoiceTruth(this.#books, oracle)
  }

  get isLong(): boolean {
    return this.#plan.isLong
  }

  do(item: MoneyInPlan): void {
    switch (item.type) {
      case 'order':
        return this.#till.order(item)
      case 'fact':
        return this.#till.fact(item)
      case 'postpaid':
        return this.#till.postpaid(item)
    }
  }

  /** The frequent trigger, where there is something to look at. */
  open(): void {
    const { plan, scheduler, outside } = this.#world
    this.#isUsed = plan.items.some(({ type }) => type === 'order' || type === 'postpaid')
    if (this.#isUsed) for (const ms of sweepsAtMs) scheduler.after(ms, outside, () => this.#workers.sweep())
  }

  /** The consumer of the object's tasks. */
  consume(messages: readonly QueueMessage<EntriesMessage>[], turn: Process): Promise<void> {
    return consumeTasks(messages, this.#workers.handlers(turn), this.#world)
  }

  /** At the object's gate. */
  answered(question: Question, answer: unknown): void {
    this.#truth.answered(question, answer)
  }

  #tell(type: string, object: object, previous?: object): void {
    if (type === 'payment_intent.succeeded') this.#truth.paid(object as Intent)
    if (type === 'invoice.paid') this.#truth.invoicePaid(object as Invoice)
    this.#deliveries.tell(type, object, previous)
    if (type === 'invoice.finalized') this.#till.sent(object as Invoice)
  }

  /** Nothing goes wrong any more; only an outage that is under way lasts. */
  calmDown(): void {
    const { scheduler, outside } = this.#world
    const { unkindness } = this.#line
    const downUntilMs = this.isLong ? unkindness.downUntilMs : 0
    Object.assign(unkindness, { notReachedPercent: 0, answerLostPercent: 0, failedPercent: 0, downUntilMs })
    this.#line.isCalm = true
    this.#workers.deathPercent = 0
    this.#deliveries.lossPercent = 0
    if (!this.#isUsed) return
    for (const ms of [...sweepsAfterMs, ...(this.isLong ? longSweepsAfterMs : [])])
      scheduler.after(ms, outside, () => this.#workers.sweep())
  }

  /** As at night. */
  compare(): void {
    if (this.#books.paid().length === 0) return
    this.#workers.run(
      'compare',
      (process) =>
        compareNow({
          ...this.#workers.ready(process),
          db: this.#world.postgres as unknown as Db,
        }),
      (report) => (this.#truth.findings = report?.findings),
    )
  }

  checkQuiet(): void {
    const { books, host } = this.#world
    const view = presently(host.look().invoices({ beforeNumber: Infinity, limit: invoicesMax }))
    const account = presently(host.look().view())
    this.#truth.checkQuiet(books.lines, this.#deliveries, account?.risk)
    this.#invoices.checkQuiet(books.lines, {
      suspendedBy: view?.suspendedBy ?? null,
      nowMs: host.nowMs,
      graceDays: account?.settings.invoiceGraceDays ?? 0,
    })
  }
}
