// A person pays for a plan: subscribes on a page of the provider's, changes the plan, ends it, takes that back. What the account
// has is only what it has been told of; each of these ends by looking at the subscription and telling it.

import { type Refusal, refuse } from '#core/errors.ts'
import type { AccountId } from '#core/ids.ts'
import { formatUsd } from '#core/money.ts'
import type { PlanView } from '#ledger/subscription-commands.ts'
import { asCustomer, knownCustomer } from './customer.ts'
import type { ReadyParts } from './parts.ts'
import type { ProviderAnswer } from './provider.ts'
import { settlePlanPage, settleSubscription } from './settle-subscription.ts'
import type { OfferedPlan, PlanPage, SubscriptionState } from './subscription-state.ts'

/** An account's plan as it stands: what the account knows, and what the provider says of it. */
export type PlanStanding = {
  view: PlanView
  /** Null where nothing is paid for, or the provider cannot be asked now. */
  state: SubscriptionState | null
  /** Where somebody may subscribe. */
  page: PlanPage | null
}

export type PlanAnswer = { ok: true; standing: PlanStanding } | Refusal

const noAccount = refuse('not_found', { message: 'There is no account with this id.' })
const notNow = refuse('payment_unavailable')

/** Whoever looks settles what nobody has told yet. */
export async function planStanding(accountId: AccountId, parts: ReadyParts): Promise<PlanAnswer> {
  const account = parts.accounts(accountId)
  const view = await account.plan()
  if (view === null) return noAccount
  const checkoutId = view.asked?.checkoutId
  const paged = checkoutId === undefined ? null : await settlePlanPage({ accountId, checkoutId }, parts)
  const page = paged?.ok === true && paged.page.status === 'open' ? paged.page : null
  const subscriptionId = ((paged?.ok === true ? paged.view : null) ?? view).subscription?.id
  const settled =
    subscriptionId === undefined ? null : await settleSubscription({ accountId, subscriptionId }, parts)
  const state = settled?.ok === true ? settled.state : null
  return { ok: true, standing: { view: (await account.plan()) ?? view, state, page } }
}

type Asked = {
  accountId: AccountId
  /** Follows from the client's key, so that a repeat is the same request. */
  cause: string
}

export type AskedPlan = Asked & { plan: OfferedPlan; page: 'embedded' | 'hosted'; origin: string }

export async function beginPlan(asked: AskedPlan, parts: ReadyParts): Promise<PlanAnswer> {
  const { accountId, plan, page } = asked
  const present = await planStanding(accountId, parts)
  if (!present.ok) return present
  const running = await runningOf(accountId, parts)
  if (!running.ok) return notNow
  const [first] = running.value
  if (first !== undefined) {
    // One that was begun past this account's books: it is the account's all the same.
    await settleSubscription({ accountId, ...first }, parts)
    return alreadySubscribed
  }
  const { standing } = present
  const waiting = standing.page
  const isSame = waiting !== null && (waiting.url !== null) === (page === 'hosted')
  if (isSame && standing.view.asked?.planId === plan.terms.id) return present
  const left = waiting === null ? undefined : await refusalOfClosing(waiting, asked, parts)
  if (left !== undefined) return left
  return open(asked, waiting?.checkoutId ?? '', parts)
}

const alreadySubscribed = refuse('already_subscribed')

/** So that nobody pays on two pages. */
async function refusalOfClosing(
  { checkoutId }: PlanPage,
  { accountId }: Asked,
  parts: ReadyParts,
): Promise<Refusal | undefined> {
  const key = `close:${checkoutId}`
  const answer = await parts.provider.subscriptions.closePage({ key, checkoutId })
  if (!answer.ok && answer.code !== 'gone') {
    // Refused: somebody has just paid on it.
    await settlePlanPage({ accountId, checkoutId }, parts)
    return answer.code === 'refused' ? alreadySubscribed : notNow
  }
  const dropped = await parts.accounts(accountId).dropPage({ checkoutId })
  return dropped.ok ? undefined : notNow
}

async function open(asked: AskedPlan, after: string, parts: ReadyParts): Promise<PlanAnswer> {
  const { accountId, plan, page, origin, cause } = asked
  const planId = plan.terms.id
  const opened = await asCustomer(accountId, parts, ({ customerId }) => {
    // Another customer is another request, which must not go under the same key; nor may one after a page that was closed.
    const key = `plan:${customerId}:${planId}:${page}:${cause}:${after}`
    return parts.provider.subscriptions.openPage({ key, accountId, customerId, plan, page, origin })
  })
  if (!opened.ok) {
    parts.log.error('plan_not_opened', { account: accountId, code: opened.code, why: opened.message })
    return notNow
  }
  const { checkoutId } = opened.value
  // Before anybody is shown it: the sweeper must know of what may be paid.
  const known = await parts.accounts(accountId).askForPlan({ checkoutId, planId })
  return known.ok ? { ok: true, standing: { view: known.view, state: null, page: opened.value } } : notNow
}

async function runningOf(
  accountId: AccountId,
  parts: ReadyParts,
): Promise<ProviderAnswer<readonly { subscriptionId: string }[]>> {
  const customer = await knownCustomer(accountId, parts)
  if (customer === undefined) return { ok: true, value: [] }
  const running = await parts.provider.subscriptions.running(customer.customerId)
  // A customer that was deleted has none any more.
  return running.ok || running.code !== 'gone' ? running : { ok: true, value: [] }
}

// ── What it has is changed ───────────────────────────────────────────────────────────────────────────────────────────

/** A dearer plan begins now and is charged for the rest of the period; a cheaper one is the next period's. */
export async function changePlan(
  { accountId, cause, plan }: Asked & { plan: OfferedPlan },
  parts: ReadyParts,
): Promise<PlanAnswer> {
  const present = await subscribed(accountId, parts)
  if (!present.ok) return present
  const { state, paidPlanId } = present
  const { subscriptionId, itemId } = state
  // It comes next already, or runs: a repeat asks for nothing new.
  if (state.planId === plan.terms.id && state.endsAtMs === null) return planStanding(accountId, parts)
  const paid = parts.plans.get(paidPlanId)
  const paidPrice = paid?.priceNanoUsd ?? state.priceNanoUsd
  const change = { subscriptionId, itemId }
  const key = (step: string) => `plan:${subscriptionId}:${step}:${cause}`
  const isDearer = plan.priceNanoUsd > paidPrice
  // What is dearer is reckoned from what is paid for, not from what would come next.
  if (isDearer && paid !== undefined && state.planId !== paidPlanId) {
    const back = { ...change, key: key(`back:${paidPlanId}`), plan: paid, isInvoiced: false }
    const changed = await parts.provider.subscriptions.change(back)
    if (!changed.ok) return refusalOf(changed, accountId, parts)
  }
  const changed = await parts.provider.subscriptions.change({
    ...change,
    key: key(`${isDearer ? 'now' : 'next'}:${plan.terms.id}:${formatUsd(plan.priceNanoUsd)}`),
    plan,
    isInvoiced: isDearer,
  })
  return changed.ok ? planStanding(accountId, parts) : refusalOf(changed, accountId, parts)
}

/** With the period that is paid for; at once where nothing is. */
export async function endPlan({ accountId, cause }: Asked, parts: ReadyParts): Promise<PlanAnswer> {
  const present = await subscribed(accountId, parts, { alsoUnpaid: true })
  if (!present.ok) return present
  const { subscriptionId, status } = present.state
  const { subscriptions } = parts.provider
  const ended =
    status === 'unpaid'
      ? await subscriptions.end({ key: `end:${subscriptionId}`, subscriptionId })
      : await subscriptions.setEnding({
          key: `plan:${subscriptionId}:end:${cause}`,
          subscriptionId,
          isEnding: true,
        })
  return ended.ok ? planStanding(accountId, parts) : refusalOf(ended, accountId, parts)
}

export async function resumePlan({ accountId, cause }: Asked, parts: ReadyParts): Promise<PlanAnswer> {
  const present = await subscribed(accountId, parts)
  if (!present.ok) return present
  const { subscriptionId } = present.state
  const key = `plan:${subscriptionId}:resume:${cause}`
  const resumed = await parts.provider.subscriptions.setEnding({ key, subscriptionId, isEnding: false })
  return resumed.ok ? planStanding(accountId, parts) : refusalOf(resumed, accountId, parts)
}

type Subscribed = { ok: true; state: SubscriptionState; paidPlanId: string } | Refusal

const noSubscription = refuse('not_found', {
  message: 'This account pays for no plan. Subscribe to one first (POST /api/plan).',
})

const unpaid = refuse('payment_declined', {
  message:
    'The newest invoice of the plan is not paid. Pay it or change the card on the billing page (POST /api/billing-portal), or end the plan.',
})

async function subscribed(
  accountId: AccountId,
  parts: ReadyParts,
  { alsoUnpaid }: { alsoUnpaid: boolean } = { alsoUnpaid: false },
): Promise<Subscribed> {
  const present = await planStanding(accountId, parts)
  if (!present.ok) return present
  const { state, view } = present.standing
  if (view.subscription === null) return noSubscription
  if (state === null) return notNow
  if (state.status === 'unpaid' && !alsoUnpaid) return unpaid
  return { ok: true, state, paidPlanId: view.subscription.planId }
}

function refusalOf(
  { code, message }: ProviderAnswer<never> & { ok: false },
  accountId: AccountId,
  { log }: ReadyParts,
): Refusal {
  log.error('plan_not_changed', { account: accountId, code, why: message })
  return code === 'refused' ? refuse('payment_declined') : notNow
}
