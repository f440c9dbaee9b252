// The cards that an account has saved at the payment provider, and the provider's own page about them.

import { base62FromBytes } from '#core/base62.ts'
import { refuse, type Json } from '#core/errors.ts'
import { invalid, readFields } from '#core/fields.ts'
import { formatUsd, zeroNanoUsd } from '#core/money.ts'
import { asCustomer, knownCustomer } from '#payments/customer.ts'
import type { ReadyParts } from '#payments/parts.ts'
import type { Card, ProviderFailure } from '#payments/provider.ts'
import { cardOfAccount } from '#payments/saved-cards.ts'
import type { ConsoleAnswer, ConsoleParts, ConsoleRequest } from './guard.ts'
import { hashOf, readIdempotencyKey } from './idempotency-key.ts'

const closed = refuse('not_configured', {
  message: 'Nothing can be paid here: STRIPE_SECRET_KEY is not set.',
})
const notNow = refuse('payment_unavailable')
const noSuchCard = refuse('not_found', { message: 'This account has no saved card with this id.' })

export async function listCards(request: ConsoleRequest): Promise<ConsoleAnswer> {
  const ready = await readyParts(request.parts)
  if (ready === undefined) return closed
  const customer = await knownCustomer(request.person.accountId, ready)
  if (customer === undefined) return nothingKept
  const { cards, customers } = ready.provider
  const kept = await cards.list(customer.customerId)
  // Deleted at the provider: nothing is left of its cards.
  if (!kept.ok) return kept.code === 'gone' ? nothingKept : failed(kept, request)
  const unused = await customers.unused(customer.customerId)
  if (!unused.ok) return failed(unused, request)
  const used = (await request.account.autoTopUp())?.method?.id
  return {
    ok: true,
    body: { data: kept.value.map((card) => cardBody(card, used)), unused_transfer: formatUsd(unused.value) },
  }
}

const nothingKept: ConsoleAnswer = { ok: true, body: { data: [], unused_transfer: formatUsd(zeroNanoUsd) } }

function cardBody({ cardId, brand, last4, expiresMonth, expiresYear }: Card, used: string | undefined): Json {
  return {
    id: cardId,
    type: 'card',
    brand,
    last4,
    exp_month: expiresMonth,
    exp_year: expiresYear,
    is_used_for_auto_top_up: cardId === used,
  }
}

/** A page on which a person leaves a card; nothing is charged there. */
export async function saveCard(request: ConsoleRequest): Promise<ConsoleAnswer> {
  const { person, body, headers, origin, parts } = request
  const fields = readFields(body ?? {}, ['page'])
  if (!fields.ok) return fields
  const { page = parts.publishableKey === undefined ? 'hosted' : 'embedded' } = fields.value
  if (page !== 'embedded' && page !== 'hosted') return invalid('page', 'page must be embedded or hosted.')
  const ready = await readyParts(parts)
  if (ready === undefined) return closed
  const named = readIdempotencyKey(headers)
  if (!named.ok) return named
  const { accountId } = person
  // The provider's keys end at 255 characters.
  const bytes = named.value === null ? parts.random(16) : (await hashOf(named.value)).subarray(0, 16)
  const cause = base62FromBytes(bytes, 22)
  const opened = await asCustomer(accountId, ready, ({ customerId }) => {
    // Another customer is another request, which must not go under the same key.
    const key = `card:${accountId}:${customerId}:${page}:${cause}`
    return ready.provider.cards.openPage({ key, accountId, customerId, page, origin })
  })
  if (!opened.ok) return failed(opened, request)
  const { checkoutId, url, clientSecret } = opened.value
  return {
    ok: true,
    status: 201,
    body: {
      id: checkoutId,
      page,
      url,
      client_secret: clientSecret,
      publishable_key: parts.publishableKey ?? null,
    },
  }
}

/** First the account is told, so that no attempt begins with a card that its owner has taken away. */
export async function removeCard(request: ConsoleRequest): Promise<ConsoleAnswer> {
  const { person, account, id: cardId = '', parts } = request
  const ready = await readyParts(parts)
  if (ready === undefined) return closed
  const card = await cardOfAccount({ accountId: person.accountId, cardId }, ready)
  if (!card.ok) return card.code === 'unknown' ? failed(card, request) : noSuchCard
  const lost = await account.loseMethod({ methodId: cardId })
  if (!lost.ok) return lost.code === 'no_such_account' ? noSuchCard : refuse('internal')
  const removed = await ready.provider.cards.remove({ key: `detach:${cardId}`, cardId })
  if (!removed.ok && removed.code === 'unknown') return failed(removed, request)
  return { ok: true, body: { id: cardId, removed: true } }
}

export async function openPortal(request: ConsoleRequest): Promise<ConsoleAnswer> {
  const ready = await readyParts(request.parts)
  if (ready === undefined) return closed
  const { requestId, origin } = request
  const returnUrl = `${origin}/billing`
  const opened = await asCustomer(request.person.accountId, ready, ({ customerId }) =>
    // A page for one visit: its cause is the request itself.
    ready.provider.portals.open({ key: `portal:${customerId}:${requestId}`, customerId, returnUrl }),
  )
  return opened.ok ? { ok: true, status: 201, body: { url: opened.value.url } } : failed(opened, request)
}

async function readyParts(parts: ConsoleParts): Promise<ReadyParts | undefined> {
  const provider = await parts.provider()
  return provider === undefined ? undefined : { ...parts, provider }
}

function failed({ code, message }: ProviderFailure, { person, parts }: ConsoleRequest): ConsoleAnswer {
  parts.log.error('provider_failed', { account: person.accountId, code, why: message })
  return notNow
}
