// What a call asks of its account object.

import { expect, test } from 'vitest'
import { aModel } from '#catalog/test-model.ts'
import { admitCommand } from './admit-command.ts'
import { aCall } from './test-call.ts'

test('what is free takes no tokens of a plan, and everything else may', () => {
  expect(admitCommand(aCall({ model: aModel({ free: true }) }), false).tokenBounds).toBeUndefined()
  expect(admitCommand(aCall(), false).tokenBounds).toMatchObject({ bound: expect.any(Number) })
})
