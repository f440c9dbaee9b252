// Charges for what no model prices: an allowance is taken first, the rest is charged at once against what is available.
// One entry per idempotency key, for ever; a refusal writes nothing, so that the same key may be tried again.

import type { Json } from '#core/errors.ts'
import type { Consumable } from '#core/consumables.ts'
import {
  type NanoUsd,
  type PicoUsd,
  nanoUsd,
  negateNanoUsd,
  priceOfRoundedUp,
  zeroNanoUsd,
} from '#core/money.ts'
import { readConsumable } from '#core/consumables.ts'
import { readWhole } from '#core/readers.ts'
import { leftOf, readTaken } from './allowances.ts'
import { exhausted } from './allowance-refusal.ts'
import { availableOf } from './available.ts'
import type { AdmitRefused, ChargeDetail } from './call-commands.ts'
import { callCostMaxNanoUsd } from './charges.ts'
import type { Draft } from './draft.ts'
import { append, keepReference, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import { drawDetail, drawFor } from './lots.ts'
import type { Meter, MeterAnswer, MeterRefused } from './plan-commands.ts'
import { isSuspended } from './payment-risk.ts'
import { pinnedTokens } from './pinned-tokens.ts'
import { forceOf } from './key-force.ts'
import { countAdmission } from './key-rates.ts'
import { rateFigures, requestRefusal } from './rate-limits.ts'
import type { Key, State } from './state.ts'
import { suspendingInvoice } from './suspension.ts'
import { holdFor } from './spending-limits.ts'

/** A billion units at once. */
export const quantityMax = 1_000_000_000
const idPattern = /^mtr_[0-9a-f]{32}$/
const picoPerNano = 1_000n

export function meter(draft: Draft, command: Meter): MeterAnswer {
  const { state } = draft
  const key = state.keys.get(command.keyNumber)
  const keyRefusal = refusalOfKey(state, key, command)
  if (keyRefusal !== undefined || key === undefined)
    return refused(state, { code: keyRefusal ?? 'invalid_api_key' }, zeroNanoUsd)
  if (!isSound(command)) return { ok: false, code: 'invalid_command' }
  const earlier = referenceOf(draft, 'meter', command.id)
  if (earlier !== undefined) return repeated(state, command, earlier.said)
  const invoice = suspendingInvoice(state)
  if (invoice !== undefined) return refused(state, { code: 'account_suspended', invoice }, zeroNanoUsd)
  const limit = requestRefusal(state, key)
  if (limit !== undefined) return refused(state, limit, zeroNanoUsd)

  const allowanceUsed = Math.min(command.quantity, unitsLeft(state, command.consumable))
  const chargedQuantity = command.quantity - allowanceUsed
  const price = priceOf(state, command)
  if (price === null && chargedQuantity > 0) return { ok: false, code: 'unpriced_consumable' }
  const cost = costOf(chargedQuantity, price)
  // Beyond what any account may hold.
  const wanted = cost ?? callCostMaxNanoUsd
  const money = holdFor(state, key, {
    holdNanoUsd: wanted,
    floorNanoUsd: wanted,
    usualNanoUsd: wanted,
    isDispatched: false,
  })
  if (!money.ok) return refused(state, exhausted(state, command.consumable, money.why), wanted)
  if (cost === undefined) return refused(state, { code: 'insufficient_credits' }, wanted)
  return book(draft, command, { allowanceUsed, chargedQuantity, costNanoUsd: cost, price })
}

/** Running calls keep the tokens that they may use. */
function unitsLeft(state: State, consumable: Consumable): number {
  return leftOf(state.allowances, consumable, consumable === 'tokens' ? pinnedTokens(state) : 0)
}

type Priced = { allowanceUsed: number; chargedQuantity: number; costNanoUsd: NanoUsd; price: PicoUsd | null }

function book(draft: Draft, command: Meter, priced: Priced): MeterAnswer {
  const { state } = draft
  const { allowanceUsed, chargedQuantity, costNanoUsd } = priced
  countAdmission(state, { keyNumber: command.keyNumber, atMs: state.nowMs, tokens: 0 })
  const draw = drawFor(state.lots, state.pinned, { amountNanoUsd: costNanoUsd, pins: [], nowMs: state.nowMs })
  const entry = append(draft, {
    kind: 'usage',
    reference: command.id,
    amountNanoUsd: negateNanoUsd(costNanoUsd),
    keyNumber: command.keyNumber,
    detail: { ...meteredDetail(state, command, priced), ...drawDetail(draw) },
  })
  keepReference(draft, { scope: 'meter', reference: command.id, seq: entry.seq, said: saidOfMeter(entry) })
  const balanceNanoUsd = state.postedNanoUsd
  return {
    ok: true,
    isRepeat: false,
    allowanceUsed,
    chargedQuantity,
    costNanoUsd,
    balanceNanoUsd,
    rate: rateFigures(state),
  }
}

/** As the charge of a call, so that reports need not know the difference. */
function meteredDetail(
  { allowances }: State,
  command: Meter,
  priced: Priced,
): { readonly [name: string]: Json } {
  const { consumable, quantity, requestId } = command
  const { allowanceUsed, chargedQuantity, costNanoUsd, price } = priced
  const { lines, ...detail } = chargeDetailOf(requestId, consumable)
  const periodStartMs = allowances.period?.startMs
  return {
    ...detail,
    lines: price === null ? [...lines] : [{ unit: consumable, units: chargedQuantity, pricePicoUsd: price }],
    metered: { consumable, quantity },
    costNanoUsd,
    ...(periodStartMs === undefined || allowanceUsed === 0
      ? {}
      : { allowance: { consumable, units: allowanceUsed, periodStartMs } }),
  }
}

function chargeDetailOf(requestId: string, consumable: Consumable): ChargeDetail & { lines: [] } {
  return {
    requestId,
    model: consumable,
    provider: '',
    endpoint: '/v1/meter',
    isStreamed: false,
    priceVersion: '',
    usage: {},
    usageSource: 'metered',
    lines: [],
    rule: 'metered',
    status: 'ok',
    durationMs: 0,
    firstTokenMs: null,
    upstreamId: null,
  }
}

/** What a plan says about a unit counts, also where it says nothing; the standard price is for accounts without a plan. */
function priceOf({ allowances }: State, { consumable, standardPicoUsd }: Meter): PicoUsd | null {
  return allowances.plan === null ? standardPicoUsd : (allowances.plan.terms.overage[consumable] ?? null)
}

/** Undefined where it is more than any account may hold. */
function costOf(units: number, price: PicoUsd | null): NanoUsd | undefined {
  if (price === null || units === 0) return zeroNanoUsd
  if (BigInt(units) * BigInt(price) > BigInt(callCostMaxNanoUsd) * picoPerNano) return undefined
  return priceOfRoundedUp([{ units, pricePicoUsd: price }])
}

// ── Repeats ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What was asked and what came of it; also made of the entry when an object is rebuilt. */
export function saidOfMeter({ detail, amountNanoUsd, balanceAfterNanoUsd }: Entry): string {
  const said: { readonly [name: string]: Json } = isJsonObject(detail) ? detail : {}
  const metered = said['metered']
  const { consumable, quantity } = isJsonObject(metered) ? metered : {}
  const used = readTaken(said)?.units ?? 0
  return [
    readConsumable(consumable) ?? '',
    readWhole(quantity) ?? 0,
    used,
    negateNanoUsd(amountNanoUsd),
    balanceAfterNanoUsd,
  ].join(' ')
}

function repeated(state: State, command: Meter, said: string): MeterAnswer {
  const [consumable, quantity, used, cost, balance] = said.split(' ')
  if (consumable !== command.consumable || Number(quantity) !== command.quantity)
    return { ok: false, code: 'reference_reused' }
  return {
    ok: true,
    isRepeat: true,
    allowanceUsed: Number(used),
    chargedQuantity: command.quantity - Number(used),
    costNanoUsd: nanoUsd(Number(cost)),
    balanceNanoUsd: nanoUsd(Number(balance)),
    rate: rateFigures(state),
  }
}

/** For the rate limit of a restarted object. */
export function isMetered({ kind, reference }: Entry): boolean {
  return kind === 'usage' && idPattern.test(reference)
}

// ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Why = Omit<AdmitRefused, 'ok' | 'availableNanoUsd' | 'heldNanoUsd' | 'requiredNanoUsd' | 'rate'>

function refused(state: State, why: Why, requiredNanoUsd: NanoUsd): MeterRefused {
  return {
    ok: false,
    ...why,
    availableNanoUsd: availableOf(state),
    heldNanoUsd: state.heldNanoUsd,
    requiredNanoUsd,
    rate: rateFigures(state),
  }
}

function refusalOfKey(
  state: State,
  key: Key | undefined,
  { secretHash }: Meter,
): AdmitRefused['code'] | undefined {
  if (key === undefined || key.secretHash !== secretHash) return 'invalid_api_key'
  if (forceOf(key, state.nowMs) !== 'active') return 'key_disabled'
  if (isSuspended(state)) return 'account_suspended'
  if (!key.scopes.includes('inference')) return 'insufficient_role'
  return state.isDamaged ? 'internal' : undefined
}

function isSound({ id, consumable, quantity, standardPicoUsd }: Meter): boolean {
  const units = readWhole(quantity, 1)
  const isPriceSound = standardPicoUsd === null || readWhole(standardPicoUsd, 1) !== undefined
  return (
    idPattern.test(id) &&
    readConsumable(consumable) !== undefined &&
    units !== undefined &&
    units <= quantityMax &&
    isPriceSound
  )
}

function isJsonObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
