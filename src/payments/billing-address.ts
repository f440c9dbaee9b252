// The address under which the provider knows a customer. It makes no invoice that is to be sent for a customer without one, so
// the account's own billing address is given to it first; an address that the customer has left there stays.

import { sha256Hex } from '#core/hashes.ts'
import { asc, eq } from 'drizzle-orm'
import type { AccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { billingEmails } from '#db/notices-schema.ts'
import type { Customer } from '#ledger/order-commands.ts'
import type { ReadyParts } from './parts.ts'
import type { ProviderAnswer } from './provider.ts'

/** The one that was written down first; undefined where there is none. */
export async function billingAddressOf(db: Db, accountId: AccountId): Promise<string | undefined> {
  const [row] = await db
    .select({ email: billingEmails.email })
    .from(billingEmails)
    .where(eq(billingEmails.accountId, accountId))
    .orderBy(asc(billingEmails.addedAt), asc(billingEmails.email))
    .limit(1)
  return row?.email
}

export const noAddress = 'The account has no billing address, and no invoice can be sent without one.'

export async function giveAddress(
  { accountId, customerId }: { accountId: AccountId } & Pick<Customer, 'customerId'>,
  { db, provider }: Pick<ReadyParts, 'db' | 'provider'>,
): Promise<ProviderAnswer<null>> {
  const known = await provider.customers.look(customerId)
  if (!known.ok) return known
  if (known.value.email !== null) return { ok: true, value: null }
  const email = db && (await billingAddressOf(db, accountId))
  if (email === undefined) return { ok: false, code: 'refused', message: noAddress }
  const key = `address:${customerId}:${await nameOf(email)}`
  const set = await provider.customers.setEmail({ key, customerId, email })
  return set.ok ? { ok: true, value: null } : set
}

const nameDigits = 16

/** Keys stand in the provider's logs: another address is another request, and none is told by its key. */
async function nameOf(email: string): Promise<string> {
  return (await sha256Hex(email)).slice(0, nameDigits)
}
