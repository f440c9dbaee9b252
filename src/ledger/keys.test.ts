// Keys through their lives: what a change of them changes, and what it never does.

import { describe, expect, test } from 'vitest'

import { dayMs, hourMs, minuteMs } from '#core/clock.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import type { EditKey, KeyTerms, RotateKey } from './account-commands.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import type { Admit } from './call-commands.ts'
import { capture } from './charges.ts'
import { admitOf, captureOf, dollar, keyOf, secretHashOf } from './example-commands.ts'
import { editKey, putKey, revokeKey, rotateKey } from './keys.ts'
import { beat } from './holds.ts'

const put = (account: Simulator, number: number, terms: Partial<KeyTerms> = {}) =>
  account.ask((draft) => putKey(draft, keyOf(number, terms)))

const edit = (account: Simulator, number: number, terms: Partial<KeyTerms>, more: Partial<EditKey> = {}) => {
  const command = { reference: `edit ${account.live.headSeq}`, keyNumber: keyNumber(number), terms, ...more }
  return account.ask((draft) => editKey(draft, command))
}

const rotate = (account: Simulator, from: number, to: number, more: Partial<RotateKey> = {}) => {
  const numbers = { keyNumber: keyNumber(from), newKeyNumber: keyNumber(to), secretHash: secretHashOf(to) }
  const command = { reference: `rotate ${from}`, ...numbers, graceMs: 0, ...more }
  return account.ask((draft) => rotateKey(draft, command))
}

const remove = (account: Simulator, number: number) =>
  account.ask((draft) => revokeKey(draft, { reference: `r ${number}`, keyNumber: keyNumber(number) }))

const ask = (account: Simulator, number: number, changes: Partial<Admit> = {}) => {
  const command = admitOf(account.newCall(), { keyNumber: keyNumber(number), ...changes })
  return account.ask((draft) => admit(draft, command))
}

const spend = (account: Simulator, number: number, cost: number) =>
  account.ask((draft) => capture(draft, captureOf(account.newCall(), cost, { keyNumber: keyNumber(number) })))

describe('a key', () => {
  // Cases: billing-bugs 29
  test('made, edited, rotated, disabled or deleted leaves the balance as it is', () => {
    const account = Simulator.opened(5)
    const figures = () => [account.live.postedNanoUsd, account.live.heldNanoUsd, account.live.lots]
    const before = figures()
    put(account, 2, { budgets: [{ window: 'day', amountNanoUsd: dollar }] })
    edit(account, 2, { isDisabled: true, budgets: [] })
    rotate(account, 2, 3)
    remove(account, 3)
    expect(figures()).toEqual(before)
  })

  // Cases: billing-bugs 31
  test('is held to a limit that was lowered from the next admission on', () => {
    const account = Simulator.opened(5)
    put(account, 2)
    expect(ask(account, 2)).toMatchObject({ ok: true })
    edit(account, 2, { budgets: [{ window: 'day', amountNanoUsd: dollar }] })
    expect(ask(account, 2)).toMatchObject({ code: 'key_limit_exceeded', limitSource: 'key_day' })
    edit(account, 2, { budgets: [] })
    expect(ask(account, 2)).toMatchObject({ ok: true })
  })

  test('that is disabled may come back, one that is deleted never', () => {
    const account = Simulator.opened(5)
    put(account, 2)
    edit(account, 2, { isDisabled: true })
    expect(ask(account, 2)).toMatchObject({ code: 'key_disabled' })
    edit(account, 2, { isDisabled: false })
    expect(ask(account, 2)).toMatchObject({ ok: true })
    remove(account, 2)
    expect(edit(account, 2, { isDisabled: false })).toEqual({ ok: false, code: 'no_such_key' })
    expect(rotate(account, 2, 3)).toEqual({ ok: false, code: 'no_such_key' })
    account.crash()
    expect(ask(account, 2)).toMatchObject({ code: 'key_disabled' })
  })

  test('ends at its date; what it was admitted to before runs on', () => {
    const account = Simulator.opened(5)
    put(account, 2, { expiresAtMs: account.nowMs + minuteMs / 2 })
    const callId = account.newCall()
    const own = { keyNumber: keyNumber(2) }
    expect(account.ask((draft) => admit(draft, admitOf(callId, own)))).toMatchObject({ ok: true })
    account.nowMs += minuteMs / 2
    expect(ask(account, 2)).toMatchObject({ code: 'key_disabled' })
    const beaten = account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: dollar }))
    expect(beaten).toEqual({ state: 'ok' })
    edit(account, 2, { expiresAtMs: account.nowMs + hourMs })
    expect(ask(account, 2)).toMatchObject({ ok: true })
  })

  test('without the scope for it calls no model', () => {
    const account = Simulator.opened(5)
    put(account, 2, { scopes: ['balance:read'] })
    expect(ask(account, 2)).toMatchObject({ code: 'insufficient_role' })
  })

  test.each([
    ['key_rpm', { rpm: 2 }, 2, 60_000],
    ['key_tpm', { tpm: 250 }, 2, 60_000],
    ['key_in_flight', { inFlight: 2 }, 2, undefined],
  ] as const)('has limits of its own: %s, also after a restart', (limitSource, terms, calls, resetMs) => {
    const account = Simulator.opened(9)
    put(account, 2, terms)
    for (let n = 0; n < calls; n += 1) expect(ask(account, 2)).toMatchObject({ ok: true })
    const refused = { code: 'rate_limit_exceeded', limitSource, remaining: expect.any(Number) }
    expect(ask(account, 2)).toMatchObject({ ...refused, ...(resetMs === undefined ? {} : { resetMs }) })
    account.crash()
    expect(ask(account, 2)).toMatchObject(refused)
    expect(ask(account, 1), 'another key goes on').toMatchObject({ ok: true })
  })

  test('shows the tighter of its own figures and the account’s', () => {
    const account = Simulator.opened(9)
    put(account, 2, { rpm: 5 })
    expect(ask(account, 2)).toMatchObject({ rate: { requests: { limit: 5, remaining: 4 } } })
    expect(ask(account, 1)).toMatchObject({ rate: { requests: { limit: 50, remaining: 48 } } })
  })

  test.each([
    { rpm: -1 },
    { tpm: 1.5 },
    { expiresAtMs: 0 },
    { scopes: ['all'] },
    { scopes: ['inference', 'inference'] },
  ])('is not changed to what is unsound: %j', (terms) => {
    const account = Simulator.opened(1)
    const before = account.store.rowsWritten
    const unsound = terms as unknown as Partial<KeyTerms>
    expect(edit(account, 1, unsound)).toEqual({ ok: false, code: 'internal' })
    expect(put(account, 2, unsound)).toEqual({ ok: false, code: 'internal' })
    expect(account.store.rowsWritten).toBe(before)
  })
})

describe('a rotated key', () => {
  test('goes on under the same budget, and so does the one before it for its grace', () => {
    const account = Simulator.opened(9)
    put(account, 2, { budgets: [{ window: 'month', amountNanoUsd: dollar }] })
    spend(account, 2, dollar - 10)
    expect(rotate(account, 2, 3, { graceMs: hourMs })).toEqual({ ok: true, keyNumber: 3, isRepeat: false })
    expect(rotate(account, 2, 3, { graceMs: hourMs })).toEqual({ ok: true, keyNumber: 3, isRepeat: true })
    spend(account, 3, 4)
    account.crash()
    const small = (number: number, hold: number) => {
      const amount = nanoUsd(hold)
      return ask(account, number, { holdNanoUsd: amount, floorNanoUsd: amount, usualNanoUsd: amount })
    }
    expect(small(3, 7)).toMatchObject({ code: 'key_limit_exceeded', remainingNanoUsd: 6 })
    expect(small(2, 6)).toMatchObject({ ok: true })
    expect(small(3, 1)).toMatchObject({ code: 'key_limit_exceeded', remainingNanoUsd: 0 })
    account.nowMs += hourMs
    expect(small(2, 0)).toMatchObject({ code: 'key_disabled' })
    expect(small(3, 0)).toMatchObject({ ok: true })
  })

  test('takes no place of its own, and its predecessor is not rotated twice', () => {
    const account = Simulator.opened(1, { keysMax: 1 })
    expect(put(account, 2)).toEqual({ ok: false, code: 'too_many_keys' })
    expect(rotate(account, 1, 2, { graceMs: dayMs })).toMatchObject({ ok: true })
    expect(rotate(account, 1, 3, { reference: 'again' })).toEqual({ ok: false, code: 'no_such_key' })
    expect(rotate(account, 2, 3, { graceMs: dayMs + 1 })).toEqual({ ok: false, code: 'internal' })
    expect(put(account, 3)).toEqual({ ok: false, code: 'too_many_keys' })
  })
})

describe('a key that manages keys', () => {
  const by = { keyNumber: keyNumber(2), secretHash: secretHashOf(2) }
  const managed = (terms: Partial<KeyTerms>) => {
    const account = Simulator.opened(1)
    put(account, 2, terms)
    return account
  }

  test('needs the scope, its secret and to be in force itself', () => {
    const account = managed({ scopes: ['inference'] })
    const ofThree = (changes: object) => account.ask((draft) => putKey(draft, keyOf(3, { by, ...changes })))
    expect(ofThree({})).toEqual({ ok: false, code: 'scope_missing' })
    expect(edit(account, 1, { name: 'x' }, { by })).toEqual({ ok: false, code: 'scope_missing' })
    expect(rotate(account, 1, 3, { by })).toEqual({ ok: false, code: 'scope_missing' })
    edit(account, 2, { scopes: ['keys:manage'] })
    expect(ofThree({ by: { ...by, secretHash: secretHashOf(9) } })).toEqual({
      ok: false,
      code: 'invalid_api_key',
    })
    edit(account, 2, { isDisabled: true })
    expect(ofThree({ scopes: [] })).toEqual({ ok: false, code: 'key_disabled' })
    expect(account.live.keys.has(keyNumber(3))).toBe(false)
  })

  // Cases: billing-bugs 56
  test('gives nobody more than it has, itself included', () => {
    const account = managed({ scopes: ['keys:manage', 'inference'], rpm: 5 })
    const beyond = { ok: false, code: 'beyond_own_limits' }
    const make = (terms: Partial<KeyTerms>) =>
      account.ask((draft) => putKey(draft, keyOf(3, { by, ...terms })))
    expect(make({ scopes: ['balance:read'] }), 'a scope that it has not').toEqual(beyond)
    expect(make({ scopes: ['inference'], rpm: 1 }), 'a way around its own limit').toEqual(beyond)
    expect(edit(account, 2, { rpm: null }, { by }), 'its own limit').toEqual(beyond)
    expect(edit(account, 2, { scopes: ['keys:manage', 'balance:read'] }, { by })).toEqual(beyond)
    expect(rotate(account, 1, 3, { by }), 'the secret of a freer key').toEqual(beyond)
    expect(edit(account, 2, { rpm: 4 }, { by })).toMatchObject({ ok: true })
    expect(make({ scopes: ['keys:manage'] })).toMatchObject({ ok: true })
    expect(rotate(account, 2, 4, { by })).toMatchObject({ ok: true })
  })
})

describe('a command about a key', () => {
  test('without a reference of its own is none', () => {
    const account = Simulator.opened(5)
    put(account, 2)
    const failed = { ok: false, code: 'internal' }
    expect(edit(account, 2, { rpm: 1 }, { reference: '' })).toEqual(failed)
    expect(rotate(account, 2, 3, { reference: '' })).toEqual(failed)
    expect(account.ask((draft) => putKey(draft, keyOf(4, { reference: '' })))).toEqual(failed)
  })

  test('that names no key of the account changes nothing', () => {
    const account = Simulator.opened(5)
    expect(edit(account, 9, { rpm: 1 })).toEqual({ ok: false, code: 'no_such_key' })
    expect(rotate(account, 9, 3)).toEqual({ ok: false, code: 'no_such_key' })
    expect(remove(account, 9)).toEqual({ ok: false, code: 'no_such_key' })
  })

  test('that revoked one key never revokes another', () => {
    const account = Simulator.opened(5)
    put(account, 2)
    put(account, 3)
    const revoke = (number: number) =>
      account.ask((draft) => revokeKey(draft, { reference: 'once', keyNumber: keyNumber(number) }))
    expect(revoke(2)).toEqual({ ok: true, keyNumber: 2, isRepeat: false })
    expect(revoke(3)).toEqual({ ok: true, keyNumber: 2, isRepeat: true })
    expect(ask(account, 3)).toMatchObject({ ok: true })
  })

  test('of a key that may not manage keys revokes nothing', () => {
    const account = Simulator.opened(5)
    put(account, 2, { scopes: ['inference'] })
    put(account, 3)
    const by = { keyNumber: keyNumber(2), secretHash: secretHashOf(2) }
    const command = { reference: 'theirs', keyNumber: keyNumber(3), by }
    expect(account.ask((draft) => revokeKey(draft, command))).toEqual({ ok: false, code: 'scope_missing' })
    expect(ask(account, 3)).toMatchObject({ ok: true })
  })
})

describe('the number of a key', () => {
  test('is taken once, by rotation as well, up to the largest that a key can carry', () => {
    const account = Simulator.opened(5)
    put(account, 2)
    put(account, 3)
    expect(rotate(account, 2, 3)).toEqual({ ok: false, code: 'number_taken' })
    expect(put(account, 0xffff_ffff)).toMatchObject({ ok: true })
    expect(put(account, 0x1_0000_0000)).toEqual({ ok: false, code: 'internal' })
  })

  test('may be rotated where the account was given fewer keys than it has', () => {
    const account = Simulator.opened(5, { keysMax: 3 })
    put(account, 2)
    put(account, 3)
    account.live.settings = { ...account.live.settings, keysMax: 1 }
    expect(put(account, 4)).toEqual({ ok: false, code: 'too_many_keys' })
    expect(rotate(account, 2, 5)).toMatchObject({ ok: true })
  })

  test('is one of five thousand that an account may ever have', () => {
    const account = Simulator.opened(5)
    const [key] = account.live.keys.values()
    if (key === undefined) throw new Error('An account is opened with a key.')
    const ended = (n: number) => ({ ...key, keyNumber: keyNumber(n), endsAtMs: 1 })
    const keysOf = (count: number) =>
      new Map(Array.from({ length: count }, (_, n) => [keyNumber(n + 10), ended(n + 10)]))
    account.live.keys = keysOf(4_999)
    expect(put(account, 2)).toMatchObject({ ok: true })
    account.live.keys = keysOf(5_000)
    expect(put(account, 3)).toEqual({ ok: false, code: 'too_many_keys' })
  })
})

test('the line of a key says what was done: put, edit or revoke', () => {
  const account = Simulator.opened(1)
  put(account, 2)
  edit(account, 2, { rpm: 3 })
  remove(account, 2)
  const lines = account.store.entries.filter(({ keyNumber: number }) => number === 2)
  expect(lines.map(({ detail }) => detail)).toMatchObject([
    { action: 'put' },
    { action: 'edit' },
    { action: 'revoke' },
  ])
})
