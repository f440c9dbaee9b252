// An upstream that does not keep to what was asked: the answer ends where its hold ends.

import { expect, test } from 'vitest'
import { directiveText } from '../../dev/upstream-directive.ts'
import { gatewayRouteTable } from '#gateway/route-table.ts'
import { nanoUsd } from '#core/money.ts'
import { chatModel, valueAt } from '../world/chat.ts'
import { chargeOfCall, presentOf, settledCharges } from '../world/charges.ts'
import { ask, contentOf, outputTokensMax, streamOf } from '../world/gateway.ts'
import { openStream } from '../world/live-stream.ts'
import { sharedWorld } from '../world/shared-world.ts'
import { range } from '../world/storm.ts'

const limit = 10

function chunk(delta: object, more: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: null }]
  return `data: ${JSON.stringify({ id: 'chatcmpl-endless', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...more })}\n\n`
}

// Cases: billing-bugs 27
test('a stream whose upstream ignores the output limit is cut with "length", within its hold', async () => {
  const account = await sharedWorld().newAccount()
  const raw = range(400, (at) => chunk({ content: ` word${at}` })).join('')
  const body = streamOf({ raw }, { max_completion_tokens: limit })
  const dryRun = await ask(sharedWorld(), {
    apiKey: account.apiKey,
    path: '/v1/chat/completions?dryRun=true',
    body,
    method: 'POST',
  })
  const answer = await ask(sharedWorld(), { apiKey: account.apiKey, body })
  expect(answer.status).toBe(200)
  expect(contentOf(answer.events).split(' word').length - 1).toBe(limit * 4)
  const finishes = answer.events.map((event) => valueAt(event, 'choices', 0, 'finish_reason'))
  expect(finishes.filter((reason) => typeof reason === 'string')).toEqual(['length'])
  expect(answer.events.at(-1)).toBe('[DONE]')
  const charge = await chargeOfCall(sharedWorld(), account, answer.callId)
  expect(Number(charge.costNanoUsd)).toBeGreaterThan(0)
  expect(charge.costNanoUsd / 1e9).toBeLessThanOrEqual(Number(valueAt(dryRun.body, 'cost_max')))
})

// Cases: billing-bugs 27
test('a stream whose running usage passes its hold is cut, and the overrun never passes its cap', async () => {
  const account = await sharedWorld().newAccount({ creditUsd: '1.00' })
  const usage = { prompt_tokens: 100, completion_tokens: 90_000_000, total_tokens: 90_000_100 }
  const raw = chunk({ content: 'dear' }, { usage }) + range(5, () => chunk({ content: ' more' })).join('')
  const answer = await ask(sharedWorld(), {
    apiKey: account.apiKey,
    body: streamOf({ raw }, { max_completion_tokens: limit }),
  })
  expect(contentOf(answer.events)).not.toContain('more')
  await chargeOfCall(sharedWorld(), account, answer.callId)
  const { balanceNanoUsd } = await presentOf(sharedWorld(), account)
  expect(balanceNanoUsd).toBe(nanoUsd(-1_000_000_000))
})

const asked = { model: chatModel, stream: true }
/** The upstream's orders, and whose call it is, in words that every dialect carries. */
const prompt = (accountId: string) =>
  `${directiveText({ inputTokens: 100, tokens: 20, gapMs: 5 })} for ${accountId}`

/** A charged route of another dialect has to be added here with its own request, or this fails. */
const charged: { readonly [path: string]: (accountId: string) => object } = {
  '/v1/chat/completions': (accountId) => ({
    ...asked,
    max_completion_tokens: outputTokensMax,
    messages: [{ role: 'user', content: prompt(accountId) }],
  }),
  '/v1/completions': (accountId) => ({
    ...asked,
    max_tokens: outputTokensMax,
    prompt: prompt(accountId),
  }),
  '/v1/responses': (accountId) => ({
    ...asked,
    max_output_tokens: outputTokensMax,
    input: prompt(accountId),
  }),
  '/v1/messages': (accountId) => ({
    ...asked,
    max_tokens: outputTokensMax,
    messages: [{ role: 'user', content: prompt(accountId) }],
  }),
}

// Cases: billing-bugs 2
test('a call that is cancelled costs the same as one that is not, through every charged route', async () => {
  // What is metered is over as soon as it is asked for; who leaves vectors is told of in openai-embeddings.test.ts.
  const others = ['/v1/meter', '/v1/embeddings']
  const isCall = ({ charged: costs, path }: (typeof gatewayRouteTable)[number]) =>
    costs && !others.includes(path)
  const paths = gatewayRouteTable.filter(isCall).map(({ path }) => path)
  expect(paths.toSorted()).toEqual(Object.keys(charged).toSorted())
  const costs = new Set<number>()
  for (const [path, bodyOf] of Object.entries(charged)) {
    const account = await sharedWorld().newAccount()
    const whole = await ask(sharedWorld(), {
      apiKey: account.apiKey,
      path,
      method: 'POST',
      body: bodyOf(account.accountId),
    })
    costs.add((await chargeOfCall(sharedWorld(), account, whole.callId)).costNanoUsd)
    expect(whole.status, `${path} ${whole.text}`).toBe(200)
    const stream = await openStream(sharedWorld(), account.apiKey, bodyOf(account.accountId), path)
    stream.leave()
    costs.add((await chargeOfCall(sharedWorld(), account, stream.callId)).costNanoUsd)
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(2)
    const sent = await sharedWorld().upstreamRequests()
    expect(sent.filter(({ body }) => JSON.stringify(body).includes(account.accountId))).toHaveLength(2)
  }
  expect(costs.size).toBe(1)
})
