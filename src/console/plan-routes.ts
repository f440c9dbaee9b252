// The routes of a plan that is paid for, described.

import { type Schema, usdText } from '#core/route-table.ts'
import { type ConsoleRoute, moneyRoles } from './guard.ts'
import { cancelPlan, planStatuses, putPlan, showPlan, subscribe, takeBackCancel } from './plan.ts'

const text: Schema = { type: 'string' }
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })
const list = (properties: { readonly [name: string]: Schema }): Schema => ({
  type: 'array',
  items: { type: 'object', properties },
})

const common = { auth: 'person', charged: false } as const
const account = { account_id: { type: 'string', description: 'Where the credential has several.' } } as const
const headers = {
  'Idempotency-Key': { type: 'string', description: 'The same key is the same change.' },
} as const

const plan: Schema = {
  type: 'object',
  properties: {
    plan: nullable({ type: 'object', properties: { id: text, name: text } }),
    status: { type: 'string', enum: planStatuses },
    price: nullable(usdText),
    currency: text,
    period_start: nullable(text),
    period_end: nullable(text),
    next_plan: nullable(text),
    ends_at: nullable(text),
    checkout: nullable({
      type: 'object',
      description: 'While somebody may subscribe on it: where.',
      properties: {
        id: text,
        plan: nullable(text),
        page: { type: 'string', enum: ['embedded', 'hosted'] },
        url: nullable(text),
        client_secret: nullable(text),
        publishable_key: nullable(text),
      },
    }),
    offer: list({ id: text, name: text, monthly_price: usdText }),
  },
}

export const planRoutes: readonly ConsoleRoute[] = [
  {
    answerWith: showPlan,
    roles: moneyRoles,
    route: {
      ...common,
      method: 'get',
      path: '/api/plan',
      summary: 'The plan, what is paid for it, what comes next, and what is offered.',
      query: account,
      answer: plan,
    },
  },
  {
    answerWith: subscribe,
    roles: moneyRoles,
    attempt: 'payment',
    route: {
      ...common,
      method: 'post',
      path: '/api/plan',
      summary: 'Begins to subscribe to a plan: answers with the page on which to pay.',
      successStatus: 201,
      headers,
      body: {
        type: 'object',
        properties: { ...account, plan: text, page: { type: 'string', enum: ['embedded', 'hosted'] } },
        required: ['plan'],
        additionalProperties: false,
      },
      answer: plan,
    },
  },
  {
    answerWith: putPlan,
    roles: moneyRoles,
    attempt: 'payment',
    route: {
      ...common,
      method: 'put',
      path: '/api/plan',
      summary:
        'Changes the plan: a dearer one at once, charged for the rest of the period; a cheaper one from the next period on; one without a price ends the paid one.',
      headers,
      body: {
        type: 'object',
        properties: { ...account, plan: text },
        required: ['plan'],
        additionalProperties: false,
      },
      answer: plan,
    },
  },
  {
    answerWith: cancelPlan,
    roles: moneyRoles,
    route: {
      ...common,
      method: 'delete',
      path: '/api/plan',
      summary: 'Ends the plan with the period that is paid for.',
      query: account,
      headers,
      answer: plan,
    },
  },
  {
    answerWith: takeBackCancel,
    roles: moneyRoles,
    route: {
      ...common,
      method: 'post',
      path: '/api/plan/resume',
      summary: 'Takes the end of the plan back, while its period runs.',
      headers,
      body: { type: 'object', properties: account, additionalProperties: false },
      answer: plan,
    },
  },
]
