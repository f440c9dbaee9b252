// What an entry about a key makes of the keys: live and in a replay alike.

import type { KeyNumber } from '#core/ids.ts'
import { keyNumber } from '#core/ids.ts'
import { readString, readWhole } from '#core/readers.ts'
import type { KeyTerms } from './account-commands.ts'
import type { Entry } from './entry.ts'
import { defaultScopes, readTerms } from './key-details.ts'
import type { Key, State } from './state.ts'
import { noSpending } from './windows.ts'

const openTerms: KeyTerms = {
  name: '',
  budgets: [],
  allowedModels: null,
  scopes: defaultScopes,
  rpm: null,
  tpm: null,
  inFlight: null,
  expiresAtMs: null,
  endUserBudgets: [],
  isDisabled: false,
}

export type KeyDetail = { [name: string]: unknown }

export function applyKey(state: State, entry: Entry, detail: KeyDetail): void {
  const { keyNumber: number, createdAtMs } = entry
  if (number === null) return
  const key = state.keys.get(number)
  switch (detail['action']) {
    case 'revoke': {
      // A key that ends already may end earlier, never later.
      const endsAtMs = readWhole(detail['endsAtMs']) ?? createdAtMs
      if (key !== undefined) put(state, { ...key, endsAtMs: Math.min(endsAtMs, key.endsAtMs ?? endsAtMs) })
      return
    }
    case 'edit':
      if (key !== undefined) put(state, { ...key, ...readTerms(detail) })
      return
    default:
      put(state, newKey(number, detail))
  }
}

function newKey(number: KeyNumber, detail: KeyDetail): Key {
  const family = readWhole(detail['family'])
  return {
    ...openTerms,
    ...readTerms(detail),
    keyNumber: number,
    secretHash: readString(detail['secretHash']) ?? '',
    family: family === undefined ? number : keyNumber(family),
    endsAtMs: null,
    spending: noSpending,
  }
}

function put(state: State, key: Key): void {
  state.keys.set(key.keyNumber, key)
}
