// Tokens of a plan that a charge took go back with its money: in the same share, once, and only while their period runs.

import { describe, expect, test } from 'vitest'
import { dayMs, minuteMs } from '#core/clock.ts'
import type { CallId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { checkRebuild } from './book.rebuilt.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { admitOf, captureOf, dollar, planOf } from './example-commands.ts'
import { beat } from './holds.ts'
import { setPlan } from './plans.ts'
import { reverse } from './reversals.ts'

/** 1,000 tokens a month. */
function onPlan(dollars: number): Simulator {
  const account = Simulator.opened(dollars, { rpm: 1_000 })
  account.ask((draft) => setPlan(draft, planOf('plan')))
  return account
}

function admitted(account: Simulator, bound: number, hold = dollar): CallId {
  const callId = account.newCall()
  const tokenBounds = { bound, usual: bound, floor: bound }
  const command = admitOf(callId, { tokenBounds, holdNanoUsd: nanoUsd(hold) })
  expect(account.ask((draft) => admit(draft, command)).ok).toBe(true)
  return callId
}

function charged(account: Simulator, tokens: number, cost = dollar): CallId {
  const callId = admitted(account, tokens)
  account.ask((draft) => capture(draft, captureOf(callId, cost, { tokens })))
  return callId
}

function giveBack(account: Simulator, callId: CallId, amount: number | null, reference = `v ${amount}`) {
  const amountNanoUsd = amount === null ? null : nanoUsd(amount)
  return account.ask((draft) => reverse(draft, { reference, callId, amountNanoUsd, reason: '', actor: '' }))
}

const used = (account: Simulator) => account.live.allowances.used.tokens ?? 0

function check(account: Simulator): void {
  account.check()
  account.checkRestart()
  checkRebuild(account)
}

describe('the tokens of a reversed charge', () => {
  test('go back where nothing else was charged, and only once', () => {
    const account = onPlan(5)
    const callId = charged(account, 800)
    expect([used(account), account.live.postedNanoUsd]).toEqual([800, 5 * dollar])
    expect(giveBack(account, callId, null)).toMatchObject({ ok: true, amountNanoUsd: 0, isRepeat: false })
    expect(giveBack(account, callId, null)).toMatchObject({ ok: true, isRepeat: true })
    expect(giveBack(account, callId, null, 'again')).toMatchObject({ code: 'beyond_charge', leftNanoUsd: 0 })
    expect([used(account), account.live.postedNanoUsd]).toEqual([0, 5 * dollar])
    check(account)
  })

  test('go back in the share of the money, all of them with the last part', () => {
    const account = onPlan(5)
    const callId = charged(account, 1_600)
    const cost = 5 * dollar - account.live.postedNanoUsd
    expect([used(account), cost]).toEqual([1_000, (dollar * 600) / 1_600])
    giveBack(account, callId, Math.floor(cost / 3))
    expect(used(account)).toBe(1_000 - 333)
    check(account)
    giveBack(account, callId, null)
    expect([used(account), account.live.postedNanoUsd]).toEqual([0, 5 * dollar])
    check(account)
  })

  test('go back in shares of the whole charge, so that rounding never adds up', () => {
    const account = onPlan(5)
    const callId = charged(account, 1_600)
    const sixteenth = (dollar * 600) / 1_600 / 16
    giveBack(account, callId, sixteenth, 'first')
    giveBack(account, callId, sixteenth, 'second')
    expect(used(account)).toBe(1_000 - 125)
    check(account)
  })

  test('are nothing to give back when their period is over', () => {
    const account = onPlan(5)
    const callId = charged(account, 800)
    account.nowMs += 40 * dayMs
    charged(account, 300)
    expect(giveBack(account, callId, null)).toEqual({ ok: false, code: 'beyond_charge', leftNanoUsd: 0 })
    expect(used(account)).toBe(300)
  })

  test('stay used when their period is over', () => {
    const account = onPlan(5)
    const callId = charged(account, 1_600)
    account.nowMs += 40 * dayMs
    charged(account, 300)
    giveBack(account, callId, null)
    expect([used(account), account.live.postedNanoUsd]).toEqual([300, 5 * dollar])
    check(account)
  })

  test('do not go back a second time when a lost call is heard of after all', () => {
    const account = onPlan(5)
    const callId = admitted(account, 800)
    account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: nanoUsd(dollar / 2) }))
    account.nowMs += 2 * minuteMs
    account.ask(() => true)
    expect(used(account)).toBe(400)
    expect(giveBack(account, callId, null).ok).toBe(true)
    expect(used(account)).toBe(0)
    account.ask((draft) => capture(draft, captureOf(callId, dollar / 10, { tokens: 80 })))
    expect(used(account)).toBe(0)
    check(account)
  })
})
