// What the product relies on at every provider, one named check each: a call in neutral form, what the local stand-in is told to
// answer it with, and what has to come back. Dialects write the call and read the answer, as they do in the product.

import type { AnswerEvent, EndReason } from '#calls/answer-events.ts'
import type { NeutralCall, Tool } from '#calls/neutral-call.ts'
import { isObject, readJson } from '#core/readers.ts'
import type { DirectiveChange } from '../../dev/upstream-directive.ts'

/** Of every call: enough to show what is looked for, and little to pay. */
export const outputTokensMax = 64

/** An answer as our decoder reads it. */
export type Heard = {
  text: string
  thoughts: string
  calls: readonly { name: string; input: unknown }[]
  end: EndReason | undefined
  input: number
  output: number
}

export type Contract = {
  name: string
  /** What the service shows if it holds. */
  promise: string
  prompt: string
  call?: Partial<NeutralCall>
  /** The model must have announced this parameter, or take pictures. */
  needs?: string
  told: DirectiveChange
  /** What is missing, in words; empty where the contract is kept. */
  missing: (heard: Heard) => readonly string[]
}

const toolOf = (name: string, parameter: string): Tool => ({
  kind: 'function',
  name,
  description: `Tells the ${parameter === 'city' ? 'weather in a city' : 'time in a zone'}.`,
  schema: {
    type: 'object',
    properties: { [parameter]: { type: 'string' } },
    required: [parameter],
    additionalProperties: false,
  },
})
const tools = [toolOf('get_weather', 'city'), toolOf('get_time', 'zone')]

const schema = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}

/** A red square of 8 × 8. */
const picture =
  'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC'

const unless = (isThere: boolean, sentence: string) => (isThere ? [] : [sentence])

/** What every answer states, whatever was asked. */
function usageMissing({ input, output, end }: Heard): readonly string[] {
  return [
    ...unless(input > 0, 'its usage states no input'),
    ...unless(output > 0, 'its usage states no output'),
    ...unless(end !== undefined, 'it does not say why it ended'),
  ]
}

/** A model that thinks may have thought its few tokens away. */
const textMissing = (heard: Heard) => unless(heard.text !== '' || heard.end === 'length', 'it has no text')

function callsMissing({ calls }: Heard, names: readonly string[]): readonly string[] {
  return names.flatMap((name) => {
    const call = calls.find((one) => one.name === name)
    return call === undefined
      ? [`it does not call ${name}`]
      : unless(isObject(call.input), `the arguments of ${name} are no JSON object`)
  })
}

export const contracts: readonly Contract[] = [
  {
    name: 'text',
    promise: 'a question is answered with text, a reason for its end and a usage',
    prompt: 'Say the word Paris and nothing else.',
    told: { tokens: 3 },
    missing: (heard) => [...textMissing(heard), ...usageMissing(heard)],
  },
  {
    name: 'stream',
    promise: 'the same as a stream, whose usage comes at its end',
    prompt: 'Say the word Paris and nothing else.',
    call: { isStreamed: true },
    told: { tokens: 3 },
    missing: (heard) => [...textMissing(heard), ...usageMissing(heard)],
  },
  {
    name: 'tools',
    promise: 'a tool that must be called is called, with arguments of its schema',
    prompt: 'What is the weather in Paris?',
    call: { tools: tools.slice(0, 1), toolChoice: { kind: 'required' }, isStreamed: true },
    needs: 'tools',
    told: { toolCalls: true },
    missing: (heard) => [...callsMissing(heard, ['get_weather']), ...usageMissing(heard)],
  },
  {
    name: 'parallel tools',
    promise: 'two tools are called in one turn',
    prompt: 'Call both tools now, in one turn: the weather in Paris and the time in the zone Europe/Paris.',
    call: { tools, isStreamed: true },
    needs: 'tools',
    told: { parallelToolCalls: true },
    missing: (heard) => [...callsMissing(heard, ['get_weather', 'get_time']), ...usageMissing(heard)],
  },
  {
    name: 'image',
    promise: 'a picture is taken and answered',
    prompt: 'Which colour is this? One word.',
    needs: 'image',
    told: { tokens: 1 },
    missing: (heard) => [...textMissing(heard), ...usageMissing(heard)],
  },
  {
    name: 'reasoning',
    promise: 'a model that is asked to think a little answers, and counts its thoughts as output',
    prompt: 'Is 91 prime? Answer yes or no.',
    call: { reasoning: { effort: 'low' }, isStreamed: true },
    needs: 'reasoning',
    told: { thinking: 'Hm hm', tokens: 1 },
    missing: (heard) => [...textMissing(heard), ...usageMissing(heard)],
  },
  {
    name: 'structured output',
    promise: 'an answer under a schema is JSON of that schema',
    prompt: 'Name the capital of France.',
    call: { format: { kind: 'schema', name: 'answer', schema, isStrict: true } },
    needs: 'response_format',
    told: { text: '{"city":"Paris"}' },
    missing: (heard) => {
      const answer = readJson(heard.text)
      const isCity = isObject(answer) && typeof answer['city'] === 'string'
      return [
        ...unless(isCity || heard.end === 'length', 'its text is not of the schema'),
        ...usageMissing(heard),
      ]
    },
  },
]

/** The call of a contract; `told` steers the stand-in and is left out before a real service. */
export function callOf({ name, prompt, call }: Contract, prefix: string): NeutralCall {
  const image = { kind: 'image', media: { kind: 'base64', mediaType: 'image/png', data: picture } } as const
  return {
    items: [
      {
        role: 'user',
        blocks: [{ kind: 'text', text: `${prefix}${prompt}` }, ...(name === 'image' ? [image] : [])],
      },
    ],
    tools: [],
    stop: [],
    isStreamed: false,
    foreign: { dialect: 'chat', fields: {} },
    ...call,
  }
}

export function heardOf(events: readonly AnswerEvent[]): Heard {
  const kinds = new Map<number, string>()
  const heard = { text: '', thoughts: '', end: undefined as EndReason | undefined, input: 0, output: 0 }
  const calls = new Map<number, { name: string; text: string }>()
  for (const event of events) {
    if (event.kind === 'block_start') {
      kinds.set(event.index, event.block.kind)
      if (event.block.kind === 'tool_call') calls.set(event.index, { name: event.block.name, text: '' })
    }
    if (event.kind === 'delta') {
      const call = calls.get(event.index)
      if (call !== undefined) call.text += event.text
      else if (kinds.get(event.index) === 'reasoning') heard.thoughts += event.text
      else heard.text += event.text
    }
    if (event.kind === 'end') heard.end = event.reason
    if (event.kind === 'usage') {
      const { usage } = event
      heard.input = usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h + usage.audioInput
      heard.output = usage.output + usage.reasoning + usage.audioOutput
    }
  }
  const read = [...calls.values()].map(({ name, text }) => ({
    name,
    input: readJson(text === '' ? '{}' : text),
  }))
  return { ...heard, calls: read }
}
