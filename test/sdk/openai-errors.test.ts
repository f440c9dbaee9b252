// Refusals as the released `openai` package raises them: its own error classes with our codes, and as many attempts as the
// refusal allows.

import {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai'
import { describe, expect, test } from 'vitest'
import { formatUsd, nanoUsd } from '#core/money.ts'
import { valueAt } from '../world/chat.ts'
import { estimateOf, expectNothingCharged, presentOf } from '../world/charges.ts'
import { upstreamRequestsOf } from '../world/gateway.ts'
import { allOf, chat, type Client, clientOf, newClient } from '../world/openai-client.ts'
import { sharedWorld } from '../world/shared-world.ts'

const once = { maxRetries: 0 }

/** What the SDK raises; fails where it raises nothing. */
async function raisedBy(call: PromiseLike<unknown>): Promise<APIError> {
  const raised = await Promise.resolve(call).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(raised instanceof APIError)) throw new Error(`raised ${String(raised)} instead of an APIError`)
  return raised
}

const request = (client: Client) => chat(client, { inputTokens: 10, tokens: 3 })

async function expectNothingSent(client: Client): Promise<void> {
  expect(await upstreamRequestsOf(sharedWorld(), client.account.accountId)).toEqual([])
  await expectNothingCharged(sharedWorld(), client.account)
}

describe('the SDK raises', () => {
  // Requirements: 39
  test('AuthenticationError for a wrong key, after one attempt', async () => {
    const { accountId } = await sharedWorld().newAccount()
    const client = clientOf({ accountId, apiKey: 'sk-sluice-wrong' })
    const error = await raisedBy(client.chat.completions.create(request(client)))
    expect(error).toBeInstanceOf(AuthenticationError)
    expect(error).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'authentication_error' })
    expect(error.requestID).toMatch(/^req_/)
    expect(client.statuses).toEqual([401])
  })

  test('PermissionDeniedError for a model that the key may not use', async () => {
    const client = await newClient({ key: { allowed_models: ['gpt-6-luna'] } })
    const error = await raisedBy(client.chat.completions.create(request(client)))
    expect(error).toBeInstanceOf(PermissionDeniedError)
    expect(error).toMatchObject({ status: 403, code: 'model_not_allowed' })
    expect(client.statuses).toEqual([403])
    await expectNothingSent(client)
  })

  test('NotFoundError for a model that does not exist, naming the parameter', async () => {
    const client = await newClient()
    const error = await raisedBy(client.chat.completions.create({ ...request(client), model: 'gpt-nil' }))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    expect(error.message).toContain('"gpt-nil"')
    await expectNothingSent(client)
  })

  test('BadRequestError for a value that cannot be billed, naming the parameter', async () => {
    const client = await newClient()
    const call = client.chat.completions.create({ ...request(client), max_completion_tokens: -1 })
    const error = await raisedBy(call)
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ status: 400, code: 'invalid_request', param: 'max_completion_tokens' })
    await expectNothingSent(client)
  })

  test('an APIError with status 413 for a body that is too large', async () => {
    const client = await newClient()
    const content = 'x'.repeat(11 * 1024 * 1024)
    const call = client.chat.completions.create({
      ...request(client),
      messages: [{ role: 'user', content }],
    })
    const error = await raisedBy(call)
    expect(error).toMatchObject({ status: 413, code: 'body_too_large' })
    expect(client.statuses).toEqual([413])
    await expectNothingSent(client)
  })

  test('RateLimitError when the requests of the minute are used up', async () => {
    const client = await newClient({ settings: { rpm: 1 } })
    await client.chat.completions.create(request(client))
    const error = await raisedBy(client.chat.completions.create(request(client), once))
    expect(error).toBeInstanceOf(RateLimitError)
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'rate_limit_error' })
    expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(error.headers?.get('retry-after'))).toBeLessThanOrEqual(60)
  })

  test('InternalServerError for a provider that fails', async () => {
    const client = await newClient()
    const error = await raisedBy(client.chat.completions.create(chat(client, { status: 500 }), once))
    expect(error).toBeInstanceOf(InternalServerError)
    expect(error).toMatchObject({ status: 502, code: 'upstream_error', type: 'api_error' })
    await expectNothingCharged(sharedWorld(), client.account)
  })

  test('the same for a request that would have been streamed', async () => {
    const client = await newClient({ creditUsd: '0' })
    const error = await raisedBy(client.chat.completions.create({ ...request(client), stream: true }))
    expect(error).toMatchObject({ status: 402, code: 'insufficient_credits' })
  })
})

describe('without money', () => {
  // Requirements: 5, 48, 53, 63
  test('the SDK raises 402 with figures and remedies, and does not try again', async () => {
    const client = await newClient({ creditUsd: '0.000001' })
    const { holdNanoUsd } = await estimateOf(sharedWorld(), client.account, request(client))
    const error = await raisedBy(client.chat.completions.create(request(client)))
    expect(error).toMatchObject({ status: 402, code: 'insufficient_credits', type: 'billing_error' })
    expect(error.message).toContain(`This request needs $${formatUsd(holdNanoUsd)}`)
    expect(error.message).toContain('$0.000001 is available')
    expect(error.requestID).toMatch(/^req_/)
    expect(valueAt(error.error, 'metadata')).toMatchObject({
      available: '0.000001',
      held: '0.00',
      required: formatUsd(holdNanoUsd),
      max_affordable_tokens: expect.any(Number),
      remedies: ['add_credit', 'auto_top_up', 'postpaid', 'lower_max_tokens'],
    })
    expect(client.statuses).toEqual([402])
    await expectNothingSent(client)
  })

  // Requirements: 45
  test('credit that is added is usable at once', async () => {
    const client = await newClient({ creditUsd: '0' })
    const error = await raisedBy(client.chat.completions.create(request(client)))
    expect(error).toMatchObject({ status: 402, code: 'insufficient_credits' })
    const grant = { amount: '1', reason: 'a test', idempotency_key: 'later' }
    await sharedWorld().operator('POST', `/accounts/${client.account.accountId}/grants`, grant)
    await client.chat.completions.create(request(client))
    expect(client.statuses).toEqual([402, 200])
  })

  test('a request that only waits for its own account is tried again by the SDK, and served', async () => {
    const first = await newClient({ creditUsd: '0' })
    const { account } = first
    const slow = chat(first, { inputTokens: 10, tokens: 4, gapMs: 150 })
    const { holdNanoUsd } = await estimateOf(sharedWorld(), account, slow)
    // Enough for one and a half at a time.
    const amount = formatUsd(nanoUsd(Math.floor(holdNanoUsd * 1.5)))
    const grant = { amount, reason: 'a test', idempotency_key: 'one and a half' }
    await sharedWorld().operator('POST', `/accounts/${account.accountId}/grants`, grant)

    const running = await first.chat.completions.create({ ...slow, stream: true })
    const second = clientOf(account)
    const served = second.chat.completions.create(request(second))
    const [, completion] = await Promise.all([allOf(running), served])
    expect(completion.choices[0]?.finish_reason).toBe('stop')
    expect(second.statuses[0]).toBe(402)
    expect(second.statuses.at(-1)).toBe(200)
    expect((await presentOf(sharedWorld(), account)).balanceNanoUsd).toBeGreaterThan(0)
  })
})
