// What may be said about a key, and what is refused by the name of its field.

import { describe, expect, test } from 'vitest'
import { asMillis } from '#core/clock.ts'
import { readKeyEdit, readNewKey, readRotation } from './key-input.ts'

const now = asMillis(Date.UTC(2026, 10, 1))
const bad = (param: string) => ({ ok: false, code: 'invalid_request', param })

test('a new key needs a name alone; all else has a default of the ledger', () => {
  expect(readNewKey({ name: 'k' }, now)).toEqual({
    ok: true,
    value: { name: 'k', budgets: [], allowedModels: null },
  })
  expect(readNewKey({}, now)).toMatchObject(bad('name'))
})

test('an edit names what it changes, and null lifts a limit', () => {
  const edit = {
    rpm: null,
    tpm: 5,
    expires_at: '2026-12-01T00:00:00+02:00',
    scopes: ['inference'],
    disabled: true,
  }
  expect(readKeyEdit(edit, now)).toEqual({
    ok: true,
    value: {
      rpm: null,
      tpm: 5,
      expiresAtMs: Date.UTC(2026, 10, 30, 22),
      scopes: ['inference'],
      isDisabled: true,
    },
  })
  expect(readKeyEdit({}, now)).toMatchObject({ ok: false, code: 'invalid_request' })
})

// Cases: billing-bugs 30, 56
describe('refused by name:', () => {
  test.each<[string, unknown]>([
    ['spending', 0],
    ['key_number', 1],
    ['secret_hash', 'x'],
    ['is_admin', true],
    ['rpm', -1],
    ['tpm', 1.5],
    ['in_flight', '5'],
    ['scopes', ['inference', 'operator']],
    ['scopes', ['inference', 'inference']],
    ['expires_at', '2026-10-01'],
    ['expires_at', 'tomorrow'],
    ['expires_at', 1_900_000_000],
    ['disabled', 1],
    ['end_user_limits[0].amount', [{ window: 'day', amount: '-1' }]],
  ])('%s of %j', (param, value) => {
    const field = param.split('[')[0] ?? param
    expect(readNewKey({ name: 'k', [field]: value }, now)).toMatchObject(bad(param))
    expect(readKeyEdit({ [field]: value }, now)).toMatchObject(bad(param))
  })
})

test.each([-1, 86_401, 0.5, '5', null])('a grace of %s', (seconds) => {
  const isRefused = seconds !== null
  expect(readRotation({ grace_seconds: seconds })).toMatchObject(
    isRefused ? bad('grace_seconds') : { value: { graceMs: 0 } },
  )
})
