// A kept response in each of its states, as it goes over the wire: of OpenAI's own types, whole and as events, and with the
// headers that every answer has.

import { describe, expect, test, vi } from 'vitest'
import { answerFaults } from '../conform/judge.ts'
import { directiveText, type DirectiveChange } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import { settledCharges } from '../world/charges.ts'
import { ask, type WireAnswer } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const path = '/v1/responses'
const models = ['mistral-large-4', 'gpt-5.3-codex', 'claude-opus-4-6']

/** What is wrong with it by the types of OpenAI's package and the rules of Open Responses. */
function faultsOf({ status, headers, text }: WireAnswer): readonly string[] {
  const contentType = headers.get('content-type') ?? ''
  return answerFaults({ path, status, contentType, text, isWhole: true }, 'client')
}

async function begun(model: string, upstream: DirectiveChange) {
  const account = await sharedWorld().newAccount()
  const { apiKey } = account
  const input = directiveText({ inputTokens: 100, ...upstream })
  const tools = [
    { type: 'function', name: 'look', parameters: { type: 'object', properties: {} }, strict: false },
  ]
  const body = { model, max_output_tokens: 200, input, tools, background: true }
  const answer = await ask(sharedWorld(), { apiKey, path, body })
  const id = String(valueAt(answer.body, 'id'))
  const at = (rest: string, method: string) =>
    ask(sharedWorld(), { apiKey, path: `${path}/${id}${rest}`, method })
  return {
    account,
    answer,
    now: () => at('', 'GET'),
    events: () => at('?stream=true', 'GET'),
    cancel: () => at('/cancel', 'POST'),
  }
}

const statusOf = ({ body }: WireAnswer) => valueAt(body, 'status')

describe.each(models)('a background response of %s', (model) => {
  test.each([
    ['completed', { tokens: 5, thinking: 'Well then.' }],
    ['completed', { toolCalls: true }],
    ['incomplete', { tokens: 1_000 }],
    ['failed', { tokens: 12, errorAfter: 9 }],
    ['failed', { status: 503 }],
  ] as const)(
    'that ends %s is of OpenAI’s types from its first answer to its last (%j)',
    async (status, upstream) => {
      const { account, answer, now, events } = await begun(model, upstream)
      expect([answer.status, faultsOf(answer)], answer.text).toEqual([200, []])
      const last = await vi.waitFor(
        async () => {
          const read = await now()
          expect(statusOf(read)).toBe(status)
          return read
        },
        { timeout: 20_000, interval: 25 },
      )
      expect(faultsOf(last), last.text).toEqual([])
      expect(faultsOf(await events())).toEqual([])
      expect(last.headers.get('x-generation-id')).toBe(answer.callId)
      expect(last.headers.get('cache-control')).toBe('private, no-store, no-transform')
      await settledCharges(sharedWorld(), account)
    },
  )

  test('that is cancelled in the middle is, too', async () => {
    const { account, now, events, cancel } = await begun(model, { tokens: 150, gapMs: 50 })
    await vi.waitFor(async () => expect((await now()).text).toContain('word3'), {
      timeout: 30_000,
      interval: 25,
    })
    const middle = await now()
    expect([statusOf(middle), faultsOf(middle)], middle.text).toEqual(['in_progress', []])
    const last = await cancel()
    expect([statusOf(last), faultsOf(last)], last.text).toEqual(['cancelled', []])
    expect(faultsOf(await events())).toEqual([])
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  })
})
