// How often what strangers guess at may be tried, and by whom it is counted.

import { expect, test } from 'vitest'
import { asMillis, type Clock, hourMs } from '#core/clock.ts'
import { type AttemptEnv, attemptLimits, networkOf } from './attempt-limits.ts'

const log = { info: () => undefined, error: () => undefined }

function limitsAt(env: AttemptEnv = {}) {
  let nowMs = Date.UTC(2026, 10, 21)
  const clock: Clock = { now: () => asMillis(nowMs), sleep: async () => undefined }
  return { limits: attemptLimits(env, { clock, log }), pass: (ms: number) => (nowMs += ms) }
}

test('an account may begin twenty payments an hour and try five codes, and another one its own', async () => {
  const { limits, pass } = limitsAt()
  const tried = async (kind: 'payment' | 'code', accountId: string, times: number) => {
    let allowed = 0
    for (let time = 0; time < times; time += 1)
      if ((await limits.refusalOf(kind, { accountId, address: null })) === undefined) allowed += 1
    return allowed
  }
  expect([await tried('payment', 'acct_1', 30), await tried('code', 'acct_1', 30)]).toEqual([20, 5])
  expect([await tried('payment', 'acct_2', 30), await tried('code', 'acct_2', 30)]).toEqual([20, 5])
  expect(await limits.refusalOf('payment', { accountId: 'acct_1', address: null })).toBe(
    'At most 20 payments may be begun and cards saved by one account within an hour. Wait a while, then try again.',
  )
  pass(hourMs)
  expect(await tried('payment', 'acct_1', 1)).toBe(1)
})

test('a farm of accounts behind one network is stopped at three times as many payments, and twice as many codes', async () => {
  const { limits } = limitsAt()
  const refusals = async (kind: 'payment' | 'code', address: string) => {
    const answers: (string | undefined)[] = []
    for (let account = 0; account < 100; account += 1)
      answers.push(await limits.refusalOf(kind, { accountId: `${address} ${account}`, address }))
    return answers.filter((answer) => answer !== undefined).length
  }
  expect([await refusals('payment', '192.0.2.1'), await refusals('code', '192.0.2.1')]).toEqual([40, 90])
  expect(await refusals('payment', '192.0.2.2')).toBe(40)
})

test('the figures are the operator’s to set, and what is no figure changes nothing', async () => {
  const { limits } = limitsAt({ PAYMENT_ATTEMPTS_PER_HOUR: '1', CODE_ATTEMPTS_PER_HOUR: 'none' })
  const from = { accountId: 'acct_1', address: null }
  const times = async (kind: 'payment' | 'code') => {
    let count = 0
    while ((await limits.refusalOf(kind, from)) === undefined) count += 1
    return count
  }
  expect([await times('payment'), await times('code')]).toEqual([1, 5])
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:DB8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['no address: at all', 'no address: at all'],
])('%s is of the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
