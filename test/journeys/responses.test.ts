// What is special to responses: nothing is stored unasked (test/sdk has what is), and tools that a provider would run are left out and named.

import { describe, expect, test } from 'vitest'
import { directiveText } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import { expectNothingCharged, nanoOfNumber, settledCharges } from '../world/charges.ts'
import { ask } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const path = '/v1/responses'
const input = directiveText({ tokens: 3 })
const look = { type: 'function', name: 'look', parameters: { type: 'object', properties: {} }, strict: false }

describe('a response that goes on from another', () => {
  // Cases: dialects 64
  test('is told that nothing is kept here, and what to send instead', async () => {
    const account = await sharedWorld().newAccount()
    const body = { model: 'gpt-5.4-mini', input, previous_response_id: 'resp_1' }
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, path, body })
    expect([answer.status, answer.errorCode]).toEqual([400, 'previous_response_not_found'])
    expect(answer.message).toContain('Send the earlier items in "input"')
    expect(valueAt(answer.body, 'error', 'param')).toBe('previous_response_id')
    await expectNothingCharged(sharedWorld(), account)
  })

  // Cases: dialects 64
  test('could not, unless it asked for that: a response says itself that it is not stored', async () => {
    const { apiKey } = await sharedWorld().newAccount()
    const body = { model: 'mistral-large-4', max_output_tokens: 50, input }
    const answer = await ask(sharedWorld(), { apiKey, path, body })
    expect([answer.status, valueAt(answer.body, 'store')]).toEqual([200, false])
  })
})

// Cases: dialects 53
test.each(['gpt-5.4-mini', 'mistral-large-4'])(
  'a tool that the provider of %s would run is left out and named',
  async (model) => {
    const account = await sharedWorld().newAccount()
    const body = { model, max_output_tokens: 50, input, tools: [look, { type: 'web_search' }] }
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, path, body })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('x-parameters-dropped')).toContain('web_search')
    const sent = await sharedWorld().upstreamRequests()
    expect(JSON.stringify(sent.at(-1)?.body)).not.toContain('web_search')
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  },
)

// Cases: dialects 17
test.each(['gpt-5.4-mini', 'mistral-large-4', 'claude-opus-4-6'])(
  'a response of %s that breaks off says what the part that came has cost',
  async (model) => {
    const account = await sharedWorld().newAccount()
    const broken = directiveText({ tokens: 12, errorAfter: 9 })
    const body = { model, max_output_tokens: 50, input: broken, stream: true }
    const answer = await ask(sharedWorld(), { apiKey: account.apiKey, path, body })
    const failed = answer.events.find((event) => valueAt(event, 'type') === 'response.failed')
    const cost = valueAt(failed, 'response', 'cost')
    expect(valueAt(failed, 'response', 'usage', 'cost')).toBe(cost)
    const charges = await settledCharges(sharedWorld(), account)
    expect(charges).toEqual([{ callId: answer.callId, costNanoUsd: nanoOfNumber(cost) }])
  },
)
