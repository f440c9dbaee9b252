// The reading routes: what an account may learn about itself with an API key. Each path passes through `answerRead`.

import { Hono } from 'hono'
import { usdText, type RouteDescription, type Schema } from '#core/route-table.ts'
import { readCostCredits, readCostUsage } from './cost-management.ts'
import { readBillingUsage, readCreditGrants, readSubscription } from './dashboard-billing.ts'
import { readAccount, readCredits, readHolds, readKey } from './account.ts'
import { answerEvents } from './events.ts'
import { readGeneration } from './generation.ts'
import { pageLimitMax } from './query.ts'
import { answerRead, type Answering, type ReadingParts } from './reader.ts'
import { readTransactions } from './transactions.ts'
import { readUsage } from './usage.ts'

type ReadingRoute = Answering & { route: RouteDescription }

const text: Schema = { type: 'string' }
const number: Schema = { type: 'number' }
const whole: Schema = { type: 'integer' }
const list: Schema = { type: 'array', items: { type: 'object', properties: {} } }
const cursor: Schema = { type: 'string', description: 'The next_cursor of the page before.' }
const nextCursor: Schema = { anyOf: [text, { type: 'null' }] }
const limit: Schema = { type: 'integer', minimum: 1, maximum: pageLimitMax }
const time: Schema = { type: 'string', description: 'A date or a time with its zone, UTC if a date.' }
const date: Schema = { type: 'string', description: 'A date, UTC.', format: 'date' }
const object = (properties: { readonly [name: string]: Schema }): Schema => ({ type: 'object', properties })

const routes: readonly ReadingRoute[] = [
  {
    answerWith: readAccount,
    route: {
      ...described('/v1/account', 'Balance, limits and the five newest movements of the account.'),
      answer: object({
        current_balance: usdText,
        held: usdText,
        available: usdText,
        recent_transactions: list,
      }),
    },
  },
  {
    answerWith: readUsage,
    route: {
      ...described(
        '/v1/account/usage',
        'What the account used: call by call, or summed by model, key, day or end user.',
      ),
      query: {
        from: time,
        to: time,
        group_by: { type: 'string', enum: ['model', 'key', 'day', 'end_user'] },
        cursor,
        limit,
      },
      answer: object({ balance: usdText, totals: object({}), data: list, next_cursor: nextCursor }),
    },
  },
  {
    answerWith: readTransactions,
    route: {
      ...described('/v1/account/transactions', 'Every movement of money, newest first.'),
      query: { cursor, limit },
      answer: object({ data: list, next_cursor: nextCursor }),
    },
  },
  {
    answerWith: readHolds,
    route: {
      ...described('/v1/account/holds', 'The calls that are running and what they hold.'),
      answer: object({ data: list }),
    },
  },
  {
    answerWith: answerEvents,
    route: {
      ...described(
        '/v1/account/events',
        'What happens to the money, as it happens: balance, low_balance, depleted, recovered, top_up, refund, dispute, limit_reached, payment_failed, payment_action_required, invoice_issued, invoice_overdue. A client that comes back with Last-Event-ID hears what it missed.',
      ),
      contentType: 'text/event-stream',
      answer: text,
    },
  },
  {
    answerWith: readCredits,
    route: {
      ...described('/v1/credits', 'Everything ever added and everything ever spent, in dollars.'),
      answer: object({ data: object({ total_credits: number, total_usage: number }) }),
    },
  },
  {
    answerWith: readKey,
    isOwn: true,
    route: {
      ...described('/v1/key', 'The key that asks: its limits and what it has used.'),
      answer: object({
        data: object({ label: text, usage: number, limit: { anyOf: [number, { type: 'null' }] } }),
      }),
    },
  },
  {
    answerWith: readGeneration,
    route: {
      ...described(
        '/v1/generation',
        'One call: what it cost, what was given back, and the charge explained line by line.',
      ),
      query: { id: { type: 'string', description: 'The generation id of an answer.', pattern: '^gen_' } },
      answer: object({
        data: object({ id: text, total_cost: number, tokens_prompt: whole, charge: object({}) }),
      }),
    },
  },
  {
    answerWith: readSubscription,
    route: {
      ...described('/v1/dashboard/billing/subscription', "What was ever added, in OpenAI's old fields."),
      answer: object({ object: text, hard_limit_usd: number, has_payment_method: { type: 'boolean' } }),
    },
  },
  {
    answerWith: readBillingUsage,
    route: {
      ...described(
        '/v1/dashboard/billing/usage',
        "What was spent, in cents: from start_date up to end_date, or ever; in OpenAI's old fields.",
      ),
      query: { start_date: date, end_date: date },
      answer: object({ object: text, daily_costs: list, total_usage: number }),
    },
  },
  {
    answerWith: readCreditGrants,
    route: {
      ...described(
        '/v1/dashboard/billing/credit_grants',
        "Credit given, used and left, in OpenAI's old fields.",
      ),
      answer: object({ object: text, total_granted: number, total_used: number, total_available: number }),
    },
  },
  {
    answerWith: readCostCredits,
    route: {
      ...described('/v2/cost_management/credits/', 'The balance as one number; errors are {"error": "…"}.'),
      answer: object({ credits: number }),
    },
  },
  {
    answerWith: readCostUsage,
    route: {
      ...described(
        '/v2/cost_management/',
        'Usage by key, step, feature and provider; errors are {"error": "…"}.',
      ),
      query: {
        begin: date,
        end: { ...date, description: 'The last day that counts.' },
        step: { type: 'integer', minimum: 1, maximum: 4, description: 'By day, week, month or year.' },
        provider: text,
        subfeature: text,
        token: { type: 'string', description: 'The number of a key.' },
      },
      answer: object({ response: list }),
    },
  },
]

function described(path: string, summary: string) {
  return { method: 'get' as const, path, summary, auth: 'key' as const, charged: false }
}

export const readingRouteTable: readonly RouteDescription[] = routes.map(({ route }) => route)

export function readingRoutes(parts: ReadingParts): Hono {
  const app = new Hono()
  for (const { route, ...answering } of routes) {
    // A slash at the end belongs to these addresses and is often forgotten.
    const paths = route.path.endsWith('/') ? [route.path, route.path.slice(0, -1)] : [route.path]
    for (const path of paths) app.get(path, (c) => answerRead(c.req.raw, parts, answering))
  }
  return app
}
