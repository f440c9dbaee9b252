// What a starting object knows from its rows: the last minute, the spending of it, and how long each hold still lives.

import { describe, expect, test } from 'vitest'

import { minuteMs, secondMs } from '#core/clock.ts'
import { keyNumber } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator, startOfTime } from './book.simulator.ts'
import { burnPerMinute } from './burn.ts'
import { firstCallIdAt } from './call-time.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { admitOf, captureOf, dollar, grantOf, meterOf } from './example-commands.ts'
import { beat } from './holds.ts'
import { rateOfKey } from './key-rates.ts'
import { meter } from './meter.ts'
import { reverse } from './reversals.ts'
import { firstCallIdToRead, snapshotOf, stateFrom } from './start.ts'
import { notWritten } from './state.ts'
import { timings } from './timings.ts'

function admitted(account: Simulator) {
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId)))
  return callId
}

function give(account: Simulator, times: number): void {
  for (let n = 0; n < times; n += 1) {
    const reference = `gift ${account.live.headSeq}`
    account.ask((draft) => credit(draft, grantOf(dollar, { reference })))
  }
}

describe('after a restart', () => {
  test('the spending of the last minute is known, also of charges that a snapshot has counted', () => {
    const account = Simulator.opened(50)
    const callId = admitted(account)
    account.ask((draft) => capture(draft, captureOf(callId, 3 * dollar)))
    account.ask((draft) => capture(draft, captureOf(account.newCall(), 2 * dollar)))
    const amountNanoUsd = nanoUsd(dollar)
    account.ask((draft) => reverse(draft, { reference: 'v', callId, amountNanoUsd, reason: '', actor: '' }))
    give(account, 10)
    expect(account.store.snapshot?.headSeq).toBeGreaterThan(6)
    for (const state of [account.live, account.fromRows()])
      expect(burnPerMinute(state.burn, account.nowMs)).toBe(4 * dollar)
  })

  test('a metered use counts in the minute of its key', () => {
    const account = Simulator.opened(5)
    account.ask((draft) => meter(draft, meterOf(1, 3)))
    account.crash()
    expect(rateOfKey(account.live, keyNumber(1)).requests).toBe(1)
  })

  test('a call that was admitted a minute ago counts no more', () => {
    const account = Simulator.opened(5)
    const callId = admitted(account)
    account.nowMs += minuteMs - 1
    expect(account.fromRows().rate.requests).toBe(1)
    account.nowMs += 1
    const state = account.fromRows()
    expect(state.rate.requests).toBe(0)
    expect(state.holds.get(callId)).toMatchObject({ admissionNumber: null, keyAdmissionNumber: null })
  })

  test('time is never before the newest admission or entry, whatever the clock says', () => {
    const account = Simulator.opened(5)
    account.nowMs += secondMs
    admitted(account)
    const stored = account.store.read(startOfTime)
    expect(stored && stateFrom(stored, startOfTime, timings).nowMs).toBe(startOfTime + secondMs)
    account.nowMs += secondMs
    give(account, 1)
    const later = account.store.read(startOfTime)
    expect(later && stateFrom(later, startOfTime, timings).nowMs).toBe(startOfTime + 2 * secondMs)
  })

  test('the rows that the next start would have to read are counted, and no others', () => {
    const account = Simulator.opened(5)
    const callId = admitted(account)
    account.nowMs += timings.beatWriteEveryMs
    account.ask((draft) => beat(draft, { callId, n: 1, costNanoUsd: nanoUsd(0) }))
    for (const state of [account.live, account.fromRows()]) expect(state.rowsSinceSnapshot).toBe(4)
    give(account, 3)
    expect(account.store.snapshot?.headSeq).toBe(6)
    expect(account.fromRows().rowsSinceSnapshot).toBe(0)
    admitted(account)
    give(account, 1)
    expect(account.fromRows().rowsSinceSnapshot).toBe(2)
  })

  test('a hold whose owner could not reach the object gets a fresh expiry, one that was only silent does not', () => {
    const account = Simulator.opened(5)
    const callId = admitted(account)
    account.nowMs += timings.beatWriteEveryMs + timings.holdExpiryMs + timings.objectCallMs
    expect(account.fromRows().holds.get(callId)?.writtenBeatAtMs).toBe(startOfTime)
    account.nowMs += 1
    expect(account.fromRows().holds.get(callId)?.writtenBeatAtMs).toBe(notWritten)
  })
})

describe('the first call that a start has to read', () => {
  test('is the first of all without a snapshot', () => {
    expect(firstCallIdToRead(null)).toBe('')
  })

  test('is the oldest open one, or one hour before the snapshot', () => {
    const account = Simulator.opened(5)
    const bound = firstCallIdAt(startOfTime + 2 * 60 * minuteMs - 60 * minuteMs)
    const callId = admitted(account)
    const open = { ...snapshotOf(account.live), takenAtMs: startOfTime + 2 * 60 * minuteMs }
    expect(firstCallIdToRead(open)).toBe(callId)
    expect(firstCallIdToRead({ ...open, openCallIds: [] })).toBe(bound)
  })
})
