// What every decision has around it: creation, the invariants, what is written where something was erased.

import { expect, test } from 'vitest'

import { nanoUsd } from '#core/money.ts'
import { ask, askCreate, decide } from './book.ts'
import { Simulator } from './book.simulator.ts'
import { credit } from './credits.ts'
import { erase } from './erasure.ts'
import { grantOf } from './example-commands.ts'
import type { State } from './state.ts'

const opened = () => Simulator.opened(10)
const pay = (state: State, account: Simulator) =>
  decide(state, (desk) => ask(desk, undefined, (draft) => credit(draft, grantOf(1))), account.context())

test('an account whose figures cannot be true is damaged, and a finding says by what', () => {
  const account = opened()
  const { next, changes } = pay({ ...account.live, heldNanoUsd: nanoUsd(1) }, account)
  expect(next?.isDamaged).toBe(true)
  const [finding] = changes?.entries.filter(({ kind }) => kind === 'finding') ?? []
  const { detail } = finding ?? {}
  expect(detail).toMatchObject({ what: 'invariant_broken', invariant: expect.stringMatching(/held/) })
  expect(finding?.reference).toMatch(/^invariant:.*held/)
})

test('an account is not opened by a command that is not sound', () => {
  const account = opened()
  const command = { accountId: account.live.accountId, name: 'A', settings: { rpm: -1 } }
  const { answer, changes } = decide(null, (desk) => askCreate(desk, command), account.context())
  expect(answer).toEqual({ ok: false, code: 'invalid_command' })
  expect(changes).toBeNull()
})

test('what was erased is erased once: no later commit writes it again, and none keeps an answer beside it', () => {
  const account = opened()
  const command = { reference: 'e', reason: '', actor: '' }
  const question = (state: State) =>
    decide(state, (desk) => ask(desk, undefined, (draft) => erase(draft, command)), account.context())
  const { next, changes } = question(account.live)
  if (next === null) throw new Error('An account is not lost by an erasure.')
  expect(changes).toMatchObject({ erasedSeq: next.erasedSeq, answers: [] })
  expect(pay(next, account).changes).toMatchObject({ erasedSeq: null })
})
