// Random lives of an account with automatic top-up, and beside it a provider that charges whatever it was asked for under each
// order, once. After every step a restart changes nothing; whatever was charged is credited once, and no cap is passed.

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { assert } from '#core/assert.ts'
import { hourMs, minuteMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { isObject } from '#core/readers.ts'
import { admit } from './admission.ts'
import type { AttemptOutcome } from './auto-top-up-commands.ts'
import { attemptEveryMs, attemptsPerDayMax } from './auto-top-up-state.ts'
import { setAutoTopUp } from './auto-top-up-terms.ts'
import { beginAttempt, loseMethod, reportAttempt } from './auto-top-up.ts'
import { topUpDueAt } from './auto-top-up-due.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { admitOf, captureOf, dollar, exampleMethod, grantOf, paymentOf, topUpOf } from './example-commands.ts'
import { refund } from './refunds.ts'
import { windowStart } from './windows.ts'

const capDollars = 100

/** `slow`: whoever was told to ask asks later, if they live; `lost`: they never do. */
type Fate = 'paid' | 'processing' | 'declined' | 'stolen' | 'needs_action' | 'slow' | 'lost'
const fates: readonly Fate[] = [
  'paid',
  'paid',
  'paid',
  'processing',
  'declined',
  'stolen',
  'needs_action',
  'slow',
  'lost',
]

type Step =
  | { do: 'spend'; cents: number }
  | { do: 'credit'; kind: 'purchase' | 'grant'; dollars: number }
  | { do: 'refund'; dollars: number }
  | { do: 'terms'; isEnabled: boolean; card: number; amount: number }
  | { do: 'lose'; card: number }
  | { do: 'act'; fate: Fate; isTold: boolean }
  | { do: 'hear'; order: number }
  | { do: 'land' }
  | { do: 'wait'; ms: number }
  | { do: 'toDue' }
  | { do: 'crash' }

const cards = [exampleMethod, { ...exampleMethod, id: 'pm_2', fingerprint: 'card two' }]
const record = (name: Step['do'], rest: object = {}) =>
  fc.record({ do: fc.constant(name), ...rest }) as fc.Arbitrary<Step>

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: record('spend', { cents: fc.constantFrom(1, 10, 250, 900, 1_900) }) },
  {
    weight: 1,
    arbitrary: record('credit', {
      kind: fc.constantFrom('purchase', 'grant'),
      dollars: fc.integer({ min: 1, max: 20 }),
    }),
  },
  { weight: 1, arbitrary: record('refund', { dollars: fc.integer({ min: 1, max: 20 }) }) },
  {
    weight: 2,
    arbitrary: record('terms', {
      isEnabled: fc.constantFrom(true, true, true, false),
      card: fc.nat({ max: 1 }),
      amount: fc.constantFrom(20, 40),
    }),
  },
  { weight: 1, arbitrary: record('lose', { card: fc.nat({ max: 1 }) }) },
  { weight: 8, arbitrary: record('act', { fate: fc.constantFrom(...fates), isTold: fc.boolean() }) },
  { weight: 4, arbitrary: record('hear', { order: fc.nat({ max: 20 }) }) },
  { weight: 3, arbitrary: record('land') },
  {
    weight: 5,
    arbitrary: record('wait', {
      ms: fc.constantFrom(1, attemptEveryMs, 15 * minuteMs, 4 * hourMs, 30 * hourMs),
    }),
  },
  { weight: 4, arbitrary: record('toDue') },
  { weight: 2, arbitrary: record('crash') },
)

const seen = new Set<string>()

/** What the world knows: the account, and what the provider has under each order. */
class World {
  readonly account = Simulator.opened(0, { rpm: 100_000, tpm: 1_000_000_000 })
  /** By order: what became of the one payment under it. */
  readonly payments = new Map<string, { dollars: number; fate: Fate }>()
  /** Told to ask, and not there yet. */
  readonly #slow: { orderId: string; dollars: number; sinceMs: number }[] = []
  #n = 0

  get orders(): readonly { orderId: string; dollars: number; atMs: number }[] {
    return this.account.store.entries.flatMap(({ kind, reference, createdAtMs, detail }) =>
      kind === 'attempt' && isObject(detail) && detail['step'] === 'started'
        ? [{ orderId: reference, dollars: Number(detail['amountNanoUsd']) / dollar, atMs: createdAtMs }]
        : [],
    )
  }

  take(next: Step): void {
    const { account } = this
    this.#n += 1
    switch (next.do) {
      case 'spend': {
        const callId = account.newCall()
        account.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: nanoUsd(0) })))
        account.ask((draft) => capture(draft, captureOf(callId, (next.cents * dollar) / 100)))
        return
      }
      case 'credit': {
        const reference = `credit ${this.#n}`
        account.ask((draft) => credit(draft, grantOf(next.dollars * dollar, { kind: next.kind, reference })))
        return
      }
      case 'refund': {
        const amountNanoUsd = nanoUsd(next.dollars * dollar)
        const before = this.orders.length
        account.ask((draft) => {
          if (draft.entries.length > 0) return
          refund(draft, { reference: `r ${this.#n}`, payment: null, amountNanoUsd, reason: '', actor: '' })
        })
        if (this.orders.length === before) seen.add('refund')
        return
      }
      case 'terms': {
        const terms = {
          isEnabled: next.isEnabled,
          amountNanoUsd: nanoUsd(next.amount * dollar),
          monthlyCapNanoUsd: nanoUsd(capDollars * dollar),
        }
        account.ask((draft) => setAutoTopUp(draft, topUpOf(`terms ${this.#n}`, terms, cards[next.card])))
        return
      }
      case 'lose':
        account.ask((draft) => loseMethod(draft, { methodId: cards[next.card]?.id ?? '' }))
        return
      case 'act':
        return this.#act(next.fate, next.isTold)
      case 'hear': {
        const [orderId] = [...this.payments.keys()].slice(next.order)
        if (orderId !== undefined) this.#tell(orderId)
        return
      }
      case 'land':
        return this.#land()
      case 'wait':
        account.nowMs += next.ms
        account.ask(() => true)
        return
      case 'toDue':
        account.nowMs = Math.max(account.nowMs, topUpDueAt(account.live) ?? 0)
        account.ask(() => true)
        return
      case 'crash':
        return account.crash()
    }
  }

  /** A handler of the newest attempt's task. `isTold`: it lives long enough to say what came of it. */
  #act(fate: Fate, isTold: boolean): void {
    const { orderId } = this.orders.at(-1) ?? {}
    if (orderId === undefined) return
    const answer = this.account.ask((draft) => beginAttempt(draft, { orderId }))
    assert(answer.ok, 'the account is there')
    seen.add(answer.todo)
    if (answer.todo === 'nothing') return
    const { amountNanoUsd } = answer.attempt
    const known = this.payments.get(orderId)
    // The same key: the same payment, whatever would have become of another one.
    const dollars = amountNanoUsd / dollar
    if (answer.todo === 'create' && fate === 'slow')
      this.#slow.push({ orderId, dollars, sinceMs: this.account.nowMs })
    else if (answer.todo === 'create' && known === undefined && fate !== 'lost')
      this.payments.set(orderId, { dollars, fate })
    if (known?.fate === 'processing') this.payments.set(orderId, { ...known, fate: 'paid' })
    if (isTold) this.#tell(orderId)
  }

  /** A consumer lives for a quarter of an hour at most. */
  #land(): void {
    for (const { orderId, dollars, sinceMs } of this.#slow.splice(0)) {
      if (this.account.nowMs - sinceMs > 15 * minuteMs || this.payments.has(orderId)) continue
      this.payments.set(orderId, { dollars, fate: 'paid' })
      seen.add('landed')
    }
  }

  #tell(orderId: string): void {
    const outcome = this.#outcomeOf(orderId)
    if (outcome === undefined) return
    seen.add(outcome.state)
    this.account.ask((draft) => reportAttempt(draft, { orderId, outcome }))
  }

  #outcomeOf(orderId: string): AttemptOutcome | undefined {
    const payment = this.payments.get(orderId)
    if (payment === undefined) return { state: 'not_found' }
    const intentId = `pi ${orderId}`
    switch (payment.fate) {
      case 'paid':
        return { state: 'succeeded', facts: paymentOf(payment.dollars) }
      case 'declined':
        return { state: 'declined', code: 'insufficient_funds', adviceCode: null, intentId }
      case 'stolen':
        return { state: 'declined', code: 'stolen_card', adviceCode: null, intentId }
      case 'processing':
      case 'needs_action':
        return { state: payment.fate, intentId }
      case 'slow':
      case 'lost':
        return undefined
    }
  }

  check(): void {
    const { account, orders } = this
    account.check()
    account.checkRestart()
    const credits = account.store.entries.filter(({ kind }) => kind === 'auto_top_up')
    assert(new Set(credits.map(({ reference }) => reference)).size === credits.length, 'credited once')
    for (const { reference, amountNanoUsd } of credits)
      assert(amountNanoUsd === (this.payments.get(reference)?.dollars ?? 0) * dollar, 'only what was paid')
    for (const [index, { atMs }] of orders.entries()) {
      const before = orders[index - 1]
      assert(before === undefined || atMs - before.atMs >= attemptEveryMs, 'never two within a minute')
      const tenth = orders[index - attemptsPerDayMax]
      assert(tenth === undefined || atMs - tenth.atMs >= 24 * hourMs, 'never more than ten a day')
    }
    this.#checkCap()
  }

  /** Of those that started in a month, all that were paid or may be yet. */
  #checkCap(): void {
    const months = new Map<number, number>()
    for (const { orderId, dollars, atMs } of this.orders) {
      const isCharged = this.payments.get(orderId)?.fate === 'paid'
      const month = windowStart('month', atMs)
      if (isCharged) months.set(month, (months.get(month) ?? 0) + dollars)
    }
    for (const sum of months.values()) assert(sum <= capDollars, 'the cap of a month is not passed')
  }

  /** Every webhook comes in the end. */
  settle(): void {
    for (const orderId of this.payments.keys()) this.#tell(orderId)
    const paid = [...this.payments].filter(([, { fate }]) => fate === 'paid')
    const credits = this.account.store.entries.filter(({ kind }) => kind === 'auto_top_up')
    assert(credits.length === paid.length, 'whatever was charged is credited')
  }
}

// Cases: billing-bugs 37
test(
  'whatever happens, in whatever order: one attempt at a time, each payment credited once, no cap passed',
  { timeout: 60_000 },
  () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 80 }), (steps) => {
        const world = new World()
        world.take({ do: 'credit', kind: 'purchase', dollars: 12 })
        world.take({ do: 'terms', isEnabled: true, card: 0, amount: 20 })
        for (const next of steps) {
          world.take(next)
          world.check()
        }
        world.settle()
        world.check()
        checkRebuild(world.account)
      }),
      { numRuns: 300 },
    )
    if (process.env['PROPERTY_RUNS'] !== undefined) return
    for (const what of [
      'create',
      'look_up',
      'nothing',
      'succeeded',
      'processing',
      'declined',
      'not_found',
      'landed',
    ])
      expect([...seen]).toContain(what)
  },
)
