// The account as a customer of the provider's: one, whoever needs it first.

import { expect, test } from 'vitest'

import type { AccountPort } from '#ledger/account-port.ts'
import { exampleAccountId } from '#ledger/example-commands.ts'
import type { Customer } from '#ledger/order-commands.ts'
import { asCustomer } from './customer.ts'
import type { ReadyParts } from './parts.ts'
import type { PaymentProvider, ProviderAnswer } from './provider.ts'

/** An account whose customers are these, one after the other, each time that somebody looks. */
function partsOf(looks: readonly (Customer | null)[]) {
  const made: string[] = []
  const left = [...looks]
  const account: Partial<AccountPort> = {
    customer: async () => left.shift() ?? null,
    linkCustomer: async (customer) => ({ ok: true, customer }),
  }
  const customers: Pick<PaymentProvider['customers'], 'make'> = {
    make: async ({ key }) => {
      made.push(key)
      return { ok: true, value: { customerId: `cus of ${key}` } }
    },
  }
  const parts: Pick<ReadyParts, 'accounts' | 'provider'> = {
    provider: { isLive: false, customers } as PaymentProvider,
    accounts: () => account as AccountPort,
  }
  return { parts: parts as ReadyParts, made }
}

const one: Customer = { customerId: 'cus_1', isLive: false, number: 1 }
const askedAs = async ({ customerId }: Customer): Promise<ProviderAnswer<string>> => ({
  ok: true,
  value: customerId,
})

test('who needs a customer while another is making it takes that one', async () => {
  const { parts, made } = partsOf([null, one])
  expect(await asCustomer(exampleAccountId, parts, askedAs)).toEqual({ ok: true, value: 'cus_1' })
  expect(made).toEqual([])
})

test('a customer that is gone is replaced under the next number', async () => {
  const { parts, made } = partsOf([one, one])
  const ask = async (customer: Customer): Promise<ProviderAnswer<string>> =>
    customer.number === 1 ? { ok: false, code: 'gone', message: '' } : askedAs(customer)
  const key = `customer:${exampleAccountId}:2`
  expect(await asCustomer(exampleAccountId, parts, ask)).toEqual({ ok: true, value: `cus of ${key}` })
  expect(made).toEqual([key])
})
