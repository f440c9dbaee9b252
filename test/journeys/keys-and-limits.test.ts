// What a key and an account may do: rates, budgets, models, revocation and freezing, each refused with its figures, and
// what good standing changes about it.

import { describe, expect, test } from 'vitest'
import { formatUsd, type NanoUsd, nanoUsd, timesNanoUsd } from '#core/money.ts'
import { chatModel, valueAt } from '../world/chat.ts'
import {
  type Account,
  accountWith,
  estimateOf,
  expectNothingCharged,
  presentOf,
  priceOf,
  settledCharges,
} from '../world/charges.ts'
import {
  ask,
  chatOf,
  outputTokensMax,
  streamOf,
  upstreamRequestsOf,
  type WireAnswer,
} from '../world/gateway.ts'
import { openStream } from '../world/live-stream.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { range } from '../world/storm.ts'

const short = { inputTokens: 10, tokens: 2 }
const shortPrice = priceOf({ input: 10, output: 2 })

/** A short call of this account, with the upstream told whose it is. */
const call = ({ accountId, apiKey }: Account, more: object = {}) =>
  ask(sharedWorld(), { apiKey, body: chatOf(short, { user: accountId, ...more }) })

const holdOf = async (account: Account): Promise<NanoUsd> =>
  (await estimateOf(sharedWorld(), account, chatOf(short, { user: account.accountId }))).holdNanoUsd

const upstreamCallsOf = async ({ accountId }: Account) =>
  (await upstreamRequestsOf(sharedWorld(), accountId)).length

const figuresOf = (answer: WireAnswer) => valueAt(answer.body, 'error', 'metadata')

const operator = (method: string, path: string, body?: unknown) => sharedWorld().operator(method, path, body)

describe('429', () => {
  // Requirements: 31
  test('requests per minute: what is beyond them is refused with the seconds to wait', async () => {
    const account = await sharedWorld().newAccount({ settings: { rpm: 3 } })
    const answers = await Promise.all(range(8, () => call(account)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
    const refused = await call(account)
    expect(refused).toMatchObject({ status: 429, errorCode: 'rate_limit_exceeded' })
    const seconds = Number(refused.headers.get('retry-after'))
    expect(seconds).toBeGreaterThan(0)
    expect(seconds).toBeLessThanOrEqual(60)
    expect(refused.message).toBe(`This account may use 3 requests per minute. Try again in ${seconds} s.`)
    expect(figuresOf(refused)).toMatchObject({ limit_source: 'rpm' })
    expect(await upstreamCallsOf(account)).toBe(3)
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(3)
  })

  // Requirements: 31
  test('tokens per minute, on the expected count, while a smaller call still passes', async () => {
    const account = await sharedWorld().newAccount({ settings: { tpm: 2_000 } })
    const large = await call(account, { max_completion_tokens: 5_000 })
    expect(large).toMatchObject({ status: 429, errorCode: 'rate_limit_exceeded' })
    expect(large.message).toContain('2000 tokens per minute')
    expect(figuresOf(large)).toMatchObject({ limit_source: 'tpm' })
    expect((await call(account)).status).toBe(200)
  })

  test('requests at the same time, until one of them ends', async () => {
    const account = await sharedWorld().newAccount({ settings: { in_flight: 1 } })
    const running = await openStream(
      sharedWorld(),
      account.apiKey,
      streamOf({ tokens: 6, gapMs: 50 }, { user: account.accountId }),
    )
    const refused = await call(account)
    expect(refused).toMatchObject({ status: 429, errorCode: 'rate_limit_exceeded' })
    expect(refused.message).toContain('1 requests at the same time')
    expect(figuresOf(refused)).toMatchObject({ limit_source: 'in_flight' })
    await running.rest()
    await settledCharges(sharedWorld(), account)
    expect((await call(account)).status).toBe(200)
  })
})

describe('402', () => {
  test('insufficient_credits names what is missing and what would still be affordable, which then is', async () => {
    // The whole answer and nothing for the prompt: too little however its tokens are counted.
    const account = await accountWith(sharedWorld(), priceOf({ input: 0, output: outputTokensMax }))
    const refused = await call(account)
    expect(refused).toMatchObject({ status: 402, errorCode: 'insufficient_credits' })
    expect(refused.headers.get('x-should-retry')).toBe('false')
    const tokens = Number(valueAt(figuresOf(refused), 'max_affordable_tokens'))
    expect(tokens).toBeLessThan(outputTokensMax)
    expect(tokens).toBeGreaterThan(outputTokensMax / 2)
    await expectNothingCharged(sharedWorld(), account)
    expect((await call(account, { max_completion_tokens: tokens })).status).toBe(200)
  })

  test('in_flight_budget_exhausted asks for a retry in a second', async () => {
    const account = await accountWith(sharedWorld(), timesNanoUsd(await holdOf(await newAccount()), 2))
    const body = streamOf({ ...short, gapMs: 100 }, { user: account.accountId })
    const running = await openStream(sharedWorld(), account.apiKey, body)
    const refused = await call(account, { max_completion_tokens: 300 })
    expect(refused).toMatchObject({ status: 402, errorCode: 'in_flight_budget_exhausted' })
    expect(refused.headers.get('x-should-retry')).toBe('true')
    expect(refused.headers.get('retry-after')).toBe('1')
    await running.rest()
  })

  // Cases: billing-bugs 26
  test('key_limit_exceeded for the budget of a key, while another key of the account goes on', async () => {
    const account = await newAccount()
    const amount = nanoUsd((await holdOf(account)) + shortPrice)
    const limits = [{ window: 'day', amount: formatUsd(amount) }]
    const issued = await operator('POST', `/accounts/${account.accountId}/keys`, { name: 'small', limits })
    const small = { ...account, apiKey: String(issued['key']) }
    expect((await call(small)).status).toBe(200)
    await settledCharges(sharedWorld(), account)
    expect((await call(small)).status, 'exactly one hold is left').toBe(200)
    await settledCharges(sharedWorld(), account)
    const refused = await call(small)
    expect(refused).toMatchObject({ status: 402, errorCode: 'key_limit_exceeded' })
    expect(refused.headers.get('x-should-retry')).toBe('false')
    expect(figuresOf(refused)).toMatchObject({
      limit_source: 'key_day',
      limit: formatUsd(amount),
      remaining: formatUsd(nanoUsd(amount - 2 * shortPrice)),
      resets_in_seconds: expect.any(Number),
    })
    expect(refused.message).toMatch(
      /^The daily limit of this API key is \$\S+; \$\S+ is left .* It resets in /,
    )
    expect((await call(account)).status).toBe(200)
  })

  test.each(['week', 'month', 'lifetime'])('key_limit_exceeded names the window: %s', async (window) => {
    const key = { limits: [{ window, amount: '0.000001' }] }
    const account = await sharedWorld().newAccount({ key })
    const refused = await call(account)
    expect(refused).toMatchObject({ status: 402, errorCode: 'key_limit_exceeded' })
    expect(figuresOf(refused)).toMatchObject({ limit_source: `key_${window}` })
    await expectNothingCharged(sharedWorld(), account)
  })

  // Cases: billing-bugs 26
  test('end_user_limit_exceeded for one end user, by header or body, while another goes on', async () => {
    const account = await sharedWorld().newAccount({
      settings: { end_user_limits: [{ window: 'day', amount: formatUsd(await holdOf(await newAccount())) }] },
    })
    const named = (endUser: string) =>
      ask(sharedWorld(), {
        apiKey: account.apiKey,
        // All that it may: what is left then is too little for another, however its prompt is counted.
        body: chatOf({ ...short, tokens: outputTokensMax }, { user: account.accountId }),
        headers: { 'x-end-user': endUser },
      })
    expect((await named('ada')).status).toBe(200)
    await settledCharges(sharedWorld(), account)
    for (const refused of [await named('ada'), await call(account, { safety_identifier: 'ada' })]) {
      expect(refused).toMatchObject({ status: 402, errorCode: 'end_user_limit_exceeded' })
      expect(refused.headers.get('x-should-retry')).toBe('false')
      expect(figuresOf(refused)).toMatchObject({
        limit_source: 'end_user_day',
        limit: expect.any(String),
        remaining: expect.any(String),
        resets_in_seconds: expect.any(Number),
      })
      expect(refused.message).toMatch(/^The daily limit of this end user is /)
    }
    expect((await named('bob')).status).toBe(200)
    expect((await named('x'.repeat(257))).status).toBe(400)
    const charges = await settledCharges(sharedWorld(), account)
    expect(charges).toHaveLength(2)
    const rows = await sharedWorld().sql('select detail from ledger_entries where account_id = $1', [
      account.accountId,
    ])
    expect(JSON.stringify(rows)).not.toContain('"ada"')
  })

  // Cases: billing-bugs 31
  test('monthly_spend_limit_reached for the whole account, lifted as soon as the limit is', async () => {
    const account = await sharedWorld().newAccount({ settings: { monthly_spend_limit: '0.000001' } })
    const refused = await call(account)
    expect(refused).toMatchObject({ status: 402, errorCode: 'monthly_spend_limit_reached' })
    expect(figuresOf(refused)).toMatchObject({ limit_source: 'account_month', limit: '0.000001' })
    const lifted = { monthly_spend_limit: null, reason: 'a test' }
    await operator('PATCH', `/accounts/${account.accountId}`, lifted)
    expect((await call(account)).status).toBe(200)
  })

  // Requirements: 50
  test('monthly_spend_limit_reached of a postpaid account, whatever its credit line, until the next month', async () => {
    const settings = { mode: 'postpaid', credit_limit: '5.00', monthly_spend_limit: '0.000001' }
    const account = await sharedWorld().newAccount({ creditUsd: '0', settings })
    const refused = await call(account)
    expect(refused).toMatchObject({ status: 402, errorCode: 'monthly_spend_limit_reached' })
    const now = new Date()
    const leftMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1) - now.getTime()
    const resetsInSeconds = Number(valueAt(figuresOf(refused), 'resets_in_seconds'))
    expect(Math.abs(resetsInSeconds - leftMs / 1000)).toBeLessThan(60)
    expect(refused.headers.get('x-should-retry')).toBe('false')
    const lifted = { monthly_spend_limit: '1.00', reason: 'a test' }
    await operator('PATCH', `/accounts/${account.accountId}`, lifted)
    expect((await call(account)).status).toBe(200)
  })
})

const newAccount = () => sharedWorld().newAccount()

describe('403', () => {
  test('model_not_allowed for a key that is bound to other models', async () => {
    const account = await sharedWorld().newAccount({ key: { allowed_models: [chatModel] } })
    const refused = await call(account, { model: 'gpt-6-luna' })
    expect(refused).toMatchObject({ status: 403, errorCode: 'model_not_allowed' })
    expect(await upstreamCallsOf(account)).toBe(0)
    expect((await call(account)).status).toBe(200)
  })

  test('account_suspended while the operator has frozen the account', async () => {
    const account = await newAccount()
    await operator('PATCH', `/accounts/${account.accountId}`, { frozen: true, reason: 'a test' })
    expect(await call(account)).toMatchObject({ status: 403, errorCode: 'account_suspended' })
    expect(await upstreamCallsOf(account)).toBe(0)
    await operator('PATCH', `/accounts/${account.accountId}`, { frozen: false, reason: 'a test' })
    expect((await call(account)).status).toBe(200)
  })

  // Cases: billing-bugs 31
  test('key_disabled at once for a revoked key, which the isolate then remembers', async () => {
    const account = await newAccount()
    await operator('DELETE', `/accounts/${account.accountId}/keys/1`)
    const answers = await Promise.all(range(5, () => call(account)))
    for (const answer of answers) expect(answer).toMatchObject({ status: 403, errorCode: 'key_disabled' })
    expect(await upstreamCallsOf(account)).toBe(0)
  })
})

describe('an account in good standing', () => {
  /** Its first charge makes it known, and the next admission grants this isolate its parallel dispatch. */
  async function trusted(): Promise<Account> {
    const account = await newAccount()
    const checks: (string | null)[] = []
    for (let calls = 0; calls < 3; calls += 1) {
      checks.push((await call(account)).headers.get('x-balance-check'))
      await settledCharges(sharedWorld(), account)
    }
    expect(checks).toEqual(['first', 'first', 'parallel'])
    return account
  }

  // Requirements: 55
  test('no longer waits for its balance check after its first calls, streamed or not', async () => {
    const account = await trusted()
    const body = streamOf(short, { user: account.accountId })
    const streamed = await ask(sharedWorld(), { apiKey: account.apiKey, body })
    expect(streamed.headers.get('x-balance-check')).toBe('parallel')
    const dear = await call(account, { model: 'gpt-6-astra', max_completion_tokens: 100_000 })
    expect(dear.status).toBe(200)
    expect(dear.headers.get('x-balance-check'), '$10 are fewer than twenty of these').toBe('first')
  })

  // Cases: billing-bugs 31
  test('costs at most one dispatch when its key is revoked, and its client gets no byte of it', async () => {
    const account = await trusted()
    const before = await upstreamCallsOf(account)
    await operator('DELETE', `/accounts/${account.accountId}/keys/1`)
    const answers = await Promise.all(range(20, () => call(account)))
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 403, errorCode: 'key_disabled' })
      expect(answer.text).not.toContain('word0')
    }
    expect(await upstreamCallsOf(account)).toBeLessThanOrEqual(before + 1)
    expect((await operator('GET', `/accounts/${account.accountId}`))['lifetime_spent']).toBe(
      formatUsd(timesNanoUsd(shortPrice, 3)),
    )
  })
})

// Requirements: 45
test('all keys of an account spend one balance', async () => {
  const account = await newAccount()
  const issued = await operator('POST', `/accounts/${account.accountId}/keys`, { name: 'second' })
  const second = { ...account, apiKey: String(issued['key']) }
  await Promise.all([call(account), call(second)])
  await settledCharges(sharedWorld(), account)
  for (const key of [account, second])
    expect((await presentOf(sharedWorld(), key)).balanceNanoUsd).toBe(10_000_000_000 - 2 * shortPrice)
})
