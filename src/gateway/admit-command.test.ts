// What a call asks of its account object.

import { expect, test } from 'vitest'
import { usdEach } from '#catalog/rates.ts'
import { aModel } from '#catalog/test-model.ts'
import { admitCommand } from './admit-command.ts'
import { aCall } from './test-call.ts'

test('what is free or has a fixed fee takes no tokens of a plan, and everything else may', () => {
  const fixed = aModel({ cancellationPolicy: 'accept', prices: { request: usdEach('0.005') } })
  expect(admitCommand(aCall({ model: fixed }), false).tokenBounds).toBeUndefined()
  expect(admitCommand(aCall({ model: aModel({ free: true }) }), false).tokenBounds).toBeUndefined()
  expect(admitCommand(aCall(), false).tokenBounds).toMatchObject({ bound: expect.any(Number) })
})
