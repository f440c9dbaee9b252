// A hold that expires over money whose time is over, and a charge of tokens alone that somebody wants money back of.

import { expect, test } from 'vitest'

import { minuteMs } from '#core/clock.ts'
import { nanoUsd } from '#core/money.ts'
import { admit } from './admission.ts'
import { Simulator } from './book.simulator.ts'
import { capture } from './charges.ts'
import { credit } from './credits.ts'
import { admitOf, captureOf, dollar, grantOf, planOf } from './example-commands.ts'
import { setPlan } from './plans.ts'
import { reverse } from './reversals.ts'

test('what an expired hold kept of an expired lot is gone in the same commit', () => {
  const account = Simulator.opened(0)
  account.ask((draft) => credit(draft, grantOf(dollar, { expiresInMs: minuteMs / 2 })))
  account.ask((draft) => admit(draft, admitOf(account.newCall())))
  account.nowMs += 2 * minuteMs
  account.ask(() => true)
  expect([account.live.lots, account.live.postedNanoUsd]).toEqual([[], 0])
})

test('no money goes back of a charge that took tokens alone', () => {
  const account = Simulator.opened(5)
  account.ask((draft) => setPlan(draft, planOf('plan')))
  const callId = account.newCall()
  const tokenBounds = { bound: 500, usual: 500, floor: 500 }
  account.ask((draft) => admit(draft, admitOf(callId, { tokenBounds })))
  account.ask((draft) => capture(draft, captureOf(callId, dollar)))
  const command = { reference: 'v', callId, amountNanoUsd: nanoUsd(5), reason: '', actor: '' }
  expect(account.ask((draft) => reverse(draft, command))).toEqual({
    ok: false,
    code: 'beyond_charge',
    leftNanoUsd: 0,
  })
})
