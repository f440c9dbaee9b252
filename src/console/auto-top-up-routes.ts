// The routes of automatic top-up and saved cards, described.

import { type Schema, usdText } from '#core/route-table.ts'
import { changeAutoTopUp, confirmAutoTopUp, showAutoTopUp } from './auto-top-up.ts'
import { type ConsoleRoute, moneyRoles } from './guard.ts'
import { listCards, openPortal, removeCard, saveCard } from './payment-methods.ts'

const text: Schema = { type: 'string' }
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })
const cents: Schema = { type: 'string', description: 'Decimal US dollars in whole cents: "10.00".' }

const common = { auth: 'person', charged: false } as const
const account = { account_id: { type: 'string', description: 'Where the credential has several.' } } as const

const autoTopUp = {
  enabled: { type: 'boolean' },
  threshold: usdText,
  amount: usdText,
  monthly_cap: nullable(usdText),
  payment_method: nullable(text),
  state: { type: 'string', enum: ['off', 'idle', 'waiting', 'charging', 'paused'] },
  why: nullable(text),
  attempt: nullable({ type: 'object', properties: { id: text, amount: usdText } }),
  charged_this_month: usdText,
  failures: { type: 'integer' },
  next_try_in_seconds: nullable({ type: 'integer' }),
  rule: {
    type: 'object',
    properties: {
      threshold_min: usdText,
      amount_min_multiple: { type: 'integer' },
      amount_max: usdText,
    },
  },
} as const satisfies { readonly [name: string]: Schema }

const card: Schema = {
  type: 'object',
  properties: {
    id: text,
    type: text,
    brand: text,
    last4: text,
    exp_month: { type: 'integer' },
    exp_year: { type: 'integer' },
    is_used_for_auto_top_up: { type: 'boolean' },
  },
}

export const autoTopUpRoutes: readonly ConsoleRoute[] = [
  {
    answerWith: showAutoTopUp,
    roles: moneyRoles,
    route: {
      ...common,
      method: 'get',
      path: '/api/auto-top-up',
      summary: 'Automatic top-up: what was agreed, and how it stands.',
      query: account,
      answer: { type: 'object', properties: autoTopUp },
    },
  },
  {
    answerWith: changeAutoTopUp,
    roles: moneyRoles,
    route: {
      ...common,
      method: 'put',
      path: '/api/auto-top-up',
      summary: 'Agrees to automatic top-up, or ends it; what is left out stays as it is.',
      headers: { 'Idempotency-Key': { type: 'string', description: 'The same key is the same change.' } },
      body: {
        type: 'object',
        properties: {
          ...account,
          enabled: { type: 'boolean' },
          threshold: cents,
          amount: cents,
          monthly_cap: nullable(cents),
          payment_method: { type: 'string', description: 'A saved card; where left out the present one.' },
          preview: { type: 'boolean', description: 'Only says whether the card would be charged now.' },
        },
        additionalProperties: false,
      },
      answer: {
        type: 'object',
        properties: { ...autoTopUp, will_charge_now: nullable(usdText), notice: nullable(text) },
      },
    },
  },
  {
    answerWith: confirmAutoTopUp,
    roles: moneyRoles,
    route: {
      ...common,
      method: 'get',
      path: '/api/auto-top-up/confirmation',
      summary: 'What a browser needs to confirm the payment for which the bank asks for the card’s owner.',
      query: account,
      answer: {
        type: 'object',
        properties: {
          payment: text,
          amount: usdText,
          payment_method: nullable(text),
          client_secret: nullable(text),
          publishable_key: nullable(text),
        },
      },
    },
  },
]

export const paymentMethodRoutes: readonly ConsoleRoute[] = [
  {
    answerWith: listCards,
    roles: moneyRoles,
    route: {
      ...common,
      method: 'get',
      path: '/api/payment-methods',
      summary: 'The saved cards, and what has come by bank transfer and is not used yet.',
      query: account,
      answer: {
        type: 'object',
        properties: {
          data: { type: 'array', items: card },
          unused_transfer: {
            ...usdText,
            description: 'Sent beyond what was bought: used for the next transfer.',
          },
        },
      },
    },
  },
  {
    answerWith: saveCard,
    roles: moneyRoles,
    attempt: 'payment',
    route: {
      ...common,
      method: 'post',
      path: '/api/payment-methods',
      summary: 'Begins to save a card for automatic top-up: answers with the page on which to leave it.',
      successStatus: 201,
      headers: { 'Idempotency-Key': { type: 'string', description: 'The same key is the same page.' } },
      body: {
        type: 'object',
        properties: { ...account, page: { type: 'string', enum: ['embedded', 'hosted'] } },
        additionalProperties: false,
      },
      answer: {
        type: 'object',
        properties: {
          id: text,
          page: text,
          url: nullable(text),
          client_secret: nullable(text),
          publishable_key: nullable(text),
        },
      },
    },
  },
  {
    answerWith: removeCard,
    roles: moneyRoles,
    route: {
      ...common,
      method: 'delete',
      path: '/api/payment-methods/{id}',
      summary: 'Removes a saved card; automatic top-up is charged to it no more.',
      query: account,
      answer: { type: 'object', properties: { id: text, removed: { type: 'boolean' } } },
    },
  },
  {
    answerWith: openPortal,
    roles: moneyRoles,
    attempt: 'payment',
    route: {
      ...common,
      method: 'post',
      path: '/api/billing-portal',
      summary: 'A page of the payment provider’s own: cards and invoices.',
      successStatus: 201,
      body: { type: 'object', properties: account, additionalProperties: false },
      answer: { type: 'object', properties: { url: text } },
    },
  },
]
