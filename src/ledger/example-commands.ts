// Sound commands for tests, each with what a test wants to be different. Not part of the product.

import { asMillis, dayMs } from '#core/clock.ts'
import { type CallId, callIdOf, keyNumber, makeAccountId, makeRequestId } from '#core/ids.ts'
import { nanoUsd, picoUsd, zeroNanoUsd } from '#core/money.ts'
import type { Credit, PutKey } from './account-commands.ts'
import type { AutoTopUpTerms, SavedMethod, SetAutoTopUp } from './auto-top-up-commands.ts'
import type { Admit, Capture, ChargeDetail } from './call-commands.ts'
import type { PaymentFacts } from './order-commands.ts'
import type { Meter, PlanTerms, SetPlan } from './plan-commands.ts'
import type { SubscriptionInvoice, TellSubscription } from './subscription-commands.ts'

export const exampleAccountId = makeAccountId('w', (bytes) => new Uint8Array(bytes).fill(7))

/** $1. */
export const dollar = nanoUsd(1_000_000_000)

export const secretHashOf = (number: number) => String(number).padStart(64, '0')

/** The id of the nth call that was born at a time. */
export function callAt(bornAtMs: number, n: number): CallId {
  const random = (bytes: number) => new Uint8Array(bytes).map((_, index) => (n >> (8 * index)) & 0xff)
  return callIdOf(makeRequestId(asMillis(bornAtMs), random))
}

export function admitOf(callId: CallId, changes: Partial<Admit> = {}): Admit {
  return {
    callId,
    keyNumber: keyNumber(1),
    secretHash: secretHashOf(changes.keyNumber ?? 1),
    model: 'm',
    holdNanoUsd: dollar,
    // All or nothing, unless a test says otherwise.
    floorNanoUsd: changes.holdNanoUsd ?? dollar,
    usualNanoUsd: changes.holdNanoUsd ?? dollar,
    sliceNanoUsd: zeroNanoUsd,
    expectedTokens: 100,
    isDispatched: false,
    claim: null,
    exposureNanoUsd: zeroNanoUsd,
    ...changes,
  }
}

export const exampleDetail: ChargeDetail = {
  requestId: 'req_1',
  model: 'm',
  provider: 'p',
  endpoint: 'chat',
  isStreamed: true,
  priceVersion: '1',
  usage: { input: 10, output: 90 },
  usageSource: 'final',
  lines: [{ unit: 'output', units: 90, pricePicoUsd: 1_000 }],
  rule: 'done',
  status: 'ok',
  durationMs: 10_000,
  firstTokenMs: 200,
  upstreamId: 'up',
}

export function captureOf(callId: CallId, costNanoUsd: number, changes: Partial<Capture> = {}): Capture {
  return {
    callId,
    keyNumber: keyNumber(1),
    costNanoUsd: nanoUsd(costNanoUsd),
    tokens: 100,
    admittedAgoMs: 0,
    detail: exampleDetail,
    ...changes,
  }
}

export function grantOf(amountNanoUsd: number, changes: Partial<Credit> = {}): Credit {
  return {
    reference: `grant ${amountNanoUsd}`,
    kind: 'grant',
    amountNanoUsd: nanoUsd(amountNanoUsd),
    reason: 'test',
    actor: 'operator',
    ...changes,
  }
}

/** Ten messages and a thousand tokens a month; a message beyond costs a cent. */
export const exampleTerms: PlanTerms = {
  id: 'basic',
  name: 'Basic',
  included: { sms: 10, tokens: 1_000 },
  overage: { sms: picoUsd(10_000_000_000) },
  monthlyCreditNanoUsd: zeroNanoUsd,
}

export function planOf(reference: string, changes: Partial<SetPlan> = {}): SetPlan {
  return { reference, terms: exampleTerms, anchorDay: null, reason: 'test', actor: 'operator', ...changes }
}

export function meterOf(n: number, quantity: number, changes: Partial<Meter> = {}): Meter {
  return {
    id: `mtr_${String(n).padStart(32, '0')}`,
    requestId: 'req_1',
    keyNumber: keyNumber(1),
    secretHash: secretHashOf(1),
    consumable: 'sms',
    quantity,
    standardPicoUsd: picoUsd(20_000_000_000),
    ...changes,
  }
}

export function keyOf(number: number, changes: Partial<PutKey> = {}): PutKey {
  return {
    reference: `key ${number}`,
    keyNumber: keyNumber(number),
    secretHash: secretHashOf(number),
    name: `key ${number}`,
    budgets: [],
    allowedModels: null,
    ...changes,
  }
}

export const exampleMethod: SavedMethod = { id: 'pm_1', customerId: 'cus_1', fingerprint: 'card one' }

/** Below $10, $20; enabled, with a card. */
export function topUpOf(
  reference: string,
  terms: Partial<AutoTopUpTerms> = {},
  method: SavedMethod = exampleMethod,
): SetAutoTopUp {
  const agreed = {
    isEnabled: true,
    thresholdNanoUsd: nanoUsd(10 * dollar),
    amountNanoUsd: nanoUsd(20 * dollar),
    monthlyCapNanoUsd: null,
    ...terms,
  }
  return { reference, terms: agreed, method, reason: 'test', actor: 'customer' }
}

/** A payment to the account of the simulator, just as it was asked for. */
export function paymentOf(dollars: number, changes: Partial<PaymentFacts> = {}): PaymentFacts {
  return {
    accountId: exampleAccountId,
    isLive: false,
    currency: 'usd',
    netNanoUsd: nanoUsd(dollars * dollar),
    taxNanoUsd: zeroNanoUsd,
    receivedNanoUsd: nanoUsd(dollars * dollar),
    paymentId: 'pi_1',
    ...changes,
  }
}

/** Paid for 30 days from a time on, unless said otherwise. */
export function invoiceOf(
  invoiceId: string,
  startMs: number,
  changes: Partial<SubscriptionInvoice> = {},
): SubscriptionInvoice {
  const terms = changes.terms ?? exampleTerms
  const endMs = startMs + 30 * dayMs
  const paid = { kind: 'period', state: 'paid', totalNanoUsd: nanoUsd(20 * dollar) } as const
  return { invoiceId, planId: terms.id, terms, startMs, endMs, ...paid, ...changes }
}

export function subscriptionOf(
  invoices: readonly SubscriptionInvoice[],
  changes: Partial<TellSubscription> = {},
): TellSubscription {
  return {
    subscriptionId: 'sub_1',
    accountId: exampleAccountId,
    isLive: false,
    state: 'active',
    isEnding: false,
    invoices,
    ...changes,
  }
}
