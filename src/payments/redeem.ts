// Redeeming a promotion code: a use is claimed in Postgres, which counts over all accounts, then credited in the account
// under a reference that it knows once. Whoever dies in between is completed by a repeat or by the sweep.

import { dayMs, minuteMs, addMillis, type Clock } from '#core/clock.ts'
import { refuse, type Refusal } from '#core/errors.ts'
import type { AccountId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import { formatUsd, type NanoUsd } from '#core/money.ts'
import { driverErrorOf, type Db } from '#db/client.ts'
import type { CreditAnswer } from '#ledger/account-commands.ts'
import type { AccountPorts } from '#ledger/account-port.ts'
import { readCode, referenceOfCode } from './promotion-code.ts'
import { claim, giveBack, markCredited, openRedemptions, type Redemption } from './promotion-store.ts'

export type RedeemParts = { db: Db; accounts: AccountPorts; clock: Clock; log: Log }

export type Redeemed = {
  ok: true
  code: string
  amountNanoUsd: NanoUsd
  balanceNanoUsd: NanoUsd
  seq: number
}

/** A claim as old as this has nobody left who would complete it. */
const abandonedAfterMs = 5 * minuteMs

export async function redeem(
  { accountId, code: written }: { accountId: AccountId; code: unknown },
  parts: RedeemParts,
): Promise<Redeemed | Refusal> {
  const code = readCode(written)
  if (code === undefined) return noSuchCode()
  // An account that is not there must not use a code up.
  if ((await parts.accounts(accountId).view()) === null)
    return refuse('not_found', { message: 'There is no account with this id.' })
  const redemption = await claim(parts.db, { code, accountId }, parts.clock.now())
  if (redemption === undefined) return noSuchCode()
  if (redemption.creditedSeq !== null) return alreadyRedeemed(redemption)
  return complete(redemption, parts)
}

/** Credits what was claimed by someone who died before the credit; run by the cron. Never throws. */
export async function completeRedemptions(parts: RedeemParts): Promise<void> {
  try {
    const before = addMillis(parts.clock.now(), -abandonedAfterMs)
    for (const redemption of await openRedemptions(parts.db, before)) {
      const answer = await complete(redemption, parts)
      const { code, accountId } = redemption
      parts.log.info('promotion_completed', { account: accountId, promotion: code, credited: answer.ok })
    }
  } catch (error) {
    parts.log.error('promotion_sweep_failed', {}, driverErrorOf(error))
  }
}

async function complete(redemption: Redemption, parts: RedeemParts): Promise<Redeemed | Refusal> {
  const { code, accountId, amountNanoUsd, creditDays } = redemption
  const answer = await parts.accounts(accountId).credit({
    reference: referenceOfCode(code),
    kind: 'grant',
    amountNanoUsd,
    reason: `Promotion code ${code}`,
    actor: 'promotion',
    bucket: 'promotional',
    expiresInMs: creditDays === null ? null : creditDays * dayMs,
  })
  if (!answer.ok) return refused(redemption, answer, parts)
  await markCredited(parts.db, redemption, answer.seq)
  // Of two repeats at once one was first; the other hears what every later one hears.
  if (answer.isRepeat) return alreadyRedeemed(redemption)
  const { balanceNanoUsd, seq } = answer
  return { ok: true, code, amountNanoUsd, balanceNanoUsd, seq }
}

async function refused(
  redemption: Redemption,
  { code }: CreditAnswer & { ok: false },
  parts: RedeemParts,
): Promise<Refusal> {
  // Whether it was booked is not known: the claim stays, and a repeat or the sweep completes it.
  if (code === 'internal') return refuse('ledger_unavailable')
  await giveBack(parts.db, redemption)
  parts.log.error('promotion_not_credited', { account: redemption.accountId, code })
  return code === 'balance_too_large'
    ? refuse('invalid_request', {
        message: 'The balance would pass what one account may hold ($1,000,000). The code was not used.',
      })
    : noSuchCode()
}

/** One answer for all, so that nobody learns which codes exist by guessing. */
function noSuchCode(): Refusal {
  return refuse('promotion_code_not_valid')
}

function alreadyRedeemed({ amountNanoUsd, creditedSeq }: Redemption): Refusal {
  return refuse('promotion_code_redeemed', {
    message: `This account has redeemed this code already: it brought $${formatUsd(amountNanoUsd)}. Nothing was credited now.`,
    ...(creditedSeq === null ? {} : { metadata: { seq: creditedSeq } }),
  })
}
