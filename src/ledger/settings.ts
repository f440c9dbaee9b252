// Opening an account and changing its settings. `create` is the only command that initialises an object.

import type { Json } from '#core/errors.ts'
import { accountIdPattern } from '#core/ids.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { ChangeSettings, CommandAnswer, Create } from './account-commands.ts'
import type { Draft } from './draft.ts'
import { append, keepReference, referenceOf } from './draft.ts'
import type { Decided } from './rebook-order.ts'
import { readSettings } from './settings-details.ts'

/** A repeat of the same creation is a success; anything else finds the account taken. */
export function createAgain(draft: Draft, command: Create): CommandAnswer {
  const isSame = draft.state.accountId === command.accountId && draft.state.name === command.name
  return isSame ? { ok: true } : { ok: false, code: 'exists' }
}

export function create(draft: Draft, command: Create): CommandAnswer {
  const settings = readSettings(command.settings)
  if (settings === undefined || !isCreatable(command)) return { ok: false, code: 'invalid_command' }
  append(draft, {
    kind: 'create',
    reference: command.accountId,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: null,
    detail: { accountId: command.accountId, name: command.name, settings: asJson(settings) },
  })
  return { ok: true }
}

export function isCreatable(command: Create): boolean {
  return accountIdPattern.test(command.accountId) && typeof command.name === 'string'
}

/** `decided` is where a line stood that is booked again. */
export function changeSettings(draft: Draft, command: ChangeSettings, decided?: Decided): CommandAnswer {
  if (referenceOf(draft, 'settings', command.reference) !== undefined) return { ok: true }
  const settings = readSettings(command.settings)
  if (settings === undefined || command.reference === '') return { ok: false, code: 'invalid_command' }
  const entry = append(draft, {
    kind: 'settings',
    reference: command.reference,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: null,
    detail: {
      settings: asJson(settings),
      reason: command.reason,
      actor: command.actor,
      ...(decided && { decided }),
    },
  })
  keepReference(draft, { scope: 'settings', reference: command.reference, seq: entry.seq, said: '' })
  return { ok: true }
}

function asJson(settings: { readonly [name: string]: Json | undefined }): Json {
  const named: { [name: string]: Json } = {}
  for (const [name, value] of Object.entries(settings)) if (value !== undefined) named[name] = value
  return named
}
