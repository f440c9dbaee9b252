// Completions that are to run on without their client, by the released `openai` package: hosted, and the same to whoever asks.

import { expect, test } from 'vitest'
import { directiveText } from '../../dev/upstream-directive.ts'
import { chargeOfCall, priceOf } from '../world/charges.ts'
import { wordsOf } from '../world/gateway.ts'
import { newClient } from '../world/openai-client.ts'
import { sharedWorld } from '../world/shared-world.ts'

const headers = { 'x-on-disconnect': 'finish' }

// Requirements: 18
test.each(['gpt-5.4-mini', 'gpt-5.3-codex', 'claude-haiku-4-5', 'together/glm-5.3'])(
  'a completion of %s that is told to run on is whole for its client, and charged in full without it',
  async (model) => {
    const client = await newClient()
    const asked = { model, max_tokens: 100, user: client.account.accountId }
    const prompt = directiveText({ inputTokens: 100, tokens: 7 })
    const whole = await client.completions.create({ ...asked, prompt }, { headers })
    expect(whole.choices[0]?.text).toBe(wordsOf(7))
    const slow = directiveText({ inputTokens: 100, tokens: 40, gapMs: 10 })
    const { data: stream, response } = await client.completions
      .create({ ...asked, prompt: slow, stream: true }, { headers })
      .withResponse()
    for await (const _ of stream) stream.controller.abort()
    const callId = response.headers.get('x-generation-id') ?? ''
    const { costNanoUsd } = await chargeOfCall(sharedWorld(), client.account, callId)
    expect(costNanoUsd).toBe(priceOf({ input: 100, output: 40 }, model))
  },
)
