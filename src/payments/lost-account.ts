// An object that says it is nobody's, of an account that Postgres knows: it was lost and will be made anew. What Stripe says of it
// meanwhile must be said again, and not be taken for somebody else's.

import { eq } from 'drizzle-orm'
import type { AccountId } from '#core/ids.ts'
import { accounts as accountRows } from '#db/schema.ts'
import type { PaymentParts } from './parts.ts'

/** False without a database: then nobody can tell it from an account of another deployment on the same Stripe account. */
export async function isLostAccount(
  accountId: AccountId,
  { accounts, db }: Pick<PaymentParts, 'accounts' | 'db'>,
): Promise<boolean> {
  if (db === undefined || (await accounts(accountId).view()) !== null) return false
  const { id } = accountRows
  return (await db.select({ id }).from(accountRows).where(eq(id, accountId)).limit(1)).length > 0
}
