// A key as its account and the operator see it, and what a refused change of keys says.

import { asMillis, isoTime } from '#core/clock.ts'
import { type Json, type Refusal, refuse } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import type { KeyAnswer } from '#ledger/account-commands.ts'
import type { KeyView } from '#ledger/account-views.ts'

/** Never the secret: it is shown once, when it is made. */
export function keyBody(key: KeyView): { readonly [name: string]: Json } {
  const { force, expiresAtMs, endsAtMs } = key
  return {
    id: String(key.keyNumber),
    key_number: key.keyNumber,
    name: key.name,
    state: force,
    disabled: key.isDisabled,
    used: formatUsd(key.usedNanoUsd),
    limits: key.budgets.map(({ window, amountNanoUsd, usedNanoUsd, resetMs }) => ({
      window,
      amount: formatUsd(amountNanoUsd),
      used: formatUsd(usedNanoUsd),
      resets_in_seconds: resetMs === null ? null : Math.ceil(resetMs / 1_000),
    })),
    allowed_models: key.allowedModels,
    scopes: key.scopes,
    rpm: key.rpm,
    tpm: key.tpm,
    in_flight: key.inFlight,
    end_user_limits: key.endUserBudgets.map(({ window, amountNanoUsd }) => ({
      window,
      amount: formatUsd(amountNanoUsd),
    })),
    expires_at: expiresAtMs === null ? null : isoTime(asMillis(expiresAtMs)),
    ends_at: endsAtMs === null ? null : isoTime(asMillis(endsAtMs)),
  }
}

export function keyRefusal({ code }: KeyAnswer & { ok: false }): Refusal {
  switch (code) {
    case 'no_such_account':
    case 'invalid_api_key':
      return refuse('invalid_api_key')
    case 'key_disabled':
      return refuse('key_disabled')
    case 'no_such_key':
      return noSuchKey()
    case 'too_many_keys':
      return refuse('invalid_request', {
        message: 'The account has as many keys as it may have. Delete one or have keys_max raised.',
      })
    case 'scope_missing':
      return refuse('insufficient_role', {
        message: 'This API key may not manage keys. Use one with the scope keys:manage.',
        metadata: { scope: 'keys:manage' },
      })
    case 'beyond_own_limits':
      return refuse('insufficient_role', {
        message:
          'A key gives no key more than it has: scopes, models and expiry within its own, and nothing that spends while it is limited itself.',
        metadata: { reason: 'beyond_own_limits' },
      })
    case 'number_taken':
    case 'internal':
      return refuse('ledger_unavailable', {
        message: 'The account could not be changed. The request may be repeated as it is.',
      })
  }
}

export function noSuchKey(): Refusal {
  return refuse('not_found', { message: 'This account has no key with this number.' })
}
