// Requests of the responses dialect: read, refused, and sent on to an upstream of the same dialect.

import { describe, expect, test } from 'vitest'
import { sealState } from '#calls/reasoning-state.ts'
import { type JsonObject, readJson } from '#core/readers.ts'
import type { AskedCall, UpstreamTarget } from './dialect.ts'
import { forwardResponses, leftOutOfResponses, readResponsesCall } from './openai-responses-request.ts'
import { codexRequest } from './test-codex-request.ts'

const encoder = new TextEncoder()
const plain = { model: 'gpt-x', input: 'Hi', store: false }

const target: UpstreamTarget = {
  upstreamModel: 'gpt-x',
  origin: 'openai',
  outputParameter: 'max_completion_tokens',
  outputTokensMax: undefined,
  supportedParameters: ['reasoning_effort'],
  acceptsStreamOptions: true,
}

function read(body: object | string): ReturnType<typeof readResponsesCall> {
  return readResponsesCall(encoder.encode(typeof body === 'string' ? body : JSON.stringify(body)))
}

function asked(body: object | string): AskedCall {
  const call = read(body)
  if (!call.ok) throw new Error(call.message)
  return call.call
}

function refusalOf(body: object | string): unknown {
  const call = read(body)
  return call.ok ? 'read' : { code: call.code, param: call.param, message: call.message }
}

const forwarded = (body: object, changes: Partial<UpstreamTarget> = {}): unknown =>
  readJson(forwardResponses(asked(body), { ...target, ...changes }))

describe('a request', () => {
  test('is read as what is billed and routed on', () => {
    const image = { type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(4_000)}` }
    const call = asked({
      model: 'gpt-x',
      instructions: 'Be brief.',
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Look:' }, image] },
        { type: 'additional_tools', role: 'developer', tools: [{ type: 'function', name: 'more' }] },
      ],
      tools: [
        {
          type: 'namespace',
          name: 'ns',
          tools: [
            { type: 'function', name: 'one' },
            { type: 'custom', name: 'two' },
          ],
        },
      ],
      max_output_tokens: 77,
      stream: true,
      user: 'someone',
    })
    expect(call).toMatchObject({
      dialect: 'responses',
      model: 'gpt-x',
      isStreamed: true,
      outputTokensMax: 77,
      choices: 1,
      endUser: 'someone',
      messages: 3,
      tools: 3,
      images: 1,
    })
    expect(call.textBytes).toBeGreaterThan('Be brief.Look:onetwomore'.length)
    expect(call.textBytes).toBeLessThan(500)
  })

  test('of Codex is read whole', () => {
    const call = asked(codexRequest())
    expect(call).toMatchObject({ isStreamed: true, messages: 4, tools: 10, outputTokensMax: undefined })
  })

  // Cases: dialects 64
  test('that continues a response which is not kept is refused by its own code', () => {
    expect(read({ ...plain, previous_response_id: 'resp_1' })).toMatchObject({
      ok: false,
      code: 'previous_response_not_found',
      param: 'previous_response_id',
    })
  })

  test.each<[string, object, string]>([
    ['no model', { model: '' }, 'model'],
    ['no input', { input: [] }, 'input'],
    ['an answer in the background', { background: true }, 'background'],
    ['a kept conversation', { conversation: 'conv_1' }, 'conversation'],
    ['a kept prompt', { prompt: { id: 'pmpt_1' } }, 'prompt'],
    ['another service tier', { service_tier: 'batch' }, 'service_tier'],
    ['another mode of thinking', { reasoning: { mode: 'pro' } }, 'reasoning'],
    ['a limit of zero', { max_output_tokens: 0 }, 'max_output_tokens'],
    ['an item without a price', { input: [{ type: 'computer_call_output' }] }, 'input[0].type'],
    [
      'a file',
      { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] },
      'input[0].content',
    ],
    [
      'a kept picture',
      { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] },
      'input[0].content',
    ],
    [
      'audio in a result',
      { input: [{ type: 'function_call_output', output: [{ type: 'input_audio' }] }] },
      'input[0].output',
    ],
    ['a name that names nothing', { input: [{ type: 'item_reference' }] }, 'input[0]'],
  ])('with %s is refused by name', (_, changes, param) => {
    expect(refusalOf({ ...plain, ...changes })).toMatchObject({ code: 'invalid_request', param })
  })

  test.each([
    { type: 'item_reference', id: 'msg_1' },
    { id: 'fc_1' },
    { type: 'item_reference', id: 'item_1' },
  ])('with an item that is only named has to find it first: %j', (item) => {
    expect(refusalOf({ ...plain, input: [item] })).toMatchObject({
      code: 'item_not_found',
      param: 'input[0]',
    })
  })

  test.each([['{'], ['[]'], ['"text"'], [`{"model":"m","input":${'['.repeat(200)}${']'.repeat(200)}}`]])(
    'that is no such object is refused: %.20s',
    (body) => {
      expect(refusalOf(body)).toMatchObject({ code: 'invalid_request' })
    },
  )

  // Cases: dialects 54
  test('with a replayed history of every kind of call is accepted', () => {
    const input = [
      { type: 'custom_tool_call', call_id: 'c1', name: 'patch', input: '*** Begin' },
      { type: 'custom_tool_call_output', call_id: 'c1', output: [{ type: 'input_text', text: 'ok' }] },
      { type: 'function_call', call_id: 'c2', name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c2', output: [{ type: 'input_text', text: 'ok' }] },
      { type: 'local_shell_call', call_id: 'c3', action: { type: 'exec', command: ['ls'] } },
      { type: 'local_shell_call_output', call_id: 'c3', output: 'a' },
      {
        type: 'shell_call_output',
        call_id: 'c4',
        output: [{ stdout: 'a', stderr: '', outcome: { type: 'timeout' } }],
      },
      { type: 'web_search_call', id: 'ws_1', status: 'completed' },
      {
        type: 'agent_message',
        author: 'a',
        recipient: 'b',
        content: [
          { type: 'input_text', text: 'hi' },
          { type: 'encrypted_content', encrypted_content: 'x' },
        ],
      },
    ]
    expect(refusalOf({ ...plain, input })).toBe('read')
  })
})

describe('a request for an upstream of the same dialect', () => {
  // Cases: dialects 57
  test("is the client's own bytes where nothing has to change", () => {
    const body = `{ "model":"gpt-x","input":"caf\\u00e9",\n "store":false, "client_metadata":{"big":12345678901234567890,"x":1.0} }`
    expect(forwardResponses(asked(body), target)).toBe(body)
  })

  // Cases: dialects 36, 45, 64
  test("has the upstream's model, the limit that is covered, and is not kept there", () => {
    expect(
      forwarded(
        { model: 'x', input: 'Hi', max_output_tokens: 900 },
        { upstreamModel: 'x-2026', outputTokensMax: 500 },
      ),
    ).toEqual({ model: 'x-2026', input: 'Hi', max_output_tokens: 500, store: false })
    expect(forwarded(plain)).toEqual(plain)
  })

  // Cases: dialects 53
  test('leaves tools that the provider would run out and says so, where the client has others', () => {
    const call = asked(codexRequest())
    expect(leftOutOfResponses(call)).toEqual({ ok: true, dropped: ['tool web_search'] })
    const { tools, ...rest } = codexRequest()
    expect(forwarded(codexRequest())).toEqual({
      ...rest,
      tools: tools?.filter(({ type }) => type !== 'web_search'),
    })
  })

  test.each<[string, object]>([
    ['there are no others', { tools: [{ type: 'web_search' }] }],
    [
      'one is demanded',
      {
        tools: [{ type: 'function', name: 'f' }, { type: 'file_search' }],
        tool_choice: { type: 'file_search' },
      },
    ],
  ])('is refused for tools that the provider runs where %s', (_, changes) => {
    expect(leftOutOfResponses({ body: { ...plain, ...changes } })).toMatchObject({
      ok: false,
      param: 'tools',
    })
  })

  test('leaves hosted tools out of items that add tools as well', () => {
    const own = { type: 'function', name: 'own' }
    const item = (...tools: object[]) => ({ type: 'additional_tools', role: 'developer', tools })
    const body = { ...plain, input: [item(own, { type: 'mcp' }), { role: 'user', content: 'Hi' }] }
    expect(forwarded(body)).toMatchObject({ input: [item(own), { role: 'user' }] })
  })

  // Cases: dialects 59, 60
  test('brings encrypted thoughts with their id back to whoever made them, and to nobody else', () => {
    const own = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA==' }
    const sealed = (origin: string): JsonObject => ({
      type: 'reasoning',
      id: 'rs_2',
      summary: [],
      encrypted_content: sealState({ origin, id: 'rs_9', value: 'gBBB==' }),
    })
    const idOnly = { type: 'reasoning', id: 'rs_3', summary: [{ type: 'summary_text', text: 'Hm.' }] }
    const named = { type: 'item_reference', id: 'rs_4' }
    const raw = {
      type: 'reasoning',
      id: 'rs_5',
      summary: [],
      content: [{ type: 'reasoning_text', text: 'Hm.' }],
    }
    const said = { role: 'user', content: 'Hi' }
    const input = [own, sealed('anthropic'), sealed('openai'), idOnly, named, raw, said]
    const back = { ...sealed('openai'), id: 'rs_9', encrypted_content: 'gBBB==' }
    expect(forwarded({ ...plain, input })).toEqual({ ...plain, input: [own, back, raw, said] })
    expect(forwardResponses(asked({ ...plain, input: [own, said] }), target)).toBe(
      JSON.stringify({ ...plain, input: [own, said] }),
    )
  })
})

describe('what is kept of a request for its answer', () => {
  test('is what the answer repeats', () => {
    const { echo } = asked({ ...codexRequest(), temperature: null })
    expect(Object.keys(echo ?? {}).toSorted()).toEqual([
      'instructions',
      'parallel_tool_calls',
      'prompt_cache_key',
      'reasoning',
      'text',
      'tool_choice',
      'tools',
    ])
  })

  test('of a very long one is no more than the names of its tools', () => {
    const tools = Array.from({ length: 3_000 }, (_, at) => ({
      type: 'function',
      name: `f${at}`,
      description: 'x'.repeat(200),
    }))
    const { echo } = asked({ ...plain, instructions: 'y'.repeat(300_000), tools })
    expect(JSON.stringify(echo).length).toBeLessThan(100_000)
    expect(echo?.['tools']).toContainEqual({ type: 'function', name: 'f999' })
  })
})
