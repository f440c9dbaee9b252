// What the operator does with accounts: open, look at, change, send again. Each is one command to the object.

import { readResend } from './operator-books-input.ts'
import { refuse, type Json, type Refusal } from '#core/errors.ts'
import { makeAccountId } from '#core/ids.ts'
import { formatUsd } from '#core/money.ts'
import { regionCharacters, regionOf } from '#core/regions.ts'
import { driverErrorOf } from '#db/client.ts'
import type { CommandAnswer } from '#ledger/account-commands.ts'
import { keyBody } from '#keys/key-answers.ts'
import type { AccountView, KeyView } from '#ledger/account-views.ts'
import { rememberAccount } from '#settlement/remember-account.ts'
import {
  noSuchAccount,
  type AccountRequest,
  type OperatorAnswer,
  type OperatorRequest,
} from './operator-guard.ts'
import { readNewAccount, readSettingsChange } from './operator-input.ts'

/** Stands in the log beside what the operator did. */
export const actor = 'operator'

export async function createAccount(request: OperatorRequest): Promise<OperatorAnswer> {
  const read = readNewAccount(request.body)
  if (!read.ok) return read
  const { parts } = request
  const { name, region, settings } = read.value
  const accountId = makeAccountId(regionCharacters[region], parts.random)
  const answer = await parts.accounts(accountId).create({ accountId, name, settings })
  if (!answer.ok) return refusalOf(answer)
  // Only so that the sweep knows it should its first message be lost; the account does not depend on it.
  if (parts.db !== undefined)
    await rememberAccount(parts.db, { accountId, name, region }, parts.clock.now()).catch((error: unknown) =>
      parts.log.error('account_not_remembered', { account: accountId }, driverErrorOf(error)),
    )
  const shown = await showAccount({ ...request, accountId })
  return shown.ok ? { ...shown, status: 201 } : shown
}

export async function showAccount({ accountId, parts }: AccountRequest): Promise<OperatorAnswer> {
  const port = parts.accounts(accountId)
  const [view, keys] = await Promise.all([port.view(), port.keys()])
  return view === null ? noSuchAccount() : { ok: true, body: accountBody(view, keys) }
}

export async function changeAccount(request: AccountRequest): Promise<OperatorAnswer> {
  const read = readSettingsChange(request.body)
  if (!read.ok) return read
  const { accountId, parts, requestId } = request
  const { settings, reason, idempotencyKey = requestId } = read.value
  const answer = await parts
    .accounts(accountId)
    .changeSettings({ reference: `settings:${idempotencyKey}`, settings, reason, actor })
  return answer.ok ? showAccount(request) : refusalOf(answer)
}

export async function resendEntries({ accountId, body, parts }: AccountRequest): Promise<OperatorAnswer> {
  const read = readResend(body)
  if (!read.ok) return read
  const answer = await parts.accounts(accountId).resend(read.value.isWhole ? { from: 1 } : undefined)
  return answer.ok
    ? { ok: true, status: 202, body: { account_id: accountId, resend: 'started' } }
    : refusalOf(answer)
}

export function refusalOf(answer: CommandAnswer & { ok: false }): Refusal {
  switch (answer.code) {
    case 'no_such_account':
      return noSuchAccount()
    case 'exists':
      return refuse('invalid_request', { message: 'This account exists already.' })
    case 'invalid_command':
      return refuse('invalid_request', { message: 'The account refuses these values.' })
    case 'internal':
      return objectFailed()
  }
}

export function objectFailed(): Refusal {
  return refuse('ledger_unavailable', {
    message: 'The account could not be changed. The request may be repeated as it is.',
  })
}

function accountBody(view: AccountView, keys: readonly KeyView[]): Json {
  const { settings, marks } = view
  const limit = settings.monthlySpendLimitNanoUsd
  return {
    id: view.accountId,
    name: view.name,
    region: regionOf(view.accountId) ?? null,
    epoch: view.epoch,
    balance: formatUsd(view.postedNanoUsd),
    held: formatUsd(view.heldNanoUsd),
    available: formatUsd(view.availableNanoUsd),
    open_holds: view.openHolds,
    lifetime_added: view.lifetimeAdded,
    lifetime_bonus: view.lifetimeBonus,
    lifetime_spent: view.lifetimeSpent,
    lifetime_usage: view.lifetimeUsage,
    plan: view.plan?.id ?? null,
    rpm: settings.rpm,
    tpm: settings.tpm,
    in_flight: settings.inFlight,
    keys_max: settings.keysMax,
    monthly_spend_limit: limit === null ? null : formatUsd(limit),
    low_balance_threshold: formatUsd(settings.lowBalanceThresholdNanoUsd),
    mode: settings.mode,
    credit_limit: formatUsd(settings.creditLimitNanoUsd),
    invoice_due_days: settings.invoiceDueDays,
    invoice_grace_days: settings.invoiceGraceDays,
    suggested_credit_limit: formatUsd(view.suggestedCreditLimitNanoUsd),
    debt: formatUsd(view.debtNanoUsd),
    buckets: view.buckets.map(({ bucket, remainingNanoUsd, expiresInMs }) => ({
      bucket,
      amount: formatUsd(remainingNanoUsd),
      expires_in_seconds: expiresInMs === null ? null : Math.ceil(expiresInMs / 1_000),
    })),
    frozen: settings.isFrozen,
    freeze_on_dispute: settings.freezesOnDispute,
    open_disputes: view.risk.openDisputes,
    fraud_warnings: view.risk.fraudWarnings,
    end_user_limits: settings.endUserBudgets.map(({ window, amountNanoUsd }) => ({
      window,
      amount: formatUsd(amountNanoUsd),
    })),
    entries: { head: marks.head, sent: marks.sent, confirmed: marks.confirmed },
    keys: keys.map(keyBody),
  }
}
