// The operator's cap counts each of a provider's credentials for itself. The shared window is tried by journeys.

import { expect, test } from 'vitest'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock } from '../../test/world/hand-clock.ts'
import { providerCap } from './provider-cap.ts'

const parts = { clock: new HandClock(), log: { info: () => undefined, error: () => undefined } }

test('each credential of a provider has the cap to itself, and one without a number is the first', async () => {
  const allows = providerCap({ OPENAI_RPM: '2' }, parts)
  const ask = async (credential?: number) =>
    (await allows?.({ id: 'openai', ...(credential === undefined ? {} : { credential }) })) === undefined
  expect([await ask(), await ask(1), await ask(1)]).toEqual([true, true, false])
  expect([await ask(2), await ask(2), await ask(2)]).toEqual([true, true, false])
  expect(await allows?.({ id: 'zai' }), 'nobody has capped it').toBeUndefined()
})

test('nobody is asked where the operator has set no cap', () => {
  expect(providerCap({ OPENAI_RPM: '' }, parts)).toBeUndefined()
})
