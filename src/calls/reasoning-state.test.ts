// Reasoning state that travels through a client of another dialect comes back as it was, and only ours opens.

import { expect, test } from 'vitest'
import { openState, sealState } from './reasoning-state.ts'

test.each([
  { origin: 'anthropic', value: 'EqQBCkYIBBgCKkBxyz+/==' },
  { origin: 'openai', value: 'gAAAAABo~with~tildes', id: 'rs_123' },
  { origin: 'google', value: '' },
])('what was sealed opens as it was: %j', (state) => {
  expect(openState(sealState(state))).toEqual(state)
})

// Cases: dialects 59
test.each([
  '',
  'EqQBCkYIBBgCKkBxyz+/==',
  'sluice1',
  'sluice1~~id~v',
  'sluice1~openai',
  'sluice2~openai~id~v',
  '~sluice1~o~i~v',
])('a signature that was not sealed here has no origin here: %j', (text) => {
  expect(openState(text)).toBeUndefined()
})
