// Beats and releases at their edges: what a repeat changes, who has to stop, and what is no call at all.

import { describe, expect, test } from 'vitest'

import { hourMs } from '#core/clock.ts'
import { type CallId, keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import type { Draft } from './draft.ts'
import { admitOf, dollar } from './example-commands.ts'
import { beat, release } from './holds.ts'
import { editKey, revokeKey } from './keys.ts'
import { changeSettings } from './settings.ts'

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Over RPC anything may come.
const noCallId = 'gen_x' as CallId

function admitted() {
  const account = Simulator.opened(5)
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId)))
  const beatOf = (n: number, dollars: number) =>
    account.ask((draft) => beat(draft, { callId, n, costNanoUsd: nanoUsd(dollars * dollar) }))
  return { account, callId, beatOf }
}

describe('a beat', () => {
  test('that is said again with another cost changes nothing', () => {
    const { account, callId, beatOf } = admitted()
    beatOf(1, 0.2)
    beatOf(1, 0.7)
    expect(account.live.holds.get(callId)?.checkpointNanoUsd).toBe(0.2 * dollar)
  })

  test('of what is no call id is of an unknown call', () => {
    const { account } = admitted()
    const command = { callId: noCallId, n: 1, costNanoUsd: nanoUsd(0) }
    expect(account.ask((draft) => beat(draft, command))).toEqual({ state: 'unknown_call' })
  })

  test.each([
    [
      'its account is frozen',
      'stop',
      (draft: Draft) =>
        changeSettings(draft, { reference: 's', settings: { isFrozen: true }, reason: '', actor: '' }),
    ],
    [
      'its key is deleted',
      'stop',
      (draft: Draft) => revokeKey(draft, { reference: 'r', keyNumber: keyNumber(1) }),
    ],
    [
      'its key is disabled',
      'stop',
      (draft: Draft) =>
        editKey(draft, { reference: 'e', keyNumber: keyNumber(1), terms: { isDisabled: true } }),
    ],
    [
      'its key has expired',
      'ok',
      (draft: Draft) =>
        editKey(draft, {
          reference: 'e',
          keyNumber: keyNumber(1),
          terms: { expiresAtMs: draft.state.nowMs + 1 },
        }),
    ],
  ] as const)('of a call where %s says %s', (_, state, change) => {
    const { account, beatOf } = admitted()
    account.ask((draft) => change(draft))
    account.nowMs += 1
    expect(beatOf(1, 0)).toEqual({ state })
  })
})

describe('a release', () => {
  test('of what is no call id is refused and leaves no row', () => {
    const { account } = admitted()
    const answer = account.ask((draft) => release(draft, { callId: noCallId, reason: 'test' }))
    expect(answer).toEqual({ ok: false, code: 'internal' })
    expect(account.store.holds.has(noCallId)).toBe(false)
  })

  test('before its admission leaves a released row, and the admission is refused', () => {
    const { account } = admitted()
    const callId = account.newCall()
    account.ask((draft) => release(draft, { callId, reason: 'test' }))
    expect(account.store.holds.get(callId)?.outcome).toBe('released')
    account.nowMs += hourMs / 2
    const answer = account.ask((draft) => admit(draft, admitOf(callId)))
    expect(answer).toMatchObject({ code: 'call_resolved' })
  })
})
