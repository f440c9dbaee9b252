// The routes of webhook endpoints and billing addresses, as openapi.json and the router read them.

import type { RouteMethod, Schema } from '#core/route-table.ts'
import { noticeTypeNames } from '#notices/notice-types.ts'
import { billingEmails, setEmails } from './billing-emails.ts'
import { type ConsoleRoute, moneyRoles } from './guard.ts'
import * as webhooks from './webhooks.ts'

const text: Schema = { type: 'string' }
const flag: Schema = { type: 'boolean' }
const list: Schema = { type: 'array', items: { type: 'object', properties: {} } }
const textOrNull: Schema = { anyOf: [text, { type: 'null' }] }
const account = { account_id: text }

const settable = {
  url: { type: 'string', description: 'https, a public host.' },
  description: text,
  types: {
    anyOf: [{ type: 'array', items: { type: 'string', enum: noticeTypeNames } }, { type: 'null' }],
    description: 'Null for all.',
  },
} as const satisfies { readonly [name: string]: Schema }

const endpoint: Schema = {
  type: 'object',
  properties: {
    id: text,
    ...settable,
    enabled: flag,
    disabled_reason: textOrNull,
    failing_since: textOrNull,
    previous_secret_until: textOrNull,
    secret: { type: 'string', description: 'whsec_…; shown when it is made.' },
  },
}
const queued: Schema = { type: 'object', properties: { delivery_id: text } }
const emails = { type: 'array', items: text } as const
const emailsAnswer: Schema = { type: 'object', properties: { account_id: text, billing_emails: emails } }

function described(method: RouteMethod, path: string, summary: string) {
  return { method, path: `/api${path}`, summary, auth: 'person' as const, charged: false }
}

function closed(properties: { readonly [name: string]: Schema }, required: readonly string[]): Schema {
  const all = { ...properties, ...account }
  return { type: 'object', properties: all, required, additionalProperties: false }
}

export const webhookRoutes: readonly ConsoleRoute[] = [
  {
    answerWith: webhooks.list,
    roles: moneyRoles,
    route: {
      ...described('get', '/webhooks', 'The webhook endpoints of the account.'),
      query: account,
      answer: { type: 'object', properties: { data: list } },
    },
  },
  {
    answerWith: webhooks.make,
    roles: moneyRoles,
    route: {
      ...described('post', '/webhooks', 'Makes a webhook endpoint; its secret is shown this once.'),
      successStatus: 201,
      body: closed(settable, ['url']),
      answer: endpoint,
    },
  },
  {
    answerWith: webhooks.forEndpoint(webhooks.show),
    roles: moneyRoles,
    route: { ...described('get', '/webhooks/{id}', 'One endpoint.'), query: account, answer: endpoint },
  },
  {
    answerWith: webhooks.forEndpoint(webhooks.change),
    roles: moneyRoles,
    route: {
      ...described('patch', '/webhooks/{id}', 'Changes what is named; enabling forgets what had failed.'),
      body: closed({ ...settable, enabled: flag }, []),
      answer: endpoint,
    },
  },
  {
    answerWith: webhooks.forEndpoint(webhooks.remove),
    roles: moneyRoles,
    route: {
      ...described('delete', '/webhooks/{id}', 'Deletes an endpoint with its deliveries.'),
      query: account,
      answer: { type: 'object', properties: { id: text, deleted: flag } },
    },
  },
  {
    answerWith: webhooks.forEndpoint(webhooks.rotate),
    roles: moneyRoles,
    route: {
      ...described('post', '/webhooks/{id}/rotate', 'A new secret; the one before signs as well for a day.'),
      body: closed({}, []),
      answer: endpoint,
    },
  },
  {
    answerWith: webhooks.forEndpoint(webhooks.tryOut),
    roles: moneyRoles,
    attempt: 'message',
    route: {
      ...described('post', '/webhooks/{id}/test', 'Sends a message of type webhook_test.'),
      successStatus: 202,
      body: closed({}, []),
      answer: queued,
    },
  },
  {
    answerWith: webhooks.forEndpoint(webhooks.listDeliveries),
    roles: moneyRoles,
    route: {
      ...described(
        'get',
        '/webhooks/{id}/deliveries',
        'What the endpoint was sent and answered, newest first.',
      ),
      query: {
        ...account,
        cursor: text,
        limit: { type: 'integer', minimum: 1, maximum: webhooks.deliveriesLimitMax },
      },
      answer: { type: 'object', properties: { data: list, next_cursor: textOrNull } },
    },
  },
  {
    answerWith: webhooks.forEndpoint(webhooks.redeliver),
    roles: moneyRoles,
    attempt: 'message',
    route: {
      ...described('post', '/webhooks/{id}/redeliver', 'Sends a delivery again, under the same id.'),
      successStatus: 202,
      body: closed({ delivery_id: text }, ['delivery_id']),
      answer: queued,
    },
  },
  {
    answerWith: billingEmails,
    roles: moneyRoles,
    route: {
      ...described('get', '/billing-emails', 'Where receipts and notices are mailed.'),
      query: account,
      answer: emailsAnswer,
    },
  },
  {
    answerWith: setEmails,
    roles: moneyRoles,
    route: {
      ...described('put', '/billing-emails', 'Sets the whole list of addresses; an empty one ends the mail.'),
      body: closed({ billing_emails: emails }, ['billing_emails']),
      answer: emailsAnswer,
    },
  },
]
