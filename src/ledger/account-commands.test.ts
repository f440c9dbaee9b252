// Commands about the account: money in, keys and settings, each with its first outcome for ever.

import { describe, expect, test } from 'vitest'

import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { ask, askCreate, decide } from './book.ts'
import { Simulator } from './book.simulator.ts'
import type { AccountSettings, Create, Credit, PutKey } from './account-commands.ts'
import { balanceMaxNanoUsd, credit } from './credits.ts'
import { captureOf, dollar, grantOf, keyOf } from './example-commands.ts'
import { capture } from './charges.ts'
import { checkKey, putKey, revokeKey } from './keys.ts'
import { changeSettings } from './settings.ts'
import { accountView, keyView } from './views.ts'

const pay = (account: Simulator, command: Credit) => account.ask((draft) => credit(draft, command))
const issue = (account: Simulator, command: PutKey) => account.ask((draft) => putKey(draft, command))
const revoke = (account: Simulator, reference: string, number: number) =>
  account.ask((draft) => revokeKey(draft, { reference, keyNumber: keyNumber(number) }))

describe('creating', () => {
  const create = (account: Simulator, changes: Partial<Create> = {}) => {
    const { accountId } = account.store
    return account.askDesk((desk) => askCreate(desk, { accountId, name: 'Test', ...changes }))
  }

  test('opens an account once; the same again is a success, another finds it taken', () => {
    const account = new Simulator()
    expect(create(account, { settings: { rpm: 7 } })).toEqual({ ok: true })
    expect(account.live).toMatchObject({
      name: 'Test',
      postedNanoUsd: 0,
      settings: { rpm: 7, tpm: 2_000_000 },
    })
    expect(create(account)).toEqual({ ok: true })
    expect(create(account, { name: 'Other' })).toEqual({ ok: false, code: 'exists' })
    expect(account.store.entries).toHaveLength(1)
  })

  test('with anything unsound opens nothing', () => {
    const account = new Simulator()
    const unsound = [
      { accountId: 'acct_x' },
      { name: 5 },
      { settings: { rpm: -1 } },
      { settings: { vip: true } },
    ]
    for (const changes of unsound) {
      expect(create(account, changes as unknown as Partial<Create>)).toEqual({
        ok: false,
        code: 'invalid_command',
      })
    }
    expect(account.state).toBeNull()
  })

  test('is the only command that an empty object obeys', () => {
    const account = new Simulator()
    const missing = { ok: false, code: 'no_such_account' }
    const { answer, next, changes } = decide(
      null,
      (desk) => ask(desk, missing, (draft) => credit(draft, grantOf(5))),
      account.context(),
    )
    expect([answer, next, changes]).toEqual([missing, null, null])
  })
})

describe('money that comes in', () => {
  // Requirements: 6, 45
  test('is added once per reference and is there for the next command', () => {
    const account = Simulator.opened(0)
    expect(pay(account, grantOf(dollar))).toEqual({
      ok: true,
      seq: 3,
      balanceNanoUsd: dollar,
      isRepeat: false,
    })
    expect(pay(account, grantOf(dollar))).toEqual({
      ok: true,
      seq: 3,
      balanceNanoUsd: dollar,
      isRepeat: true,
    })
    account.crash()
    expect(pay(account, grantOf(dollar))).toMatchObject({ isRepeat: true })
  })

  // Cases: billing-bugs 45
  test('is added once when one commit holds it twice', () => {
    const account = Simulator.opened(0)
    account.askTogether([
      (draft) => void credit(draft, grantOf(dollar)),
      (draft) => void credit(draft, grantOf(dollar)),
    ])
    expect(account.live.postedNanoUsd).toBe(dollar)
  })

  test('under a reference that said something else is refused', () => {
    const account = Simulator.opened(0)
    const reference = 'order 1'
    pay(account, grantOf(dollar, { reference }))
    const reused = { ok: false, code: 'reference_reused' }
    expect(pay(account, grantOf(dollar + 1, { reference }))).toEqual(reused)
    expect(pay(account, grantOf(dollar, { reference, kind: 'purchase' }))).toEqual(reused)
    expect(account.live.postedNanoUsd).toBe(dollar)
  })

  test('is refused above a million dollars, unless it was paid', () => {
    const account = Simulator.opened(0)
    pay(account, grantOf(balanceMaxNanoUsd))
    expect(pay(account, grantOf(1))).toEqual({ ok: false, code: 'balance_too_large' })
    expect(pay(account, grantOf(5, { kind: 'purchase' }))).toMatchObject({ ok: true })
  })

  // Cases: billing-bugs 30
  test.each([0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, balanceMaxNanoUsd + 1, '5', null, undefined])(
    'of %s is refused and writes nothing',
    (amountNanoUsd) => {
      const account = Simulator.opened(0)
      const before = account.store.rowsWritten
      const command = { ...grantOf(5), amountNanoUsd } as unknown as Credit
      expect(pay(account, command)).toEqual({ ok: false, code: 'invalid_amount' })
      expect(account.store.rowsWritten).toBe(before)
    },
  )

  // Cases: billing-bugs 41
  test('an adjustment may take below zero; the view shows it and the next money pays it', () => {
    const account = Simulator.opened(1)
    pay(account, grantOf(-3 * dollar, { kind: 'adjustment' }))
    expect(accountView(account.live, [], account.nowMs)).toMatchObject({
      postedNanoUsd: -2 * dollar,
      availableNanoUsd: -2 * dollar,
    })
    expect(pay(account, grantOf(5 * dollar, { kind: 'purchase' }))).toMatchObject({
      balanceNanoUsd: 3 * dollar,
    })
  })

  // Requirements: 67, 68
  test('and what is spent are summed for life', () => {
    const account = Simulator.opened(0)
    pay(account, grantOf(10 * dollar, { kind: 'purchase', reference: 'a' }))
    pay(account, grantOf(5 * dollar, { kind: 'auto_top_up', reference: 'b' }))
    pay(account, grantOf(dollar, { kind: 'bonus', reference: 'c' }))
    account.ask((draft) => capture(draft, captureOf(account.newCall(), 250_000_000)))
    account.crash()
    expect(accountView(account.live, [], account.nowMs)).toMatchObject({
      lifetimeAdded: '15.00',
      lifetimeBonus: '1.00',
      lifetimeSpent: '0.25',
    })
  })
})

describe('keys', () => {
  // Cases: billing-bugs 29
  test('never change the balance, however often they are issued, replaced and revoked', () => {
    const account = Simulator.opened(1)
    for (let number = 2; number <= 20; number += 1) {
      issue(account, keyOf(number, { budgets: [{ window: 'day', amountNanoUsd: nanoUsd(number) }] }))
      account.ask((draft) =>
        capture(draft, captureOf(account.newCall(), 0, { keyNumber: keyNumber(number) })),
      )
      revoke(account, `revoke ${number}`, number)
    }
    expect(account.live).toMatchObject({ postedNanoUsd: dollar, heldNanoUsd: 0 })
    const amounts = account.store.entries
      .filter(({ kind }) => kind === 'key')
      .map((entry) => entry.amountNanoUsd)
    expect(new Set(amounts)).toEqual(new Set([0]))
  })

  test('are issued once per reference, under a number that is free for ever', () => {
    const account = Simulator.opened(1)
    expect(issue(account, keyOf(2))).toEqual({ ok: true, keyNumber: 2, isRepeat: false })
    expect(issue(account, keyOf(2))).toEqual({ ok: true, keyNumber: 2, isRepeat: true })
    expect(issue(account, keyOf(3, { reference: 'key 2' }))).toEqual({
      ok: true,
      keyNumber: 2,
      isRepeat: true,
    })
    expect(issue(account, keyOf(2, { reference: 'other' }))).toEqual({ ok: false, code: 'number_taken' })
    revoke(account, 'r', 2)
    expect(issue(account, keyOf(2, { reference: 'third' }))).toEqual({ ok: false, code: 'number_taken' })
  })

  // Requirements: 30
  test('are at most 50 that work, unless the operator raises it', () => {
    const account = Simulator.opened(1)
    for (let number = 2; number <= 50; number += 1) issue(account, keyOf(number))
    expect(issue(account, keyOf(51))).toEqual({ ok: false, code: 'too_many_keys' })
    revoke(account, 'r', 50)
    expect(issue(account, keyOf(51))).toMatchObject({ ok: true })
    account.ask((draft) =>
      changeSettings(draft, { reference: 's', settings: { keysMax: 51 }, reason: '', actor: '' }),
    )
    expect(issue(account, keyOf(52))).toMatchObject({ ok: true })
  })

  test('are revoked once, and only if there are any', () => {
    const account = Simulator.opened(1)
    expect(revoke(account, 'a', 9)).toEqual({ ok: false, code: 'no_such_key' })
    expect(revoke(account, 'b', 1)).toEqual({ ok: true, keyNumber: 1, isRepeat: false })
    expect(revoke(account, 'b', 1)).toEqual({ ok: true, keyNumber: 1, isRepeat: true })
    expect(revoke(account, 'c', 1)).toEqual({ ok: true, keyNumber: 1, isRepeat: true })
    account.crash()
    const { secretHash } = keyOf(1)
    expect(checkKey(account.live, { keyNumber: keyNumber(1), secretHash }, account.nowMs)).toMatchObject({
      code: 'key_disabled',
    })
  })

  test('read only with their own secret', () => {
    const account = Simulator.opened(1)
    const [own, other] = [keyOf(1).secretHash, keyOf(2).secretHash]
    expect(checkKey(account.live, { keyNumber: keyNumber(1), secretHash: own }, account.nowMs)).toEqual({
      ok: true,
      scopes: ['inference', 'balance:read'],
    })
    for (const [number, secretHash] of [
      [1, other],
      [2, own],
    ] as const) {
      const answer = checkKey(account.live, { keyNumber: keyNumber(number), secretHash }, account.nowMs)
      expect(answer).toEqual({ ok: false, code: 'invalid_api_key' })
    }
  })

  test('tell what their budgets have used and when they are whole again', () => {
    const account = Simulator.opened(1)
    issue(account, keyOf(2, { budgets: [{ window: 'day', amountNanoUsd: dollar }] }))
    account.ask((draft) => capture(draft, captureOf(account.newCall(), 70, { keyNumber: keyNumber(2) })))
    const key = account.live.keys.get(keyNumber(2))
    expect(key && keyView(account.live, key, account.nowMs)).toMatchObject({
      budgets: [{ window: 'day', amountNanoUsd: dollar, usedNanoUsd: 70, resetMs: 61 * 60_000 }],
      usedNanoUsd: 70,
      isDisabled: false,
    })
  })

  // Cases: billing-bugs 30
  test.each([-1, 0, 1.5, Number.NaN, Infinity, 2 ** 32, '5', null])(
    'with number %s or an unsound budget are not issued',
    (value) => {
      const account = Simulator.opened(1)
      const before = account.store.rowsWritten
      const budgets = [{ window: 'day', amountNanoUsd: value === 0 || value === 2 ** 32 ? -5 : value }]
      for (const changes of [
        { keyNumber: value },
        { budgets },
        { secretHash: 'short' },
        { allowedModels: [value] },
      ]) {
        if ('allowedModels' in changes && typeof value === 'string') continue
        const command = { ...keyOf(2), ...changes } as unknown as PutKey
        expect(issue(account, command)).toEqual({ ok: false, code: 'internal' })
      }
      expect(account.store.rowsWritten).toBe(before)
    },
  )
})

describe('settings', () => {
  const set = (account: Simulator, reference: string, settings: Partial<AccountSettings>) =>
    account.ask((draft) => changeSettings(draft, { reference, settings, reason: 'r', actor: 'a' }))

  // Requirements: 31
  test('change only what they name, once per reference, and survive a restart', () => {
    const account = Simulator.opened(1)
    expect(account.live.settings).toMatchObject({ rpm: 50, tpm: 2_000_000, keysMax: 50, isFrozen: false })
    expect(set(account, 'a', { rpm: 500 })).toEqual({ ok: true })
    expect(set(account, 'b', { isFrozen: true })).toEqual({ ok: true })
    expect(set(account, 'a', { rpm: 9 })).toEqual({ ok: true })
    account.crash()
    expect(account.live.settings).toMatchObject({ rpm: 500, tpm: 2_000_000, isFrozen: true })
  })

  // Cases: billing-bugs 30
  test.each([-1, 1.5, Number.NaN, Infinity, 2 ** 53, '5', null])('of %s are refused whole', (value) => {
    const account = Simulator.opened(1)
    const before = account.store.rowsWritten
    for (const name of ['rpm', 'tpm', 'inFlight', 'keysMax', 'lowBalanceThresholdNanoUsd', 'isFrozen']) {
      const settings = { rpm: 7, [name]: value }
      expect(set(account, name, settings)).toEqual({ ok: false, code: 'invalid_command' })
    }
    expect(account.store.rowsWritten).toBe(before)
  })
})
