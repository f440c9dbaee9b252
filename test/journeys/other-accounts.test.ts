// What one account has cannot be named in a command to another: no call, payment or key of a stranger is moved or answered.

import { expect, test } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { chargeOfCall, movementsOf } from '../world/charges.ts'
import { ask, chatOf } from '../world/gateway.ts'
import { askOperator } from '../world/operator.ts'
import { sharedWorld } from '../world/shared-world.ts'

const terms = { reason: 'a test', idempotency_key: 'one' }

/** An account with a payment and a charged call. */
async function customer() {
  const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
  const paid = { ...terms, amount: '5.00', idempotency_key: account.accountId }
  expect((await askOperator('POST', `/accounts/${account.accountId}/adjustments`, paid)).status).toBe(201)
  const { callId } = await ask(sharedWorld(), { apiKey: account.apiKey, body: chatOf({ tokens: 3 }) })
  await chargeOfCall(sharedWorld(), account, callId)
  return { ...account, callId, payment: `adjustment:${account.accountId}` }
}

test('a reversal or refund that names what another account has is refused and moves no money of either', async () => {
  const [own, other] = [await customer(), await customer()]
  const before = [await movementsOf(sharedWorld(), own), await movementsOf(sharedWorld(), other)]
  const reversal = { ...terms, generation_id: other.callId }
  const refund = { ...terms, amount: '1.00', payment: other.payment }
  for (const [path, body, param] of [
    ['/reversals', reversal, 'generation_id'],
    ['/refunds', refund, 'payment'],
  ] as const) {
    const answer = await askOperator('POST', `/accounts/${own.accountId}${path}`, body)
    const refusal = [answer.status, answer.errorCode, valueAt(answer.body, 'error', 'param')]
    expect(refusal, path).toEqual([400, 'invalid_request', param])
  }
  const after = [await movementsOf(sharedWorld(), own), await movementsOf(sharedWorld(), other)]
  expect(after).toEqual(before)
  // The same bodies are good where they belong: what refused was the account alone.
  for (const [path, body] of [
    ['/reversals', reversal],
    ['/refunds', refund],
  ] as const) {
    const answer = await askOperator('POST', `/accounts/${other.accountId}${path}`, body)
    expect(answer.status, `${path}: ${answer.text}`).toBe(201)
  }
})

test("a key cannot edit, rotate or delete another account's, whose number it knows", async () => {
  const own = await sharedWorld().newAccount({ key: { scopes: ['inference', 'keys:manage'] } })
  const other = await customer()
  const made = await askOperator('POST', `/accounts/${other.accountId}/keys`, { name: 'second' })
  const strange = String(valueAt(made.body, 'key'))
  for (const [method, path, body] of [
    ['PATCH', '/v1/keys/2', { rpm: 1 }],
    ['POST', '/v1/keys/2/rotate', {}],
    ['DELETE', '/v1/keys/2', undefined],
  ] as const) {
    const answer = await ask(sharedWorld(), { apiKey: own.apiKey, method, path, body })
    expect([answer.status, answer.errorCode], `${method} ${path}`).toEqual([404, 'not_found'])
  }
  const call = await ask(sharedWorld(), { apiKey: strange, body: chatOf({ tokens: 1 }) })
  expect(call.status).toBe(200)
})
