// The comparison of the two stores, as a table of what may differ.

import { describe, expect, test } from 'vitest'
import { asMillis, hourMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { examine, type MirrorState, type ObjectState } from './drift.ts'

const now = asMillis(Date.parse('2026-11-01T12:00:00Z'))

const mirror: MirrorState = {
  epoch: 1,
  markSeq: 10,
  markSumNanoUsd: 500n,
  markHash: 'h10',
  rowsToMark: 10,
  sumToMarkNanoUsd: 500n,
  hashAtMark: 'h10',
  balanceAtMarkNanoUsd: 500n,
  maxSeq: 10,
  waitingSince: null,
}

const object: ObjectState = {
  epoch: 1,
  head: 10,
  confirmed: 10,
  balanceAtMarkNanoUsd: nanoUsd(500),
  oldestHoldAgeMs: 0,
  overdue: null,
  unconfirmedForMs: 0,
  databaseBytes: 40_000,
}

function kindsOf(changedMirror: Partial<MirrorState>, changedObject: Partial<ObjectState> | null = {}) {
  const other = changedObject === null ? null : { ...object, ...changedObject }
  const verdict = examine('acct_x', { ...mirror, ...changedMirror }, other, now)
  return verdict.findings.map(({ kind, subject }) => `${kind} ${subject}`.trim())
}

describe('what Postgres and the object hold is compared', () => {
  test('two stores that agree raise no finding and need nothing', () => {
    expect(examine('acct_x', mirror, object, now)).toEqual({ findings: [], resend: false, confirm: false })
  })

  test.each([
    ['a row that went missing below the mark', { rowsToMark: 9 }, {}, ['rows_missing 1:10']],
    ['a sum that changed below the mark', { sumToMarkNanoUsd: 499n }, {}, ['drift sum:1:10']],
    ['a balance at the mark that is not the sum', { balanceAtMarkNanoUsd: 1n }, {}, ['drift balance:1:10']],
    ['a hash at the mark that changed', { hashAtMark: 'other' }, {}, ['drift hash:1:10']],
    ['an object with another balance', {}, { balanceAtMarkNanoUsd: nanoUsd(4) }, ['drift object:1:10']],
    ['rows that the object never wrote', { maxSeq: 12 }, {}, ['mirror_ahead 1:12']],
    ['an account that no object knows', {}, null, ['account_without_object']],
    ['a hold that nobody ended', {}, { oldestHoldAgeMs: 2 * hourMs }, ['stuck_hold']],
    ['a wake that did not come', {}, { overdue: { dueAgoMs: 1, armedAgoMs: null } }, ['alarm_missing']],
    ['entries that nobody confirms', {}, { unconfirmedForMs: hourMs + 1 }, ['unconfirmed']],
    ['entries that wait for a retry', {}, { unconfirmedForMs: hourMs }, []],
    ['an object above half of its size', {}, { databaseBytes: 5_000_000_001 }, ['object_large']],
    ['an object of half its size', {}, { databaseBytes: 5_000_000_000 }, []],
    ['a gap older than any retry', { maxSeq: 10, waitingSince: asMillis(now - hourMs) }, {}, ['gap 1:10']],
    ['a gap of a moment ago', { maxSeq: 10, waitingSince: asMillis(now - 1_000) }, {}, []],
  ])('%s is seen', (_what, changedMirror, changedObject, findings) => {
    expect(kindsOf(changedMirror, changedObject)).toEqual(findings)
  })

  test('an object that is ahead is asked to send again, one that has not heard is told', () => {
    expect(examine('a', mirror, { ...object, head: 12 }, now)).toMatchObject({ resend: true, confirm: false })
    expect(examine('a', mirror, { ...object, confirmed: 4 }, now)).toMatchObject({
      resend: false,
      confirm: true,
    })
  })

  test('an object is never told a mark beyond its own head', () => {
    const verdict = examine(
      'a',
      mirror,
      { ...object, head: 8, confirmed: 4, balanceAtMarkNanoUsd: null },
      now,
    )
    expect(verdict).toMatchObject({ confirm: false, findings: [{ kind: 'mirror_ahead' }] })
  })
})
