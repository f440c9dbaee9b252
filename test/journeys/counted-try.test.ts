// A balance that covers what a prompt really is, and not one token for each of its bytes: counted, and served.

import { expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { chargeOfCall, presentOf } from '../world/charges.ts'
import { ask, chatPath, chatOf, streamOf, upstreamRequestsOf } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

/** $0.75 per million tokens of input. */
const model = 'gpt-5.4-mini'
const prose = 'The quick brown fox jumps over the lazy dog, and nobody minds. '.repeat(320)
/** The bound of 20,160 bytes alone costs more, the 4,500 tokens that they are a third of it. */
const creditUsd = '0.01'

const bodyOf = (kind: 'whole' | 'streamed', user: string, text = prose, named: string = model) => {
  const made = kind === 'whole' ? chatOf({ tokens: 5 }, { user }) : streamOf({ tokens: 5 }, { user })
  const messages: unknown = made['messages']
  return {
    ...made,
    model: named,
    messages: [{ role: 'system', content: text }, ...(Array.isArray(messages) ? messages : [])],
  }
}

// Cases: billing-bugs 18
test.each(['whole', 'streamed'] as const)(
  'a long prompt is counted where its bytes alone are too dear for the balance: %s',
  async (kind) => {
    const account = await sharedWorld().newAccount({ creditUsd })
    const answer = await ask(sharedWorld(), {
      apiKey: account.apiKey,
      body: bodyOf(kind, account.accountId),
    })
    expect(answer.status).toBe(200)
    const charge = await chargeOfCall(sharedWorld(), account, answer.callId)
    expect(charge.costNanoUsd).toBeGreaterThan(0)
    expect(await presentOf(sharedWorld(), account)).toMatchObject({ heldNanoUsd: 0 })
    const [sent] = await upstreamRequestsOf(sharedWorld(), account.accountId)
    expect(valueAt(sent, 'body', 'messages', 0, 'content')).toBe(prose)
  },
)

test('a dry run says what the real call would be told', async () => {
  const account = await sharedWorld().newAccount({ creditUsd })
  const dry = await ask(sharedWorld(), {
    apiKey: account.apiKey,
    path: `${chatPath}?dryRun=true`,
    body: bodyOf('whole', account.accountId),
  })
  expect(valueAt(dry.body, 'would_be_admitted')).toBe(true)
  expect(valueAt(dry.body, 'expected_input_tokens')).toBeLessThan(20_160 / 4)
})

test.each([
  ['whose tokens the balance does not cover either', model, prose.repeat(3)],
  ['of a model whose tokenizer nobody has measured', 'mistral-medium-3-5', prose],
])('a prompt %s is refused with the figures', async (_, named, text) => {
  const account = await sharedWorld().newAccount({ creditUsd })
  const body = bodyOf('whole', account.accountId, text, named)
  const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body })
  expect(answer.status).toBe(402)
  expect(valueAt(answer.body, 'error', 'metadata', 'max_affordable_tokens')).toBe(0)
  expect(await upstreamRequestsOf(sharedWorld(), account.accountId)).toHaveLength(0)
})
