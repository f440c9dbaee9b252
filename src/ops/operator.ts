// The operator API: accounts, credit, keys and findings, under a credential of its own. Each path passes `answerOperator`.

import { Hono } from 'hono'
import { usdText, type RouteDescription, type RouteMethod, type Schema } from '#core/route-table.ts'
import { regions } from '#core/regions.ts'
import { termFields } from '#keys/routes.ts'
import { plans } from '#catalog/plans.ts'
import { anchorDayMax } from '#ledger/allowances.ts'
import { changeAccount, createAccount, resendEntries, showAccount } from './operator-accounts.ts'
import { adjustBalance, grantCredit } from './operator-credits.ts'
import { eraseTexts } from './operator-erasure.ts'
import { findingsLimitMax, showFindings } from './operator-findings.ts'
import {
  answerOperator,
  forAccount,
  type OperatorAnswer,
  type OperatorParts,
  type OperatorRequest,
} from './operator-guard.ts'
import { expiresInDaysMax, grantBuckets, modes } from './operator-input.ts'
import { editKey, issueKey, revokeKey } from './operator-keys.ts'
import { reverseCharge } from './operator-reversals.ts'
import { putPlan } from './operator-plans.ts'
import { rebuildObject } from './operator-rebuild.ts'
import { showStatement } from './operator-statement.ts'

type OperatorRoute = {
  route: RouteDescription
  answerWith: (request: OperatorRequest) => Promise<OperatorAnswer>
}

const text: Schema = { type: 'string' }
const whole: Schema = { type: 'integer', minimum: 0 }
const flag: Schema = { type: 'boolean' }
const amount: Schema = { type: 'string', description: 'Decimal US dollars, more than 0, at most 1000000.' }
const signedAmount: Schema = {
  type: 'string',
  description: 'Decimal US dollars, not 0, from -1000000 to 1000000.',
}
const reason: Schema = { type: 'string', description: 'Why, for the log.' }
const listOfObjects: Schema = { type: 'array', items: { type: 'object', properties: {} } }

const settings = {
  rpm: whole,
  tpm: whole,
  in_flight: whole,
  keys_max: whole,
  monthly_spend_limit: { anyOf: [amount, { type: 'null' }] },
  low_balance_threshold: amount,
  mode: { type: 'string', enum: modes },
  credit_limit: amount,
  frozen: flag,
  end_user_limits: listOfObjects,
} as const satisfies { readonly [name: string]: Schema }

const booked: Schema = {
  type: 'object',
  properties: { amount: usdText, balance: usdText, is_repeat: flag },
}

const account: Schema = {
  type: 'object',
  properties: { id: text, name: text, balance: usdText, ...settings, keys: listOfObjects },
}

const routes: readonly OperatorRoute[] = [
  {
    answerWith: createAccount,
    route: {
      ...described('post', '/accounts', 'Opens an account.'),
      successStatus: 201,
      body: closed(
        {
          name: text,
          region: { type: 'string', enum: regions },
          settings: closed(settings, []),
        },
        ['name'],
      ),
      answer: account,
    },
  },
  {
    answerWith: forAccount(showAccount),
    route: {
      ...described('get', '/accounts/{id}', 'One account with its limits and keys.'),
      answer: account,
    },
  },
  {
    answerWith: forAccount(changeAccount),
    route: {
      ...described('patch', '/accounts/{id}', 'Changes limits, or freezes and unfreezes.'),
      body: closed({ ...settings, reason, idempotency_key: text }, ['reason']),
      answer: account,
    },
  },
  {
    answerWith: forAccount(grantCredit),
    route: {
      ...described('post', '/accounts/{id}/grants', 'Grants credit, once per idempotency key.'),
      successStatus: 201,
      body: closed(
        {
          amount,
          reason,
          idempotency_key: text,
          bucket: { type: 'string', enum: grantBuckets },
          expires_in_days: { type: 'integer', minimum: 1, maximum: expiresInDaysMax },
        },
        ['amount', 'reason', 'idempotency_key'],
      ),
      answer: booked,
    },
  },
  {
    answerWith: forAccount(adjustBalance),
    route: {
      ...described(
        'post',
        '/accounts/{id}/adjustments',
        'Corrects the balance in either direction, once per idempotency key.',
      ),
      successStatus: 201,
      body: closed({ amount: signedAmount, reason, idempotency_key: text }, [
        'amount',
        'reason',
        'idempotency_key',
      ]),
      answer: booked,
    },
  },
  {
    answerWith: forAccount(reverseCharge),
    route: {
      ...described(
        'post',
        '/accounts/{id}/reversals',
        'Gives the charge of a call back, whole or in part, once per idempotency key.',
      ),
      successStatus: 201,
      body: closed({ generation_id: text, amount, reason, idempotency_key: text }, [
        'generation_id',
        'reason',
        'idempotency_key',
      ]),
      answer: booked,
    },
  },
  {
    answerWith: forAccount(putPlan),
    route: {
      ...described('put', '/accounts/{id}/plan', 'Puts a plan on an account, once per idempotency key.'),
      body: closed(
        {
          plan: { type: 'string', enum: plans.list().map(({ id }) => id) },
          anchor_day: { type: 'integer', minimum: 1, maximum: anchorDayMax },
          reason,
          idempotency_key: text,
        },
        ['plan', 'reason', 'idempotency_key'],
      ),
      answer: {
        type: 'object',
        properties: { account_id: text, plan: text, anchor_day: whole, is_repeat: flag },
      },
    },
  },
  {
    answerWith: forAccount(issueKey),
    route: {
      ...described('post', '/accounts/{id}/keys', 'Issues an API key; its text is shown this once.'),
      successStatus: 201,
      body: closed(termFields, ['name']),
      answer: { type: 'object', properties: { key: text, key_number: whole, name: text } },
    },
  },
  {
    answerWith: forAccount(editKey),
    route: {
      ...described('patch', '/accounts/{id}/keys/{number}', 'Changes what is named of an API key.'),
      body: closed(termFields, []),
      answer: { type: 'object', properties: { key_number: whole, ...termFields } },
    },
  },
  {
    answerWith: forAccount(revokeKey),
    route: {
      ...described('delete', '/accounts/{id}/keys/{number}', 'Revokes an API key for good.'),
      answer: { type: 'object', properties: { key_number: whole, revoked: flag } },
    },
  },
  {
    answerWith: forAccount(resendEntries),
    route: {
      ...described(
        'post',
        '/accounts/{id}/resend',
        'Sends the entries again that Postgres has not confirmed, or with {from: 1} all of them.',
      ),
      successStatus: 202,
      body: closed({ from: { type: 'integer', minimum: 1, description: '1: the whole log.' } }, []),
      answer: { type: 'object', properties: { resend: text } },
    },
  },
  {
    answerWith: forAccount(rebuildObject),
    route: {
      ...described(
        'post',
        '/accounts/{id}/rebuild',
        'Makes a lost or restored account object anew from Postgres, under a new epoch.',
      ),
      body: closed({ reason, idempotency_key: text, confirm: flag, discard: flag }, [
        'reason',
        'idempotency_key',
        'confirm',
      ]),
      answer: {
        type: 'object',
        properties: { account_id: text, epoch: whole, closed_seq: whole, step: text },
      },
    },
  },
  {
    answerWith: forAccount(eraseTexts),
    route: {
      ...described(
        'post',
        '/accounts/{id}/erase',
        'Erases names and reasons from an account for good; idempotency keys stay.',
      ),
      successStatus: 201,
      body: closed({ reason, idempotency_key: text, confirm: flag }, [
        'reason',
        'idempotency_key',
        'confirm',
      ]),
      answer: { type: 'object', properties: { account_id: text, seq: whole, is_repeat: flag } },
    },
  },
  {
    answerWith: forAccount(showStatement),
    route: {
      ...described(
        'get',
        '/accounts/{id}/statement',
        'What Postgres has confirmed of the log, with its hash chain; docs/verify-statement.mjs verifies it.',
      ),
      query: { from: text, to: text, cursor: text },
      answer: {
        type: 'object',
        properties: {
          account_id: text,
          previous_hash: text,
          balance_before_nano_usd: { type: 'integer' },
          entries: listOfObjects,
          balance_after_nano_usd: { type: 'integer' },
          hash: text,
          next_cursor: text,
        },
      },
    },
  },
  {
    answerWith: showFindings,
    route: {
      ...described('get', '/findings', 'What does not add up, newest first.'),
      query: { cursor: text, limit: { type: 'integer', minimum: 1, maximum: findingsLimitMax } },
      answer: { type: 'object', properties: { data: listOfObjects, next_cursor: text } },
    },
  },
]

function described(method: RouteMethod, path: string, summary: string) {
  return { method, path: `/operator/v1${path}`, summary, auth: 'operator' as const, charged: false }
}

function closed(properties: { readonly [name: string]: Schema }, required: readonly string[]): Schema {
  return { type: 'object', properties, required, additionalProperties: false }
}

export const operatorRouteTable: readonly RouteDescription[] = routes.map(({ route }) => route)

export function operatorRoutes(parts: OperatorParts): Hono {
  const app = new Hono()
  for (const { route, answerWith } of routes) {
    app.on(route.method.toUpperCase(), route.path.replaceAll(/\{(\w+)\}/g, ':$1'), (c) =>
      answerOperator(
        c.req.raw,
        { account: c.req.param('id'), key: c.req.param('number') },
        parts,
        answerWith,
      ),
    )
  }
  return app
}
