// The vendors' wire formats as their own packages type them (schemas/), and what differs from those types on purpose, each with
// its reason. Whatever is not listed here is a mistake of ours, or of the stand-in.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DialectId } from '#calls/neutral-call.ts'
import { type Definitions, differences, type Schema } from './schema-check.ts'

export type SchemaFile = { from: string; definitions: Definitions }

export const vendors = ['openai', 'anthropic'] as const
export type Vendor = (typeof vendors)[number]

/** Every name is a type of schemas/*-types.ts. */
const vendorOf = {
  ChatRequest: 'openai',
  ChatAnswer: 'openai',
  ChatChunk: 'openai',
  ResponsesRequest: 'openai',
  ResponsesAnswer: 'openai',
  ResponsesEvent: 'openai',
  CompletionsRequest: 'openai',
  CompletionsAnswer: 'openai',
  EmbeddingsRequest: 'openai',
  EmbeddingsAnswer: 'openai',
  ModerationsRequest: 'openai',
  ModerationsAnswer: 'openai',
  OpenAiModel: 'openai',
  OpenAiError: 'openai',
  MessagesRequest: 'anthropic',
  MessagesAnswer: 'anthropic',
  MessagesEvent: 'anthropic',
  CountRequest: 'anthropic',
  CountAnswer: 'anthropic',
  AnthropicModel: 'anthropic',
  AnthropicError: 'anthropic',
} as const satisfies { readonly [name: string]: Vendor }
export type WireType = keyof typeof vendorOf

export const requestTypes = {
  chat: 'ChatRequest',
  responses: 'ResponsesRequest',
  messages: 'MessagesRequest',
} as const satisfies { [id in DialectId]: WireType }
export const answerTypes = {
  chat: 'ChatAnswer',
  responses: 'ResponsesAnswer',
  messages: 'MessagesAnswer',
} as const satisfies { [id in DialectId]: WireType }
export const eventTypes = {
  chat: 'ChatChunk',
  responses: 'ResponsesEvent',
  messages: 'MessagesEvent',
} as const satisfies { [id in DialectId]: WireType }

/** One difference that is meant: a field more, or a required one that may be missing. */
type Meant = { of: string; field: string; schema?: Schema; isOptional?: true; why: string }

const openResponses = 'the Open Responses specification requires it'
const text: Schema = { type: 'string' }
const textOrNull: Schema = { type: ['string', 'null'] }
const costDetails: Schema = {
  type: 'object',
  properties: {
    usage_source: { enum: ['final', 'cumulative', 'zero', 'counted'] },
    lines: {
      type: 'array',
      items: {
        type: 'object',
        properties: { unit: text, units: { type: 'number' }, price: text },
        required: ['unit', 'units', 'price'],
        additionalProperties: false,
      },
    },
  },
  required: ['usage_source', 'lines'],
  additionalProperties: false,
}

const costIn = (...definitions: readonly string[]): readonly Meant[] =>
  definitions.flatMap((of) => [
    { of, field: 'cost', schema: { type: 'number' }, why: 'what the call cost, where OpenRouter has it' },
    { of, field: 'cost_details', schema: costDetails, why: 'how that cost came about' },
  ])

const metadata: Schema = {
  type: 'object',
  properties: {
    cost: { type: 'number' },
    provider: text,
    provider_name: text,
    executed_model: text,
    upstream_id: textOrNull,
  },
  required: ['cost', 'provider', 'provider_name', 'executed_model', 'upstream_id'],
  additionalProperties: false,
}

const executedIn = (...definitions: readonly string[]): readonly Meant[] =>
  definitions.map((of) => ({
    of,
    field: 'metadata',
    schema: metadata,
    why: 'who executed the call; responses have a field of this name already',
  }))

const error: Schema = { type: 'object', additionalProperties: {} }

/** What holds on every wire. */
const everywhere: Readonly<Record<Vendor, readonly Meant[]>> = {
  openai: [
    { of: 'Response', field: 'output_text', isOptional: true, why: 'made by the package, never sent' },
    {
      of: 'ResponseCustomToolCall',
      field: 'status',
      schema: { enum: ['in_progress', 'completed', 'incomplete'] },
      why: 'in the published examples, and in the package as ResponseCustomToolCallItem',
    },
    {
      of: 'ResponseInputImage',
      field: 'detail',
      isOptional: true,
      why: 'OpenAI takes a picture without it as "auto", and the ai package sends them so',
    },
    { of: 'Response', field: 'store', schema: { type: 'boolean' }, why: openResponses },
    { of: 'Response', field: 'frequency_penalty', schema: { type: 'number' }, why: openResponses },
    { of: 'Response', field: 'presence_penalty', schema: { type: 'number' }, why: openResponses },
    {
      of: 'Response',
      field: 'usage',
      schema: { anyOf: [{ $ref: '#/definitions/ResponseUsage' }, { type: 'null' }] },
      why: `${openResponses}; null until it is known`,
    },
    { of: 'Response', field: 'user', schema: textOrNull, why: 'null in all of the published examples' },
    ...thoughtsIn('ChatCompletionMessage', 'ChatCompletionChunk.Choice.Delta'),
    {
      of: 'CompletionChoice',
      field: 'finish_reason',
      schema: { enum: ['stop', 'length', 'content_filter', null] },
      why: 'null in every chunk of the published stream but the last one; the package types whole answers alone',
    },
    {
      of: 'Completion',
      field: 'usage',
      schema: { anyOf: [{ $ref: '#/definitions/CompletionUsage' }, { type: 'null' }] },
      isOptional: true,
      why: 'with include_usage it is null in every chunk but the last one',
    },
    {
      of: 'Embedding',
      field: 'embedding',
      schema: { anyOf: [{ type: 'array', items: { type: 'number' } }, text] },
      why: 'base64 where the request asks for it, as the package itself does before it decodes',
    },
  ],
  anthropic: ['temperature', 'top_p', 'top_k'].flatMap((field) =>
    ['MessageCreateParamsNonStreaming', 'MessageCreateParamsStreaming'].map((of) => ({
      of,
      field,
      schema: { type: 'number' },
      why: 'version 2023-06-01, which we speak to upstreams, has it; the package types 2026-10-21',
    })),
  ),
}

const errorsOfAnthropic = [
  'InvalidRequestErrorObject',
  'AuthenticationErrorObject',
  'BillingErrorObject',
  'PermissionErrorObject',
  'NotFoundErrorObject',
  'RateLimitErrorObject',
  'GatewayTimeoutErrorObject',
  'APIErrorObject',
  'OverloadedErrorObject',
]

/** What we add for our clients. */
const forClients: Readonly<Record<Vendor, readonly Meant[]>> = {
  openai: [
    ...costIn('CompletionUsage', 'ResponseUsage', 'CreateEmbeddingResponse.Usage'),
    {
      of: 'ModerationCreateResponse',
      field: 'usage',
      schema: error,
      why: 'OpenAI counts nothing there, and what a call cost stands in its usage everywhere',
    },
    { of: 'ErrorObject', field: 'metadata', schema: error, why: 'the figures of a refusal' },
    {
      of: 'ResponseErrorEvent',
      field: 'error',
      schema: { $ref: '#/definitions/ErrorObject' },
      why: 'the error flat, as OpenAI documents it, and nested, as its server sends it: SDKs read either',
    },
    ...[
      'ChatCompletion',
      'Response',
      'Completion',
      'CreateEmbeddingResponse',
      'ModerationCreateResponse',
    ].map((of): Meant => ({
      of,
      field: 'cost',
      schema: { type: 'number' },
      why: 'every charged JSON answer says what it cost',
    })),
    ...executedIn('ChatCompletion', 'Completion', 'CreateEmbeddingResponse', 'ModerationCreateResponse'),
  ],
  anthropic: [
    ...costIn('Usage', 'MessageDeltaUsage'),
    ...executedIn('Message'),
    ...errorsOfAnthropic.map((of): Meant => ({
      of,
      field: 'details',
      schema: error,
      why: 'the package reads details.error_code, which its types do not say; our figures stand beside it',
    })),
    {
      of: 'Message',
      field: 'cost',
      schema: { type: 'number' },
      why: 'every charged JSON answer says what it cost',
    },
  ],
}

function thoughtsIn(...definitions: readonly string[]): readonly Meant[] {
  const why = 'OpenAI shows no thoughts in chat completions; every other company does, under these names'
  return definitions.flatMap((of) => [
    { of, field: 'reasoning_content', schema: textOrNull, why },
    { of, field: 'reasoning', schema: textOrNull, why },
    { of, field: 'reasoning_details', schema: { type: 'array' }, why },
  ])
}

/** `upstream`: between us and a provider. `client`: between a client and us. */
export type Wire = 'upstream' | 'client'

const folder = join(import.meta.dirname, 'schemas')

export function schemaFile(vendor: Vendor): SchemaFile {
  // Made by schemas/generate.mjs.
  return JSON.parse(readFileSync(join(folder, `${vendor}.json`), 'utf8')) as SchemaFile
}

const read = Object.fromEntries(vendors.map((vendor) => [vendor, schemaFile(vendor).definitions]))
const definitionsOf = Object.fromEntries(
  (['upstream', 'client'] as const).map((wire) => [
    wire,
    Object.fromEntries(vendors.map((vendor) => [vendor, withMeant(vendor, wire)])),
  ]),
)

function withMeant(vendor: Vendor, wire: Wire): Definitions {
  const definitions: { [name: string]: Schema } = { ...read[vendor] }
  for (const meant of [...everywhere[vendor], ...(wire === 'client' ? forClients[vendor] : [])]) {
    const of = definitions[meant.of]
    if (of?.properties === undefined) throw new Error(`the schemas have no object ${meant.of}`)
    definitions[meant.of] = changed(of, meant)
  }
  return definitions
}

function changed(of: Schema, { field, schema, isOptional }: Meant): Schema {
  if (schema !== undefined) return { ...of, properties: { ...of.properties, [field]: schema } }
  return isOptional === true ? { ...of, required: of.required?.filter((name) => name !== field) ?? [] } : of
}

export function definitionsFor(type: WireType, wire: Wire): Definitions {
  return definitionsOf[wire]?.[vendorOf[type]] ?? {}
}

/** How a value differs from the vendor's type; empty where it does not. */
export function wireDifferences(value: unknown, type: WireType, wire: Wire): string[] {
  return differences(value, type, definitionsFor(type, wire))
}
