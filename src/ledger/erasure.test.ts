// Erasing a person: what people wrote is gone from every row and from memory, and the books still prove themselves.

import { expect, test } from 'vitest'

import { keyNumber } from '#core/ids.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { hashAfter } from './chain.ts'
import { credit } from './credits.ts'
import type { Entry } from './entry.ts'
import { erase } from './erasure.ts'
import { admitOf, captureOf, dollar, grantOf, keyOf } from './example-commands.ts'
import { editKey, putKey } from './keys.ts'
import { rebook } from './rebook.ts'
import { changesOfPage, replayed } from './rebuild.ts'
import { genesisHash } from './state.ts'

const person = 'Jane Roe'
const command = { reference: 'erasure:1', reason: 'asked by mail', actor: 'operator' }

/** An account whose every text names somebody, with a stored answer. */
function named(): Simulator {
  const account = Simulator.opened(0)
  account.ask((draft) => putKey(draft, { ...keyOf(2), name: person }))
  account.ask((draft) => editKey(draft, { reference: 'e', keyNumber: keyNumber(1), terms: { name: person } }))
  account.ask((draft) => credit(draft, grantOf(dollar, { reason: `for ${person}` })))
  const claim = { reference: 'a'.repeat(32), bodyHash: 'b'.repeat(32) }
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId, { claim })))
  const answer = { contentType: 'application/json', body: `Dear ${person}` }
  account.ask((draft) =>
    capture(draft, captureOf(callId, 1_000, { claim: { reference: claim.reference, answer } })),
  )
  return account
}

const textOf = ({ store, live }: Simulator) =>
  JSON.stringify([
    store.entries,
    store.snapshot,
    [...store.answers],
    [...store.references],
    live,
    [...live.keys],
  ])

async function headOf(entries: readonly Entry[]): Promise<string> {
  let hash = genesisHash
  for (const entry of entries) hash = await hashAfter(hash, entry)
  return hash
}

test('no name, reason or kept answer of before is left, and the chain proves the same log', async () => {
  const account = named()
  const before = [...account.store.entries]
  expect(textOf(account)).toContain(person)
  const balance = account.live.postedNanoUsd

  const answer = account.ask((draft) => erase(draft, command))

  expect(answer).toEqual({ ok: true, seq: before.length + 1, isRepeat: false })
  expect(textOf(account)).not.toContain(person)
  expect(await headOf(account.store.entries.slice(0, -1))).toBe(await headOf(before))
  expect(account.live.postedNanoUsd).toBe(balance)
  account.checkRestart()
  account.check()
})

test('an erasure is booked once, and a second one erases what was named since', () => {
  const account = named()
  account.ask((draft) => erase(draft, command))
  const entries = account.store.entries.length
  expect(account.ask((draft) => erase(draft, command))).toMatchObject({ ok: true, isRepeat: true })
  expect(account.store.entries).toHaveLength(entries)
  account.ask((draft) =>
    editKey(draft, { reference: 'again', keyNumber: keyNumber(1), terms: { name: person } }),
  )
  account.crash()
  expect(account.live.keys.get(keyNumber(1))?.name).toBe(person)
  account.ask((draft) => erase(draft, { ...command, reference: 'erasure:2' }))
  expect(textOf(account)).not.toContain(person)
  // The reason of the first erasure is a text like any other.
  expect(textOf(account).match(/asked by mail/g)).toHaveLength(1)
})

test('a replay of the log as it was before brings no name back, nor does a line that comes too late', () => {
  const account = named()
  const before = [...account.store.entries]
  account.ask((draft) => erase(draft, command))
  const erasure = account.store.entries.slice(-1)
  const state = replayed(account.live.accountId, [...before, ...erasure])
  expect(state.name).toBe('')
  expect([...state.keys.values()].map(({ name }) => name)).toEqual(['', ''])
  expect(changesOfPage(erasure, account.nowMs).references).toMatchObject([{ scope: 'erasure' }])

  account.live.epoch = 2
  const late: Entry = { ...grantEntry(before), reference: 'grant:late', seq: 99 }
  expect(account.ask((draft) => rebook(draft, { entry: late }))).toEqual({ ok: true, isBooked: true })
  expect(textOf(account)).not.toContain(person)
})

function grantEntry(entries: readonly Entry[]): Entry {
  const found = entries.find(({ kind }) => kind === 'grant')
  if (found === undefined) throw new Error('A grant was booked.')
  return found
}
