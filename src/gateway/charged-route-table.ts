// The calls of models in every format, as `/openapi.json` describes them.

import type { RouteDescription, Schema } from '#core/route-table.ts'

const list = (description: string): Schema => ({
  type: 'array',
  description,
  items: { type: 'object', properties: {}, additionalProperties: true },
})
/** A text, a token, a list of tokens, or a part. */
const piece: Schema = {
  anyOf: [
    { type: 'string' },
    { type: 'integer', minimum: 0 },
    { type: 'array', items: { type: 'integer', minimum: 0 } },
    { type: 'object', properties: {}, additionalProperties: true },
  ],
}
/** Charged is the tier that the answer names; a model's `pricing.tiers` say which it has a price for. */
const tier: Schema = {
  type: 'string',
  description: 'Served sooner for more money, or later for less, where the model has a price for it.',
  enum: ['auto', 'default', 'flex', 'priority', 'fast', 'ultrafast'],
}
const whole: Schema = { type: 'integer', minimum: 1 }
const tokens: Schema = { type: 'integer', minimum: 0 }
const cost = (description: string): Schema => ({ type: 'number', description, minimum: 0 })

/** Who executed the call; `upstream_id` is null where the provider says none. */
const metadata: Schema = {
  type: 'object',
  description:
    'What the call cost and who executed it. In responses it is the client’s own; there and in streams headers say it.',
  properties: {
    cost: cost('US dollars; equal to usage.cost.'),
    provider: { type: 'string' },
    provider_name: { type: 'string' },
    executed_model: { type: 'string' },
    upstream_id: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  },
  additionalProperties: true,
}

const usageOf = (names: readonly string[]): Schema => ({
  type: 'object',
  description: "The provider's usage with the cost of this call.",
  properties: { ...Object.fromEntries(names.map((name) => [name, tokens])), cost: cost('US dollars.') },
  additionalProperties: true,
})

type Described = {
  path: `/v1/${string}`
  summary: string
  body: { [name: string]: Schema }
  required: readonly string[]
  answer: { [name: string]: Schema }
  usage: readonly string[]
  /** Its answers come in one piece alone. */
  isWhole?: true
  isFree?: true
}

const described: readonly Described[] = [
  {
    path: '/v1/chat/completions',
    summary:
      'A chat completion of any model, whole or streamed. Unknown fields go to a provider of this dialect untouched.',
    body: {
      messages: list('The conversation, as OpenAI defines it.'),
      max_tokens: whole,
      max_completion_tokens: whole,
      n: { type: 'integer', minimum: 1, maximum: 128 },
      service_tier: tier,
    },
    required: ['model', 'messages'],
    answer: { object: { type: 'string', enum: ['chat.completion'] }, choices: list('The answers.') },
    usage: ['prompt_tokens', 'completion_tokens', 'total_tokens'],
  },
  {
    path: '/v1/responses',
    summary:
      'A response of any model, whole, streamed or in the background; stored where `store` is true. Unknown fields go to a provider of this dialect untouched.',
    body: {
      input: {
        description: 'A text, or items as OpenAI defines them.',
        anyOf: [{ type: 'string' }, list('The items.')],
      },
      instructions: { type: 'string' },
      max_output_tokens: whole,
      service_tier: tier,
      background: { type: 'boolean', description: 'Answered at once; GET /v1/responses/{id} has the rest.' },
      store: { type: 'boolean', description: 'Kept for a day after its end. False where absent.' },
      previous_response_id: {
        type: 'string',
        description: 'A kept response, whose items are put before these.',
      },
    },
    required: ['model', 'input'],
    answer: {
      object: { type: 'string', enum: ['response'] },
      status: { type: 'string' },
      output: list('The items.'),
    },
    usage: ['input_tokens', 'output_tokens', 'total_tokens'],
  },
  {
    path: '/v1/messages',
    summary:
      'A message of any model, whole or streamed, as Anthropic defines it. Unknown fields go to a provider of this dialect untouched.',
    body: { messages: list('The conversation, as Anthropic defines it.'), max_tokens: whole },
    required: ['model', 'max_tokens', 'messages'],
    answer: { type: { type: 'string', enum: ['message'] }, content: list('The blocks.') },
    usage: ['input_tokens', 'output_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'],
  },
  {
    path: '/v1/completions',
    summary:
      'A text that a model goes on with, whole or streamed, as OpenAI once defined it; 16 tokens where max_tokens is left out. Models are reached as a conversation unless their provider serves completions.',
    body: {
      prompt: {
        description: 'A text; where the provider serves completions also tokens, or a list of either.',
        anyOf: [{ type: 'string' }, { type: 'array', items: piece }],
      },
      max_tokens: whole,
      n: { type: 'integer', minimum: 1, maximum: 128 },
    },
    required: ['model', 'prompt'],
    answer: { object: { type: 'string', enum: ['text_completion'] }, choices: list('The answers.') },
    usage: ['prompt_tokens', 'completion_tokens', 'total_tokens'],
  },
  {
    path: '/v1/embeddings',
    summary:
      'Vectors of texts, by a model of kind "embedding". The answer is passed on byte for byte but for its usage and cost.',
    body: {
      input: {
        description: 'A text, a list of at most 2,048 texts, tokens, or a list of lists of tokens.',
        anyOf: [{ type: 'string' }, { type: 'array', items: piece }],
      },
      dimensions: whole,
      encoding_format: { type: 'string', enum: ['float', 'base64'] },
    },
    required: ['model', 'input'],
    answer: { object: { type: 'string', enum: ['list'] }, data: list('The vectors.') },
    usage: ['prompt_tokens', 'total_tokens'],
    isWhole: true,
  },
  {
    path: '/v1/moderations',
    summary:
      'A judgement of texts and pictures, by a model of kind "moderation". Free of charge; it counts as a request.',
    body: {
      input: {
        description: 'A text, a list of texts, or a list of parts of type "text" and "image_url".',
        anyOf: [{ type: 'string' }, { type: 'array', items: piece }],
      },
    },
    required: ['input'],
    answer: { results: list('The judgements.') },
    usage: ['prompt_tokens', 'total_tokens'],
    isWhole: true,
    isFree: true,
  },
]

export const chargedRouteTable: readonly RouteDescription[] = described.map(
  ({ path, summary, body, required, answer, usage, isWhole = false, isFree = false }) => ({
    method: 'post',
    path,
    summary,
    auth: 'key',
    charged: !isFree,
    query: {
      dryRun: {
        type: 'string',
        enum: ['true', 'false'],
        description: 'Only say what the call would cost; nothing is executed, held or charged.',
      },
    },
    headers: {
      'X-Cost': {
        type: 'string',
        enum: ['omit'],
        description:
          'Nothing is added to the answer: the cost of a stream stands in one comment behind its end (`: cost=0.000123 generation=gen_…`), that of a whole answer in the X-Cost header.',
      },
    },
    body: {
      type: 'object',
      properties: { model: { type: 'string' }, ...(isWhole ? {} : { stream: { type: 'boolean' } }), ...body },
      required,
      additionalProperties: true,
    },
    answer: {
      type: 'object',
      properties: {
        id: { type: 'string' },
        ...answer,
        usage: usageOf(usage),
        cost: cost('US dollars; equal to usage.cost.'),
        ...(path === '/v1/responses' ? {} : { metadata }),
      },
      additionalProperties: true,
    },
  }),
)
