// Free credit of a new account: for a card that its bank has confirmed and a mailbox, each of which has never had it. Claimed in
// Postgres over all accounts, then credited under a reference that the account knows once. Whoever dies in between is
// completed by a repeat or by the sweep; nobody else ever gets what was claimed.

import { hmacHex } from '#core/hashes.ts'
import { dayMs, minuteMs, addMillis, type Clock } from '#core/clock.ts'
import { noSealingKey, refuse, type Refusal } from '#core/errors.ts'
import type { AccountId, Random } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import { formatUsd, type NanoUsd } from '#core/money.ts'
import type { Sealer } from '#core/sealing.ts'
import { driverErrorOf, type Db } from '#db/client.ts'
import { keptSecret } from '#db/kept-secrets.ts'
import type { AccountPorts } from '#ledger/account-port.ts'
import { knownCustomer } from './customer.ts'
import { isDisposable, type Mailbox, readMailbox } from './mailbox.ts'
import type { Card, PaymentProvider } from './provider.ts'
import type { WelcomeOffer } from './welcome-offer.ts'
import {
  claimOf,
  claimsOfTheDay,
  claimWelcome,
  giveBackClaim,
  markWelcomed,
  openClaims,
  type WelcomeClaim,
} from './welcome-store.ts'

type CreditParts = {
  readonly db: Db
  readonly accounts: AccountPorts
  readonly clock: Clock
  readonly log: Log
}

export type WelcomeParts = CreditParts & {
  readonly offer: WelcomeOffer | undefined
  readonly provider: PaymentProvider | undefined
  readonly sealer: Sealer | undefined
  readonly random: Random
}

export type Welcomed = {
  ok: true
  amountNanoUsd: NanoUsd
  creditDays: number
  balanceNanoUsd: NanoUsd
  seq: number
}

/** The account knows one credit by it. */
const reference = 'welcome'
/** A claim as old as this has nobody left who would complete it. */
const abandonedAfterMs = 5 * minuteMs

/** `email`: somebody has proved that it is theirs. */
export async function giveWelcomeCredit(
  { accountId, email }: { readonly accountId: AccountId; readonly email: unknown },
  parts: WelcomeParts,
): Promise<Welcomed | Refusal> {
  const { db, offer, provider } = parts
  // What was promised is kept, whatever is offered by now.
  const earlier = await claimOf(db, accountId)
  if (earlier !== undefined) return complete(earlier, parts)
  if (offer === undefined) return refuse('not_found', { message: 'No free credit is given here.' })
  const mailbox = readMailbox(email)
  if (mailbox === undefined)
    return refuse('invalid_request', { message: 'email must be an e-mail address.', param: 'email' })
  if (provider === undefined) return closed
  const card = await confirmedCard(accountId, { ...parts, provider })
  if (card === undefined) return notNow
  if (card === 'none') return refusals.no_card
  if (card.isPrepaid || isDisposable(mailbox, offer.blockedDomains)) return refusals.not_eligible
  const hashes = await hashesOf(mailbox, card, parts)
  if (hashes === undefined) return noSealingKey
  const now = parts.clock.now()
  const claim = await claimWelcome(db, { ...offer, ...hashes, accountId }, now)
  if (claim !== undefined) return complete(claim, parts)
  return (await claimsOfTheDay(db, now)) < offer.perDayMax ? refusals.not_eligible : refusals.try_tomorrow
}

const closed = refuse('not_configured', {
  message: 'Free credit needs a card, and none can be saved here: STRIPE_SECRET_KEY is not set.',
})
const notNow = refuse('payment_unavailable')

/** One answer for a mailbox and for a card that had it, so that nobody learns which of somebody else's has. */
const refusals = {
  no_card: refuse('welcome_credit_refused', {
    message: 'Free credit needs a card: save one first (POST /api/payment-methods). Nothing is charged.',
    metadata: { reason: 'no_card' },
  }),
  not_eligible: refuse('welcome_credit_refused', {
    message: 'This card or this mailbox gets no free credit: it has had it, is prepaid or is disposable.',
    metadata: { reason: 'not_eligible' },
  }),
  try_tomorrow: refuse('welcome_credit_refused', {
    message: 'All free credit of today has been given away. Try again tomorrow.',
    metadata: { reason: 'try_tomorrow' },
  }),
} as const

/** The newest that is still saved; undefined where nobody can say. */
async function confirmedCard(
  accountId: AccountId,
  parts: WelcomeParts & { provider: PaymentProvider },
): Promise<(Card & { fingerprint: string }) | 'none' | undefined> {
  const { provider, accounts, log } = parts
  const customer = await knownCustomer(accountId, { provider, accounts })
  if (customer === undefined) return 'none'
  const { customerId } = customer
  const cards = await provider.cards.confirmed(customerId)
  if (!cards.ok) {
    if (cards.code === 'gone') return 'none'
    log.error('provider_failed', { account: accountId, code: cards.code, why: cards.message })
    return undefined
  }
  for (const card of cards.value) {
    const { fingerprint } = card
    if (card.customerId === customerId && fingerprint !== null) return { ...card, fingerprint }
  }
  return 'none'
}

/** Keyed, so that a dump of the rows tells no address by trying all of them; undefined where there is no key. */
async function hashesOf(
  mailbox: Mailbox,
  card: { readonly fingerprint: string },
  { db, sealer, random, clock, log }: WelcomeParts,
): Promise<{ mailboxHash: string; cardHash: string } | undefined> {
  if (sealer === undefined) return undefined
  const secret = await keptSecret(db, 'welcome credits', { sealer, random, now: clock.now() })
  if (secret === undefined) {
    log.error('kept_secret_lost', { secret: 'welcome credits' })
    return undefined
  }
  const [mailboxHash, cardHash] = await Promise.all([
    hmacHex(`mailbox ${mailbox.name}`, secret),
    hmacHex(`card ${card.fingerprint}`, secret),
  ])
  return { mailboxHash, cardHash }
}

/** Credits what was claimed by someone who died before the credit; run by the cron. Never throws. */
export async function completeWelcomes(parts: CreditParts): Promise<void> {
  try {
    const before = addMillis(parts.clock.now(), -abandonedAfterMs)
    for (const claim of await openClaims(parts.db, before)) {
      const answer = await complete(claim, parts)
      parts.log.info('welcome_completed', { account: claim.accountId, credited: answer.ok })
    }
  } catch (error) {
    parts.log.error('welcome_sweep_failed', {}, driverErrorOf(error))
  }
}

async function complete(claim: WelcomeClaim, parts: CreditParts): Promise<Welcomed | Refusal> {
  const { accountId, amountNanoUsd, creditDays, creditedSeq } = claim
  if (creditedSeq !== null) return alreadyGiven(claim)
  const answer = await parts.accounts(accountId).credit({
    reference,
    kind: 'grant',
    amountNanoUsd,
    reason: 'Free credit of a new account',
    actor: 'welcome',
    bucket: 'promotional',
    expiresInMs: creditDays * dayMs,
  })
  if (!answer.ok) return refused(claim, answer.code, parts)
  await markWelcomed(parts.db, accountId, answer.seq)
  // Of two repeats at once one was first; the other hears what every later one hears.
  if (answer.isRepeat) return alreadyGiven(claim)
  const { balanceNanoUsd, seq } = answer
  return { ok: true, amountNanoUsd, creditDays, balanceNanoUsd, seq }
}

async function refused(
  { accountId }: WelcomeClaim,
  code: string,
  { db, log }: CreditParts,
): Promise<Refusal> {
  // Whether it was booked is not known: the claim stays, and a repeat or the sweep completes it.
  if (code === 'internal') return refuse('ledger_unavailable')
  await giveBackClaim(db, accountId)
  log.error('welcome_not_credited', { account: accountId, code })
  return refuse('invalid_request', { message: 'The account cannot take the credit. Nothing was given.' })
}

function alreadyGiven({ amountNanoUsd }: WelcomeClaim): Refusal {
  return refuse('welcome_credit_refused', {
    message: `This account has had its free credit of $${formatUsd(amountNanoUsd)}. Nothing was credited now.`,
    metadata: { reason: 'already_given' },
  })
}
