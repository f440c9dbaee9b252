// The routes of top-ups, described.

import { type Schema, usdText } from '#core/route-table.ts'
import { type ConsoleRoute, moneyRoles } from './guard.ts'
import { buyCredit, listTopUps, showTopUp, topUpsLimitMax } from './top-ups.ts'

const text: Schema = { type: 'string' }
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })

const topUp: Schema = {
  type: 'object',
  properties: {
    id: text,
    type: { type: 'string', enum: ['purchase', 'auto_top_up'] },
    automatic: { type: 'boolean' },
    status: {
      type: 'string',
      enum: ['placed', 'open', 'paid', 'expired', 'failed', 'abandoned', 'mismatch'],
    },
    amount: usdText,
    bonus: usdText,
    credit: usdText,
    currency: text,
    created_at: text,
    failure: { ...nullable(text), description: 'Why a bank has turned it down, or what it asks for.' },
    receipt: nullable({
      type: 'object',
      description: 'Once it is paid.',
      properties: { paid: usdText, tax: usdText, payment: nullable(text), entry: { type: 'integer' } },
    }),
    checkout: nullable({
      type: 'object',
      description: 'While it can be paid: where.',
      properties: {
        page: { type: 'string', enum: ['embedded', 'hosted'] },
        url: nullable(text),
        client_secret: nullable(text),
        publishable_key: nullable(text),
      },
    }),
    transfer: nullable({
      type: 'object',
      description: 'While it waits for a bank transfer. It is credited when nothing is missing.',
      properties: { received: usdText, missing: usdText, instructions_url: nullable(text) },
    }),
  },
}

const common = { auth: 'person', charged: false } as const
const account = { account_id: { type: 'string', description: 'Where the credential has several.' } } as const

export const topUpRoutes: readonly ConsoleRoute[] = [
  {
    answerWith: buyCredit,
    roles: moneyRoles,
    attempt: 'payment',
    route: {
      ...common,
      method: 'post',
      path: '/api/top-ups',
      summary: 'Begins to buy credit: answers with the page on which to pay.',
      successStatus: 201,
      headers: { 'Idempotency-Key': { type: 'string', description: 'The same key is the same purchase.' } },
      body: {
        type: 'object',
        properties: {
          ...account,
          amount: { type: 'string', description: 'Decimal US dollars in whole cents: "10.00".' },
          page: { type: 'string', enum: ['embedded', 'hosted'] },
          save_card: { type: 'boolean', description: 'Keep the card for automatic top-up.' },
        },
        required: ['amount'],
        additionalProperties: false,
      },
      answer: topUp,
    },
  },
  {
    answerWith: listTopUps,
    roles: moneyRoles,
    route: {
      ...common,
      method: 'get',
      path: '/api/top-ups',
      summary: 'What was bought, newest first, and what can be.',
      query: {
        ...account,
        cursor: text,
        limit: { type: 'integer', minimum: 1, maximum: topUpsLimitMax },
      },
      answer: {
        type: 'object',
        properties: {
          offer: { type: 'object', properties: { min: usdText, max: usdText } },
          data: { type: 'array', items: topUp },
          next_cursor: nullable(text),
        },
      },
    },
  },
  {
    answerWith: showTopUp,
    roles: moneyRoles,
    route: {
      ...common,
      method: 'get',
      path: '/api/top-ups/{id}',
      summary: 'One top-up as it stands now.',
      query: account,
      answer: topUp,
    },
  },
]
