// What a postpaid account was asked for, and where it can be paid.

import { asMillis, isoTime } from '#core/clock.ts'
import { refuse, type Json } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import { type Schema, usdText } from '#core/route-table.ts'
import type { InvoicesView, InvoiceView } from '#ledger/invoice-commands.ts'
import { invoicesPerPageMax } from '#ledger/invoice-views.ts'
import { type ConsoleAnswer, type ConsoleRequest, type ConsoleRoute, moneyRoles } from './guard.ts'

const limitDefault = 24

async function listInvoices({ account, query }: ConsoleRequest): Promise<ConsoleAnswer> {
  const page = readPage(query)
  if (page === undefined)
    return refuse('invalid_request', {
      message: `limit must be a whole number from 1 to ${invoicesPerPageMax}, before the number of an invoice.`,
    })
  const view = await account.invoices(page)
  return view === null
    ? refuse('not_found', { message: 'There is no account with this id.' })
    : { ok: true, body: invoicesBody(view) }
}

/** Undefined where it is none. */
export function readPage(query: URLSearchParams): { beforeNumber: number; limit: number } | undefined {
  const limit = Number(query.get('limit') ?? limitDefault)
  const beforeNumber = Number(query.get('before') ?? Number.MAX_SAFE_INTEGER)
  const isSound = Number.isSafeInteger(limit) && Number.isSafeInteger(beforeNumber) && beforeNumber > 0
  return isSound && limit >= 1 && limit <= invoicesPerPageMax ? { beforeNumber, limit } : undefined
}

export function invoicesBody({ invoices, owedNanoUsd, periodStartMs, suspendedBy }: InvoicesView): Json {
  return {
    data: invoices.map(invoiceBody),
    owed: formatUsd(owedNanoUsd),
    period_start: periodStartMs === null ? null : timeText(periodStartMs),
    suspended_by: suspendedBy,
  }
}

function invoiceBody({ invoiceId, terms, issued, state }: InvoiceView): Json {
  return {
    id: invoiceId,
    number: terms.number,
    // What was cut and is not sent yet is a draft to whoever reads it.
    status: state === 'cut' ? 'draft' : state,
    amount: formatUsd(terms.amountNanoUsd),
    currency: 'usd',
    period_start: timeText(terms.periodStartMs),
    period_end: timeText(terms.periodEndMs),
    due_at: issued === null ? null : timeText(issued.dueAtMs),
    pay_at: issued?.url ?? null,
  }
}

function timeText(atMs: number): string {
  return isoTime(asMillis(atMs))
}

const text: Schema = { type: 'string' }
const nullable: Schema = { anyOf: [text, { type: 'null' }] }

export const invoicesAnswer: Schema = {
  type: 'object',
  properties: {
    data: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: text,
          number: { type: 'integer' },
          status: { type: 'string', enum: ['draft', 'issued', 'overdue', 'paid', 'void', 'uncollectible'] },
          amount: usdText,
          currency: text,
          period_start: text,
          period_end: text,
          due_at: nullable,
          pay_at: nullable,
        },
      },
    },
    owed: usdText,
    period_start: nullable,
    suspended_by: nullable,
  },
}

export const invoicesQuery = {
  before: { type: 'integer', description: 'The number of an invoice: those before it.' },
  limit: { type: 'integer', minimum: 1, maximum: invoicesPerPageMax },
} as const

export const invoiceRoutes: readonly ConsoleRoute[] = [
  {
    answerWith: listInvoices,
    roles: moneyRoles,
    route: {
      method: 'get',
      path: '/api/invoices',
      summary: 'The invoices of a postpaid account, newest first, with what is owed beside.',
      auth: 'person',
      charged: false,
      query: { account_id: text, ...invoicesQuery },
      answer: invoicesAnswer,
    },
  },
]
