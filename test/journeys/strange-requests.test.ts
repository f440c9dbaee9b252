// Requests that nobody should send, in every dialect before upstreams of every dialect: refused in the client's own dialect with
// the name of the field, or answered and charged once. Never a fault, never long, and nothing is charged for a no.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DialectId } from '#calls/neutral-call.ts'
import { dialects } from '#dialects/dialects.ts'
import { directiveText } from '../../dev/upstream-directive.ts'
import { type Account, settledCharges } from '../world/charges.ts'
import { valueAt } from '../world/chat.ts'
import { ask, type WireAnswer } from '../world/gateway.ts'
import { onPurpose } from '../world/judged-requests.ts'
import { sharedWorld } from '../world/shared-world.ts'

const ids = ['chat', 'responses', 'messages'] as const satisfies readonly DialectId[]
const pairs = ids.flatMap((client) => ids.map((upstream) => [client, upstream] as const))
const modelsOf: Readonly<Record<DialectId, string>> = {
  chat: 'mistral-large-4',
  responses: 'gpt-5.3-codex',
  messages: 'claude-opus-4-6',
}
const limits = { chat: 'max_tokens', responses: 'max_output_tokens', messages: 'max_tokens' } as const
/** Two cores that others use as well; alone it is a tenth of that. */
const answeredWithinMs = 20_000

type Body = { readonly [name: string]: unknown }

const directive = `${directiveText({ tokens: 1, usage: 'onFinish' })} ${onPurpose}`
const said = (text: unknown) => ({ role: 'user', content: text })

/** A plain request whose conversation is this and then the directive. */
function bodyOf(
  client: DialectId,
  upstream: DialectId,
  { before = [], ...more }: Body & { before?: unknown[] },
) {
  const turns = [...before, said(directive)]
  return {
    model: modelsOf[upstream],
    [limits[client]]: 20,
    ...(client === 'responses' ? { input: turns } : { messages: turns }),
    ...more,
  }
}

const unknownTool = { type: 'teleport_20990101', name: 'teleport' }
const foreignThoughts: Readonly<Record<DialectId, unknown>> = {
  chat: {
    role: 'assistant',
    content: 'Hm.',
    reasoning_content: 'Somebody else thought.',
    reasoning_details: [{ type: 'reasoning.encrypted', data: 'Zm9yZWlnbg==', format: 'unknown' }],
  },
  responses: { type: 'reasoning', id: 'rs_foreign', summary: [], encrypted_content: 'Zm9yZWlnbg==' },
  messages: {
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'Somebody else thought.', signature: 'Zm9yZWlnbg==' },
      { type: 'text', text: 'Hm.' },
    ],
  },
}
const orphanResults: Readonly<Record<DialectId, unknown>> = {
  chat: { role: 'tool', tool_call_id: 'call_of_nobody', content: 'rain' },
  responses: { type: 'function_call_output', call_id: 'call_of_nobody', output: 'rain' },
  messages: said([{ type: 'tool_result', tool_use_id: 'toolu_of_nobody', content: 'rain' }]),
}
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
const withText = (body: Body, name: string, json: string) =>
  JSON.stringify({ ...body, [name]: 'HERE' }).replace('"HERE"', json)

/** What is sent, by what is strange about it: JSON, or a text that JSON.stringify would not write. */
const requests: readonly {
  what: string
  of: (client: DialectId, upstream: DialectId) => unknown
}[] = [
  { what: 'an unknown tool', of: (client, up) => bodyOf(client, up, { tools: [unknownTool] }) },
  {
    what: 'thoughts of somebody else',
    of: (client, up) => bodyOf(client, up, { before: [said('Think.'), foreignThoughts[client]] }),
  },
  {
    what: 'a result of no call',
    of: (client, up) => bodyOf(client, up, { before: [said('Look.'), orphanResults[client]] }),
  },
  { what: 'an empty text', of: (client, up) => bodyOf(client, up, { before: [said('')] }) },
  { what: 'no parts', of: (client, up) => bodyOf(client, up, { before: [said([])] }) },
  {
    what: 'an empty answer before',
    of: (client, up) => bodyOf(client, up, { before: [said('Hello'), { role: 'assistant', content: '' }] }),
  },
  {
    what: 'ten thousand messages',
    of: (client, up) => bodyOf(client, up, { before: Array.from({ length: 10_000 }, () => said('Hello')) }),
  },
  {
    what: 'a million brackets in one another',
    of: (client, up) => withText(bodyOf(client, up, {}), 'metadata', deep(1_000_000)),
  },
  {
    what: 'a thousand brackets in one another',
    of: (client, up) => withText(bodyOf(client, up, {}), 'odd_of_next_year', deep(1_000)),
  },
  {
    what: 'two megabytes of fields',
    of: (client, up) => {
      const fields = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`field_${at}`, 'value']))
      return bodyOf(client, up, { metadata: fields })
    },
  },
  {
    what: 'a tool of two megabytes',
    of: (client, up) => {
      const parameters = { type: 'object', properties: { x: { description: 'y'.repeat(2_000_000) } } }
      return bodyOf(client, up, {
        tools: [
          client === 'chat'
            ? { type: 'function', function: { name: 'f', parameters } }
            : client === 'responses'
              ? { type: 'function', name: 'f', parameters, strict: false }
              : { name: 'f', input_schema: parameters },
        ],
      })
    },
  },
  {
    what: 'the same field twice',
    of: (client, up) => {
      const body = JSON.stringify(bodyOf(client, up, {}))
      return body.replace('{', `{"${limits[client]}":7,"model":"gpt-nil","messages":[],"input":[],`)
    },
  },
  {
    what: 'half a character',
    of: (client, up) => withText(bodyOf(client, up, {}), 'user', '"\\ud800"'),
  },
  {
    what: 'half a character in what is said',
    of: (client, up) =>
      JSON.stringify(bodyOf(client, up, { before: [said('HALF')] })).replace('"HALF"', '"\\udc00\\ud800"'),
  },
  {
    what: 'a number beyond all',
    of: (client, up) => withText(bodyOf(client, up, {}), 'temperature', '1e400'),
  },
  {
    what: 'a number of forty digits',
    of: (client, up) => withText(bodyOf(client, up, {}), 'seed', '9'.repeat(40)),
  },
  {
    what: 'a limit beyond all',
    of: (client, up) => withText(bodyOf(client, up, {}), limits[client], '1e400'),
  },
]

/** The error of the client's own dialect, with one sentence for a person. */
function expectRefusal(client: DialectId, { status, body, text }: WireAnswer): void {
  expect(status, text.slice(0, 500)).toBeGreaterThanOrEqual(400)
  expect(status, text.slice(0, 500)).toBeLessThan(500)
  const error = client === 'messages' ? { type: 'error', error: { type: expect.any(String) } } : {}
  expect(body).toMatchObject({ error: { message: expect.stringMatching(/\.$/) }, ...error })
}

describe.each(pairs)('a client of %s before an upstream of %s', (client, upstream) => {
  let account: Account
  let answered = 0

  beforeAll(async () => {
    account = await sharedWorld().newAccount({
      settings: { rpm: 1_000, tpm: 1_000_000_000 },
      creditUsd: '500.00',
    })
  })

  test.each(requests)(
    'sends $what, and is answered or refused by name',
    { timeout: 60_000 },
    async ({ of }) => {
      const startedAt = performance.now()
      const path = dialects[client].route
      const answer = await ask(sharedWorld(), { apiKey: account.apiKey, path, body: of(client, upstream) })
      expect(performance.now() - startedAt).toBeLessThan(answeredWithinMs)
      if (answer.status === 200) {
        answered += 1
        expect(valueAt(answer.body, 'cost')).toBeGreaterThan(0)
      } else expectRefusal(client, answer)
    },
  )

  afterAll(async () => {
    expect(await settledCharges(sharedWorld(), account)).toHaveLength(answered)
  })
})
