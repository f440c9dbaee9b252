// The doors to kept responses as `/openapi.json` describes them.

import type { RouteDescription, Schema } from '#core/route-table.ts'

const text: Schema = { type: 'string' }
const response: Schema = {
  type: 'object',
  description: 'A response as OpenAI defines it, as it stands now.',
  properties: {
    id: { type: 'string', pattern: '^resp_gen_' },
    object: { type: 'string', enum: ['response'] },
    status: {
      type: 'string',
      enum: ['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled'],
    },
    output: { type: 'array', items: { type: 'object', properties: {}, additionalProperties: true } },
    usage: {
      anyOf: [
        { type: 'object', properties: { cost: { type: 'number' } }, additionalProperties: true },
        { type: 'null' },
      ],
    },
    cost: { type: 'number', description: 'US dollars, once it is over; equal to usage.cost.', minimum: 0 },
  },
  required: ['id', 'object', 'status'],
  additionalProperties: true,
}
const shared = { auth: 'key', charged: false } as const

export const responseRouteTable: readonly RouteDescription[] = [
  {
    ...shared,
    method: 'get',
    path: '/v1/responses/{id}',
    summary:
      'A background or stored response as it stands now. With stream=true its events, live to the end: all of them, or those after one.',
    query: {
      stream: { type: 'string', enum: ['true', 'false'] },
      starting_after: {
        type: 'integer',
        minimum: 0,
        description: 'The sequence_number of the last event that the client has.',
      },
    },
    answer: response,
  },
  {
    ...shared,
    method: 'delete',
    path: '/v1/responses/{id}',
    summary: 'Deletes a kept response that is over, before its time.',
    answer: {
      type: 'object',
      properties: { id: text, object: { type: 'string', enum: ['response'] }, deleted: { type: 'boolean' } },
      required: ['id', 'object', 'deleted'],
    },
  },
  {
    ...shared,
    method: 'post',
    path: '/v1/responses/{id}/cancel',
    summary: 'Ends a background response. What had come of it is charged; one that is over stays as it is.',
    answer: response,
  },
  {
    ...shared,
    method: 'get',
    path: '/v1/responses/{id}/input_items',
    summary:
      'The input of a stored response, newest first, with the items of the responses that it goes on from.',
    query: {
      order: { type: 'string', enum: ['asc', 'desc'] },
      limit: { type: 'integer', minimum: 1, maximum: 100 },
      after: { type: 'string', description: 'The id of an item.' },
    },
    answer: {
      type: 'object',
      properties: {
        object: { type: 'string', enum: ['list'] },
        data: { type: 'array', items: { type: 'object', properties: {}, additionalProperties: true } },
        has_more: { type: 'boolean' },
      },
      required: ['object', 'data', 'has_more'],
    },
  },
]
