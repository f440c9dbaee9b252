// The object's "no" in the customer's words: what happened, the figures and the next step, and the question itself.
import { describe, expect, test } from 'vitest'

import { type ErrorCode, errorKindOf } from '#core/errors.ts'
import { nanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type {
  Admit,
  AdmitAnswer,
  AdmitRefusalCode,
  AdmitRefused,
  LimitSource,
  RateFigures,
} from '#ledger/call-commands.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock, startOfTest } from '../../test/world/hand-clock.ts'
import { askAdmission, refusalOf } from './admission.ts'
import { admitCommand } from './admit-command.ts'
import { aCall } from './test-call.ts'

const rate: RateFigures = {
  requests: { limit: 50, remaining: 0, resetMs: 7_500 },
  tokens: { limit: 2_000_000, remaining: 10, resetMs: 7_500 },
  inFlight: { limit: 100, remaining: 0 },
}

function no(code: AdmitRefusalCode, more: Partial<AdmitRefused> = {}): AdmitRefused {
  return {
    ok: false,
    code,
    availableNanoUsd: nanoUsd(20_000_000),
    heldNanoUsd: nanoUsd(480_000_000),
    requiredNanoUsd: nanoUsd(50_000_000),
    ...more,
  }
}

const money = { available: '0.02', held: '0.48', required: '0.05' }

describe('a refusal for money', () => {
  // Requirements: 5, 48
  test('for lack of credit says how much is needed, available and held, and what to do', () => {
    expect(refusalOf(no('insufficient_credits', { limitSource: 'balance' }))).toEqual({
      ok: false,
      code: 'insufficient_credits',
      message:
        'This request needs $0.05; $0.02 is available and $0.48 is held by running requests. Add credit, or ask for fewer output tokens.',
      metadata: {
        reason: 'insufficient_credits',
        limit_source: 'balance',
        remedy_hint: 'add_credit',
        ...money,
        remedies: ['add_credit', 'auto_top_up', 'postpaid', 'lower_max_tokens'],
      },
    })
  })

  test('because running requests hold the credit asks for another try soon', () => {
    expect(refusalOf(no('in_flight_budget_exhausted', { limitSource: 'balance' }))).toEqual({
      ok: false,
      code: 'in_flight_budget_exhausted',
      message:
        'This request needs $0.05; $0.02 is available and $0.48 is held by running requests. Try again when one of them has ended.',
      metadata: {
        reason: 'in_flight_budget_exhausted',
        limit_source: 'balance',
        remedy_hint: 'retry_later',
        ...money,
        remedies: ['retry_later', 'add_credit', 'lower_max_tokens'],
      },
      retryAfterSeconds: 1,
    })
  })

  test.each([
    ['key_day', 'The daily limit of this API key', 90_000, 'It resets in 2 minutes.'],
    ['key_week', 'The weekly limit of this API key', 1, 'It resets in 1 minute.'],
    ['key_month', 'The monthly limit of this API key', 30 * 86_400_000, 'It resets in 30 days.'],
    ['key_lifetime', 'The lifetime limit of this API key', undefined, 'It does not reset.'],
  ] as const)(
    'by the window %s names it, what is left and when it resets',
    (source, whose, resetMs, resets) => {
      const answer = no('key_limit_exceeded', {
        limitSource: source,
        limitNanoUsd: nanoUsd(5_000_000_000),
        remainingNanoUsd: nanoUsd(10_000_000),
        ...(resetMs === undefined ? {} : { resetMs }),
      })
      const refusal = refusalOf(answer)
      expect(refusal.message).toBe(`${whose} is $5.00; $0.01 is left and this request needs $0.05. ${resets}`)
      expect(refusal.metadata).toEqual({
        reason: 'key_limit_exceeded',
        limit_source: source,
        remedy_hint: 'raise_key_limit',
        ...money,
        limit: '5.00',
        remaining: '0.01',
        ...(resetMs === undefined ? {} : { resets_in_seconds: Math.ceil(resetMs / 1_000) }),
        remedies: ['raise_key_limit', 'use_another_key'],
      })
      expect(refusal.retryAfterSeconds).toBeUndefined()
    },
  )

  test("by the account's month says so", () => {
    const refusal = refusalOf(
      no('monthly_spend_limit_reached', {
        limitSource: 'account_month',
        limitNanoUsd: nanoUsd(100_000_000_000),
        remainingNanoUsd: nanoUsd(0),
        resetMs: 86_400_000,
      }),
    )
    expect(refusal.message).toBe(
      'The monthly spend limit of this account is $100.00; $0.00 is left and this request needs $0.05. It resets in 24 hours.',
    )
    expect(refusal.metadata).toMatchObject({ limit_source: 'account_month', remedies: ['raise_spend_limit'] })
  })

  // Cases: billing-bugs 41
  test('shows a negative balance as it is', () => {
    const refusal = refusalOf(no('insufficient_credits', { availableNanoUsd: nanoUsd(-1_250_000_000) }))
    expect(refusal.metadata).toMatchObject({ available: '-1.25' })
    expect(refusal.message).toContain('$-1.25 is available')
  })
})

describe('a refusal for rate', () => {
  test.each([
    ['rpm', 'This account may use 50 requests per minute. Try again in 8 s.'],
    ['tpm', 'This account may use 50 tokens per minute. Try again in 8 s.'],
    ['in_flight', 'This account may use 50 requests at the same time. Try again in 8 s.'],
    ['key_rpm', 'This API key may use 50 requests per minute. Try again in 8 s.'],
    ['key_tpm', 'This API key may use 50 tokens per minute. Try again in 8 s.'],
    ['key_in_flight', 'This API key may use 50 requests at the same time. Try again in 8 s.'],
  ] as const)('by %s names the limit and when to come back', (source, message) => {
    const figures = { limitSource: source, limit: 50, remaining: 0, resetMs: 7_500 }
    expect(refusalOf(no('rate_limit_exceeded', figures))).toEqual({
      ok: false,
      code: 'rate_limit_exceeded',
      message,
      retryAfterSeconds: 8,
      metadata: {
        reason: 'rate_limit_exceeded',
        limit_source: source,
        limit: 50,
        remaining: 0,
        resets_in_seconds: 8,
      },
    })
  })

  test('without figures still says what was reached', () => {
    expect(refusalOf(no('rate_limit_exceeded', { limitSource: 'rpm' })).message).toBe(
      'This account has reached its limit of requests per minute. Try again in 1 s.',
    )
  })

  test.each([
    [0, 1],
    [1, 1],
    [59_001, 60],
    [60_000, 60],
    [86_400_000, 60],
  ])('that resets in %d ms asks to wait %d s, never more than a minute', (resetMs, seconds) => {
    const sources: LimitSource[] = ['rpm', 'tpm', 'in_flight']
    for (const limitSource of sources)
      expect(refusalOf(no('rate_limit_exceeded', { limitSource, resetMs, rate })).retryAfterSeconds).toBe(
        seconds,
      )
  })
})

test.each([
  ['no_such_account', 'invalid_api_key'],
  ['invalid_api_key', 'invalid_api_key'],
  ['key_disabled', 'key_disabled'],
  ['model_not_allowed', 'model_not_allowed'],
  ['account_suspended', 'account_suspended'],
  ['insufficient_role', 'insufficient_role'],
  ['call_resolved', 'ledger_unavailable'],
  ['internal', 'ledger_unavailable'],
] as const)("the object's %s is the client's %s, without a figure of the account", (code, clientCode) => {
  expect(refusalOf(no(code))).toEqual({ ok: false, code: clientCode })
})

test('no money is ever a 429 and no rate is ever a 402', () => {
  const statuses: Record<AdmitRefusalCode, number> = {
    no_such_account: 401,
    invalid_api_key: 401,
    key_disabled: 403,
    model_not_allowed: 403,
    account_suspended: 403,
    insufficient_role: 403,
    rate_limit_exceeded: 429,
    insufficient_credits: 402,
    in_flight_budget_exhausted: 402,
    key_limit_exceeded: 402,
    end_user_limit_exceeded: 402,
    monthly_spend_limit_reached: 402,
    credit_limit_reached: 402,
    allowance_exhausted: 402,
    call_resolved: 503,
    idempotency_in_progress: 409,
    idempotency_completed: 409,
    idempotency_key_reused: 422,
    internal: 503,
  }
  for (const [code, status] of Object.entries(statuses)) {
    const clientCode: ErrorCode = refusalOf(no(code as AdmitRefusalCode)).code
    expect([code, errorKindOf(clientCode).status]).toEqual([code, status])
  }
})

describe('the question', () => {
  const call = aCall()
  const admit: Admit = admitCommand(call, false)
  const yes: AdmitAnswer = {
    ok: true,
    heldNanoUsd: call.quote.holdNanoUsd,
    availableNanoUsd: nanoUsd(1),
    parallel: { calls: 0, exposureNanoUsd: nanoUsd(0) },
    burnNanoUsdPerMinute: nanoUsd(0),
    rate,
  }

  function askWith(...answers: (() => Promise<AdmitAnswer>)[]) {
    const clock = new HandClock()
    const asked: Admit[] = []
    const port: Partial<AccountPort> = {
      admit: (command) => {
        asked.push(command)
        return (answers[asked.length - 1] ?? answers.at(-1) ?? (async () => yes))()
      },
    }
    const how = { clock, random: () => new Uint8Array([255]), attemptMs: 5_000, withinMs: 10_000 }
    return { clock, asked, admission: askAdmission(() => port as AccountPort, admit, how) }
  }

  const breaks = async () => {
    throw new Error('The object was reset.')
  }

  test('that is answered yes counts its cover from when it was first sent, however late the yes came', async () => {
    const { clock, asked, admission } = askWith(
      breaks,
      () => new Promise(() => undefined),
      async () => yes,
    )
    await clock.advance(6_000)
    expect(await admission).toEqual({ ok: true, admitted: yes, sentAt: startOfTest })
    expect(asked).toEqual([admit, admit, admit])
  })

  test('that is refused is not asked again', async () => {
    const refused = no('insufficient_credits')
    const { asked, admission } = askWith(async () => refused)
    expect(await admission).toEqual({ ok: false, refusal: refusalOf(refused), answer: refused })
    expect(asked).toHaveLength(1)
  })

  test.each([
    ['breaks', breaks],
    ['hangs', () => new Promise<never>(() => undefined)],
    ['fails', async () => no('internal')],
  ])('that gets no answer from an object that %s is refused, never let through', async (_name, answer) => {
    const { clock, admission } = askWith(answer)
    await clock.advance(15_000)
    expect(await admission).toEqual({
      ok: false,
      refusal: { ok: false, code: 'ledger_unavailable', retryAfterSeconds: 1 },
      answer: undefined,
    })
    expect(clock.sleepers).toBe(0)
  })
})
