// A key as its account shows it, for tests, with what a test wants to be different. Not part of the product.

import { keyNumber } from '#core/ids.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { KeyView } from './account-views.ts'
import { defaultScopes } from './key-details.ts'

export function keyViewOf(changes: Partial<KeyView> = {}): KeyView {
  return {
    keyNumber: keyNumber(1),
    name: 'main',
    isDisabled: false,
    force: 'active',
    budgets: [],
    allowedModels: null,
    usedNanoUsd: zeroNanoUsd,
    scopes: defaultScopes,
    rpm: null,
    tpm: null,
    inFlight: null,
    expiresAtMs: null,
    endsAtMs: null,
    endUserBudgets: [],
    rate: {
      requests: { limit: 50, remaining: 50, resetMs: 0 },
      tokens: { limit: 2_000_000, remaining: 2_000_000, resetMs: 0 },
      inFlight: { limit: 50, remaining: 50 },
    },
    ...changes,
  }
}
