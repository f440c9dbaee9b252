// The operator API: accounts, credit, keys and findings, under a credential of its own. Each path passes `answerOperator`.

import { Hono } from 'hono'
import { usdText, type RouteDescription, type Schema } from '#core/route-table.ts'
import { regions } from '#core/regions.ts'
import { termFields } from '#keys/routes.ts'
import { plans } from '#catalog/plans.ts'
import { anchorDayMax } from '#ledger/allowances.ts'
import { changeAccount, createAccount, resendEntries, showAccount } from './operator-accounts.ts'
import { billingEmailRoutes } from './operator-billing-emails.ts'
import { noticeRoutes } from './operator-notices.ts'
import { eraseTexts } from './operator-erasure.ts'
import { findingsLimitMax, showFindings } from './operator-findings.ts'
import { operatorInvoiceRoutes } from './operator-invoices.ts'
import { answerOperator, forAccount, type OperatorParts } from './operator-guard.ts'
import { modes } from './operator-input.ts'
import { editKey, issueKey, revokeKey } from './operator-keys.ts'
import { moneyRoutes } from './operator-money.ts'
import { moneyListRoutes } from './operator-money-lists.ts'
import { paymentRoutes } from './operator-payments.ts'
import { putPlan } from './operator-plans.ts'
import { promotionRoutes } from './operator-promotions.ts'
import { rebuildObject } from './operator-rebuild.ts'
import { amount, closed, described, flag, reason, text, type OperatorRoute } from './operator-route.ts'
import { showStatement } from './operator-statement.ts'
import { warningRoutes } from './operator-warnings.ts'

const whole: Schema = { type: 'integer', minimum: 0 }
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
  invoice_due_days: whole,
  invoice_grace_days: whole,
  frozen: flag,
  freeze_on_dispute: flag,
  end_user_limits: listOfObjects,
} as const satisfies { readonly [name: string]: Schema }

const account: Schema = {
  type: 'object',
  properties: {
    id: text,
    name: text,
    balance: usdText,
    ...settings,
    suggested_credit_limit: usdText,
    keys: listOfObjects,
  },
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
  ...moneyRoutes,
  ...promotionRoutes,
  ...moneyListRoutes,
  ...operatorInvoiceRoutes,
  ...warningRoutes,
  ...paymentRoutes,
  ...billingEmailRoutes,
  ...noticeRoutes,
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
      query: {
        cursor: text,
        kind: text,
        account_id: text,
        limit: { type: 'integer', minimum: 1, maximum: findingsLimitMax },
      },
      answer: { type: 'object', properties: { data: listOfObjects, next_cursor: text } },
    },
  },
]

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
