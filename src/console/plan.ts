// The plan of an account as its people see it and change it. Prices are ours: whoever asks names a plan and nothing else.

import { plans } from '#catalog/plans.ts'
import { asMillis, isoTime } from '#core/clock.ts'
import { type Json, refuse } from '#core/errors.ts'
import { invalid, type Read, readFields } from '#core/fields.ts'
import { base62FromBytes } from '#core/base62.ts'
import { formatUsd } from '#core/money.ts'
import { readString } from '#core/readers.ts'
import type { PlanView } from '#ledger/subscription-commands.ts'
import type { ReadyParts } from '#payments/parts.ts'
import {
  beginPlan,
  changePlan,
  endPlan,
  type PlanAnswer,
  type PlanStanding,
  planStanding,
  resumePlan,
} from '#payments/subscribe.ts'
import type { OfferedPlan } from '#payments/subscription-state.ts'
import type { ConsoleAnswer, ConsoleParts, ConsoleRequest } from './guard.ts'

const closed = refuse('not_configured', {
  message: 'No plan can be paid for here: STRIPE_SECRET_KEY is not set.',
})

/** With the provider away: as the account knows it. */
export async function showPlan(request: ConsoleRequest): Promise<ConsoleAnswer> {
  const { person, account, parts } = request
  const ready = await readyParts(parts)
  if (ready !== undefined) return shown(await planStanding(person.accountId, ready), parts)
  const view = await account.plan()
  return view === null
    ? refuse('not_found', { message: 'There is no account with this id.' })
    : { ok: true, body: planBody({ view, state: null, page: null }, parts) }
}

export async function subscribe(request: ConsoleRequest): Promise<ConsoleAnswer> {
  const { person, body, origin, parts } = request
  const read = readAsked(body, parts)
  if (!read.ok) return read
  const { plan, page } = read.value
  if (plan === undefined) return notSold(parts)
  const cause = readCause(request)
  if (!cause.ok) return cause
  const ready = await readyParts(parts)
  if (ready === undefined) return closed
  const { accountId } = person
  return shown(await beginPlan({ accountId, cause: cause.value, plan, page, origin }, ready), parts, 201)
}

/** A plan without a price is the end of the paid one. */
export async function putPlan(request: ConsoleRequest): Promise<ConsoleAnswer> {
  const { person, body, parts } = request
  const read = readAsked(body, parts)
  if (!read.ok) return read
  const { plan } = read.value
  const cause = readCause(request)
  if (!cause.ok) return cause
  const ready = await readyParts(parts)
  if (ready === undefined) return closed
  const asked = { accountId: person.accountId, cause: cause.value }
  return shown(
    plan === undefined ? await endPlan(asked, ready) : await changePlan({ ...asked, plan }, ready),
    parts,
  )
}

export const cancelPlan = (request: ConsoleRequest) => doneBy(endPlan, request)
export const takeBackCancel = (request: ConsoleRequest) => doneBy(resumePlan, request)

async function doneBy(change: typeof endPlan, request: ConsoleRequest): Promise<ConsoleAnswer> {
  const { person, parts } = request
  const cause = readCause(request)
  if (!cause.ok) return cause
  const ready = await readyParts(parts)
  if (ready === undefined) return closed
  return shown(await change({ accountId: person.accountId, cause: cause.value }, ready), parts)
}

async function readyParts(parts: ConsoleParts): Promise<ReadyParts | undefined> {
  const provider = await parts.provider()
  return provider === undefined ? undefined : { ...parts, provider }
}

type Asked = {
  /** Undefined for one without a price. */
  plan: OfferedPlan | undefined
  page: 'embedded' | 'hosted'
}

function readAsked(body: unknown, parts: ConsoleParts): Read<Asked> {
  const fields = readFields(body, ['plan', 'page'])
  if (!fields.ok) return fields
  const planId = readString(fields.value['plan']) ?? ''
  const ids = plans.list().map(({ id }) => id)
  if (plans.get(planId) === undefined) return invalid('plan', `plan must be one of ${ids.join(', ')}.`)
  // Without a key for the browser only the provider's own page can be shown.
  const { page = parts.publishableKey === undefined ? 'hosted' : 'embedded' } = fields.value
  if (page !== 'embedded' && page !== 'hosted') return invalid('page', 'page must be embedded or hosted.')
  return { ok: true, value: { plan: parts.plans.get(planId), page } }
}

function notSold({ plans: offers }: ConsoleParts): ConsoleAnswer {
  const ids = offers.list().map(({ terms }) => terms.id)
  return invalid('plan', `Nobody subscribes to a plan without a price. Plans with one: ${ids.join(', ')}.`)
}

const keyLengthMax = 100

/** The same key is the same change; without one each request is a new one. */
function readCause({ headers, parts }: ConsoleRequest): Read<string> {
  const key = headers.get('idempotency-key')
  if (key === null) return { ok: true, value: base62FromBytes(parts.random(16), 22) }
  if (key !== '' && key.length <= keyLengthMax) return { ok: true, value: key }
  return invalid('Idempotency-Key', `Idempotency-Key must have 1 to ${keyLengthMax} characters.`)
}

function shown(answer: PlanAnswer, parts: ConsoleParts, status = 200): ConsoleAnswer {
  return answer.ok ? { ok: true, status, body: planBody(answer.standing, parts) } : answer
}

function planBody(
  { view, state, page }: PlanStanding,
  { plans: offers, publishableKey }: ConsoleParts,
): Json {
  const { subscription, plan, period } = view
  const paid = subscription === null ? undefined : offers.get(subscription.planId)
  const price = paid?.priceNanoUsd ?? (subscription === null ? undefined : state?.priceNanoUsd)
  const endsAtMs = state?.endsAtMs ?? (subscription?.isEnding === true ? subscription.period.endMs : null)
  return {
    plan,
    status: statusOf(view, state),
    price: price === undefined ? null : formatUsd(price),
    currency: 'usd',
    period_start: period && timeText(period.startMs),
    period_end: period && timeText(period.endMs),
    // Null where the plan ends, or nothing is paid for.
    next_plan: endsAtMs === null ? (state?.planId ?? subscription?.planId ?? null) : null,
    ends_at: endsAtMs === null ? null : timeText(endsAtMs),
    checkout: page && {
      id: page.checkoutId,
      plan: view.asked?.planId ?? null,
      page: page.url === null ? 'embedded' : 'hosted',
      url: page.url,
      client_secret: page.clientSecret,
      publishable_key: publishableKey ?? null,
    },
    offer: offers.list().map(({ terms, priceNanoUsd }) => ({
      id: terms.id,
      name: terms.name,
      monthly_price: formatUsd(priceNanoUsd),
    })),
  }
}

export const planStatuses = ['none', 'active', 'ending', 'unpaid'] as const

function statusOf({ subscription }: PlanView, state: PlanStanding['state']): (typeof planStatuses)[number] {
  if (subscription === null) return 'none'
  if (state?.status === 'unpaid' || subscription.isOver) return 'unpaid'
  return (state?.endsAtMs ?? null) !== null || subscription.isEnding ? 'ending' : 'active'
}

function timeText(atMs: number): string {
  return isoTime(asMillis(atMs))
}
