// /v1/keys: a customer's own keys, managed with a key that has the scope for it. Each path passes through `answerKeys`.

import { Hono } from 'hono'
import type { RouteDescription, RouteMethod, Schema } from '#core/route-table.ts'
import { scopes } from '#ledger/key-details.ts'
import { budgetWindows } from '#ledger/windows.ts'
import { type KeysAnswer, type KeysParts, type KeysRequest, answerKeys } from './key-guard.ts'
import { createKey, deleteKey, editKey, listKeys, pageLimitMax, rotateKey, showKey } from './manage.ts'

type KeysRoute = { route: RouteDescription; answerWith: (request: KeysRequest) => Promise<KeysAnswer> }

const text: Schema = { type: 'string' }
const flag: Schema = { type: 'boolean' }
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] })
const whole = orNull({ type: 'integer', minimum: 0 })
const budgets: Schema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      window: { type: 'string', enum: budgetWindows },
      amount: { type: 'string', description: 'Decimal US dollars, more than 0.' },
    },
    required: ['window', 'amount'],
    additionalProperties: false,
  },
}

/** What may be said about a key; for the operator's routes as well. */
export const termFields: { readonly [name: string]: Schema } = {
  name: text,
  limits: budgets,
  allowed_models: orNull({ type: 'array', items: text }),
  scopes: { type: 'array', items: { type: 'string', enum: scopes } },
  rpm: whole,
  tpm: whole,
  in_flight: whole,
  expires_at: orNull({ type: 'string', format: 'date-time' }),
  end_user_limits: budgets,
  disabled: flag,
}

const key: Schema = { type: 'object', properties: { id: text, state: text, used: text, ...termFields } }
const newKey: Schema = {
  type: 'object',
  properties: { key: { type: 'string', description: 'The secret, this once.' }, id: text, ...termFields },
}

const routes: readonly KeysRoute[] = [
  {
    answerWith: createKey,
    route: {
      ...described('post', '', 'Makes a key; its secret is shown this once.'),
      successStatus: 201,
      body: closed(termFields, ['name']),
      answer: newKey,
    },
  },
  {
    answerWith: listKeys,
    route: {
      ...described('get', '', 'The keys of the account with their limits and what they have used.'),
      query: { cursor: text, limit: { type: 'integer', minimum: 1, maximum: pageLimitMax } },
      answer: {
        type: 'object',
        properties: { data: { type: 'array', items: key }, next_cursor: orNull(text) },
      },
    },
  },
  { answerWith: showKey, route: { ...described('get', '/{id}', 'One key.'), answer: key } },
  {
    answerWith: editKey,
    route: {
      ...described('patch', '/{id}', 'Changes what is named: limits, scopes, expiry, disabled.'),
      body: closed(termFields, []),
      answer: key,
    },
  },
  {
    answerWith: rotateKey,
    route: {
      ...described(
        'post',
        '/{id}/rotate',
        'A new secret for the same limits, which go on counting; the old one ends after the grace.',
      ),
      successStatus: 201,
      body: closed({ grace_seconds: { type: 'integer', minimum: 0, maximum: 86_400 } }, []),
      answer: newKey,
    },
  },
  {
    answerWith: deleteKey,
    route: {
      ...described('delete', '/{id}', 'Deletes a key for good.'),
      answer: { type: 'object', properties: { id: text, deleted: flag } },
    },
  },
]

function described(method: RouteMethod, path: string, summary: string) {
  return { method, path: `/v1/keys${path}`, summary, auth: 'key' as const, charged: false }
}

function closed(properties: { readonly [name: string]: Schema }, required: readonly string[]): Schema {
  return { type: 'object', properties, required, additionalProperties: false }
}

export const keysRouteTable: readonly RouteDescription[] = routes.map(({ route }) => route)

export function keysRoutes(parts: KeysParts): Hono {
  const app = new Hono()
  for (const { route, answerWith } of routes) {
    app.on(route.method.toUpperCase(), route.path.replaceAll(/\{(\w+)\}/g, ':$1'), (c) =>
      answerKeys(c.req.raw, c.req.param('id'), parts, answerWith),
    )
  }
  return app
}
