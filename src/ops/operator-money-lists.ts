// Orders, what went back, invoices and the payment provider's events over all accounts: for the operator to look through.

import { type Json, noDatabase, type Refusal } from '#core/errors.ts'
import { invalid, invalidCursor, type Read, readPageLimit } from '#core/fields.ts'
import { readAccountId } from '#core/ids.ts'
import { formatUsdSum } from '#core/money.ts'
import { objectOf, readString } from '#core/readers.ts'
import type { Db } from '#db/client.ts'
import * as lists from '#payments/money-lists.ts'
import type { OperatorAnswer, OperatorRequest } from './operator-guard.ts'
import { described, type OperatorRoute, text } from './operator-route.ts'
import { timeOf } from './operator-statement.ts'

const limitDefault = 50
const limitMax = 200

const paymentStates = ['placed', 'open', 'paid', 'expired', 'failed', 'abandoned', 'mismatch'] as const
const paymentKinds = ['purchase', 'auto_top_up'] as const
const invoiceStates = ['draft', 'issued', 'overdue', 'paid', 'void', 'uncollectible'] as const
const outcomes = ['done', 'ignored', 'again'] as const

async function showPayments(request: OperatorRequest): Promise<OperatorAnswer> {
  const status = oneOf(request, 'status', paymentStates)
  const kind = oneOf(request, 'type', paymentKinds)
  return pageOf(request, [status, kind], {
    list: (db, query) => lists.listPayments(db, { ...query, status: valueOf(status), kind: valueOf(kind) }),
    place: ({ placedAt, orderId }) => ({ at: placedAt, id: orderId }),
    body: (row) => ({
      id: row.orderId,
      account_id: row.accountId,
      type: row.kind,
      automatic: row.kind === 'auto_top_up',
      status: row.state,
      amount: formatUsdSum(row.netNanoUsd),
      bonus: formatUsdSum(row.bonusNanoUsd),
      paid: usdOrNull(row.receivedNanoUsd),
      tax: usdOrNull(row.taxNanoUsd),
      failure: row.failure,
      live: row.isLive,
      checkout: row.checkoutId,
      payment: row.paymentId,
      entry: row.creditSeq,
      created_at: row.placedAt.toISOString(),
    }),
  })
}

async function showInvoices(request: OperatorRequest): Promise<OperatorAnswer> {
  const status = oneOf(request, 'status', invoiceStates)
  const now = new Date(request.parts.clock.now())
  return pageOf(request, [status], {
    list: (db, query) => lists.listInvoices(db, { ...query, status: valueOf(status), now }),
    place: ({ cutAt, invoiceId }) => ({ at: cutAt, id: invoiceId }),
    body: (row) => ({
      id: row.invoiceId,
      account_id: row.accountId,
      number: row.number,
      status: statusOf(row, now),
      amount: formatUsdSum(row.amountNanoUsd),
      period_start: row.periodStart.toISOString(),
      period_end: row.periodEnd.toISOString(),
      cut_at: row.cutAt.toISOString(),
      due_at: row.dueAt?.toISOString() ?? null,
      pay_at: row.url,
      document: row.documentId,
      entry: row.creditSeq,
    }),
  })
}

function statusOf({ state, dueAt }: lists.InvoiceRow, now: Date): string {
  if (state === 'cut') return 'draft'
  if (state !== 'issued' && state !== 'overdue') return state
  return dueAt !== null && dueAt <= now ? 'overdue' : 'issued'
}

/** As the accounts booked them: below zero what went, above it what came back. */
async function showBack(request: OperatorRequest): Promise<OperatorAnswer> {
  const kind = oneOf(request, 'type', lists.backKinds)
  return pageOf(request, [kind], {
    list: (db, query) => lists.listBack(db, { ...query, kind: valueOf(kind) }),
    place: (row) => ({ at: row.createdAt, id: lists.idOfBack(row) }),
    body: (row) => {
      const detail = objectOf(row.detail)
      return {
        id: row.reference,
        account_id: row.accountId,
        type: row.kind,
        amount: formatUsdSum(row.amountNanoUsd),
        payment: readString(detail['payment']) ?? null,
        reason: readString(detail['reason']) ?? null,
        actor: readString(detail['actor']) ?? null,
        entry: row.seq,
        created_at: row.createdAt.toISOString(),
      }
    },
  })
}

/** Each may be looked after once more: POST …/payments/replay. */
async function showEvents(request: OperatorRequest): Promise<OperatorAnswer> {
  const outcome = oneOf(request, 'outcome', outcomes)
  return pageOf(request, [outcome], {
    list: (db, query) => lists.listEvents(db, { ...query, outcome: valueOf(outcome) }),
    place: ({ firstSeenAt, id }) => ({ at: firstSeenAt, id }),
    body: (row) => ({
      id: row.id,
      type: row.type,
      object: row.objectId,
      account_id: row.accountId,
      live: row.isLive,
      outcome: row.outcome,
      seen_count: row.seenCount,
      first_seen_at: row.firstSeenAt.toISOString(),
      last_seen_at: row.lastSeenAt.toISOString(),
    }),
  })
}

// ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────

type List<Row> = {
  list: (db: Db, query: lists.MoneyQuery) => Promise<readonly Row[]>
  place: (row: Row) => lists.ListPlace
  body: (row: Row) => Json
}

async function pageOf<Row>(
  { query, parts }: OperatorRequest,
  filters: readonly Filter[],
  { list, place, body }: List<Row>,
): Promise<OperatorAnswer> {
  const wrong = filters.find((filter) => !filter.ok)
  if (wrong?.ok === false) return wrong
  const read = readQuery(query)
  if (!read.ok) return read
  if (parts.db === undefined) return noDatabase
  const { limit } = read.value
  const rows = await list(parts.db, { ...read.value, limit: limit + 1 })
  const shown = rows.slice(0, limit)
  const last = rows.length > limit ? shown.at(-1) : undefined
  return { ok: true, body: { data: shown.map(body), next_cursor: last ? cursorOf(place(last)) : null } }
}

function readQuery(query: URLSearchParams): Read<lists.MoneyQuery> {
  const limit = readPageLimit(query, { otherwise: limitDefault, most: limitMax })
  if (!limit.ok) return limit
  const [from, to] = [timeOf(query.get('from')), timeOf(query.get('to'))]
  if (from === null || to === null)
    return invalid(
      from === null ? 'from' : 'to',
      'from and to are times like 2026-11-01T00:00:00Z: the first that is in, the first that is not.',
    )
  const account = query.get('account_id')
  const accountId = account === null ? undefined : readAccountId(account)
  if (account !== null && accountId === undefined)
    return invalid('account_id', 'account_id must be the id of an account: acct_….')
  const cursor = query.get('cursor')
  const before = cursor === null ? undefined : placeIn(cursor)
  if (cursor !== null && before === undefined) return invalidCursor()
  return { ok: true, value: { accountId, from, to, before, limit: limit.value } }
}

function cursorOf({ at, id }: lists.ListPlace): string {
  return `${at.getTime()}_${id}`
}

function placeIn(cursor: string): lists.ListPlace | undefined {
  const [, at, id] = /^(\d{1,15})_([\w:]{1,100})$/.exec(cursor) ?? []
  return at === undefined || id === undefined ? undefined : { at: new Date(Number(at)), id }
}

type Filter = { ok: true; value: string | undefined } | Refusal

function oneOf({ query }: OperatorRequest, name: string, words: readonly string[]): Filter {
  const asked = query.get(name)
  if (asked === null) return { ok: true, value: undefined }
  return words.includes(asked)
    ? { ok: true, value: asked }
    : invalid(name, `${name} must be one of ${words.join(', ')}.`)
}

function valueOf(filter: Filter): string | undefined {
  return filter.ok ? filter.value : undefined
}

function usdOrNull(amount: bigint | null): string | null {
  return amount === null ? null : formatUsdSum(amount)
}

const page = {
  account_id: text,
  from: text,
  to: text,
  cursor: text,
  limit: { type: 'integer', minimum: 1, maximum: limitMax },
} as const

const answer = {
  type: 'object',
  properties: { data: { type: 'array', items: { type: 'object', properties: {} } }, next_cursor: text },
} as const

const words = (all: readonly string[]) => ({ type: 'string', enum: all }) as const

export const moneyListRoutes: readonly OperatorRoute[] = [
  {
    answerWith: showPayments,
    route: {
      ...described('get', '/payments', 'Orders of all accounts, automatic ones as well, newest first.'),
      query: { ...page, status: words(paymentStates), type: words(paymentKinds) },
      answer,
    },
  },
  {
    answerWith: showBack,
    route: {
      ...described(
        'get',
        '/refunds',
        'Refunds, disputes and warnings of fraud of all accounts, newest first.',
      ),
      query: { ...page, type: words(lists.backKinds) },
      answer,
    },
  },
  {
    answerWith: showInvoices,
    route: {
      ...described('get', '/invoices', 'Invoices of all accounts, by when they were cut, newest first.'),
      query: { ...page, status: words(invoiceStates) },
      answer,
    },
  },
  {
    answerWith: showEvents,
    route: {
      ...described(
        'get',
        '/payments/events',
        'Events that the payment provider has signed, newest first; POST …/payments/replay looks after one again.',
      ),
      query: { ...page, outcome: words(outcomes) },
      answer,
    },
  },
]
