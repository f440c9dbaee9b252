// Redeeming a promotion code for one's account.

import { noDatabase } from '#core/errors.ts'
import { readFields } from '#core/fields.ts'
import { formatUsd } from '#core/money.ts'
import { usdText } from '#core/route-table.ts'
import { redeem } from '#payments/redeem.ts'
import { type ConsoleAnswer, type ConsoleRequest, type ConsoleRoute, moneyRoles } from './guard.ts'

async function redeemCode({ person, body, parts }: ConsoleRequest): Promise<ConsoleAnswer> {
  const { db, accounts, clock, log } = parts
  const fields = readFields(body, ['code'])
  if (!fields.ok) return fields
  if (db === undefined) return noDatabase
  const { accountId } = person
  const redeemed = await redeem({ accountId, code: fields.value['code'] }, { db, accounts, clock, log })
  if (!redeemed.ok) return redeemed
  const { code, amountNanoUsd, balanceNanoUsd, seq } = redeemed
  const figures = { amount: formatUsd(amountNanoUsd), balance: formatUsd(balanceNanoUsd) }
  return { ok: true, status: 201, body: { code, ...figures, seq } }
}

export const promotionRoutes: readonly ConsoleRoute[] = [
  {
    answerWith: redeemCode,
    roles: moneyRoles,
    attempt: 'code',
    route: {
      method: 'post',
      path: '/api/promotion-codes/redeem',
      summary: 'Redeems a promotion code, once per account.',
      auth: 'person',
      charged: false,
      successStatus: 201,
      body: {
        type: 'object',
        properties: { code: { type: 'string' }, account_id: { type: 'string' } },
        required: ['code'],
        additionalProperties: false,
      },
      answer: {
        type: 'object',
        properties: {
          code: { type: 'string' },
          amount: usdText,
          balance: usdText,
          seq: { type: 'integer' },
        },
      },
    },
  },
]
