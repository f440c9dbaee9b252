// A balance that does not cover the longest answer: a shorter one is asked for, unless the client said how much it wants.

import { describe, expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { chargeOfCall } from '../world/charges.ts'
import { ask, chatOf, streamOf, upstreamRequestsOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const tokens = 20
/** Leaves out the limit that tests usually set. */
const openEnded = { max_completion_tokens: undefined }

/** Covers the input and some thousand tokens of output of the test's model, not its longest answer. */
const creditUsd = '0.01'

describe('a call that leaves the length of its answer open', () => {
  test.each(['in one piece', 'streamed'])(
    'is asked upstream for what the balance covers, and says so: %s',
    async (kind) => {
      const account = await sharedWorld().newAccount({ creditUsd })
      const user = account.accountId
      const body =
        kind === 'streamed'
          ? streamOf({ tokens }, { user, ...openEnded })
          : chatOf({ tokens }, { user, ...openEnded })
      const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body })
      expect(answer.status).toBe(200)
      const lowered = Number(answer.headers.get('x-max-tokens-lowered'))
      expect(lowered).toBeGreaterThanOrEqual(64)
      const [sent] = await upstreamRequestsOf(sharedWorld(), account.accountId)
      expect(valueAt(sent, 'body', 'max_completion_tokens')).toBe(lowered)
      const charge = await chargeOfCall(sharedWorld(), account, answer.callId)
      expect(charge.costNanoUsd).toBeGreaterThan(0)
    },
  )

  test('keeps the limit of the model where the balance covers it', async () => {
    const account = await sharedWorld().newAccount({ creditUsd: '10.00' })
    const body = chatOf({ tokens }, { user: account.accountId, ...openEnded })
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body })
    expect(answer.headers.get('x-max-tokens-lowered')).toBeNull()
    const [sent] = await upstreamRequestsOf(sharedWorld(), account.accountId)
    expect(valueAt(sent, 'body', 'max_completion_tokens')).toBeUndefined()
  })
})

test('a client that asks for more than is covered is refused and told how much would be', async () => {
  const account = await sharedWorld().newAccount({ creditUsd })
  const body = chatOf({ tokens }, { max_completion_tokens: 32_000, user: account.accountId })
  const refused = await ask(sharedWorld(), { apiKey: account.apiKey, body })
  expect(refused.status).toBe(402)
  const affordable = Number(valueAt(refused.body, 'error', 'metadata', 'max_affordable_tokens'))
  expect(affordable).toBeGreaterThan(64)
  const smaller = { ...body, max_completion_tokens: affordable }
  expect((await ask(sharedWorld(), { apiKey: account.apiKey, body: smaller })).status).toBe(200)
  expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toHaveLength(1)
})
