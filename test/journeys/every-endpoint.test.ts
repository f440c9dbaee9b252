// What holds at every address that spends money or answers as a model does, whatever its format: who is asked, with what key,
// and who may ask.

import { describe, expect, test } from 'vitest'
import { directiveText } from '../../dev/upstream-directive.ts'
import { valueAt } from '../world/chat.ts'
import { type Account, expectNothingCharged, settledCharges } from '../world/charges.ts'
import { ask } from '../world/gateway.ts'
import { sharedWorld } from '../world/shared-world.ts'

/** The account's id stands in the text, so that its requests are known upstream. */
const endpoints: readonly (readonly [string, (text: string) => object])[] = [
  [
    '/v1/chat/completions',
    (text) => ({ model: 'gpt-5.4-mini', messages: [{ role: 'user', content: text }] }),
  ],
  ['/v1/responses', (text) => ({ model: 'gpt-5.4-mini', input: text })],
  [
    '/v1/messages',
    (text) => ({ model: 'claude-opus-4-6', max_tokens: 20, messages: [{ role: 'user', content: text }] }),
  ],
  ['/v1/completions', (text) => ({ model: 'together/glm-5.3', prompt: text, max_tokens: 20 })],
  ['/v1/embeddings', (text) => ({ model: 'text-embedding-3-small', input: text })],
  ['/v1/moderations', (text) => ({ model: 'omni-moderation-latest', input: text })],
]

const textFor = ({ accountId }: Account) => `${directiveText({ tokens: 2 })} ${accountId}`

async function sentFor({ accountId }: Account) {
  const requests = await sharedWorld().upstreamRequests()
  return requests.filter(({ body }) => JSON.stringify(body).includes(accountId))
}

const elsewhere = 'http://127.0.0.1:9/v1'
const named = (names: readonly string[], value: string) =>
  Object.fromEntries(names.map((name) => [name, value]))

const canary = 'c4n4ry-0f-every-endpoint'
const strangeHeaders = {
  ...named(['x-forwarded-host', 'x-api-base', 'x-base-url', 'x-upstream-url', 'forwarded'], elsewhere),
  ...named(['cookie', 'openai-organization', 'helicone-auth', 'x-goog-api-key'], canary),
}

// `cf-worker` is the platform's own; the last two are what Anthropic is told by us.
const ownHeaders =
  /^(cf-worker|authorization|content-type|content-length|host|user-agent|accept|accept-encoding|connection|x-api-key|anthropic-version)$/

describe.each(endpoints)('%s', (path, bodyOf) => {
  // Cases: billing-bugs 53, 58
  test('goes to the operator’s address with the operator’s key, and takes no other header along', async () => {
    const world = sharedWorld()
    const account = await world.newAccount()
    const fields = named(['api_base', 'base_url', 'api_key', 'custom_llm_provider', 'endpoint'], elsewhere)
    const answer = await ask(world, {
      apiKey: account.apiKey,
      path: `${path}?api_base=${elsewhere}&base_url=${elsewhere}`,
      headers: { ...strangeHeaders, 'x-copy-of-the-key': account.apiKey },
      body: { ...bodyOf(textFor(account)), ...fields },
    })
    expect(answer.status, answer.text).toBe(200)
    const [seen, ...more] = await sentFor(account)
    expect(more).toEqual([])
    expect(seen?.headers.host).toBe(new URL(world.upstreamUrl).host)
    expect(Object.keys(seen?.headers ?? {}).filter((name) => !ownHeaders.test(name))).toEqual([])
    const { authorization, 'x-api-key': key } = seen?.headers ?? {}
    expect(`${String(authorization)} ${String(key)}`).toMatch(/local-(openai|anthropic|together)-key/)
    const sent = JSON.stringify(seen?.headers)
    for (const secret of [canary, account.apiKey, elsewhere]) expect(sent).not.toContain(secret)
    expect(seen?.path).not.toContain('api_base')
  })

  // Cases: billing-bugs 54, 55, 57, 64
  test('serves nobody without one good key, and reads no compressed body', async () => {
    const account = await sharedWorld().newAccount()
    const { apiKey } = account
    const other = await sharedWorld().newAccount()
    const body = bodyOf(textFor(account))
    const asked = (headers: { readonly [name: string]: string }) =>
      ask(sharedWorld(), { path, headers, body })
    const garbage = ["' or 1=1 --", `${apiKey}x`, `Basic ${apiKey}`, 'Bearer']
    for (const authorization of garbage) expect((await asked({ authorization })).status).toBe(401)
    expect((await asked({})).status).toBe(401)
    const both = await asked({ authorization: `Bearer ${apiKey}`, 'x-api-key': other.apiKey })
    expect([400, 401]).toContain(both.status)
    const packed = await asked({ authorization: `Bearer ${apiKey}`, 'content-encoding': 'gzip' })
    expect(packed.status, packed.text).toBe(415)
    expect(await sentFor(account)).toEqual([])
    await expectNothingCharged(sharedWorld(), account)
    expect((await asked({ 'x-api-key': apiKey })).status).toBe(200)
  })
})

// Cases: billing-bugs 59
test('a stored response is not there for another account, at any of its doors', async () => {
  const [ada, bob] = [await sharedWorld().newAccount(), await sharedWorld().newAccount()]
  const body = { model: 'gpt-5.4-mini', input: textFor(ada), store: true }
  const answer = await ask(sharedWorld(), { apiKey: ada.apiKey, path: '/v1/responses', body })
  expect(answer.status, answer.text).toBe(200)
  await settledCharges(sharedWorld(), ada)
  const id = String(valueAt(answer.body, 'id'))
  const doors = [
    ['GET', `/v1/responses/${id}`],
    ['GET', `/v1/responses/${id}/input_items`],
    ['POST', `/v1/responses/${id}/cancel`],
    ['DELETE', `/v1/responses/${id}`],
    ['GET', `/v1/generations/${answer.callId}/stream`],
    ['GET', `/v1/generation?id=${answer.callId}`],
  ] as const
  for (const [method, path] of doors)
    expect((await ask(sharedWorld(), { apiKey: bob.apiKey, method, path })).status, path).toBe(404)
  const goesOn = { model: 'gpt-5.4-mini', input: 'And then?', previous_response_id: id }
  expect(await ask(sharedWorld(), { apiKey: bob.apiKey, path: '/v1/responses', body: goesOn })).toMatchObject(
    {
      errorCode: 'previous_response_not_found',
    },
  )
  expect((await ask(sharedWorld(), { apiKey: ada.apiKey, path: `/v1/responses/${id}` })).status).toBe(200)
})
