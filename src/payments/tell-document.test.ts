// What an account is told of a document that was settled before anybody could say that it was issued.

import { expect, test } from 'vitest'

import { asMillis } from '#core/clock.ts'
import { invoiceIdOf } from '#core/ids.ts'
import { jsonLog } from '#core/log.ts'
import { nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import { dollar, exampleAccountId } from '#ledger/example-commands.ts'
import type { InvoiceView } from '#ledger/invoice-commands.ts'
import type { ReadyParts } from './parts.ts'
import type { InvoiceDocument, PaymentProvider } from './provider.ts'
import { tellDocument } from './tell-document.ts'

const invoiceId = invoiceIdOf(exampleAccountId, 1)

const invoice: InvoiceView = {
  invoiceId,
  terms: {
    number: 1,
    periodStartMs: 0,
    periodEndMs: 1,
    fromSeq: 0,
    throughSeq: 1,
    amountNanoUsd: nanoUsd(3 * dollar),
    dueDays: 30,
  },
  issued: null,
  state: 'cut',
  creditSeq: null,
}

const settled: InvoiceDocument = {
  documentId: 'in_1',
  status: 'paid',
  accountId: exampleAccountId,
  invoiceId,
  customerId: 'cus_1',
  isOfSubscription: false,
  isLive: false,
  currency: 'usd',
  netNanoUsd: nanoUsd(3 * dollar),
  taxNanoUsd: zeroNanoUsd,
  dueAtMs: 5,
  url: null,
  paymentId: 'pi_1',
}

/** What is said to the account, in order. */
async function toldOf(
  changes: Partial<InvoiceDocument>,
  state: InvoiceView['state'] = 'cut',
  first: InvoiceView['issued'] = null,
) {
  const said: string[] = []
  const invoices: Pick<PaymentProvider['invoices'], 'withdraw'> = {
    withdraw: async ({ documentId }) => {
      said.push(`withdrawn ${documentId}`)
      return { ok: true, value: { ...settled, status: 'void' } }
    },
  }
  const account: Partial<AccountPort> = {
    issueInvoice: async ({ issued }) => {
      said.push(`issued ${issued.providerId}`)
      // The first one stands.
      return { ok: true, invoice: { ...invoice, issued: first ?? issued } }
    },
    payInvoice: async () => {
      said.push('paid')
      return { ok: true, invoice, balanceNanoUsd: zeroNanoUsd, isRepeat: false }
    },
    endInvoice: async ({ end }) => {
      said.push(end)
      return { ok: true, invoice }
    },
  }
  const parts: ReadyParts = {
    // Nothing else is asked of it.
    provider: { isLive: false, invoices } as PaymentProvider,
    accounts: () => account as AccountPort,
    plans: { get: () => undefined, list: () => [] },
    db: undefined,
    clock: { now: () => asMillis(0), sleep: async () => undefined },
    log: jsonLog(
      () => undefined,
      () => 0,
    ),
  }
  const about = {
    accountId: exampleAccountId,
    invoice: { ...invoice, state },
    document: { ...settled, ...changes },
  }
  await tellDocument(about, parts)
  return said
}

test('an invoice that was settled before it was known to be issued learns its document first', async () => {
  expect(await toldOf({})).toEqual(['issued in_1', 'paid'])
  expect(await toldOf({ status: 'uncollectible' })).toEqual(['issued in_1', 'uncollectible'])
})

test('what was issued, or asked for something else, is not issued by being settled', async () => {
  expect(await toldOf({}, 'issued')).toEqual(['paid'])
  expect(await toldOf({ netNanoUsd: nanoUsd(2 * dollar) })).toEqual(['paid'])
  expect(await toldOf({ status: 'void' })).toEqual(['void'])
})

test('a second document of an invoice is withdrawn, so that it is not paid beside the first', async () => {
  const first = { providerId: 'in_0', isLive: false, dueAtMs: 5, url: null }
  expect(await toldOf({ status: 'open' }, 'cut', first)).toEqual(['issued in_1', 'withdrawn in_1'])
  expect(await toldOf({ status: 'open' })).toEqual(['issued in_1'])
})
