// The one question to the account object, and what its "no" means for the client. The words of each refusal carry the
// figures and the next step; what an SDK should do is in core/errors.ts.

import { type Millis, dayMs, hourMs, minuteMs } from '#core/clock.ts'
import { type ErrorCode, type Json, type Refusal, refuse } from '#core/errors.ts'
import { type NanoUsd, formatUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type { Admit, AdmitAnswer, AdmitRefused, Admitted, LimitSource } from '#ledger/call-commands.ts'
import { type Persistence, askPersistently } from './object-call.ts'

export type Admission =
  | { ok: true; admitted: Admitted; sentAt: Millis }
  | { ok: false; refusal: Refusal; answer: AdmitRefused }
  /** No answer: a hold may or may not lie in the object, so the call has to be released. */
  | { ok: false; refusal: Refusal; answer: undefined }

/** Asks until the object answers; `sentAt` is the start of the attempt that could have been the first to arrive. */
export async function askAdmission(
  account: () => AccountPort,
  admit: Admit,
  how: Persistence,
): Promise<Admission> {
  const sentAt = how.clock.now()
  const asked = await askPersistently(() => account().admit(admit), isAnswer, how)
  if (!asked.ok)
    return { ok: false, refusal: refuse('ledger_unavailable', { retryAfterSeconds: 1 }), answer: undefined }
  if (asked.answer.ok) return { ok: true, admitted: asked.answer, sentAt }
  return { ok: false, refusal: refusalOf(asked.answer), answer: asked.answer }
}

function isAnswer(answer: AdmitAnswer): boolean {
  return answer.ok || answer.code !== 'internal'
}

/** `max_affordable_tokens` is added by the caller, which alone knows the model's price. */
export function refusalOf(answer: AdmitRefused): Refusal {
  const code = clientCodes[answer.code]
  switch (answer.code) {
    case 'insufficient_credits':
    case 'in_flight_budget_exhausted':
    case 'key_limit_exceeded':
    case 'end_user_limit_exceeded':
    case 'monthly_spend_limit_reached':
    case 'credit_limit_reached':
    case 'allowance_exhausted':
      return refuse(code, {
        message: moneyMessage(answer),
        metadata: moneyFigures(answer),
        ...(answer.code === 'in_flight_budget_exhausted' ? { retryAfterSeconds: 1 } : {}),
      })
    case 'rate_limit_exceeded':
      return refuse(code, rateMessage(answer))
    case 'account_suspended':
      return refuse(code, suspension(answer))
    case 'idempotency_in_progress':
    case 'idempotency_completed':
    case 'idempotency_key_reused':
      return refuse(code, claimRefusal(answer))
    case 'no_such_account':
    case 'invalid_api_key':
    case 'key_disabled':
    case 'model_not_allowed':
    case 'insufficient_role':
    case 'call_resolved':
    case 'internal':
      return refuse(code)
  }
}

const clientCodes: { readonly [code in AdmitRefused['code']]: ErrorCode } = {
  no_such_account: 'invalid_api_key',
  invalid_api_key: 'invalid_api_key',
  key_disabled: 'key_disabled',
  model_not_allowed: 'model_not_allowed',
  account_suspended: 'account_suspended',
  insufficient_role: 'insufficient_role',
  rate_limit_exceeded: 'rate_limit_exceeded',
  insufficient_credits: 'insufficient_credits',
  in_flight_budget_exhausted: 'in_flight_budget_exhausted',
  key_limit_exceeded: 'key_limit_exceeded',
  end_user_limit_exceeded: 'end_user_limit_exceeded',
  monthly_spend_limit_reached: 'monthly_spend_limit_reached',
  credit_limit_reached: 'credit_limit_reached',
  allowance_exhausted: 'allowance_exhausted',
  idempotency_in_progress: 'idempotency_in_progress',
  idempotency_completed: 'idempotency_completed',
  idempotency_key_reused: 'idempotency_key_reused',
  // The call was released before its admission arrived; the client sees a plain "try again".
  call_resolved: 'ledger_unavailable',
  internal: 'ledger_unavailable',
}

/** Without figures where the operator has done it. */
function suspension({ invoice }: AdmitRefused): Omit<Refusal, 'ok' | 'code'> {
  if (invoice === undefined) return {}
  const { invoiceId, amountNanoUsd, url } = invoice
  const amount = formatUsd(amountNanoUsd)
  const where = url === null ? 'in the way that was agreed' : `at ${url}`
  return {
    message: `This account is suspended: invoice ${invoiceId} over $${amount} is unpaid beyond its days of grace. Pay it ${where}; calls go on at once.`,
    metadata: { invoice: invoiceId, amount_due: amount, pay_at: url },
  }
}

/** The receipt instead of a second charge. */
function claimRefusal(answer: AdmitRefused): Omit<Refusal, 'ok' | 'code'> {
  const { code, earlier } = answer
  if (earlier === undefined) {
    return {
      message:
        'This Idempotency-Key was used with another body in the last 24 hours. Use a new key for a new request.',
    }
  }
  const { callId, chargedNanoUsd } = earlier
  if (code === 'idempotency_in_progress') {
    const message = `The request with this Idempotency-Key is still running as ${callId}. Try again when it has ended.`
    return { message, metadata: { generation_id: callId }, retryAfterSeconds: 1 }
  }
  const cost = formatUsd(chargedNanoUsd)
  const message = `The request with this Idempotency-Key was executed as ${callId} and charged $${cost}, once. GET /v1/generation?id=${callId} explains the charge.`
  return { message, metadata: { generation_id: callId, cost } }
}

function moneyMessage(answer: AdmitRefused): string {
  const needed = `This request needs $${formatUsd(answer.requiredNanoUsd)}`
  const available = `$${formatUsd(answer.availableNanoUsd)} is available`
  const held = `$${formatUsd(answer.heldNanoUsd)} is held by running requests`
  switch (answer.code) {
    case 'in_flight_budget_exhausted':
      return `${needed}; ${available} and ${held}. Try again when one of them has ended.`
    case 'key_limit_exceeded':
    case 'end_user_limit_exceeded':
    case 'monthly_spend_limit_reached': {
      if (answer.limitSource === 'end_users_max')
        return `This account limits its end users and can count ${answer.limit ?? 0} of them at a time. Try again when a day, week or month has begun.`
      const whose = limitNames[answer.code]?.(windowName(answer.limitSource)) ?? 'A limit'
      return `${whose} is $${formatOptional(answer.limitNanoUsd)}; $${formatOptional(answer.remainingNanoUsd)} is left and ${needed.replace('This', 'this')}.${resetSentence(answer)}`
    }
    case 'credit_limit_reached':
      return `${needed}; ${available} below the credit limit of this account and ${held}. Pay an invoice, or ask for a higher limit.`
    case 'allowance_exhausted':
      return `${allowanceSentence(answer)} ${needed}; ${available} and ${held}. Buy credit, or choose a plan that includes more.`
    default:
      return `${needed}; ${available} and ${held}. Add credit, or ask for fewer output tokens.`
  }
}

const limitNames: { readonly [code: string]: (window: string) => string } = {
  key_limit_exceeded: (window) => `The ${window} limit of this API key`,
  end_user_limit_exceeded: (window) => `The ${window} limit of this end user`,
  monthly_spend_limit_reached: () => 'The monthly spend limit of this account',
}

function formatOptional(amount: NanoUsd | undefined): string {
  return amount === undefined ? '0.00' : formatUsd(amount)
}

function windowName(source: LimitSource | undefined): string {
  const names: { readonly [source: string]: string } = {
    day: 'daily',
    week: 'weekly',
    month: 'monthly',
    lifetime: 'lifetime',
  }
  return names[source?.split('_').at(-1) ?? ''] ?? 'spending'
}

function allowanceSentence({ allowance, resetMs }: AdmitRefused): string {
  const { left = 0, included = 0, consumable = 'tokens' } = allowance ?? {}
  const renews = resetMs === undefined ? '' : ` The allowance renews in ${roughly(resetMs)}.`
  return `${left} of the plan's ${included} ${consumable} are left.${renews}`
}

function resetSentence(answer: AdmitRefused): string {
  return answer.resetMs === undefined ? ' It does not reset.' : ` It resets in ${roughly(answer.resetMs)}.`
}

/** Rounded up: who comes back then finds the limit reset. */
function roughly(ms: number): string {
  const minutes = Math.max(1, Math.ceil(ms / minuteMs))
  if (minutes < 120) return minutes === 1 ? '1 minute' : `${minutes} minutes`
  const hours = Math.ceil(ms / hourMs)
  return hours < 48 ? `${hours} hours` : `${Math.ceil(ms / dayMs)} days`
}

function moneyFigures(answer: AdmitRefused): { readonly [name: string]: Json } {
  return {
    reason: answer.code,
    limit_source: answer.limitSource ?? 'balance',
    remedy_hint: remedyHints[answer.code] ?? 'add_credit',
    available: formatUsd(answer.availableNanoUsd),
    held: formatUsd(answer.heldNanoUsd),
    required: formatUsd(answer.requiredNanoUsd),
    ...(answer.limitNanoUsd === undefined ? {} : { limit: formatUsd(answer.limitNanoUsd) }),
    ...(answer.remainingNanoUsd === undefined ? {} : { remaining: formatUsd(answer.remainingNanoUsd) }),
    ...(answer.resetMs === undefined ? {} : { resets_in_seconds: Math.ceil(answer.resetMs / 1000) }),
    ...(answer.allowance === undefined ? {} : { allowance: { ...answer.allowance } }),
    remedies: remedies[answer.code] ?? [],
  }
}

const remedyHints: { readonly [code: string]: string } = {
  in_flight_budget_exhausted: 'retry_later',
  key_limit_exceeded: 'raise_key_limit',
  end_user_limit_exceeded: 'wait_for_reset',
  monthly_spend_limit_reached: 'raise_spend_limit',
  credit_limit_reached: 'pay_invoice',
  allowance_exhausted: 'buy_credit',
}

const remedies: { readonly [code: string]: readonly string[] } = {
  // What a customer can do or ask for; in the order in which it helps.
  insufficient_credits: ['add_credit', 'auto_top_up', 'postpaid', 'lower_max_tokens'],
  in_flight_budget_exhausted: ['retry_later', 'add_credit', 'lower_max_tokens'],
  key_limit_exceeded: ['raise_key_limit', 'use_another_key'],
  end_user_limit_exceeded: ['wait_for_reset', 'raise_end_user_limit'],
  monthly_spend_limit_reached: ['raise_spend_limit'],
  credit_limit_reached: ['pay_invoice', 'raise_credit_limit', 'lower_max_tokens'],
  allowance_exhausted: ['buy_credit', 'upgrade_plan', 'wait_for_renewal'],
}

/** SDKs obey up to 60 s; a longer reset is said in the message alone. */
const retryAfterSecondsMax = 60

function rateMessage(answer: AdmitRefused): {
  message: string
  retryAfterSeconds: number
  metadata: { readonly [name: string]: Json }
} {
  const { limitSource: source = 'rpm', limit, remaining, resetMs } = answer
  const seconds = Math.min(retryAfterSecondsMax, Math.max(1, Math.ceil((resetMs ?? 1000) / 1000)))
  const what = rateNames[source.replace('key_', '')] ?? 'requests per minute'
  const whose = source.startsWith('key_') ? 'This API key' : 'This account'
  const reached =
    limit === undefined ? `${whose} has reached its limit of ${what}.` : `${whose} may use ${limit} ${what}.`
  return {
    message: `${reached} Try again in ${seconds} s.`,
    retryAfterSeconds: seconds,
    metadata: {
      reason: 'rate_limit_exceeded',
      limit_source: source,
      ...(limit === undefined ? {} : { limit }),
      ...(remaining === undefined ? {} : { remaining }),
      ...(resetMs === undefined ? {} : { resets_in_seconds: Math.ceil(resetMs / 1000) }),
    },
  }
}

const rateNames: { readonly [source: string]: string } = {
  rpm: 'requests per minute',
  tpm: 'tokens per minute',
  in_flight: 'requests at the same time',
}
