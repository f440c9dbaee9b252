// Credits at their edges: what is none, how long one may last, and what a rebuild says that it said.

import { expect, test } from 'vitest'

import { assert } from '#core/assert.ts'
import { dayMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import type { Credit } from './account-commands.ts'
import { Simulator } from './book.simulator.ts'
import { credit, saidOfCredit } from './credits.ts'
import { dollar, grantOf } from './example-commands.ts'

function give(changes: { [Name in keyof Credit]?: unknown }) {
  const account = Simulator.opened(5)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Over RPC anything may come.
  const command = { ...grantOf(dollar, { reference: 'c' }), ...changes } as Credit
  return { account, answer: account.ask((draft) => credit(draft, command)) }
}

const centuryMs = 100 * 366 * dayMs

test.each([
  { kind: 'adjustment', amountNanoUsd: nanoUsd(0) },
  { amountNanoUsd: nanoUsd(0) },
  { amountNanoUsd: nanoUsd(-1) },
  { amountNanoUsd: 0.5 },
  { reference: '' },
  { kind: 'gift' },
  { kind: 'toString' },
  { expiresInMs: centuryMs + 1 },
])('no credit is booked of %j', (changes) => {
  const { account, answer } = give(changes)
  expect(answer).toEqual({ ok: false, code: 'invalid_amount' })
  expect(account.live.postedNanoUsd).toBe(5 * dollar)
})

test('a grant may last for a century', () => {
  expect(give({ expiresInMs: centuryMs }).answer).toMatchObject({ ok: true })
})

test.each([
  {},
  { kind: 'purchase' },
  { kind: 'adjustment', amountNanoUsd: 0 - dollar },
  { bucket: 'bonus', expiresInMs: dayMs },
])('a rebuild knows what was said of %j', (changes) => {
  const { account } = give(changes)
  const entry = account.store.entries.at(-1)
  assert(entry !== undefined, 'it was booked')
  expect(saidOfCredit(entry)).toBe(account.store.references.get('credit c')?.said)
})
