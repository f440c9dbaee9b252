// Ends that come after an expiry: from where the difference is drawn, to where it goes back, and what stays as it was.

import { describe, expect, test } from 'vitest'

import { minuteMs } from '#core/clock.ts'
import type { CallId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { Credit } from './account-commands.ts'
import { admit, extend } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import type { Admit } from './call-commands.ts'
import { capture, overrunDebtMaxNanoUsd } from './charges.ts'
import { credit } from './credits.ts'
import { resolvedCall } from './draft.ts'
import { admitOf, captureOf, dollar, grantOf, planOf } from './example-commands.ts'
import { beat, release } from './holds.ts'
import { setPlan } from './plans.ts'
import { reverse } from './reversals.ts'

const give = (account: Simulator, dollars: number, changes: Partial<Credit> = {}) =>
  account.ask((draft) => credit(draft, grantOf(dollars * dollar, changes)))

function lost(account: Simulator, checkpoint: number, changes: Partial<Admit> = {}): CallId {
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId, changes)))
  const costNanoUsd = nanoUsd(checkpoint * dollar)
  account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd }))
  account.nowMs += 2 * minuteMs
  account.ask(() => true)
  return callId
}

const end = (account: Simulator, callId: CallId, dollars: number, tokens = 100) =>
  account.ask((draft) => capture(draft, captureOf(callId, dollars * dollar, { tokens })))

const fundsOf = ({ live }: Simulator) => ({
  lots: live.lots.map(({ seq, remainingNanoUsd }) => [seq, remainingNanoUsd / dollar]),
  debt: live.debtNanoUsd / dollar,
})

describe('a late end', () => {
  test('that costs more draws the rest from what is there, and makes no debt beside it', () => {
    const account = Simulator.opened(5)
    end(account, lost(account, 0.25), 0.75)
    expect(fundsOf(account)).toEqual({ lots: [[3, 4.25]], debt: 0 })
  })

  test('that costs less gives a debt that was paid meanwhile back as a paid lot of its own entry', () => {
    const account = Simulator.opened(0)
    const callId = lost(account, 0.5, { holdNanoUsd: nanoUsd(0) })
    give(account, 0.5, { kind: 'purchase' })
    expect(fundsOf(account)).toEqual({ lots: [], debt: 0 })
    end(account, callId, 0)
    expect(fundsOf(account)).toEqual({ lots: [[account.live.headSeq, 0.5]], debt: 0 })
  })

  test('that gives back to a lot that is over gives nothing anybody could spend', () => {
    const account = Simulator.opened(0)
    give(account, 1, { expiresInMs: 3 * minuteMs })
    const callId = lost(account, 1)
    account.nowMs += minuteMs
    end(account, callId, 0)
    expect([fundsOf(account), account.live.postedNanoUsd]).toEqual([{ lots: [], debt: 0 }, 0])
  })

  test('that used fewer tokens of a plan gives the rest of them back', () => {
    const account = Simulator.opened(0)
    account.ask((draft) => setPlan(draft, planOf('plan')))
    const tokenBounds = { bound: 1_000, usual: 1_000, floor: 1_000 }
    const callId = lost(account, 0.5, { tokenBounds })
    expect(account.live.allowances.used).toEqual({ tokens: 500 })
    end(account, callId, 0.1, 80)
    expect(account.live.allowances.used).toEqual({ tokens: 80 })
  })

  test('gives no tokens back that a reversal has given back', () => {
    const account = Simulator.opened(0)
    account.ask((draft) => setPlan(draft, planOf('plan')))
    const tokenBounds = { bound: 1_000, usual: 1_000, floor: 1_000 }
    const callId = lost(account, 0.5, { tokenBounds })
    const command = { reference: 'v', callId, amountNanoUsd: null, reason: '', actor: '' }
    account.ask((draft) => reverse(draft, command))
    const other = lost(account, 0.25, { tokenBounds })
    expect(other).not.toBe(callId)
    end(account, callId, 0.1, 80)
    expect(account.live.allowances.used).toEqual({ tokens: 250 })
  })
})

test('what a lost call cost beyond all that may be charged is written off with a finding', () => {
  const account = Simulator.opened(0)
  const callId = lost(account, 3, { holdNanoUsd: nanoUsd(0) })
  expect(account.live.debtNanoUsd).toBe(overrunDebtMaxNanoUsd)
  expect(account.store.entries.at(-1)).toMatchObject({
    kind: 'finding',
    detail: { what: 'written_off', callId, amountNanoUsd: 3 * dollar - overrunDebtMaxNanoUsd },
  })
})

test('the row of a call that ended before it began holds nothing', () => {
  const account = Simulator.opened(5)
  const callId = account.newCall()
  account.ask((draft) => release(draft, { callId, reason: 'test' }))
  expect(account.store.holds.get(callId)).toMatchObject({ model: '', pins: [], heldNanoUsd: 0 })
})

test('an end that is said twice in one group is told its own charge', () => {
  const account = Simulator.opened(5)
  const [callId, other] = [account.newCall(), account.newCall()]
  for (const call of [callId, other]) account.ask((draft) => admit(draft, admitOf(call)))
  const answers: unknown[] = []
  account.askTogether([
    (draft) => capture(draft, captureOf(other, 7)),
    (draft) => capture(draft, captureOf(callId, 5)),
    (draft) => answers.push(capture(draft, captureOf(callId, 9))),
    (draft) => answers.push(resolvedCall(draft, callId)),
  ])
  expect(answers).toMatchObject([
    { ok: true, state: 'repeat', chargedNanoUsd: 5 },
    { outcome: 'settled', chargedNanoUsd: 5 },
  ])
})

describe('a repeat of a lost call', () => {
  const claim = { reference: 'a'.repeat(32), bodyHash: 'b'.repeat(32) }

  test('that is lost as well keeps its charge where the first one’s own end cost nothing', () => {
    const account = Simulator.opened(5)
    const first = lost(account, 0.5, { claim })
    const callId = account.newCall()
    account.ask((draft) => admit(draft, admitOf(callId, { claim })))
    end(account, first, 0)
    account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: nanoUsd(dollar / 4) }))
    account.nowMs += 2 * minuteMs
    account.ask(() => true)
    expect(account.live.postedNanoUsd).toBe(4.75 * dollar)
  })

  test('is answered what the first owner said, whatever is said of the same call later', () => {
    const account = Simulator.opened(5)
    const callId = account.newCall()
    account.ask((draft) => admit(draft, admitOf(callId, { claim })))
    for (const body of ['first', 'second']) {
      const said = { reference: claim.reference, answer: { contentType: 'text/plain', body } }
      account.askTogether([
        (draft) => capture(draft, captureOf(callId, 5, { claim: said })),
        (draft) => credit(draft, grantOf(dollar, { reference: body })),
      ])
    }
    const again = account.ask((draft) => admit(draft, admitOf(account.newCall(), { claim })))
    expect(again).toMatchObject({ earlier: { answer: { body: 'first' } } })
  })
})

describe('a call on a plan', () => {
  function onPlan(changes: Partial<Admit>) {
    const account = Simulator.opened(2)
    account.ask((draft) => setPlan(draft, planOf('plan')))
    const callId = account.newCall()
    return { account, callId, answer: account.ask((draft) => admit(draft, admitOf(callId, changes))) }
  }
  const boundsOf = (bound: number, floor = bound) => ({ tokenBounds: { bound, usual: floor, floor } })

  test('that its tokens cover whole may cost more without holding money', () => {
    const { account, callId } = onPlan(boundsOf(500))
    const totalNanoUsd = nanoUsd(50 * dollar)
    const command = { callId, totalNanoUsd, leastNanoUsd: totalNanoUsd }
    expect(account.ask((draft) => extend(draft, command))).toEqual({ ok: true, heldNanoUsd: 50 * dollar })
    expect(account.live.heldNanoUsd).toBe(0)
  })

  test('keeps of its next slice the share that the tokens do not cover', () => {
    const { account } = onPlan({ ...boundsOf(2_000), sliceNanoUsd: nanoUsd(dollar / 2) })
    expect(account.live.slicesNanoUsd).toBe(dollar / 4)
  })

  test.each([
    ['is told the shorter bound that it was admitted with', boundsOf(9_000, 100), 20, 1_000],
    ['is told no bound where it was admitted whole', boundsOf(500), 1, undefined],
    ['is told no bound where it has none', {}, 1, undefined],
  ])('%s', (_, bounds, dollars, bound) => {
    const { answer } = onPlan({ ...bounds, holdNanoUsd: nanoUsd(dollars * dollar) })
    expect([answer.ok, 'tokensBound' in answer ? answer.tokensBound : undefined]).toEqual([true, bound])
  })
})
