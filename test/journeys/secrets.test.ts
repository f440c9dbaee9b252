// What must stay where it is: providers' addresses and keys, customers' secrets, one tenant's answers from another, and an
// upstream's words inside the event that they came in.

import { beforeAll, describe, expect, test, vi } from 'vitest'
import { valueAt } from '../world/chat.ts'
import { type Account, settledCharges } from '../world/charges.ts'
import { ask, chatOf, chatPath, contentOf, streamOf, upstreamRequestsOf } from '../world/gateway.ts'
import { sharedWorld, workerLog } from '../world/shared-world.ts'

let ada: Account
let bob: Account

beforeAll(async () => {
  ada = await sharedWorld().newAccount()
  bob = await sharedWorld().newAccount()
})

describe('the address of the provider', () => {
  // Cases: billing-bugs 53
  test('cannot be chosen by any field, query or header of a request, and its key goes nowhere else', async () => {
    const world = sharedWorld()
    const account = await world.newAccount()
    const elsewhere = 'http://127.0.0.1:9/v1'
    const fields = Object.fromEntries(
      [
        'api_base',
        'base_url',
        'baseURL',
        'api_key',
        'apiKey',
        'custom_llm_provider',
        'provider',
        'endpoint',
      ].map((name) => [name, elsewhere]),
    )
    const headers = Object.fromEntries(
      [
        'x-forwarded-host',
        'x-api-base',
        'x-base-url',
        'x-portkey-custom-host',
        'x-upstream-url',
        'forwarded',
      ].map((name) => [name, elsewhere]),
    )
    const body = chatOf({ tokens: 2 }, { ...fields, user: account.accountId })
    const path = `${chatPath}?api_base=${elsewhere}&base_url=${elsewhere}`
    const answer = await ask(world, { apiKey: account.apiKey, path, headers, body })
    expect(answer.status, answer.text).toBe(200)
    const [seen, ...more] = await upstreamRequestsOf(world, account.accountId)
    expect(more).toEqual([])
    expect(seen?.path).toBe('/v1/chat/completions')
    expect(seen?.headers.authorization).toBe('Bearer local-openai-key')
    expect(seen?.headers.host).toBe(new URL(world.upstreamUrl).host)
  })
})

describe('secrets', () => {
  const canary = 'c4n4ry-0f-a-c0al-mine'
  const names = Array.from({ length: 36 }, (_, at) => `x-custom-${at}`)
  const canaryHeaders = Object.fromEntries(
    ['cookie', 'openai-organization', 'helicone-auth', 'x-goog-api-key', ...names].map((name) => [
      name,
      canary,
    ]),
  )

  // Cases: billing-bugs 58
  test('in forty headers of a request reach the provider in none', async () => {
    const world = sharedWorld()
    const account = await world.newAccount()
    const headers = { ...canaryHeaders, 'x-copy-of-the-key': account.apiKey }
    const body = streamOf({ tokens: 2 }, { user: account.accountId })
    expect((await ask(world, { apiKey: account.apiKey, headers, body })).status).toBe(200)
    const [seen] = await upstreamRequestsOf(world, account.accountId)
    // `cf-worker` is the platform's own, and names the deployment's zone.
    const allowed =
      /^(cf-worker|authorization|content-type|content-length|host|user-agent|accept|accept-encoding|connection)$/
    expect(Object.keys(seen?.headers ?? {}).filter((name) => !allowed.test(name))).toEqual([])
    const sent = JSON.stringify(seen?.headers)
    expect(sent).not.toContain(canary)
    expect(sent).not.toContain(account.apiKey)
  })

  // Cases: billing-bugs 61
  test('are in no log line, no row and no error, on working and on failing paths alike', async () => {
    const world = sharedWorld()
    const { apiKey } = ada
    const messages = (upstream: object) => ({
      messages: [
        { role: 'system', content: canary },
        { role: 'user', content: `{"sluice_upstream":${JSON.stringify(upstream)}}` },
      ],
      metadata: { secret: canary },
    })
    const bodies = [
      chatOf({}, messages({ tokens: 2 })),
      streamOf({}, messages({ tokens: 9, errorAfter: 3 })),
      streamOf({}, messages({ tokens: 9, cutAfter: 3 })),
      ...[400, 401, 404, 429, 500].map((status) => chatOf({}, messages({ status }))),
      chatOf({}, { ...messages({}), max_tokens: canary }),
      chatOf({}, { ...messages({}), service_tier: canary }),
      `{"messages": "${canary}"`,
    ]
    for (const body of bodies) {
      const { text, status } = await ask(world, { apiKey, headers: canaryHeaders, body })
      expect(text.includes(canary), `${status}: ${text}`).toBe(false)
      expect(text).not.toContain('local-openai-key')
    }
    const query = await ask(world, { apiKey, path: `/v1/account/usage?cursor=${canary}&key=${canary}` })
    expect(query.text).not.toContain(canary)
    const forged = { ...canaryHeaders, 'cf-connecting-ip': '10.4.0.1' }
    expect((await ask(world, { apiKey: canary, headers: forged, body: bodies[0] })).text).not.toContain(
      canary,
    )

    await settledCharges(world, ada)
    const tables = ['ledger_entries', 'charges', 'findings', 'accounts', 'api_keys']
    const rows = await Promise.all(
      tables.map((table) => world.sql(`select to_json(t)::text from ${table} t`)),
    )
    await vi.waitFor(() => expect(workerLog().join('\n')).toContain(ada.accountId), { timeout: 30_000 })
    const kept = `${JSON.stringify(rows)}\n${workerLog().join('\n')}`
    for (const secret of [canary, apiKey, apiKey.slice(-30), 'local-openai-key', world.operatorToken])
      expect(kept.includes(secret), `${secret.slice(0, 6)}…`).toBe(false)
  })
})

describe('two tenants', () => {
  // Cases: billing-bugs 62
  test('with the same request get answers of their own, which no cache may keep', async () => {
    const world = sharedWorld()
    for (const body of [chatOf({ tokens: 2 }), streamOf({ tokens: 2 }), chatOf({ status: 500 }), '{']) {
      const [mine, theirs] = await Promise.all([ada, bob].map(({ apiKey }) => ask(world, { apiKey, body })))
      for (const answer of [mine, theirs])
        expect(answer?.headers.get('cache-control')).toBe('private, no-store, no-transform')
      expect(mine?.headers.get('x-request-id')).not.toBe(theirs?.headers.get('x-request-id'))
      if (mine?.status === 200)
        expect(valueAt(mine.body ?? mine.events[0], 'id')).not.toBe(
          valueAt(theirs?.body ?? theirs?.events[0], 'id'),
        )
    }
  })

  // Cases: billing-bugs 59
  test("cannot read each other's calls", async () => {
    const world = sharedWorld()
    const { callId } = await ask(world, { apiKey: ada.apiKey, body: chatOf({ tokens: 2 }) })
    await settledCharges(world, ada)
    const path = `/v1/generation?id=${callId}`
    expect(await ask(world, { apiKey: bob.apiKey, path })).toMatchObject({
      status: 404,
      errorCode: 'not_found',
    })
    expect((await ask(world, { apiKey: ada.apiKey, path })).status).toBe(200)
  })
})

describe('a line break in what an upstream says', () => {
  const forged = 'x\r\n\r\ndata: {"forged":true}\r\n\r\nevent: forged\r\n\r\n'
  const chunk = (more: object) =>
    JSON.stringify({ id: 'up-1', object: 'chat.completion.chunk', created: 1, model: forged, ...more })
  const delta = chunk({ system_fingerprint: forged, choices: [{ index: 0, delta: { content: forged } }] })
  const finish = chunk({
    system_fingerprint: forged,
    choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
  })
  const usage = chunk({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 5, note: forged } })
  const error = JSON.stringify({ error: { message: forged, type: forged, code: forged } })
  const frames = (...data: string[]) => data.map((one) => `data: ${one}\n\n`).join('')

  // Cases: billing-bugs 65
  test.each([
    ['a chunk and its usage', frames(delta, finish, usage, '[DONE]'), 4],
    ['an answer without an end', frames(delta, finish, usage), 4],
    ['an error in mid-stream', frames(delta, error), 2],
  ])('makes no event of its own: %s', async (_what, raw, count) => {
    for (const model of ['gpt-5.4-mini', 'mistral-medium-3-5']) {
      const answer = await ask(sharedWorld(), { apiKey: ada.apiKey, body: streamOf({ raw }, { model }) })
      expect(answer.status).toBe(200)
      expect(answer.events).toHaveLength(count)
      expect(contentOf(answer.events)).toBe(forged)
      const lines = answer.text.split(/\r\n|\r|\n/).filter((line) => line !== '')
      expect(
        lines.filter((line) => !line.startsWith('data: ')),
        'nothing but data',
      ).toEqual([])
      expect(lines).toHaveLength(count)
    }
  })

  // Cases: billing-bugs 65
  test('nor a header or a line of the log', async () => {
    const answer = await ask(sharedWorld(), {
      apiKey: ada.apiKey,
      body: chatOf({
        raw: `{"id":${JSON.stringify(forged)},"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}`,
      }),
    })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('forged')).toBeNull()
    await settledCharges(sharedWorld(), ada)
    // Lines of its own: the platform writes some too, where another test's answer was cut on purpose.
    const isForged = (line: string) => !line.startsWith('{') && line.includes('forged')
    expect(workerLog().filter(isForged)).toEqual([])
  })
})
