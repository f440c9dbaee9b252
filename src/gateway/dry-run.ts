// ?dryRun=true: what a call would cost and whether it would be admitted. Nothing is executed, held or charged.

import { chargeOf } from '#catalog/price.ts'
import { usualOutputTokens } from '#catalog/quote.ts'
import { noUsage } from '#calls/usage.ts'
import type { Json } from '#core/errors.ts'
import { type NanoUsd, formatUsd } from '#core/money.ts'
import type { AccountView, KeyView } from '#ledger/account-views.ts'
import { expectedTokensOf, type PreparedCall } from './prepared-call.ts'

/** API.md's dry-run answer. `account` and `key` are null where the object does not know them. */
export function dryRunAnswer(call: PreparedCall, account: AccountView | null, key: KeyView | null): Json {
  const refusal = wouldRefuse(call, account, key)
  const { quote, model } = call
  const outputTokens =
    Math.min(call.chat.outputTokensMax ?? usualOutputTokens, quote.outputTokens) * call.chat.choices
  const estimate = chargeOf(model, { ...noUsage, input: quote.expectedInputTokens, output: outputTokens })
  return {
    dry_run: true,
    model: model.id,
    cost_min: formatUsd(quote.inputCostNanoUsd),
    cost_estimate: formatUsd(estimate.costNanoUsd),
    cost_max: formatUsd(quote.ceilingNanoUsd),
    currency: 'USD',
    price_version: model.priceVersion,
    expected_input_tokens: quote.expectedInputTokens,
    max_output_tokens: quote.outputTokens,
    would_be_admitted: refusal === undefined,
    ...(refusal === undefined ? {} : { refusal }),
  }
}

/** The same questions that the object asks, answered from what it shows; only an admission decides. */
function wouldRefuse(
  call: PreparedCall,
  account: AccountView | null,
  key: KeyView | null,
): string | undefined {
  if (account === null || key === null) return 'invalid_api_key'
  if (key.isDisabled) return 'key_disabled'
  if (account.settings.isFrozen) return 'account_suspended'
  if (key.allowedModels !== null && !key.allowedModels.includes(call.model.id)) return 'model_not_allowed'
  const { rate } = account
  if (rate.requests.remaining < 1 || rate.inFlight.remaining < 1) return 'rate_limit_exceeded'
  if (rate.tokens.remaining < expectedTokensOf(call)) return 'rate_limit_exceeded'
  // A call that may be lowered is admitted with less than its ceiling.
  const { floorNanoUsd } = call.quote
  if (key.budgets.some((budget) => budget.amountNanoUsd - budget.usedNanoUsd < floorNanoUsd))
    return 'key_limit_exceeded'
  return moneyRefusal(account, floorNanoUsd)
}

function moneyRefusal(account: AccountView, floorNanoUsd: NanoUsd): string | undefined {
  if (account.availableNanoUsd >= floorNanoUsd) return undefined
  return account.postedNanoUsd >= floorNanoUsd ? 'in_flight_budget_exhausted' : 'insufficient_credits'
}
