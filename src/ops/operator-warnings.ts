// A bank's warnings of fraud, as the operator settles them: which payments of an account have open ones, and clearing those of a
// payment, once per idempotency key, so that automatic top-up goes on.

import { noDatabase, refuse, type Json, type Refusal } from '#core/errors.ts'
import { readFields, readText, textLengthMax } from '#core/fields.ts'
import { objectOf, readString } from '#core/readers.ts'
import type { ClearWarningsAnswer } from '#ledger/fraud-warning-commands.ts'
import { listBack } from '#payments/money-lists.ts'
import { actor, objectFailed } from './operator-accounts.ts'
import { type AccountRequest, forAccount, noSuchAccount, type OperatorAnswer } from './operator-guard.ts'
import { idempotencyKeyLengthMax } from './operator-input.ts'
import { closed, described, flag, type OperatorRoute, reason, text } from './operator-route.ts'

/** The newest: an account with more of them is not mended by clearing. */
const linesMax = 100

async function showWarnings({ accountId, parts }: AccountRequest): Promise<OperatorAnswer> {
  if (parts.db === undefined) return noDatabase
  const account = parts.accounts(accountId)
  if ((await account.view()) === null) return noSuchAccount()
  const all = { from: undefined, to: undefined, before: undefined, limit: linesMax }
  const lines = await listBack(parts.db, { ...all, accountId, kind: 'fraud_warning' })
  const payments = new Set(lines.flatMap(({ detail }) => readString(objectOf(detail)['payment']) ?? []))
  const data: Json[] = []
  for (const payment of payments) {
    const facts = (await account.paymentView(payment))?.facts ?? []
    for (const { id, kind, isOpen } of facts)
      if (kind === 'fraud_warning') data.push({ id, payment, open: isOpen })
  }
  return { ok: true, body: { account_id: accountId, data } }
}

async function clear({ accountId, body, parts }: AccountRequest): Promise<OperatorAnswer> {
  const fields = readFields(body, ['payment', 'reason', 'idempotency_key'])
  if (!fields.ok) return fields
  const payment = readText(fields.value['payment'], 'payment', textLengthMax)
  if (!payment.ok) return payment
  const why = readText(fields.value['reason'], 'reason', textLengthMax)
  if (!why.ok) return why
  const key = readText(fields.value['idempotency_key'], 'idempotency_key', idempotencyKeyLengthMax)
  if (!key.ok) return key
  const command = { reference: `clear:${key.value}`, payment: payment.value, reason: why.value, actor }
  const answer = await parts.accounts(accountId).clearWarnings(command)
  if (!answer.ok) return clearRefusal(answer)
  const { cleared, isRepeat } = answer
  return {
    ok: true,
    status: isRepeat ? 200 : 201,
    body: { account_id: accountId, payment: payment.value, cleared, is_repeat: isRepeat },
  }
}

function clearRefusal(answer: ClearWarningsAnswer & { ok: false }): Refusal {
  switch (answer.code) {
    case 'no_such_account':
      return noSuchAccount()
    case 'no_such_payment':
    case 'no_open_warning':
      return refuse('invalid_request', {
        message:
          'No warning of this payment is open (GET …/fraud-warnings shows which are). Nothing was changed.',
        param: 'payment',
      })
    case 'reference_reused':
      return refuse('idempotency_key_reused', {
        message: 'This idempotency_key was used for another payment. Nothing was changed. Use a new key.',
        param: 'idempotency_key',
      })
    case 'invalid_command':
      return refuse('invalid_request', { message: 'The account refuses these values.' })
    case 'internal':
      return objectFailed()
  }
}

const path = '/accounts/{id}/fraud-warnings'

export const warningRoutes: readonly OperatorRoute[] = [
  {
    answerWith: forAccount(showWarnings),
    route: {
      ...described('get', path, 'Warnings of fraud of the account’s payments, and whether they are open.'),
      answer: {
        type: 'object',
        properties: {
          account_id: text,
          data: {
            type: 'array',
            items: { type: 'object', properties: { id: text, payment: text, open: flag } },
          },
        },
      },
    },
  },
  {
    answerWith: forAccount(clear),
    route: {
      ...described(
        'post',
        `${path}/clear`,
        'Settles the open warnings of a payment, once per idempotency key: automatic top-up goes on.',
      ),
      successStatus: 201,
      body: closed({ payment: text, reason, idempotency_key: text }, [
        'payment',
        'reason',
        'idempotency_key',
      ]),
      answer: {
        type: 'object',
        properties: { account_id: text, payment: text, cleared: { type: 'integer' }, is_repeat: flag },
      },
    },
  },
]
