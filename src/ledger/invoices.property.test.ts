// Random lives of a postpaid account: calls, months, invoices that are issued, paid, paid wrongly, given up, with crashes. Nothing
// is asked for twice and nothing is forgotten; a restart and a rebuild know every invoice as before.

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { dayMs } from '#core/clock.ts'
import { type InvoiceId, invoiceIdOf } from '#core/ids.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { numberIn, Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { admitOf, captureOf, dollar, grantOf } from './example-commands.ts'
import { invoiceFrom } from './invoice-views.ts'
import { cutInvoice, endInvoice, issueInvoice, payInvoice } from './invoices.ts'
import { askOfInvoice } from './invoice-asks.ts'
import type { InvoiceAsk, InvoiceEnd } from './invoice-commands.ts'
import { changeSettings } from './settings.ts'

const centNanoUsd = 10_000_000
const creditLimitNanoUsd = nanoUsd(1_000 * dollar)

/** The invoice that a step is about, counted from the newest. */
const back = fc.nat({ max: 2 })

const step = fc.oneof(
  fc.record({
    do: fc.constant('spend' as const),
    cost: fc.integer({ min: 1, max: 9 * dollar }),
    isLate: fc.boolean(),
  }),
  fc.record({ do: fc.constant('wait' as const), days: fc.constantFrom(1, 9, 20, 31, 70) }),
  fc.record({ do: fc.constant('cut' as const), n: fc.nat({ max: 3 }) }),
  fc.record({ do: fc.constant('issue' as const), back, dueDays: fc.constantFrom(0, 10, 30) }),
  fc.record({ do: fc.constant('pay' as const), back, isRight: fc.constantFrom(true, true, true, false) }),
  fc.record({
    do: fc.constant('end' as const),
    back,
    end: fc.constantFrom<InvoiceEnd>('void', 'uncollectible'),
  }),
  fc.record({
    do: fc.constant('ask' as const),
    back,
    ask: fc.constantFrom<InvoiceAsk>('pay_outside', 'void'),
    n: fc.nat({ max: 5 }),
  }),
  fc.record({ do: fc.constant('top up' as const), dollars: fc.constantFrom(1, 7) }),
  fc.record({
    do: fc.constant('mode' as const),
    mode: fc.constantFrom('prepaid' as const, 'postpaid' as const),
  }),
  fc.record({ do: fc.constant('vain' as const) }),
  fc.record({ do: fc.constant('crash' as const) }),
)

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

class Life {
  readonly simulator = Simulator.opened(0, { mode: 'postpaid', creditLimitNanoUsd, invoiceGraceDays: 3 })
  #made = 0

  constructor() {
    this.simulator.adjustedDownNanoUsd = creditLimitNanoUsd
  }

  live(one: Step): void {
    const { simulator } = this
    this.#made += 1
    switch (one.do) {
      case 'crash':
        return simulator.crash()
      case 'wait':
        simulator.nowMs += one.days * dayMs
        simulator.ask(() => true)
        return
      case 'spend':
        return this.#spend(one.cost, one.isLate)
      case 'vain':
        return simulator.askInVain((draft) => cutInvoice(draft, { reference: 'vain', reason: '', actor: '' }))
      case 'top up': {
        const grant = grantOf(one.dollars * dollar, { kind: 'purchase', reference: `top up ${this.#made}` })
        simulator.ask((draft) => credit(draft, grant))
        return
      }
      case 'mode': {
        const change = {
          reference: `mode ${this.#made}`,
          settings: { mode: one.mode },
          reason: '',
          actor: '',
        }
        simulator.ask((draft) => changeSettings(draft, change))
        return
      }
      case 'cut':
        simulator.ask((draft) => cutInvoice(draft, { reference: `cut ${one.n}`, reason: '', actor: '' }))
        return
      case 'ask':
        return this.#ask(one)
      case 'issue':
      case 'pay':
      case 'end':
        return this.#tell(one)
    }
  }

  /** A call whose end comes before or after the month's. */
  #spend(cost: number, isLate: boolean): void {
    const { simulator } = this
    const callId = simulator.newCall()
    const answer = simulator.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: nanoUsd(cost) })))
    if (!answer.ok) return
    if (isLate) simulator.nowMs += 20 * dayMs
    simulator.ask((draft) =>
      capture(draft, captureOf(callId, cost, { admittedAgoMs: isLate ? 20 * dayMs : 0 })),
    )
  }

  #tell(one: Step & { do: 'issue' | 'pay' | 'end' }): void {
    const { simulator } = this
    const invoiceId = this.#idOf(simulator.live.invoicing.count - one.back)
    if (one.do === 'issue') {
      const dueAtMs = simulator.nowMs + one.dueDays * dayMs
      const issued = { providerId: `in_${this.#made}`, isLive: false, dueAtMs, url: null }
      simulator.ask((draft) => issueInvoice(draft, { invoiceId, issued }))
    } else if (one.do === 'end') simulator.ask((draft) => endInvoice(draft, { invoiceId, end: one.end }))
    else
      simulator.ask((draft) => payInvoice(draft, { invoiceId, facts: this.#factsOf(invoiceId, one.isRight) }))
  }

  /** Only words: what comes of it is told like everything else. */
  #ask({ back: behind, ask, n }: Step & { do: 'ask' }): void {
    const { simulator } = this
    const { postedNanoUsd, invoicing } = simulator.live
    const invoiceId = this.#idOf(invoicing.count - behind)
    const command = { invoiceId, ask, reference: `ask ${n}`, reason: '', actor: '' }
    const answer = simulator.ask((draft) => askOfInvoice(draft, command))
    const known = invoiceFrom(invoiceId, simulator.store.lookup, simulator.nowMs)
    if (answer.ok) expect(known?.issued).not.toBeNull()
    if (answer.ok && !answer.isRepeat) expect(['paid', 'void']).not.toContain(known?.state)
    expect([simulator.live.postedNanoUsd, simulator.live.invoicing.open.length]).toEqual([
      postedNanoUsd,
      invoicing.open.length,
    ])
  }

  #factsOf(invoiceId: InvoiceId, isRight: boolean) {
    const { simulator } = this
    const known = invoiceFrom(invoiceId, simulator.store.lookup, simulator.nowMs)
    const netNanoUsd = known?.terms.amountNanoUsd ?? dollar
    const { accountId } = simulator.store
    const paid = { netNanoUsd, taxNanoUsd: zeroNanoUsd, receivedNanoUsd: netNanoUsd, paymentId: null }
    return { accountId, isLive: false, currency: isRight ? 'usd' : 'eur', ...paid }
  }

  #idOf(number: number): InvoiceId {
    return invoiceIdOf(this.simulator.store.accountId, Math.max(1, number))
  }

  check(): void {
    const { simulator } = this
    simulator.check()
    simulator.checkRestart()
    const lines = simulator.store.entries.filter(({ kind }) => kind === 'invoice')
    const cuts = lines.filter(({ detail }) => JSON.stringify(detail).includes('"cut"'))
    let before = { throughSeq: 0, periodEndMs: 0 }
    for (const [index, cut] of cuts.entries()) {
      expect(cut.reference).toBe(this.#idOf(index + 1))
      expect(numberIn(cut, 'amountNanoUsd') % centNanoUsd).toBe(0)
      expect(numberIn(cut, 'amountNanoUsd')).toBeGreaterThanOrEqual(50 * centNanoUsd)
      expect(numberIn(cut, 'periodStartMs')).toBeGreaterThanOrEqual(before.periodEndMs)
      expect(numberIn(cut, 'fromSeq')).toBeGreaterThanOrEqual(before.throughSeq)
      expect(numberIn(cut, 'throughSeq')).toBe(cut.seq - 1)
      before = { throughSeq: cut.seq - 1, periodEndMs: numberIn(cut, 'periodEndMs') }
    }
    this.#checkOpen(cuts.map((cut) => ({ id: cut.reference, amount: numberIn(cut, 'amountNanoUsd') })))
    const newest = simulator.store.entries.at(-1)
    if (newest !== undefined && newest === cuts.at(-1)) this.#checkCut()
  }

  /** What asks for money is what was cut and is neither paid nor void, by the outsider's own count. */
  #checkOpen(cuts: readonly { id: string; amount: number }[]): void {
    const { store, live } = this.simulator
    const isPaid = (id: string) =>
      store.entries.filter(({ kind, reference }) => kind === 'purchase' && reference === id).length
    const isVoid = (id: string) =>
      store.entries.some(
        ({ reference, detail }) => reference === id && JSON.stringify(detail).includes('"end":"void"'),
      )
    for (const { id } of cuts) expect(isPaid(id)).toBeLessThanOrEqual(1)
    const open = cuts.filter(({ id }) => isPaid(id) === 0 && !isVoid(id))
    const known = live.invoicing.open.map(({ invoiceId, amountNanoUsd }) => ({
      id: invoiceId,
      amount: amountNanoUsd,
    }))
    expect(known).toEqual(open)
  }

  /** Right after a cut, all that is owed is asked for, to the rest of a cent. */
  #checkCut(): void {
    const { debtNanoUsd, invoicing } = this.simulator.live
    const asked = invoicing.open.reduce((sum, { amountNanoUsd }) => sum + amountNanoUsd, 0)
    expect(asked).toBeLessThanOrEqual(debtNanoUsd)
    expect(debtNanoUsd - asked).toBeLessThan(centNanoUsd)
  }
}

// Cases: payments 45, 46, 47
test('whatever happens in whatever order, a debt is asked for once and a payment is credited once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
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
