// A task about something that its account does not know. Where the account's object was lost and will be made anew, the task waits for
// that: taken for done, nobody would ever tell it again.

import type { AccountId } from '#core/ids.ts'
import { isLostAccount } from './lost-account.ts'
import type { PaymentParts } from './parts.ts'

export async function waitIfLost(
  accountId: AccountId,
  parts: Pick<PaymentParts, 'accounts' | 'db'>,
): Promise<void> {
  if (await isLostAccount(accountId, parts))
    throw new Error('The account was lost and will be made anew: its task waits.')
}
