// ?dryRun=true: what a call would cost and whether it would be admitted. Nothing is executed, held or charged.

import { chargeOf } from '#catalog/price.ts'
import { chargedTier } from '#catalog/service-tiers.ts'
import { usualOutputTokens } from '#catalog/quote.ts'
import { noUsage } from '#calls/usage.ts'
import type { Json } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import type { AdmitAnswer } from '#ledger/call-commands.ts'
import { refusalOf } from './admission.ts'
import type { PreparedCall } from './prepared-call.ts'

/** API.md's dry-run answer, with what the object would answer to the call's admission. */
export function dryRunAnswer(call: PreparedCall, admission: AdmitAnswer): Json {
  const refusal = admission.ok ? undefined : refusalOf(admission)
  const { quote, model } = call
  const outputTokens =
    Math.min(call.asked.outputTokensMax ?? usualOutputTokens, quote.outputTokens) * call.asked.choices
  const { serviceTier } = call.asked
  const usage = { ...noUsage, input: quote.expectedInputTokens, output: outputTokens }
  const estimate = chargeOf(model, usage, chargedTier(serviceTier, serviceTier))
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
    cancellation_policy: call.policy,
    would_be_admitted: refusal === undefined,
    ...(refusal === undefined ? {} : { refusal: refusal.code, refusal_metadata: refusal.metadata ?? {} }),
  }
}
