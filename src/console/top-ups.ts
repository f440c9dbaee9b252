// Buying credit and seeing what became of it. What is shown is what the account object knows; the list is Postgres' with what
// is still open on top, since rows arrive a moment later.

import { asMillis, isoTime } from '#core/clock.ts'
import { type Json, refuse, noDatabase } from '#core/errors.ts'
import { invalid, type Read, readFields } from '#core/fields.ts'
import { type AccountId, type OrderId, orderIdOf, readOrderId } from '#core/ids.ts'
import { addNanoUsd, formatUsd, formatUsdSum, type NanoUsd, nanoUsd, parseUsd } from '#core/money.ts'
import { readString, readWhole } from '#core/readers.ts'
import { driverErrorOf } from '#db/client.ts'
import type { OrderView } from '#ledger/order-commands.ts'
import { tellAttempt } from '#payments/attempt.ts'
import { type PaymentCursor, type PaymentRow, paymentRowOf, paymentsOf } from '#payments/payment-store.ts'
import type { BankTransfer, CheckoutPage, OpenCheckout } from '#payments/provider.ts'
import { settleOrder } from '#payments/settle-order.ts'
import { bonusTiers, topUpMaxNanoUsd, topUpMinNanoUsd } from '#payments/top-up-offer.ts'
import { beginTopUp } from '#payments/top-ups.ts'
import type { ConsoleAnswer, ConsoleParts, ConsoleRequest } from './guard.ts'
import { hashOf, readIdempotencyKey } from './idempotency-key.ts'

const closed = refuse('not_configured', {
  message: 'Nothing can be bought here: STRIPE_SECRET_KEY is not set.',
})

export async function buyCredit(request: ConsoleRequest): Promise<ConsoleAnswer> {
  const { person, body, headers, origin, parts } = request
  const read = readTopUp(body, parts)
  if (!read.ok) return read
  const key = readIdempotencyKey(headers)
  if (!key.ok) return key
  const provider = await parts.provider()
  if (provider === undefined) return closed
  const { accountId, who } = person
  const orderId = await orderIdFor(accountId, key.value, parts)
  const begun = await beginTopUp(
    { ...read.value, accountId, orderId, origin, actor: who },
    { ...parts, provider },
  )
  if (!begun.ok) return begun
  const { order, isRepeat, page } = begun
  return { ok: true, status: isRepeat ? 200 : 201, body: topUpBody(order, page, parts) }
}

/** The page to which a person returns asks this, and so fulfils what it shows. */
export async function showTopUp(request: ConsoleRequest): Promise<ConsoleAnswer> {
  const { person, account, id, parts } = request
  const orderId = readOrderId(id)
  if (orderId === undefined) return noSuchTopUp
  const provider = await parts.provider()
  const { accountId } = person
  const settled = provider && (await settleOrder({ accountId, orderId }, { ...parts, provider }))
  // With the provider away: as the account knows it.
  const order = settled?.ok === true ? settled.order : await account.order(orderId)
  const row = await rowOf(accountId, orderId, parts)
  // Attempts of automatic top-up have no page, and stand in their rows alone.
  if (order === null) return row === undefined ? noSuchTopUp : attemptAnswer(row, orderId, request)
  const { page = null, transfer } = settled?.ok === true ? settled : {}
  const receipt = row ? receiptBody(row) : null
  return { ok: true, body: { ...topUpBody(order, page, parts), receipt, transfer: transferBody(transfer) } }
}

/** Receipts stand in Postgres; while it is away the order is shown as its account knows it. */
async function rowOf(
  accountId: AccountId,
  orderId: OrderId,
  { db, log }: ConsoleParts,
): Promise<PaymentRow | undefined> {
  try {
    return db && (await paymentRowOf(db, accountId, orderId))
  } catch (error) {
    log.error('receipt_unreadable', { account: accountId, order: orderId }, driverErrorOf(error))
    return undefined
  }
}

function transferBody(transfer: BankTransfer | undefined): Json {
  if (transfer === undefined) return null
  return {
    received: formatUsd(transfer.receivedNanoUsd),
    missing: formatUsd(transfer.missingNanoUsd),
    instructions_url: transfer.url,
  }
}

/** One that its owner has just confirmed is credited by whoever asks first. */
async function attemptAnswer(
  row: PaymentRow,
  orderId: OrderId,
  { person: { accountId }, account, parts }: ConsoleRequest,
): Promise<ConsoleAnswer> {
  const { state, paymentId } = row
  const provider = state === 'open' && paymentId !== null ? await parts.provider() : undefined
  if (provider === undefined || paymentId === null) return { ok: true, body: rowBody(row) }
  await tellAttempt({ accountId, orderId, paymentId }, { ...parts, provider })
  const credited = (await account.paymentView(orderId))?.creditedNanoUsd ?? null
  return { ok: true, body: rowBody(credited === null ? row : { ...row, state: 'paid', failure: null }) }
}

const noSuchTopUp = refuse('not_found', { message: 'This account has no top-up with this id.' })

export const topUpsLimitMax = 100

export async function listTopUps({ person, account, query, parts }: ConsoleRequest): Promise<ConsoleAnswer> {
  const limit = readWhole(Number(query.get('limit') ?? '20'), 1)
  if (limit === undefined || limit > topUpsLimitMax)
    return invalid('limit', `limit must be a whole number from 1 to ${topUpsLimitMax}.`)
  const text = query.get('cursor')
  const before = text === null ? null : readCursor(text)
  if (before === undefined) return invalid('cursor', 'This is no cursor: use next_cursor of the page before.')
  const { db } = parts
  if (db === undefined) return noDatabase
  const rows = await paymentsOf(db, person.accountId, { before, limit })
  const waiting = await account.orders()
  const fresh = waiting.filter(({ orderId }) => !rows.some((row) => row.orderId === orderId)).toReversed()
  const known = await Promise.all(rows.map((row) => knownBody(row, waiting, { account, parts })))
  const last = rows.length === limit ? rows.at(-1) : undefined
  return {
    ok: true,
    body: {
      offer: offerBody(),
      data: [...(before === null ? fresh.map((order) => topUpBody(order, null, parts)) : []), ...known],
      next_cursor: last === undefined ? null : `${last.placedAt.getTime()}_${last.orderId}`,
    },
  }
}

/** A row comes a moment after what it tells of: what waits there and not with the account any more is asked for. */
async function knownBody(
  row: PaymentRow,
  waiting: readonly OrderView[],
  { account, parts }: Pick<ConsoleRequest, 'account' | 'parts'>,
): Promise<Json> {
  const orderId = readOrderId(row.orderId)
  const isWaiting = row.state === 'placed' || row.state === 'open'
  const isBehind = isWaiting && !waiting.some((order) => order.orderId === row.orderId)
  const order = isBehind && orderId !== undefined ? await account.order(orderId) : null
  return order === null ? rowBody(row) : topUpBody(order, null, parts)
}

function offerBody(): Json {
  return {
    min: formatUsd(topUpMinNanoUsd),
    max: formatUsd(topUpMaxNanoUsd),
    bonus_tiers: bonusTiers.map(({ fromNanoUsd, basisPoints }) => ({
      from: formatUsd(fromNanoUsd),
      percent: basisPoints / 100,
    })),
  }
}

function readCursor(text: string): PaymentCursor | undefined {
  const [, time, orderId] = /^(\d{1,15})_(ord_\w{22})$/.exec(text) ?? []
  return time === undefined || orderId === undefined ? undefined : { placedAtMs: Number(time), orderId }
}

function rowBody(row: PaymentRow): Json {
  const [net, bonus] = [nanoUsd(Number(row.netNanoUsd)), nanoUsd(Number(row.bonusNanoUsd))]
  return {
    id: row.orderId,
    type: row.kind,
    automatic: row.kind === 'auto_top_up',
    status: row.state,
    ...amounts(net, bonus),
    created_at: row.placedAt.toISOString(),
    failure: row.failure,
    receipt: receiptBody(row),
    checkout: null,
  }
}

/** What was paid, tax included; null until then. */
function receiptBody({ receivedNanoUsd, taxNanoUsd, paymentId, creditSeq }: PaymentRow): Json {
  if (receivedNanoUsd === null) return null
  const [paid, tax] = [formatUsdSum(receivedNanoUsd), formatUsdSum(taxNanoUsd ?? 0n)]
  return { paid, tax, payment: paymentId, entry: creditSeq }
}

function amounts(net: NanoUsd, bonus: NanoUsd) {
  const credit = formatUsd(addNanoUsd(net, bonus))
  return { amount: formatUsd(net), bonus: formatUsd(bonus), credit, currency: 'usd' }
}

function topUpBody(order: OrderView, page: OpenCheckout | null, { publishableKey }: ConsoleParts) {
  const { orderId, terms, state, placedAtMs } = order
  return {
    id: orderId,
    type: terms.kind,
    automatic: terms.kind === 'auto_top_up',
    status: state,
    ...amounts(terms.netNanoUsd, terms.bonusNanoUsd),
    created_at: isoTime(asMillis(placedAtMs)),
    failure: null,
    receipt: null,
    checkout: page && {
      page: terms.page,
      url: page.url,
      client_secret: page.clientSecret,
      publishable_key: publishableKey ?? null,
    },
  }
}

type Asked = { netNanoUsd: NanoUsd; savesCard: boolean; page: CheckoutPage }

const centNanoUsd = 10_000_000

function readTopUp(body: unknown, { publishableKey }: ConsoleParts): Read<Asked> {
  const fields = readFields(body, ['amount', 'save_card', 'page'])
  if (!fields.ok) return fields
  // Text only: a JSON number has been rounded before we see it.
  const amount = parseUsd(readString(fields.value['amount']) ?? '')
  const isSold = amount !== undefined && amount >= topUpMinNanoUsd && amount <= topUpMaxNanoUsd
  if (!isSold || amount % centNanoUsd !== 0)
    return invalid(
      'amount',
      `amount must be a decimal text of US dollars with whole cents, from "${formatUsd(topUpMinNanoUsd)}" to "${formatUsd(topUpMaxNanoUsd)}".`,
    )
  const { save_card: savesCard = false, page: named } = fields.value
  if (typeof savesCard !== 'boolean') return invalid('save_card', 'save_card must be true or false.')
  // Without a key for the browser only the provider's own page can be shown.
  const page = named ?? (publishableKey === undefined ? 'hosted' : 'embedded')
  if (page !== 'embedded' && page !== 'hosted') return invalid('page', 'page must be embedded or hosted.')
  return { ok: true, value: { netNanoUsd: amount, savesCard, page } }
}

/** The same account and key are the same order, for ever; without a key each request is a new one. */
async function orderIdFor(
  accountId: AccountId,
  key: string | null,
  { random }: ConsoleParts,
): Promise<OrderId> {
  if (key === null) return orderIdOf(random(16))
  const hash = await hashOf(`top-up ${accountId} ${key}`)
  return orderIdOf(hash.subarray(0, 16))
}
