// How the state follows from the log: every entry changes it here and nowhere else, live and in a replay alike. So a
// restarted object, a rebuilt one and the simulator's can never differ from the one that wrote the entries.

import { asMillis } from '#core/clock.ts'
import type { NanoUsd } from '#core/money.ts'
import { addNanoUsd, negateNanoUsd, subtractNanoUsd } from '#core/money.ts'
import { isObject, readString, readWhole } from '#core/readers.ts'
import { afterTaking, readTaken } from './allowances.ts'
import { followTopUp } from './auto-top-up-replay.ts'
import { creditLineOf } from './available.ts'
import { burnMore } from './burn.ts'
import { chargeEndUser } from './end-users.ts'
import type { Entry } from './entry.ts'
import { applyErasure } from './erasure-replay.ts'
import { levelsAfter } from './levels.ts'
import { type Draw, afterCredit, afterDraw, readBucket, readDraw } from './lots.ts'
import { afterInvoice, afterMode, withoutInvoice } from './invoices-replay.ts'
import { applyKey } from './key-log.ts'
import { afterCustomer, afterOrder, withoutOrder } from './orders-replay.ts'
import { afterPayment } from './paid-months.ts'
import { afterRisk } from './payment-risk.ts'
import { afterRefund, paidBackOf } from './refunded.ts'
import { readSettings } from './settings-details.ts'
import { afterDispatchRefusal } from './standing.ts'
import type { State } from './state.ts'
import { followPlan } from './subscriptions-replay.ts'
import { addToTally } from './tally.ts'
import { spend } from './windows.ts'

export function applyEntry(state: State, entry: Entry): void {
  state.headSeq = entry.seq
  state.postedNanoUsd = entry.balanceAfterNanoUsd
  state.nowMs = asMillis(Math.max(state.nowMs, entry.createdAtMs))
  applyFigures(state, entry)
  followTopUp(state, entry)
  state.levels = levelsAfter(state.levels, {
    seq: entry.seq,
    balanceNanoUsd: state.postedNanoUsd,
    fundsNanoUsd: addNanoUsd(state.postedNanoUsd, creditLineOf(state)),
    thresholdNanoUsd: state.settings.lowBalanceThresholdNanoUsd,
    atMs: entry.createdAtMs,
  })
}

function applyFigures(state: State, entry: Entry): void {
  const detail = isObject(entry.detail) ? entry.detail : {}
  switch (entry.kind) {
    case 'create':
    case 'settings':
      applySettings(state, entry, detail)
      return
    case 'key':
      applyKey(state, entry, detail)
      return
    case 'purchase':
    case 'auto_top_up':
    case 'adjustment':
      applyCredit(state, entry, detail)
      addToLifetime(state, 'added', entry)
      addToMonths(state, entry, entry.amountNanoUsd)
      state.orders = withoutOrder(state.orders, entry.reference)
      state.invoicing = withoutInvoice(state.invoicing, entry.reference)
      return
    case 'order':
    case 'customer':
    case 'invoice':
      applyMoneyIn(state, entry, detail)
      return
    case 'bonus':
    case 'grant':
      applyCredit(state, entry, detail)
      addToLifetime(state, 'bonus', entry)
      return
    case 'usage':
    case 'late':
    case 'reversal':
      applyDraw(state, readDraw(detail))
      applyTaken(state, detail)
      applyCharge(state, entry, detail)
      return
    case 'refund':
    case 'dispute':
    case 'fraud_warning':
      applyBack(state, entry, detail)
      return
    case 'plan':
    case 'allowance':
      followPlan(state, entry, detail)
      if (entry.amountNanoUsd > 0) applyCredit(state, entry, detail)
      return
    case 'expiry':
      applyDraw(state, readDraw(detail))
      return
    case 'erasure':
      applyErasure(state, entry)
      return
    case 'opening':
      state.epoch = entry.epoch
      return
    // Both follow from the entries before them, which have told the state.
    case 'level':
    case 'limit_reached':
    // Both are for `followTopUp`.
    case 'auto_top_up_terms':
    case 'attempt':
      return
    case 'finding':
      applyFinding(state, entry, detail)
      return
  }
}

function applyFinding(state: State, { createdAtMs }: Entry, detail: Detail): void {
  if (detail['what'] === 'refused_after_dispatch')
    state.standing = afterDispatchRefusal(state.standing, createdAtMs)
}

function applySettings(state: State, entry: Entry, detail: Detail): void {
  if (entry.kind === 'create') state.name = readString(detail['name']) ?? ''
  state.settings = { ...state.settings, ...readSettings(detail['settings']) }
  state.invoicing = afterMode(state.invoicing, state.settings.mode, entry)
}

/** What is about to come in, and by whom. */
function applyMoneyIn(state: State, entry: Entry, detail: Detail): void {
  if (entry.kind === 'customer') state.customer = afterCustomer(state.customer, detail)
  else if (entry.kind === 'invoice')
    state.invoicing = afterInvoice(state.invoicing, state.settings.mode, entry)
  else state.orders = afterOrder(state.orders, entry, detail)
}

/** What goes back, or comes back after all, of a payment and its bonus. */
function applyBack(state: State, entry: Entry, detail: Detail): void {
  const paidNanoUsd = negateNanoUsd(paidBackOf(entry))
  const bonusNanoUsd = subtractNanoUsd(entry.amountNanoUsd, paidNanoUsd)
  applyDraw(state, readDraw(detail))
  state.refunded = afterRefund(state.refunded, entry, detail)
  state.risk = afterRisk(state.risk, detail)
  // What went back counts as never added, so that added less spent stays what is there.
  addToLifetime(state, 'added', { amountNanoUsd: paidNanoUsd })
  addToLifetime(state, 'bonus', { amountNanoUsd: bonusNanoUsd })
  addToMonths(state, entry, paidNanoUsd)
}

function addToLifetime(
  state: State,
  name: 'added' | 'bonus',
  { amountNanoUsd }: Pick<Entry, 'amountNanoUsd'>,
): void {
  state.lifetime = { ...state.lifetime, [name]: addToTally(state.lifetime[name], amountNanoUsd) }
}

/** A correction is no payment of a customer's month. */
function addToMonths(state: State, { kind, createdAtMs }: Entry, amountNanoUsd: NanoUsd): void {
  if (kind === 'adjustment' || amountNanoUsd === 0) return
  state.paidMonths = afterPayment(state.paidMonths, amountNanoUsd, createdAtMs)
}

/** What a charge says about its call, for the rate limits of a restarted object. */
export function tokensOfCharge(entry: Entry): number | undefined {
  return isObject(entry.detail) ? readWhole(entry.detail['tokens']) : undefined
}

type Detail = { [name: string]: unknown }

/** A credit is a lot of its own; one that takes money away says where from. */
function applyCredit(state: State, entry: Entry, detail: Detail): void {
  if (entry.amountNanoUsd < 0) return applyDraw(state, readDraw(detail))
  const { lots, debtNanoUsd } = afterCredit(state, {
    seq: entry.seq,
    bucket: readBucket(detail['bucket']) ?? 'paid',
    remainingNanoUsd: entry.amountNanoUsd,
    expiresAtMs: readWhole(detail['expiresAtMs']) ?? null,
  })
  state.lots = lots
  state.debtNanoUsd = debtNanoUsd
}

function applyDraw(state: State, draw: Draw): void {
  const { lots, debtNanoUsd } = afterDraw(state, draw)
  state.lots = lots
  state.debtNanoUsd = debtNanoUsd
}

function applyTaken(state: State, detail: Detail): void {
  const taken = readTaken(detail)
  if (taken !== undefined) state.allowances = afterTaking(state.allowances, taken)
}

/** What a charge took from the money of an allowance, which was never the customer's. */
function fromAllowance(detail: Detail): NanoUsd {
  const drawn = readDraw(detail).lots.filter(({ bucket }) => bucket === 'allowance')
  return addNanoUsd(...drawn.map(({ amountNanoUsd }) => amountNanoUsd))
}

function applyCharge(state: State, entry: Entry, detail: Detail): void {
  const charged: NanoUsd = negateNanoUsd(entry.amountNanoUsd)
  const admittedAtMs = readWhole(detail['admittedAtMs']) ?? entry.createdAtMs
  const { usage, spent } = state.lifetime
  state.lifetime = {
    ...state.lifetime,
    usage: addToTally(usage, charged),
    spent: addToTally(spent, subtractNanoUsd(charged, fromAllowance(detail))),
  }
  state.spending = spend(state.spending, charged, admittedAtMs)
  state.burn = burnMore(state.burn, charged, entry.createdAtMs)
  if (charged > 0 && detail['rule'] !== 'hold_expired')
    state.standing = { ...state.standing, hasCaptured: true }
  const endUser = readString(detail['endUser'])
  if (endUser !== undefined && charged !== 0) {
    state.endUsers = chargeEndUser(state, endUser, { amountNanoUsd: charged, admittedAtMs })
  }
  // Spending belongs to the first of a row of rotated keys.
  const family = entry.keyNumber === null ? undefined : state.keys.get(entry.keyNumber)?.family
  const first = family === undefined ? undefined : state.keys.get(family)
  if (first === undefined) return
  state.keys.set(first.keyNumber, { ...first, spending: spend(first.spending, charged, admittedAtMs) })
}
