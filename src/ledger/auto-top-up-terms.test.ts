// What a customer agrees to about automatic top-up, as the answers say it: when the card will be charged, which card is taken that
// nobody has saved for this, and what is no agreement.

import { describe, expect, test } from 'vitest'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import type { SavedMethod, SetAutoTopUp } from './auto-top-up-commands.ts'
import { autoTopUpView, setAutoTopUp } from './auto-top-up-terms.ts'
import { beginAttempt, reportAttempt } from './auto-top-up.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { admitOf, captureOf, dollar, exampleMethod, grantOf, topUpOf } from './example-commands.ts'

const otherCard: SavedMethod = { ...exampleMethod, id: 'pm_2', fingerprint: 'card two' }
const offerOf = (reference: string, method: SavedMethod): SetAutoTopUp => ({
  reference,
  method,
  isOnlyIfMissing: true,
  reason: 'test',
  actor: 'a plan',
})

function holding(dollars: number): Simulator {
  const account = Simulator.opened(0)
  account.ask((draft) => credit(draft, grantOf(dollars * dollar, { kind: 'purchase', reference: 'bought' })))
  return account
}

const set = (account: Simulator, command: SetAutoTopUp) =>
  account.ask((draft) => setAutoTopUp(draft, command))

const viewOf = (account: Simulator) => autoTopUpView(account.live, account.nowMs)

function spend(account: Simulator, dollars: number): void {
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId, { holdNanoUsd: nanoUsd(0) })))
  account.ask((draft) => capture(draft, captureOf(callId, dollars * dollar)))
}

describe('a card that nobody has saved for this', () => {
  test('is taken where there is none, and then its successor under the same id', () => {
    const account = holding(20)
    expect(set(account, offerOf('first', exampleMethod))).toMatchObject({
      ok: true,
      isRepeat: false,
      view: { method: exampleMethod, state: 'off' },
      willChargeNow: false,
    })
    const renewed = { ...exampleMethod, fingerprint: 'card one again' }
    expect(set(account, offerOf('second', renewed))).toMatchObject({ ok: true, view: { method: renewed } })
  })

  test('leaves the one that its owner has chosen, and writes nothing', () => {
    const account = holding(20)
    set(account, topUpOf('chosen'))
    const before = account.store.entries.length
    expect(set(account, offerOf('offered', otherCard))).toMatchObject({
      ok: true,
      isRepeat: false,
      view: { method: exampleMethod, state: 'idle', nextTryInMs: null },
      willChargeNow: false,
    })
    expect(account.store.entries).toHaveLength(before)
  })

  test('is taken where the one that its owner has chosen was declined for good', () => {
    const account = holding(20)
    set(account, topUpOf('chosen'))
    spend(account, 15)
    const { attempt } = viewOf(account)
    const orderId = attempt?.orderId ?? 'none'
    account.ask((draft) => beginAttempt(draft, { orderId }))
    const outcome = { state: 'declined', code: 'stolen_card', adviceCode: null, intentId: 'pi_1' } as const
    account.ask((draft) => reportAttempt(draft, { orderId, outcome }))
    expect(viewOf(account)).toMatchObject({ state: 'paused', method: exampleMethod })
    expect(set(account, offerOf('offered', otherCard))).toMatchObject({
      ok: true,
      view: { method: otherCard },
    })
  })
})

describe('whoever enables it', () => {
  test('above the threshold is not charged now', () => {
    const account = holding(20)
    expect(set(account, topUpOf('first'))).toMatchObject({
      ok: true,
      isRepeat: false,
      view: { state: 'idle' },
      willChargeNow: false,
    })
  })

  test('below it is told that the card is charged now, and it is', () => {
    const account = holding(5)
    expect(set(account, topUpOf('first'))).toMatchObject({
      ok: true,
      isRepeat: false,
      willChargeNow: true,
      view: { state: 'waiting', nextTryInMs: 0 },
    })
    expect(viewOf(account)).toMatchObject({ state: 'charging', attempt: { amountNanoUsd: 20 * dollar } })
  })

  test('and disables it before anybody has asked the bank is not charged', () => {
    const account = holding(5)
    set(account, topUpOf('first'))
    expect(set(account, topUpOf('off', { isEnabled: false }))).toMatchObject({
      ok: true,
      isRepeat: false,
      view: { state: 'off', attempt: null },
      willChargeNow: false,
    })
    expect(viewOf(account)).toMatchObject({ state: 'off', attempt: null })
  })

  test('says so again under the same reference and changes nothing', () => {
    const account = holding(20)
    set(account, topUpOf('first'))
    const before = account.store.entries.length
    expect(set(account, topUpOf('first', { isEnabled: false }))).toMatchObject({
      isRepeat: true,
      view: { state: 'idle' },
    })
    expect(account.store.entries).toHaveLength(before)
  })
})

test.each([
  ['no reference', { reference: '' }, 'invalid_command'],
  [
    'an amount below its threshold',
    { terms: { ...topUpOf('x').terms, amountNanoUsd: nanoUsd(dollar) } },
    'invalid_command',
  ],
  ['a card without an owner', { method: { ...exampleMethod, customerId: '' } }, 'invalid_command'],
  ['no card', { method: undefined }, 'no_saved_method'],
])('what has %s is no agreement', (_, changes, code) => {
  const account = holding(20)
  const before = account.store.entries.length
  const { method, ...others } = { ...topUpOf('first'), ...changes } as SetAutoTopUp
  const command = method === undefined ? others : { ...others, method }
  expect(set(account, command)).toEqual({ ok: false, code })
  expect(account.store.entries).toHaveLength(before)
})
