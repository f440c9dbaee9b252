// When an object waits for a wake that does not come, as the sweep asks it.

import { expect, test } from 'vitest'

import { hourMs, minuteMs } from '#core/clock.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { admitOf } from './example-commands.ts'
import { oldestHoldAgeOf, overdueOf } from './pulse.ts'
import { timings } from './timings.ts'

/** A hold that is due a minute after `admittedAtMs`. */
function withHold() {
  const account = Simulator.opened(10)
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId)))
  return { state: account.live, admittedAtMs: account.nowMs }
}

// Cases: billing-bugs 69
test.each([
  ['no alarm at all', { armedAfterMs: null, askedAfterMs: 0 }, { dueAgoMs: -minuteMs, armedAgoMs: null }],
  ['an alarm to come', { armedAfterMs: minuteMs, askedAfterMs: 0 }, null],
  ['an alarm that is a little late', { armedAfterMs: minuteMs, askedAfterMs: 6 * minuteMs }, null],
  [
    'an alarm that did not fire',
    { armedAfterMs: minuteMs, askedAfterMs: 6 * minuteMs + 1 },
    { dueAgoMs: 5 * minuteMs + 1, armedAgoMs: 5 * minuteMs + 1 },
  ],
  [
    'an alarm that was moved later than what is due, which is a little late',
    { armedAfterMs: 2 * hourMs, askedAfterMs: 6 * minuteMs },
    null,
  ],
  [
    'an alarm that was armed earlier than what is due, and did not fire',
    { armedAfterMs: 0, askedAfterMs: 5 * minuteMs + 1 },
    { dueAgoMs: 4 * minuteMs + 1, armedAgoMs: 5 * minuteMs + 1 },
  ],
  [
    'an alarm that was moved later than what is due',
    { armedAfterMs: 2 * hourMs, askedAfterMs: hourMs },
    { dueAgoMs: hourMs - minuteMs, armedAgoMs: -hourMs },
  ],
])(
  'an open hold with %s is told from one that will be ended',
  (_what, { armedAfterMs, askedAfterMs }, overdue) => {
    const { state, admittedAtMs } = withHold()
    const armedAtMs = armedAfterMs === null ? null : admittedAtMs + armedAfterMs
    const nowMs = admittedAtMs + askedAfterMs
    expect(overdueOf(state, { armedAtMs, nowMs, timings })).toEqual(overdue)
    expect(oldestHoldAgeOf(state, nowMs)).toBe(askedAfterMs)
  },
)

test('an object that waits for nothing needs no alarm', () => {
  const { live, nowMs } = Simulator.opened(0)
  live.marks = { ...live.marks, sentSeq: live.headSeq, confirmedSeq: live.headSeq }
  expect(overdueOf(live, { armedAtMs: null, nowMs, timings })).toBeNull()
})
