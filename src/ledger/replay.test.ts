// What follows from an entry besides the balance: standing, paid months, and what is remembered of keys and end users.

import { describe, expect, test } from 'vitest'

import { minuteMs } from '#core/clock.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { openDraft } from './draft.ts'
import { listOfEndUsers } from './end-user-list.ts'
import { admitOf, captureOf, dollar, grantOf } from './example-commands.ts'
import { beat } from './holds.ts'
import { expireLots } from './lot-expiry.ts'
import { changeSettings } from './settings.ts'

function charged(account: Simulator, dollars: number, endUser: string | null = null): void {
  const callId = account.newCall()
  account.ask((draft) => admit(draft, { ...admitOf(callId), endUser }))
  account.ask((draft) => capture(draft, captureOf(callId, dollars * dollar)))
}

describe('an account has proved itself', () => {
  test('by a charge', () => {
    const account = Simulator.opened(5)
    charged(account, 1)
    expect(account.live.standing.hasCaptured).toBe(true)
  })

  test('not by a call that cost nothing', () => {
    const account = Simulator.opened(5)
    charged(account, 0)
    expect(account.live.standing.hasCaptured).toBe(false)
  })

  test('not by a call whose owner was lost, though its checkpoint is charged', () => {
    const account = Simulator.opened(5)
    const callId = account.newCall()
    account.ask((draft) => admit(draft, admitOf(callId)))
    account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: nanoUsd(dollar / 2) }))
    account.nowMs += 2 * minuteMs
    account.ask(() => true)
    expect(account.live.postedNanoUsd).toBe(4.5 * dollar)
    expect(account.live.standing.hasCaptured).toBe(false)
  })
})

test('findings of another kind bar nobody from parallel dispatch', () => {
  const account = Simulator.opened(20)
  for (let call = 0; call < 3; call += 1) charged(account, 2)
  const findings = account.store.entries.filter(({ kind }) => kind === 'finding')
  expect(findings).toHaveLength(3)
  expect(account.live.standing).toMatchObject({ barredUntilMs: 0, dispatchRefusalsMs: [] })
})

test('a correction is no payment of a month, a purchase is', () => {
  const account = Simulator.opened(0)
  const give = (kind: 'adjustment' | 'purchase', dollars: number) =>
    account.ask((draft) => credit(draft, grantOf(dollars * dollar, { kind, reference: kind })))
  give('adjustment', 3)
  expect(account.live.paidMonths).toEqual([])
  give('purchase', 2)
  expect(account.live.paidMonths).toMatchObject([{ amountNanoUsd: 2 * dollar }])
})

test('an end user whose calls cost nothing takes no place', () => {
  const account = Simulator.opened(5)
  const endUserBudgets = [{ window: 'day' as const, amountNanoUsd: dollar }]
  account.ask((draft) =>
    changeSettings(draft, { reference: 's', settings: { endUserBudgets }, reason: '', actor: '' }),
  )
  charged(account, 0, 'a'.repeat(32))
  expect(listOfEndUsers(account.live.endUsers)).toEqual([])
  charged(account, 0.5, 'a'.repeat(32))
  expect(listOfEndUsers(account.live.endUsers)).toHaveLength(1)
})

test('a charge under a key that nobody knows is booked all the same', () => {
  const account = Simulator.opened(5)
  const command = captureOf(account.newCall(), dollar, { keyNumber: keyNumber(9) })
  expect(account.ask((draft) => capture(draft, command))).toMatchObject({ ok: true, state: 'late' })
  expect(account.live.postedNanoUsd).toBe(4 * dollar)
})

test('a lot whose expiry is put off stays, and is put off by its own name', () => {
  const account = Simulator.opened(0)
  account.ask((draft) => credit(draft, grantOf(dollar, { expiresInMs: 1 })))
  account.nowMs += 1
  const asked: string[] = []
  const mayDo = (chore: string) => asked.push(chore) < 0
  const draft = openDraft({ ...account.live, nowMs: account.live.nowMs }, { ...account.context(), mayDo })
  draft.state.nowMs = account.fromRows().nowMs
  expireLots(draft)
  expect([asked, draft.entries]).toEqual([['lot:3'], []])
})
