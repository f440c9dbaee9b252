// A call that is ready to be admitted, with round figures, for the tests of this folder.

import { aModel } from '#catalog/test-model.ts'
import { quote } from '#catalog/quote.ts'
import { asMillis } from '#core/clock.ts'
import { callIdOf, keyNumber, makeAccountId, makeRequestId } from '#core/ids.ts'
import type { AskedCall } from '#dialects/dialect.ts'
import { chatDialect } from '#dialects/openai-chat-dialect.ts'
import { HeldRequest } from './held-request.ts'
import type { PreparedCall } from './prepared-call.ts'

const startedAt = asMillis(Date.parse('2026-11-01T00:00:00Z'))
const sevens = (bytes: number) => new Uint8Array(bytes).fill(7)

export const chatAsked: AskedCall = {
  dialect: 'chat',
  text: '{}',
  model: 'test-model',
  isStreamed: true,
  includeUsage: undefined,
  outputTokensMax: 100,
  choices: 1,
  endUser: undefined,
  body: {},
  textBytes: 400,
  messages: 1,
  tools: 0,
  images: 0,
}

export function aCall(
  changes: Omit<Partial<PreparedCall>, 'asked'> & { asked?: Partial<AskedCall> } = {},
): PreparedCall {
  const { asked, ...rest } = changes
  const requestId = makeRequestId(startedAt, sevens)
  const model = rest.model ?? aModel()
  const call = { ...chatAsked, ...asked }
  return {
    requestId,
    callId: callIdOf(requestId),
    caller: {
      accountId: makeAccountId('e', sevens),
      keyNumber: keyNumber(1),
      secretHash: '07'.repeat(32),
    },
    dialect: chatDialect,
    upstream: {
      dialect: chatDialect,
      path: chatDialect.upstreamPath,
      headers: {},
      dropped: [],
      toolNames: () => undefined,
    },
    model,
    provider: { id: 'openai', baseUrl: 'https://upstream.test/v1', apiKey: 'sk-upstream-key' },
    asked: call,
    request: new HeldRequest(call, () => '{}'),
    quote: quote(model, call),
    maxCostNanoUsd: undefined,
    isCostOmitted: false,
    policy: model.cancellationPolicy,
    isFinishAsked: false,
    relayed: undefined,
    claim: null,
    endUser: null,
    startedAt,
    ...rest,
  }
}
