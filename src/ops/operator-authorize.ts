// Who may use `/api` until people can sign in: the operator, for the account that the request names, as its owner.

import { refuse, type Refusal } from '#core/errors.ts'
import { type AccountId, readAccountId } from '#core/ids.ts'
import { refusalOfOperator } from './credential.ts'

type Operator = { ok: true; person: { who: string; role: 'owner'; accountId: AccountId } }

export async function authorizeOperator(
  request: Request,
  account: unknown,
  operatorToken: string | undefined,
): Promise<Operator | Refusal> {
  const refusal = await refusalOfOperator(request, operatorToken)
  if (refusal !== undefined) return refusal
  const accountId = readAccountId(account)
  if (accountId === undefined)
    return refuse('invalid_request', {
      message: 'Name the account: ?account_id=acct_… or "account_id" in the body.',
      param: 'account_id',
    })
  return { ok: true, person: { who: 'operator', role: 'owner', accountId } }
}
