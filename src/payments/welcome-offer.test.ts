// Free credit is given by whoever means it, and by nobody else.

import { expect, test } from 'vitest'
import { welcomeOffer } from './welcome-offer.ts'

// Cases: billing-bugs 52
test.each([
  {},
  { WELCOME_CREDIT_USD: '' },
  { WELCOME_CREDIT_USD: '0' },
  { WELCOME_CREDIT_USD: '0.00' },
  { WELCOME_CREDIT_USD: '-5' },
  { WELCOME_CREDIT_USD: 'five' },
  { WELCOME_CREDIT_USD: '$5' },
  { WELCOME_CREDIT_USD: '100.01' },
  { WELCOME_CREDIT_USD: '5', WELCOME_CREDIT_DAYS: '0' },
  { WELCOME_CREDIT_USD: '5', WELCOME_CREDIT_DAYS: 'never' },
  { WELCOME_CREDIT_USD: '5', WELCOME_CREDITS_PER_DAY: '-1' },
])('nothing is given by %j', (env) => {
  expect(welcomeOffer(env)).toBeUndefined()
})

test('what is given lasts ninety days, to a hundred accounts a day, unless the operator says otherwise', () => {
  expect(welcomeOffer({ WELCOME_CREDIT_USD: '5' })).toEqual({
    amountNanoUsd: 5_000_000_000,
    creditDays: 90,
    perDayMax: 100,
    blockedDomains: [],
  })
  const env = {
    WELCOME_CREDIT_USD: '0.50',
    WELCOME_CREDIT_DAYS: '30',
    WELCOME_CREDITS_PER_DAY: '7',
    WELCOME_BLOCKED_DOMAINS: 'Trash.example, ,spam.example',
  }
  expect(welcomeOffer(env)).toEqual({
    amountNanoUsd: 500_000_000,
    creditDays: 30,
    perDayMax: 7,
    blockedDomains: ['trash.example', 'spam.example'],
  })
})
