// A call that may outlive its client runs in a Relay object: it is heard out and charged whoever leaves, and its account
// can come back for the answer.

import { describe, expect, test, vi } from 'vitest'
import { chatModel, valueAt } from '../world/chat.ts'
import { type Account, chargeOfCall, priceOf, settledCharges } from '../world/charges.ts'
import { ask, chatOf, streamOf, upstreamRequestsOf } from '../world/gateway.ts'
import { openStream } from '../world/live-stream.ts'
import { sharedWorld } from '../world/shared-world.ts'

const inputTokens = 100
const finish = { 'x-on-disconnect': 'finish' }

const collectPath = (callId: string) => `/v1/generations/${callId}/stream`

/** What a stream says, without the comments that only fill its silence. */
const withoutComments = (text: string) => text.replaceAll(/^: .*\n/gm, '')

async function untilHeardOut(account: Account) {
  return vi.waitFor(
    async () => {
      const [seen] = await upstreamRequestsOf(sharedWorld(), account.accountId)
      if (seen === undefined || seen.endedAt === null) throw new Error('the upstream is still busy')
      return seen
    },
    { timeout: 20_000, interval: 25 },
  )
}

describe('a stream that runs on without its client', () => {
  // Requirements: 18, 19
  // Cases: billing-bugs 1; dialects 19
  test('is heard out, charged in full, and collected as the bytes that a client who stayed got', async () => {
    const world = sharedWorld()
    const account = await world.newAccount()
    const body = streamOf({ inputTokens, tokens: 60, gapMs: 25 }, { user: account.accountId })
    const stayed = await openStream(world, account.apiKey, body, { headers: finish })
    const whole = await stayed.rest()
    expect(whole.status, whole.text).toBe(200)
    const again = await ask(world, {
      apiKey: account.apiKey,
      path: collectPath(stayed.callId),
      method: 'GET',
    })
    expect(again.status, again.text).toBe(200)
    expect(again.text).toBe(withoutComments(stayed.text))

    const leaver = await world.newAccount()
    const left = await openStream(
      world,
      leaver.apiKey,
      { ...body, user: leaver.accountId },
      { headers: finish },
    )
    await left.untilWords(3)
    left.leave()
    expect(await untilHeardOut(leaver)).toMatchObject({ outputTokens: 60, isFinished: true })
    const charge = await chargeOfCall(world, leaver, left.callId)
    expect(charge).toMatchObject({
      costNanoUsd: priceOf({ input: inputTokens, output: 60 }),
      source: 'final',
    })
    expect(await settledCharges(world, leaver)).toHaveLength(1)
    const collected = await ask(world, {
      apiKey: leaver.apiKey,
      path: collectPath(left.callId),
      method: 'GET',
    })
    expect(collected.events.length).toBe(again.events.length)
    expect(valueAt(collected.events.at(-2), 'usage', 'cost')).toBe(
      valueAt(again.events.at(-2), 'usage', 'cost'),
    )
  })
})

// Requirements: 18
test('an answer in one piece that nobody waited for is collected when it is there', async () => {
  const world = sharedWorld()
  const account = await world.newAccount()
  const body = chatOf({ inputTokens, tokens: 20, firstMs: 800 }, { user: account.accountId })
  const leaving = new AbortController()
  const left = ask(world, { apiKey: account.apiKey, body, headers: finish, signal: leaving.signal }).catch(
    () => undefined,
  )
  await vi.waitFor(async () => expect(await upstreamRequestsOf(world, account.accountId)).toHaveLength(1), {
    timeout: 30_000,
    interval: 10,
  })
  leaving.abort()
  await left
  await untilHeardOut(account)
  const [charge] = await settledCharges(world, account)
  expect(charge?.costNanoUsd).toBe(priceOf({ input: inputTokens, output: 20 }))
  const collected = await ask(world, {
    apiKey: account.apiKey,
    path: collectPath(String(charge?.callId)),
    method: 'GET',
  })
  expect(collected.status, collected.text).toBe(200)
  expect(valueAt(collected.body, 'usage', 'completion_tokens')).toBe(20)
  expect(chatModel).toBe(valueAt(collected.body, 'model'))
})

test('a hosted call that is sent again under its Idempotency-Key is answered again and charged once', async () => {
  const world = sharedWorld()
  const account = await world.newAccount()
  const headers = { ...finish, 'idempotency-key': `once ${account.accountId}` }
  const request = { apiKey: account.apiKey, body: streamOf({ tokens: 6 }), headers }
  const first = await ask(world, request)
  const [charge] = await settledCharges(world, account)
  const again = await ask(world, request)
  expect(again.headers.get('idempotent-replayed')).toBe('true')
  expect(again.text).toBe(first.text)
  expect(again.callId).toBe(first.callId)
  expect(await settledCharges(world, account)).toEqual([charge])
})

describe('a generation is nobody else’s', () => {
  // Requirements: 18
  test('another account, a key that is gone and an id that never was get nothing of it', async () => {
    const world = sharedWorld()
    const account = await world.newAccount()
    const stream = await openStream(world, account.apiKey, streamOf({ tokens: 5 }), { headers: finish })
    await stream.rest()
    const path = collectPath(stream.callId)
    const stranger = await world.newAccount()
    const foreign = await ask(world, { apiKey: stranger.apiKey, path, method: 'GET' })
    const unknown = `gen_${stream.callId.slice(4, 24)}aa`
    const never = await ask(world, { apiKey: stranger.apiKey, path: collectPath(unknown), method: 'GET' })
    expect(foreign).toMatchObject({ status: 404, errorCode: 'not_found', body: never.body })
    const nonsense = await ask(world, { apiKey: account.apiKey, path: collectPath('gen_x'), method: 'GET' })
    expect(nonsense).toMatchObject({ status: 404, body: never.body })
    const nobody = await ask(world, { path, method: 'GET' })
    expect(nobody.status).toBe(401)

    await world.operator('DELETE', `/accounts/${account.accountId}/keys/1`)
    const revoked = await ask(world, { apiKey: account.apiKey, path, method: 'GET' })
    expect(revoked).toMatchObject({ status: 403, errorCode: 'key_disabled' })
  })
})

describe('a generation that is cancelled', () => {
  // Cases: dialects 19
  test('hangs up on its upstream, and what was made is charged and can be collected', async () => {
    const world = sharedWorld()
    const account = await world.newAccount()
    const upstream = { inputTokens, tokens: 150, gapMs: 20, usage: 'every' as const }
    const body = streamOf(upstream, { user: account.accountId })
    const stream = await openStream(world, account.apiKey, body, { headers: finish })
    await stream.untilWords(4)
    const cancelled = await ask(world, {
      apiKey: account.apiKey,
      path: `/v1/generations/${stream.callId}/cancel`,
      method: 'POST',
    })
    expect(cancelled.body).toMatchObject({ id: stream.callId, status: 'cancelled' })
    expect(await stream.rest()).toMatchObject({ errorCode: 'call_cancelled' })
    expect(await untilHeardOut(account)).toMatchObject({ isFinished: false, isAborted: true })
    const charge = await chargeOfCall(world, account, stream.callId)
    expect(Number(charge.output)).toBeGreaterThanOrEqual(4)
    expect(charge).toMatchObject({
      status: 'cancel',
      costNanoUsd: priceOf({ input: inputTokens, output: Number(charge.output) }),
    })
    const collected = await ask(world, {
      apiKey: account.apiKey,
      path: collectPath(stream.callId),
      method: 'GET',
    })
    expect(collected.text).toBe(withoutComments(stream.text))
  })

  test('tells a client that waits for its answer in one piece, and charges nothing that was never seen', async () => {
    const world = sharedWorld()
    const account = await world.newAccount()
    const body = chatOf({ tokens: 20, firstMs: 20_000 }, { user: account.accountId })
    const waiting = ask(world, { apiKey: account.apiKey, body, headers: finish })
    const callId = await runningCallOf(account)
    const running = await ask(world, { apiKey: account.apiKey, path: collectPath(callId), method: 'GET' })
    expect(running).toMatchObject({ status: 202, body: { id: callId, status: 'running' } })
    const path = `/v1/generations/${callId}/cancel`
    const cancelled = await ask(world, { apiKey: account.apiKey, path, method: 'POST' })
    expect(cancelled.body).toMatchObject({ status: 'cancelled', charged: '0.00' })
    expect(await waiting).toMatchObject({ status: 409, errorCode: 'call_cancelled' })
    expect(await settledCharges(world, account)).toEqual([])
    const again = await ask(world, { apiKey: account.apiKey, path, method: 'POST' })
    expect(again.body).toEqual(cancelled.body)
  })
})

async function runningCallOf(account: Account): Promise<string> {
  return vi.waitFor(
    async () => {
      const { body } = await ask(sharedWorld(), { apiKey: account.apiKey, path: '/v1/account/holds' })
      const callId = valueAt(body, 'data', 0, 'id')
      if (typeof callId !== 'string') throw new Error(`no hold yet: ${JSON.stringify(body)}`)
      return callId
    },
    { timeout: 30_000, interval: 25 },
  )
}
