// Automatic top-up as its customer sees and sets it. Whoever enables it below the threshold is told that the card is charged
// now, and may ask first (`preview`).

import { refuse, type Json } from '#core/errors.ts'
import { invalid, type Read, readFields } from '#core/fields.ts'
import { formatUsd, type NanoUsd, parseUsd } from '#core/money.ts'
import { readString } from '#core/readers.ts'
import { base62FromBytes } from '#core/base62.ts'
import type {
  AutoTopUpTerms,
  AutoTopUpView,
  SavedMethod,
  SetAutoTopUpAnswer,
} from '#ledger/auto-top-up-commands.ts'
import { autoTopUpRule, breachOf } from '#payments/auto-top-up-rule.ts'
import { cardOfAccount, methodOf } from '#payments/saved-cards.ts'
import type { ConsoleAnswer, ConsoleRequest } from './guard.ts'
import { hashOf, readIdempotencyKey } from './idempotency-key.ts'

const noAccount = refuse('not_found', { message: 'There is no account with this id.' })
const notNow = refuse('payment_unavailable')

export async function showAutoTopUp({ account }: ConsoleRequest): Promise<ConsoleAnswer> {
  const view = await account.autoTopUp()
  return view === null ? noAccount : { ok: true, body: bodyOf(view) }
}

export async function changeAutoTopUp(request: ConsoleRequest): Promise<ConsoleAnswer> {
  const { account, person, body, headers, parts } = request
  const view = await account.autoTopUp()
  if (view === null) return noAccount
  const read = readChange(body, view.terms)
  if (!read.ok) return read
  const { terms, cardId, isPreview } = read.value
  const card = cardId === undefined ? undefined : await readCard(cardId, request)
  if (card !== undefined && !card.ok) return card
  if (terms.isEnabled && card === undefined && view.method === null) return noCard
  if (isPreview) return preview(request, view, terms)
  const named = readIdempotencyKey(headers)
  if (!named.ok) return named
  const bytes = named.value === null ? parts.random(16) : (await hashOf(named.value)).subarray(0, 16)
  const key = base62FromBytes(bytes, 22)
  const answer = await account.setAutoTopUp({
    reference: `terms:${key}`,
    terms,
    ...(card && { method: card.value }),
    reason: '',
    actor: person.who,
  })
  return answer.ok
    ? { ok: true, body: changedBody(answer.view, answer.willChargeNow) }
    : refusalOfSetting(answer)
}

const noCard = refuse('invalid_request', {
  message: 'Automatic top-up needs a saved card: save one first (POST /api/payment-methods).',
  param: 'payment_method',
})

function refusalOfSetting(answer: SetAutoTopUpAnswer & { ok: false }): ConsoleAnswer {
  switch (answer.code) {
    case 'no_such_account':
      return noAccount
    case 'no_saved_method':
      return noCard
    case 'invalid_command':
      return refuse('invalid_request', { message: 'This cannot be agreed to.' })
    case 'internal':
      return refuse('internal')
  }
}

/** What the change would do now; nothing is changed. */
async function preview(
  { account }: ConsoleRequest,
  view: AutoTopUpView,
  terms: AutoTopUpTerms,
): Promise<ConsoleAnswer> {
  const figures = await account.view()
  const isBelow = figures !== null && figures.postedNanoUsd < terms.thresholdNanoUsd
  const isFree = view.state !== 'charging' && !figures?.settings.isFrozen
  return { ok: true, body: changedBody({ ...view, terms }, terms.isEnabled && isBelow && isFree) }
}

/** With the card's owner there, their bank may be asked what it wants of them. */
export async function confirmAutoTopUp({ account, parts }: ConsoleRequest): Promise<ConsoleAnswer> {
  const view = await account.autoTopUp()
  if (view === null) return noAccount
  const paymentId = view.why === 'needs_action' ? view.attempt?.intentId : undefined
  const nothing = refuse('not_found', { message: 'No payment waits for you.' })
  if (paymentId === undefined || paymentId === null) return nothing
  const provider = await parts.provider()
  if (provider === undefined) return notNow
  const charge = await provider.charges.look(paymentId)
  if (!charge.ok) return charge.code === 'unknown' ? notNow : nothing
  return {
    ok: true,
    body: {
      payment: paymentId,
      amount: formatUsd(charge.value.amountNanoUsd),
      payment_method: view.method?.id ?? null,
      client_secret: charge.value.clientSecret,
      publishable_key: parts.publishableKey ?? null,
    },
  }
}

async function readCard(cardId: string, { person, parts }: ConsoleRequest): Promise<Read<SavedMethod>> {
  const provider = await parts.provider()
  if (provider === undefined) return notNow
  const card = await cardOfAccount({ accountId: person.accountId, cardId }, { ...parts, provider })
  if (!card.ok && card.code === 'unknown') return notNow
  const method = card.ok ? methodOf(card.value) : undefined
  if (method !== undefined) return { ok: true, value: method }
  return invalid('payment_method', 'payment_method must be the id of a saved card of this account.')
}

type Change = { terms: AutoTopUpTerms; cardId: string | undefined; isPreview: boolean }

/** What is left out stays as it is. */
function readChange(body: unknown, before: AutoTopUpTerms): Read<Change> {
  const fields = readFields(body, [
    'enabled',
    'threshold',
    'amount',
    'monthly_cap',
    'payment_method',
    'preview',
  ])
  if (!fields.ok) return fields
  const { enabled = before.isEnabled, preview: isPreview = false, payment_method: card } = fields.value
  if (typeof enabled !== 'boolean') return invalid('enabled', 'enabled must be true or false.')
  if (typeof isPreview !== 'boolean') return invalid('preview', 'preview must be true or false.')
  const cardId = readString(card)
  if (card !== undefined && (cardId === undefined || cardId === ''))
    return invalid('payment_method', 'payment_method must be the id of a saved card of this account.')
  const threshold = readCents(fields.value['threshold'], before.thresholdNanoUsd, 'threshold')
  if (!threshold.ok) return threshold
  const amount = readCents(fields.value['amount'], before.amountNanoUsd, 'amount')
  if (!amount.ok) return amount
  const cap =
    fields.value['monthly_cap'] === null
      ? ({ ok: true, value: null } as const)
      : readCents(fields.value['monthly_cap'], before.monthlyCapNanoUsd, 'monthly_cap')
  if (!cap.ok) return cap
  const terms = {
    isEnabled: enabled,
    thresholdNanoUsd: threshold.value,
    amountNanoUsd: amount.value,
    monthlyCapNanoUsd: cap.value,
  }
  const breach = breachOf(terms)
  if (breach !== undefined) return invalid(breach.field, breach.message)
  return { ok: true, value: { terms, cardId, isPreview } }
}

const centNanoUsd = 10_000_000

/** Text only: a JSON number has been rounded before we see it. */
function readCents<Before extends NanoUsd | null>(
  value: unknown,
  before: Before,
  field: string,
): Read<NanoUsd | Before> {
  if (value === undefined) return { ok: true, value: before }
  const amount = parseUsd(readString(value) ?? '')
  if (amount !== undefined && amount >= 0 && amount % centNanoUsd === 0) return { ok: true, value: amount }
  return invalid(field, `${field} must be a decimal text of US dollars with whole cents, such as "10.00".`)
}

function changedBody(view: AutoTopUpView, willChargeNow: boolean): Json {
  const { thresholdNanoUsd, amountNanoUsd } = view.terms
  return {
    ...bodyOf(view),
    will_charge_now: willChargeNow ? formatUsd(amountNanoUsd) : null,
    notice: willChargeNow
      ? `The balance is below $${formatUsd(thresholdNanoUsd)}: you will be charged $${formatUsd(amountNanoUsd)} now.`
      : null,
  }
}

function bodyOf(view: AutoTopUpView): { readonly [name: string]: Json } {
  const { terms, method, state, why, attempt, chargedThisMonthNanoUsd, failures, nextTryInMs } = view
  return {
    enabled: terms.isEnabled,
    threshold: formatUsd(terms.thresholdNanoUsd),
    amount: formatUsd(terms.amountNanoUsd),
    monthly_cap: terms.monthlyCapNanoUsd === null ? null : formatUsd(terms.monthlyCapNanoUsd),
    payment_method: method?.id ?? null,
    state,
    why,
    attempt: attempt && { id: attempt.orderId, amount: formatUsd(attempt.amountNanoUsd) },
    charged_this_month: formatUsd(chargedThisMonthNanoUsd),
    failures,
    next_try_in_seconds: nextTryInMs === null ? null : Math.ceil(nextTryInMs / 1_000),
    rule: {
      threshold_min: formatUsd(autoTopUpRule.thresholdMinNanoUsd),
      amount_min_multiple: autoTopUpRule.multipleMin,
      amount_max: formatUsd(autoTopUpRule.amountMaxNanoUsd),
    },
  }
}
