// The account as a customer of the provider's: made once, known to the account object. One that somebody has deleted is
// replaced under the next number.

import type { AccountId } from '#core/ids.ts'
import type { Customer } from '#ledger/order-commands.ts'
import type { ReadyParts } from './parts.ts'
import type { ProviderAnswer } from './provider.ts'

/** Undefined where the provider knows nothing of the account yet. */
export async function knownCustomer(
  accountId: AccountId,
  { accounts, provider }: Pick<ReadyParts, 'accounts' | 'provider'>,
): Promise<Customer | undefined> {
  const customer = await accounts(accountId).customer()
  return customer?.isLive === provider.isLive ? customer : undefined
}

/** What is asked of the provider in the account's name, once more as a new customer where the present one is gone. */
export async function asCustomer<Value>(
  accountId: AccountId,
  parts: ReadyParts,
  ask: (customer: Customer) => Promise<ProviderAnswer<Value>>,
): Promise<ProviderAnswer<Value>> {
  const known = await knownCustomer(accountId, parts)
  if (known !== undefined) {
    const first = await ask(known)
    if (first.ok || first.code !== 'gone') return first
  }
  const customer = await newCustomer(accountId, known, parts)
  return customer.ok ? ask(customer.value) : customer
}

/** Made under the number that it will have: two at once make one, and who comes later takes that one. */
async function newCustomer(
  accountId: AccountId,
  gone: Customer | undefined,
  { accounts, provider }: ReadyParts,
): Promise<ProviderAnswer<Customer>> {
  const account = accounts(accountId)
  const present = await account.customer()
  // A second one would have keys of its own, and so a second document or page for the same thing.
  if (present?.isLive === provider.isLive && present.number !== gone?.number)
    return { ok: true, value: present }
  const number = (present?.number ?? 0) + 1
  const made = await provider.customers.make({ key: `customer:${accountId}:${number}`, accountId })
  if (!made.ok) return made
  const linked = await account.linkCustomer({ ...made.value, isLive: provider.isLive, number })
  return linked.ok
    ? { ok: true, value: linked.customer }
    : { ok: false, code: 'unknown', message: `linkCustomer: ${linked.code}` }
}
