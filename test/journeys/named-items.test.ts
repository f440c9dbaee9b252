// Items of stored responses that a client names instead of sending them again: found by their ids, priced as if they had been
// sent, and nobody else's to name.

import { describe, expect, test } from 'vitest'
import { directiveText } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import { type Account, settledCharges } from '../world/charges.ts'
import { ask, upstreamRequestsOf, type WireAnswer } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

const path = '/v1/responses'
const models = ['mistral-large-4', 'gpt-5.3-codex', 'claude-opus-4-6']
const tools = [
  { type: 'function', name: 'get_weather', parameters: { type: 'object', properties: {} }, strict: false },
]

const say = (text: string) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] })

function asked({ accountId, apiKey }: Account, model: string, input: readonly object[], more: object = {}) {
  const body = { model, max_output_tokens: 200, input, tools, safety_identifier: accountId, ...more }
  return ask(sharedWorld(), { apiKey, path, body })
}

function outputOf({ body, text }: WireAnswer): readonly unknown[] {
  const output = valueAt(body, 'output')
  if (!Array.isArray(output)) throw new Error(`no output: ${text}`)
  return output
}

const named = (items: readonly unknown[]) =>
  items.map((item) => ({ type: 'item_reference', id: valueAt(item, 'id') }))

/** A stored answer that calls a tool, and the ids of all its items. */
async function stored(model: string, more: object = { store: true }) {
  const account = await sharedWorld().newAccount()
  const answer = await asked(account, model, [say(directiveText({ toolCalls: true }))], more)
  expect(answer.status, answer.text).toBe(200)
  const output = outputOf(answer)
  const call = output.find((item) => valueAt(item, 'type') === 'function_call')
  const result = { type: 'function_call_output', call_id: valueAt(call, 'call_id'), output: 'Rain in Oslo.' }
  const after = [result, say(directiveText({ tokens: 2 }))]
  return { account, output, result, after, id: String(valueAt(answer.body, 'id')) }
}

describe.each(models)('items of a stored response of %s', (model) => {
  // Cases: dialects 54, 60
  test('are named instead of sent, and reach the model as they were', async () => {
    const { account, output, after } = await stored(model)
    const sent = await asked(account, model, [say('Weather?'), ...output.map(Object), ...after])
    const short = await asked(account, model, [say('Weather?'), ...named(output), ...after])
    expect([sent.status, short.status], short.text).toEqual([200, 200])
    const requests = await upstreamRequestsOf(sharedWorld(), account.accountId)
    const [, one, other] = requests.map(({ body }) => JSON.stringify(body))
    expect(other).toContain('get_weather')
    expect(other).toContain('Rain in Oslo.')
    expect(other).toBe(one)
    expect(valueAt(short.body, 'usage', 'input_tokens')).toBe(valueAt(sent.body, 'usage', 'input_tokens'))
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(3)
  })

  test('are found with those of its request, by the ids that its list gives them', async () => {
    const { account, id } = await stored(model)
    const { body } = await ask(sharedWorld(), { apiKey: account.apiKey, path: `${path}/${id}/input_items` })
    const listed = valueAt(body, 'data', 0, 'id')
    const answer = await asked(account, model, [{ id: listed }, say('Well?')], { tools: [] })
    expect(answer.status, answer.text).toBe(200)
    const requests = await upstreamRequestsOf(sharedWorld(), account.accountId)
    expect(JSON.stringify(requests.at(-1)?.body)).toContain('sluice_upstream')
  })

  // Cases: billing-bugs 59
  test('are nobody else’s to name, and gone with the response', async () => {
    const { account, output, after, id } = await stored(model)
    const input = [...named(output), ...after]
    const stranger = await sharedWorld().newAccount()
    const { apiKey } = account
    expect(await asked(stranger, model, input)).toMatchObject({ status: 404, errorCode: 'item_not_found' })
    const deleted = await ask(sharedWorld(), { apiKey, path: `${path}/${id}`, method: 'DELETE' })
    expect(deleted.status, deleted.text).toBe(200)
    expect(await asked(account, model, input)).toMatchObject({ status: 404, errorCode: 'item_not_found' })
  })

  test('that was not stored are refused by name, with what to send instead', async () => {
    const { account, output, after } = await stored(model, { store: false })
    const answer = await asked(account, model, [...named(output), ...after])
    expect(answer).toMatchObject({ status: 404, errorCode: 'item_not_found' })
    expect(valueAt(answer.body, 'error', 'param')).toMatch(/^input\[\d\]$/)
    expect(answer.message).toContain('"store": true')
    expect(answer.message).toContain('Send the item itself')
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(1)
  })
})

test('more names than anybody needs are refused', async () => {
  const account = await sharedWorld().newAccount()
  const input = Array.from({ length: 257 }, (_, at) => ({ type: 'item_reference', id: `msg_${at}` }))
  const answer = await asked(account, 'gpt-5.3-codex', input)
  expect(answer).toMatchObject({ status: 400, errorCode: 'invalid_request' })
  expect(answer.message).toContain('256')
})
