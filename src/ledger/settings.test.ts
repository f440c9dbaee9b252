// An account is created once, and its settings change under a reference.

import { expect, test } from 'vitest'

import { makeAccountId } from '#core/ids.ts'
import { askCreate } from './book.ts'
import { Simulator } from './book.simulator.ts'
import { changeSettings } from './settings.ts'

test('a creation that is said again is the first one; another account or name finds it taken', () => {
  const account = Simulator.opened(0)
  const { accountId } = account.store
  const other = makeAccountId('w', (bytes) => new Uint8Array(bytes).fill(8))
  const again = (changes: object) => {
    const command = { accountId, name: 'Test', settings: {}, ...changes }
    return account.askDesk((desk) => askCreate(desk, command))
  }
  expect(again({})).toEqual({ ok: true })
  for (const changes of [{ accountId: other }, { name: 'Other' }])
    expect(again(changes)).toEqual({ ok: false, code: 'exists' })
})

test('settings without a reference are refused', () => {
  const account = Simulator.opened(0)
  const command = { reference: '', settings: { rpm: 3 }, reason: '', actor: '' }
  expect(account.ask((draft) => changeSettings(draft, command))).toEqual({
    ok: false,
    code: 'invalid_command',
  })
  expect(account.live.settings.rpm).toBe(50)
})
