// The inference routes as someone sees them who has not read their code; `/openapi.json` is generated from it.

import { consumables } from '#core/consumables.ts'
import { type RouteDescription, type Schema, usdText } from '#core/route-table.ts'
import { quantityMax } from '#ledger/meter.ts'
import { chargedRouteTable } from './charged-route-table.ts'

const model: Schema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    object: { type: 'string', enum: ['model'] },
    kind: { type: 'string' },
    context_length: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    max_output: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    pricing: { type: 'object', properties: {}, additionalProperties: true },
    cancellation_policy: { type: 'string', enum: ['finish', 'stop', 'accept', 'job'] },
    status: { type: 'string', enum: ['available', 'unavailable'] },
  },
  required: ['id', 'object'],
  additionalProperties: true,
}

const consumable: Schema = { type: 'string', enum: consumables }

const overagePrice: Schema = {
  type: 'object',
  description: 'What one unit costs, in US dollars.',
  properties: { consumable, unit: { type: 'string' }, price: { type: 'string' } },
}

const plan: Schema = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    name: { type: 'string' },
    monthly_price: { type: 'string' },
    monthly_credit: usdText,
    allowances: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          consumable,
          unit: { type: 'string' },
          included: { type: 'integer', minimum: 1 },
          overage_price: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        },
      },
    },
    overage_prices: { type: 'array', items: overagePrice },
  },
  required: ['id', 'name', 'allowances', 'overage_prices'],
}

const anyObject: Schema = { type: 'object', properties: {}, additionalProperties: true }

export const gatewayRouteTable: readonly RouteDescription[] = [
  ...chargedRouteTable,
  {
    method: 'post',
    path: '/v1/messages/count_tokens',
    summary: 'How many input tokens a message is expected to have. Free; nothing is sent to a provider.',
    auth: 'key',
    charged: false,
    body: {
      type: 'object',
      properties: { model: { type: 'string' }, messages: { type: 'array', items: anyObject } },
      required: ['model', 'messages'],
      additionalProperties: true,
    },
    answer: {
      type: 'object',
      properties: { input_tokens: { type: 'integer', minimum: 0 } },
      required: ['input_tokens'],
    },
  },
  {
    method: 'get',
    path: '/v1/models',
    summary: 'The models with their prices, limits and what happens when a client leaves.',
    auth: 'none',
    charged: false,
    query: { status: { type: 'string', enum: ['all'], description: 'Also what cannot be called yet.' } },
    answer: {
      type: 'object',
      properties: { object: { type: 'string', enum: ['list'] }, data: { type: 'array', items: model } },
      required: ['object', 'data'],
    },
  },
  {
    method: 'get',
    path: '/v1/models/{id}',
    summary: 'One model.',
    auth: 'none',
    charged: false,
    answer: model,
  },
  {
    method: 'post',
    path: '/v1/meter',
    summary:
      'Charges a quantity of anything that no model prices, the allowance first, once per idempotency key.',
    auth: 'key',
    charged: true,
    body: {
      type: 'object',
      properties: {
        consumable,
        quantity: { type: 'integer', minimum: 1, maximum: quantityMax },
        idempotency_key: { type: 'string' },
      },
      required: ['consumable', 'quantity', 'idempotency_key'],
      additionalProperties: false,
    },
    answer: {
      type: 'object',
      properties: {
        id: { type: 'string' },
        consumable,
        unit: { type: 'string' },
        quantity: { type: 'integer' },
        allowance_used: { type: 'integer' },
        charged_quantity: { type: 'integer' },
        cost: usdText,
        balance: usdText,
        is_repeat: { type: 'boolean' },
      },
    },
  },
  {
    method: 'get',
    path: '/v1/plans',
    summary: 'The plans: what a month includes, and what goes beyond it costs per unit.',
    auth: 'none',
    charged: false,
    answer: {
      type: 'object',
      properties: {
        object: { type: 'string', enum: ['list'] },
        data: { type: 'array', items: plan },
        standard_prices: { type: 'array', items: overagePrice },
      },
      required: ['object', 'data', 'standard_prices'],
    },
  },
]
