// The operator's part of invoices: has the books of an account cut before the month is over, and has the payment provider told that
// one was paid past it, or shall ask for nothing any more.

import { type Refusal, refuse } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import { invalid, type Read, readFields, readText, textLengthMax } from '#core/fields.ts'
import { type InvoiceId, readInvoiceId } from '#core/ids.ts'
import type { AskOfInvoice, AskOfInvoiceAnswer, InvoiceAsk } from '#ledger/invoice-commands.ts'
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
      status: isRepeat ? 200 : 201,
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

type AskRequest = { invoiceId: InvoiceId; command: Omit<AskOfInvoice, 'ask' | 'invoiceId'> }

const askFor =
  (ask: InvoiceAsk) =>
  async ({ accountId, body, parts }: AccountRequest): Promise<OperatorAnswer> => {
    const read = readAskRequest(body, ask)
    if (!read.ok) return read
    const provider = await parts.payments.provider()
    if (provider === undefined)
      return refuse('not_configured', {
        message: 'This deployment takes no payments: STRIPE_SECRET_KEY is not set.',
      })
    const { invoiceId, command } = read.value
    const account = parts.accounts(accountId)
    const answer = await account.askOfInvoice({ ...command, invoiceId, ask })
    if (!answer.ok) return askRefusal(answer)
    // It is done by its task in any case; whoever asks hears what has come of it, where that is known by now.
    const { carryOutAsk } = await import('#payments/invoice-ask.ts')
    const done = await carryOutAsk({ accountId, invoiceId, ask }, { ...parts.payments, provider })
    const state = (await account.invoice(invoiceId))?.state ?? null
    const isDone = done.ok && (state === 'paid' || state === 'void')
    return {
      ok: true,
      status: isDone ? 200 : 202,
      body: { account_id: accountId, invoice: invoiceId, status: state, is_repeat: answer.isRepeat },
    }
  }

function readAskRequest(body: unknown, ask: InvoiceAsk): Read<AskRequest> {
  const fields = readFields(body, ['invoice', 'reason', 'idempotency_key'])
  if (!fields.ok) return fields
  const invoiceId = readInvoiceId(fields.value['invoice'])
  if (invoiceId === undefined) return invalid('invoice', 'invoice must be the id of an invoice: inv_….')
  const why = readText(fields.value['reason'], 'reason', textLengthMax)
  if (!why.ok) return why
  const key = readText(fields.value['idempotency_key'], 'idempotency_key', idempotencyKeyLengthMax)
  if (!key.ok) return key
  const command = { reference: `${ask}:${key.value}`, reason: why.value, actor }
  return { ok: true, value: { invoiceId, command } }
}

function askRefusal(answer: AskOfInvoiceAnswer & { ok: false }): Refusal {
  switch (answer.code) {
    case 'no_such_account':
      return noSuchAccount()
    case 'no_such_invoice':
      return invalid('invoice', 'This account has no such invoice (GET /operator/v1/invoices lists them).')
    case 'invoice_closed':
      return invalid('invoice', 'The invoice is paid or void already. Nothing was changed.')
    case 'not_issued':
      return invalid(
        'invoice',
        'The payment provider has no document of this invoice yet. Try again in a minute; if it stays a draft, see the findings.',
      )
    case 'reference_reused':
      return refuse('idempotency_key_reused', {
        message:
          'This idempotency_key was used for another invoice. Nothing was changed. Use a new key for a new one.',
        param: 'idempotency_key',
      })
    case 'invalid_command':
      return refuse('invalid_request', { message: 'The account refuses these values.' })
    case 'internal':
      return objectFailed()
  }
}

function askRoute(ask: InvoiceAsk, step: 'pay' | 'void', summary: string): OperatorRoute {
  return {
    answerWith: forAccount(askFor(ask)),
    route: {
      ...described('post', `/accounts/{id}/invoices/${step}`, summary),
      body: closed({ invoice: text, reason, idempotency_key: text }, [
        'invoice',
        'reason',
        'idempotency_key',
      ]),
      answer: {
        type: 'object',
        properties: { account_id: text, invoice: text, status: text, is_repeat: flag },
      },
    },
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
  askRoute(
    'pay_outside',
    'pay',
    'Marks an invoice paid that was paid past the payment provider (a transfer, a cheque): it is credited once.',
  ),
  askRoute('void', 'void', 'Voids an invoice at the payment provider: its sum is owed again.'),
]
