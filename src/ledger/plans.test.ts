// Plans on an account: when a period begins, what it brings, and that nothing brings it twice.

import { describe, expect, test } from 'vitest'
import { asMillis, dayMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { periodAfter } from './allowances.ts'
import { Simulator } from './book.simulator.ts'
import { credit } from './credits.ts'
import { openDraft } from './draft.ts'
import { dollar, exampleTerms, grantOf, meterOf, planOf } from './example-commands.ts'
import { meter } from './meter.ts'
import { isRenewalDue, renewAllowances, setPlan } from './plans.ts'
import { accountView } from './views.ts'

const day = (text: string) => Date.parse(`${text}Z`)
const shown = (ms: number) => new Date(ms).toISOString().slice(0, 16)

const grantsOf = (account: Simulator) => account.store.entries.filter(({ kind }) => kind === 'allowance')
const usedSms = (account: Simulator) => account.live.allowances.used.sms ?? 0

/** Commits a group of nothing: what is due happens. */
const touch = (account: Simulator) => account.ask(() => true)

function onPlan(dollars = 0, changes: Parameters<typeof planOf>[1] = {}): Simulator {
  const account = Simulator.opened(dollars)
  expect(account.ask((draft) => setPlan(draft, planOf('plan 1', changes)))).toMatchObject({ ok: true })
  return account
}

describe('a period', () => {
  test.each([
    // before, anchor, now → start, end
    [null, 21, '2026-11-21T10:30', '2026-11-21T10:30', '2026-12-21T00:00'],
    [null, 28, '2026-11-30T10:30', '2026-11-30T10:30', '2026-12-28T00:00'],
    [null, 1, '2026-11-21T10:30', '2026-11-21T10:30', '2026-12-01T00:00'],
    ['2026-12-21T00:00', 21, '2026-12-21T00:00', '2026-12-21T00:00', '2027-01-21T00:00'],
    ['2027-02-28T00:00', 28, '2027-02-28T00:00', '2027-02-28T00:00', '2027-03-28T00:00'],
    ['2027-02-10T00:00', 10, '2027-02-10T00:00', '2027-02-10T00:00', '2027-03-10T00:00'],
    // Nobody came for months: one grant, for the month that it is.
    ['2026-12-21T00:00', 21, '2027-04-20T12:00', '2027-03-21T00:00', '2027-04-21T00:00'],
    // A new anchor counts from the end of the running period, and never brings two grants within 28 days.
    ['2026-12-10T00:00', 15, '2026-12-11T00:00', '2026-12-10T00:00', '2027-01-15T00:00'],
    ['2026-12-10T00:00', 5, '2026-12-11T00:00', '2026-12-10T00:00', '2027-02-05T00:00'],
  ])('after %s on day %i at %s lasts from %s to %s', (before, anchorDay, now, ...expected) => {
    const period = before === null ? null : { startMs: 0, endMs: day(before) }
    const { startMs, endMs } = periodAfter(period, anchorDay, day(now))
    expect([shown(startMs), shown(endMs)]).toEqual(expected)
  })
})

describe('an allowance', () => {
  // Cases: billing-bugs 43
  test('is granted once per period, also where the plan changes in the middle of it', () => {
    const account = onPlan()
    account.ask((draft) => meter(draft, meterOf(1, 7)))
    const larger = { ...exampleTerms, id: 'large', included: { sms: 100 } }
    account.ask((draft) => setPlan(draft, planOf('plan 2', { terms: larger, anchorDay: 1 })))
    account.crash()
    expect(grantsOf(account)).toHaveLength(1)
    expect(accountView(account.live, [], account.nowMs).allowances).toMatchObject([
      { consumable: 'sms', included: 100, used: 7 },
    ])
    account.ask((draft) => setPlan(draft, planOf('plan 3', { anchorDay: 28 })))
    expect(grantsOf(account)).toHaveLength(1)
    expect(usedSms(account)).toBe(7)
  })

  test('renews at the first touch after its period, wherever the object is restarted around it', () => {
    for (let crash = 0; crash < 8; crash += 1) {
      const account = onPlan()
      account.ask((draft) => meter(draft, meterOf(1, 7)))
      const endMs = account.live.allowances.period?.endMs ?? 0
      const steps = [
        () => (account.nowMs = endMs - 1),
        () => touch(account),
        () => (account.nowMs = endMs),
        () => account.askInVain(() => true),
        () => touch(account),
        () => touch(account),
        () => account.ask((draft) => meter(draft, meterOf(2, 3))),
      ]
      for (const [index, step] of steps.entries()) {
        if (index === crash) account.crash()
        step()
      }
      account.crash()
      expect(grantsOf(account)).toHaveLength(2)
      expect(usedSms(account)).toBe(3)
      account.check()
      account.checkRestart()
    }
  })

  test('brings its money with it, which is gone with the period, and cuts no other bucket', () => {
    const terms = { ...exampleTerms, monthlyCreditNanoUsd: nanoUsd(3 * dollar) }
    const account = onPlan(5, { terms })
    expect(account.live.postedNanoUsd).toBe(8 * dollar)
    const startMs = account.live.allowances.period?.startMs
    account.ask((draft) => meter(draft, meterOf(1, 110)))
    expect(account.live.postedNanoUsd).toBe(7 * dollar)
    account.nowMs = account.live.allowances.period?.endMs ?? 0
    touch(account)
    account.check()
    expect(account.live.allowances.period?.startMs).toBeGreaterThan(startMs ?? 0)
    expect(account.live.lots.map(({ bucket, remainingNanoUsd }) => [bucket, remainingNanoUsd])).toEqual([
      ['allowance', 3 * dollar],
      ['promotional', 5 * dollar],
    ])
    const { lifetimeSpent, lifetimeUsage } = accountView(account.live, [], account.nowMs)
    expect([lifetimeSpent, lifetimeUsage]).toEqual(['0.00', '1.00'])
  })

  test('of an account that nobody touched for months is granted once', () => {
    const account = onPlan()
    account.nowMs += 200 * dayMs
    touch(account)
    touch(account)
    expect(grantsOf(account)).toHaveLength(2)
  })
})

describe('a plan', () => {
  // Cases: billing-bugs 45
  test('is put on an account once per reference, also twice in one group', () => {
    const account = Simulator.opened(0)
    const answers: unknown[] = []
    account.askTogether([
      (draft) => answers.push(setPlan(draft, planOf('p'))),
      (draft) => answers.push(setPlan(draft, planOf('p'))),
    ])
    expect(answers).toMatchObject([
      { ok: true, isRepeat: false },
      { ok: true, isRepeat: true },
    ])
    expect(account.store.entries.filter(({ kind }) => kind === 'plan')).toHaveLength(1)
    const other = planOf('p', { terms: { ...exampleTerms, id: 'other' } })
    expect(account.ask((draft) => setPlan(draft, other))).toEqual({ ok: false, code: 'reference_reused' })
  })

  test('under one reference stands for its day as well', () => {
    const account = onPlan(0, { anchorDay: 7 })
    expect(account.ask((draft) => setPlan(draft, planOf('plan 1', { anchorDay: 7 })))).toEqual({
      ok: true,
      anchorDay: 7,
      isRepeat: true,
    })
    for (const anchorDay of [8, null])
      expect(account.ask((draft) => setPlan(draft, planOf('plan 1', { anchorDay })))).toEqual({
        ok: false,
        code: 'reference_reused',
      })
  })

  test('of the last day that every month has is one, and its grant says what it includes', () => {
    const account = onPlan(0, { anchorDay: 28 })
    expect(account.live.allowances.plan?.anchorDay).toBe(28)
    const detailOf = ({ store }: Simulator) => store.entries.find(({ kind }) => kind === 'plan')?.detail
    expect([detailOf(account), detailOf(onPlan())]).toMatchObject([{ asked: '28' }, { asked: 'any' }])
    expect(grantsOf(account)[0]?.detail).toMatchObject({
      plan: 'basic',
      included: { sms: 10, tokens: 1_000 },
    })
  })

  test('is due for a new period when the old one is over, and before that not', () => {
    const account = onPlan()
    const endMs = account.live.allowances.period?.endMs ?? 0
    const due = [null, Simulator.opened(0).live, account.live].map((state) => isRenewalDue(state, endMs))
    expect(due).toEqual([false, false, true])
    expect(isRenewalDue(account.live, endMs - 1)).toBe(false)
  })

  test('whose new period is put off has none, and is put off by that name', () => {
    const account = onPlan()
    const nowMs = asMillis(account.live.allowances.period?.endMs ?? 0)
    const asked: string[] = []
    const mayDo = (chore: string) => asked.push(chore) < 0
    const draft = openDraft({ ...account.live, nowMs }, { ...account.context(), mayDo })
    renewAllowances(draft)
    expect([asked, draft.entries]).toEqual([['renewal'], []])
  })

  test.each([
    { anchorDay: 0 },
    { anchorDay: 29 },
    { anchorDay: 1.5 },
    { anchorDay: Number.NaN },
    { terms: { ...exampleTerms, included: { sms: -1 } } },
    { terms: { ...exampleTerms, included: { sms: 0.5 } } },
    { terms: { ...exampleTerms, id: '' } },
    { reference: '' },
  ])('with %j is refused and writes nothing', (changes) => {
    const account = Simulator.opened(0)
    const before = account.store.entries.length
    const answer = account.ask((draft) => setPlan(draft, planOf('p', changes)))
    expect(answer).toEqual({ ok: false, code: 'invalid_command' })
    expect(account.store.entries).toHaveLength(before)
  })

  test('keeps its figures, whatever is credited and charged beside it', () => {
    const account = onPlan()
    account.ask((draft) => credit(draft, grantOf(dollar)))
    account.crash()
    expect(account.live.allowances.plan).toEqual({ terms: exampleTerms, anchorDay: 18 })
  })
})
