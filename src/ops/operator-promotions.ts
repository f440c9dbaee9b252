// Promotion codes by the operator's hand: made, listed, ended. What a code brings is fixed once it is made.

import { isoTime, asMillis } from '#core/clock.ts'
import { refuse, type Json, noDatabase } from '#core/errors.ts'
import {
  type Read,
  invalid,
  invalidCursor,
  readAmount,
  readFields,
  readText,
  textLengthMax,
} from '#core/fields.ts'
import { formatUsdSum } from '#core/money.ts'
import { readString, readWhole } from '#core/readers.ts'
import { type PromotionCode, creditDaysMax, readCode, usesMaxMax } from '#payments/promotion-code.ts'
import { type CodeRow, disableCode, keepCode, listCodes } from '#payments/promotion-store.ts'
import type { OperatorAnswer, OperatorRequest } from './operator-guard.ts'
import { amount, closed, described, flag, reason, text, type OperatorRoute } from './operator-route.ts'

const pageSize = 100
const codeRule = 'code must be 3 to 40 letters, digits and dashes; capitals and small letters are the same.'

async function makeCode({ body, parts }: OperatorRequest): Promise<OperatorAnswer> {
  const read = readNewCode(body)
  if (!read.ok) return read
  if (parts.db === undefined) return noDatabase
  const { row, isNew } = await keepCode(parts.db, read.value, parts.clock.now())
  if (!isNew && !isSame(row, read.value))
    return refuse('idempotency_key_reused', {
      message: `The code ${row.code} exists with other figures. Nothing was changed. Take another code, or end this one.`,
      param: 'code',
    })
  return { ok: true, status: isNew ? 201 : 200, body: shown(row) }
}

async function endCode({ body, parts }: OperatorRequest): Promise<OperatorAnswer> {
  const fields = readFields(body, ['code'])
  if (!fields.ok) return fields
  const code = readCode(fields.value['code'])
  if (code === undefined) return invalid('code', codeRule)
  if (parts.db === undefined) return noDatabase
  const row = await disableCode(parts.db, code)
  return row === undefined ? refuse('promotion_code_not_valid') : { ok: true, body: shown(row) }
}

async function showCodes({ query, parts }: OperatorRequest): Promise<OperatorAnswer> {
  if (parts.db === undefined) return noDatabase
  const cursor = query.get('cursor')
  const after = cursor === null ? undefined : readCode(cursor)
  if (cursor !== null && after === undefined) return invalidCursor()
  const rows = await listCodes(parts.db, { after, limit: pageSize + 1 })
  const page = rows.slice(0, pageSize)
  const last = rows.length > pageSize ? page.at(-1) : undefined
  return { ok: true, body: { data: page.map(shown), next_cursor: last?.code ?? null } }
}

function readNewCode(body: unknown): Read<PromotionCode> {
  const fields = readFields(body, ['code', 'amount', 'uses_max', 'credit_days', 'redeem_by', 'reason'])
  if (!fields.ok) return fields
  const code = readCode(fields.value['code'])
  if (code === undefined) return invalid('code', codeRule)
  const given = readAmount(fields.value['amount'], 'amount')
  if (!given.ok) return given
  const usesMax = wholeUpTo(fields.value['uses_max'], usesMaxMax)
  if (usesMax === undefined)
    return invalid('uses_max', `uses_max must be a whole number from 1 to ${usesMaxMax}.`)
  const { credit_days: days = null, redeem_by: by = null } = fields.value
  const creditDays = days === null ? null : wholeUpTo(days, creditDaysMax)
  if (creditDays === undefined)
    return invalid('credit_days', `credit_days must be a whole number from 1 to ${creditDaysMax}.`)
  const redeemBy = by === null ? null : readTime(by)
  if (redeemBy === undefined)
    return invalid('redeem_by', 'redeem_by must be a time such as "2027-01-31T23:59:59Z".')
  const why = readText(fields.value['reason'], 'reason', textLengthMax)
  if (!why.ok) return why
  const value = { code, amountNanoUsd: given.value, usesMax, creditDays, redeemBy, reason: why.value }
  return { ok: true, value }
}

function wholeUpTo(value: unknown, max: number): number | undefined {
  const whole = readWhole(value, 1)
  return whole !== undefined && whole <= max ? whole : undefined
}

/** With its zone, so that nobody wonders which midnight was meant. */
function readTime(value: unknown): string | undefined {
  const written = readString(value)
  if (
    written === undefined ||
    !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(written)
  )
    return undefined
  const time = Date.parse(written)
  return Number.isNaN(time) ? undefined : isoTime(asMillis(time))
}

function isSame(row: CodeRow, asked: PromotionCode): boolean {
  return (
    row.amountNanoUsd === BigInt(asked.amountNanoUsd) &&
    row.usesMax === asked.usesMax &&
    row.creditDays === asked.creditDays &&
    (row.redeemBy?.toISOString() ?? null) === asked.redeemBy
  )
}

function shown(row: CodeRow): Json {
  return {
    code: row.code,
    amount: formatUsdSum(row.amountNanoUsd),
    uses: row.uses,
    uses_max: row.usesMax,
    credit_days: row.creditDays,
    redeem_by: row.redeemBy?.toISOString() ?? null,
    disabled: row.isDisabled,
    reason: row.reason,
    created_at: row.createdAt.toISOString(),
  }
}

const nullable = (minimum: number, maximum: number) => ({
  anyOf: [{ type: 'integer' as const, minimum, maximum }, { type: 'null' as const }],
})
const code = {
  code: text,
  amount,
  uses_max: { type: 'integer' as const, minimum: 1, maximum: usesMaxMax },
  credit_days: nullable(1, creditDaysMax),
  redeem_by: { anyOf: [text, { type: 'null' as const }] },
  reason,
}
const answer = {
  type: 'object' as const,
  properties: { ...code, uses: { type: 'integer' as const }, disabled: flag, created_at: text },
}

export const promotionRoutes: readonly OperatorRoute[] = [
  {
    answerWith: makeCode,
    route: {
      ...described('post', '/promotion-codes', 'Makes a promotion code; the same again changes nothing.'),
      successStatus: 201,
      body: closed(code, ['code', 'amount', 'uses_max', 'reason']),
      answer,
    },
  },
  {
    answerWith: showCodes,
    route: {
      ...described('get', '/promotion-codes', 'The promotion codes with their uses, by name.'),
      query: { cursor: text },
      answer: {
        type: 'object',
        properties: { data: { type: 'array', items: answer }, next_cursor: text },
      },
    },
  },
  {
    answerWith: endCode,
    route: {
      ...described('post', '/promotion-codes/disable', 'Ends a promotion code; what it brought stays.'),
      body: closed({ code: text }, ['code']),
      answer,
    },
  },
]
