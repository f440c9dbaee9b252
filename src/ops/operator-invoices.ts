// The operator's part of invoices: looks at an account's, and has its books cut before the month is over.

import { refuse } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import { readFields, readText, textLengthMax } from '#core/fields.ts'
import { actor, objectFailed } from './operator-accounts.ts'
import { type AccountRequest, forAccount, noSuchAccount, type OperatorAnswer } from './operator-guard.ts'
import { idempotencyKeyLengthMax } from './operator-input.ts'
import { closed, described, flag, type OperatorRoute, reason, text } from './operator-route.ts'

async function cutNow({ accountId, body, parts }: AccountRequest): Promise<OperatorAnswer> {
  const fields = readFields(body, ['reason', 'idempotency_key'])
  if (!fields.ok) return fields
  const why = readText(fields.value['reason'], 'reason', textLengthMax)
  if (!why.ok) return why
  const key = readText(fields.value['idempotency_key'], 'idempotency_key', idempotencyKeyLengthMax)
  if (!key.ok) return key
  const command = { reference: `cut:${key.value}`, reason: why.value, actor }
  const account = parts.accounts(accountId)
  const answer = await account.cutInvoice(command)
  if (answer.ok) {
    const { invoiceId, isRepeat } = answer
    const invoice = invoiceId === null ? null : await account.invoice(invoiceId)
    const amount = invoice === null ? null : formatUsd(invoice.terms.amountNanoUsd)
    return {
      ok: true,
      status: 201,
      body: { account_id: accountId, invoice: invoiceId, amount, is_repeat: isRepeat },
    }
  }
  switch (answer.code) {
    case 'no_such_account':
      return noSuchAccount()
    case 'not_postpaid':
    case 'invalid_command':
      return refuse('invalid_request', {
        message: 'No period of this account runs that an invoice could end: set its mode to postpaid first.',
      })
    case 'internal':
      return objectFailed()
  }
}

export const operatorInvoiceRoutes: readonly OperatorRoute[] = [
  {
    answerWith: forAccount(cutNow),
    route: {
      ...described(
        'post',
        '/accounts/{id}/invoices',
        'Asks a postpaid account now for what it owes, from 50 cents on, and not at the end of the month.',
      ),
      successStatus: 201,
      body: closed({ reason, idempotency_key: text }, ['reason', 'idempotency_key']),
      answer: {
        type: 'object',
        properties: { account_id: text, invoice: text, amount: text, is_repeat: flag },
      },
    },
  },
]
