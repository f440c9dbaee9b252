// The product's side in a contract of the payment provider's port: an account with orders, invoices and keys of its own, who asks
// the port alone.

import { randomBytes } from 'node:crypto'
import { invoiceIdOf, makeAccountId, orderIdOf, type AccountId, type OrderId } from '#core/ids.ts'
import { nanoUsd, type NanoUsd } from '#core/money.ts'
import { isObject } from '#core/readers.ts'
import type { NewCheckout, PaymentProvider, ProviderAnswer } from '#payments/provider.ts'
import type { PageMethod, ProviderUnderTest } from './provider-world.ts'

export const dollars = (count: number): NanoUsd => nanoUsd(count * 1_000_000_000)
export const cents = (count: number): NanoUsd => nanoUsd(count * 10_000_000)

export const accountId: AccountId = makeAccountId('w', (bytes) => new Uint8Array(bytes).fill(9))

export const refused = { ok: false, code: 'refused' }
export const gone = { ok: false, code: 'gone' }
export const unknown = { ok: false, code: 'unknown' }

export function valueOf<Value>(answer: ProviderAnswer<Value>): Value {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`)
  expectWholeMoney(answer.value)
  return answer.value
}

/** Whatever is answered: money is whole billionths of a dollar. */
function expectWholeMoney(value: unknown): void {
  if (!isObject(value)) return
  for (const [name, field] of Object.entries(value))
    if (!name.endsWith('NanoUsd')) expectWholeMoney(field)
    else if (!Number.isSafeInteger(field)) throw new Error(`${name} is ${String(field)}`)
}

export const newOrderId = (): OrderId => orderIdOf(new Uint8Array(randomBytes(16)))

let causes = 0
export const newKey = (): string => `cause ${(causes += 1)}`

let invoices = 0
export const newInvoiceId = () => invoiceIdOf(accountId, (invoices += 1))

const origin = 'https://shop.example'

export async function newCustomer({ provider }: ProviderUnderTest): Promise<string> {
  return valueOf(await provider.customers.make({ key: newKey(), accountId })).customerId
}

/** Everything about a page for $10 except what is given. */
export function pageFor(customerId: string, given: Partial<NewCheckout> = {}): NewCheckout {
  return {
    key: newKey(),
    accountId,
    orderId: newOrderId(),
    customerId,
    netNanoUsd: dollars(10),
    page: 'hosted',
    origin,
    savesCard: false,
    ...given,
  }
}

export const lookAtPage = async ({ checkouts }: PaymentProvider, checkoutId: string) =>
  valueOf(await checkouts.look(checkoutId))

/** An order on whose page a person has just done something. */
export async function paidOrder(
  { provider, world }: ProviderUnderTest,
  { by = 'card', ...given }: Partial<NewCheckout> & { by?: PageMethod } = {},
) {
  const customerId =
    given.customerId ?? valueOf(await provider.customers.make({ key: newKey(), accountId })).customerId
  const asked = pageFor(customerId, given)
  const { checkoutId } = valueOf(await provider.checkouts.open(asked))
  const outcome = await world.payPage({ checkoutId, by })
  const { paymentId } = await lookAtPage(provider, checkoutId)
  return { ...asked, checkoutId, outcome, paymentId: paymentId ?? '' }
}

export async function newCardPage({ provider }: ProviderUnderTest, customerId: string) {
  const asked = { key: newKey(), accountId, customerId, page: 'embedded' as const, origin }
  return valueOf(await provider.cards.openPage(asked))
}

/** Left on a page by its owner, who may be charged without it from then on. */
export async function savedCard(tested: ProviderUnderTest, customerId: string): Promise<string> {
  const { checkoutId } = await newCardPage(tested, customerId)
  await tested.world.payPage({ checkoutId, by: 'card' })
  return valueOf(await tested.provider.cards.confirmed(customerId))[0]?.cardId ?? ''
}

export async function customerWithCard(tested: ProviderUnderTest) {
  const customerId = await newCustomer(tested)
  return { customerId, cardId: await savedCard(tested, customerId) }
}

export const chargeOf = (from: { customerId: string; cardId: string }, net = dollars(5)) => ({
  key: newKey(),
  accountId,
  orderId: newOrderId(),
  netNanoUsd: net,
  customerId: from.customerId,
  cardId: from.cardId,
})
