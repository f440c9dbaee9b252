// One alarm for all purposes: the earliest due time, and no arming that is not needed.

import { describe, expect, test } from 'vitest'

import { hourMs, secondMs } from '#core/clock.ts'
import { admit } from './admission.ts'
import { Alarm, nextDueAt } from './alarm.ts'
import { Simulator, startOfTime } from './book.simulator.ts'
import { credit } from './credits.ts'
import { admitOf, dollar, grantOf } from './example-commands.ts'
import { timings } from './timings.ts'

test('the next wake is the earliest of what is due: a hold before unsent entries, a lot before both', () => {
  const account = Simulator.opened(5)
  account.ask((draft) => admit(draft, admitOf(account.newCall())))
  account.nowMs += 30 * secondMs
  account.ask((draft) => credit(draft, grantOf(dollar, { expiresInMs: hourMs })))
  expect(nextDueAt(account.live, timings)).toBe(startOfTime + timings.holdExpiryMs)
  account.ask((draft) => credit(draft, grantOf(dollar, { reference: 'soon', expiresInMs: 1 })))
  expect(nextDueAt(account.live, timings)).toBe(startOfTime + 30 * secondMs + 1)
})

describe('the alarm', () => {
  function armed() {
    const sets: number[] = []
    const alarm = new Alarm((atMs) => {
      sets.push(atMs)
      return Promise.resolve()
    })
    return { alarm, sets }
  }

  test('is armed once, moved earlier, and never later', () => {
    const { alarm, sets } = armed()
    for (const atMs of [50, 50, 60, 40]) alarm.armBy(atMs)
    expect([sets, alarm.armedAtMs]).toEqual([[50, 40], 40])
  })

  test('stays as it is where nothing is due', () => {
    const { alarm, sets } = armed()
    alarm.armBy(undefined)
    expect([sets, alarm.armedAtMs]).toEqual([[], null])
  })

  test('that has fired is armed anew', () => {
    const { alarm, sets } = armed()
    alarm.armBy(50)
    alarm.hasFired()
    expect(alarm.armedAtMs).toBeNull()
    alarm.armBy(60)
    expect(sets).toEqual([50, 60])
  })
})
