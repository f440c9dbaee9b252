// The operator routes that move money: grants, corrections, charges given back and payments given back.

import { usdText, type Schema } from '#core/route-table.ts'
import { adjustBalance, grantCredit } from './operator-credits.ts'
import { forAccount } from './operator-guard.ts'
import { expiresInDaysMax, grantBuckets } from './operator-input.ts'
import { refundPayment } from './operator-refunds.ts'
import { reverseCharge } from './operator-reversals.ts'
import { amount, closed, described, flag, reason, text, type OperatorRoute } from './operator-route.ts'

const signedAmount: Schema = {
  type: 'string',
  description: 'Decimal US dollars, not 0, from -1000000 to 1000000.',
}
const booked: Schema = {
  type: 'object',
  properties: { amount: usdText, balance: usdText, is_repeat: flag },
}

export const moneyRoutes: readonly OperatorRoute[] = [
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
    answerWith: forAccount(refundPayment),
    route: {
      ...described(
        'post',
        '/accounts/{id}/refunds',
        'Gives paid money back to its payer, once per idempotency key: through the payment provider where it came by one.',
      ),
      successStatus: 201,
      body: closed(
        {
          amount,
          payment: { ...text, description: 'The reference of the credit that it came by.' },
          beyond_balance: { ...flag, description: 'Also where it takes the account below zero.' },
          reason,
          idempotency_key: text,
        },
        ['reason', 'idempotency_key'],
      ),
      answer: booked,
    },
  },
]
