// Models of a fixed fee: what may be asked for it, and what a client is told of an accepted call whose answer was lost. When the
// fee is due is in settle.ts, how large it is in catalog/price.ts.

import type { Model } from '#catalog/model.ts'
import { feeOf, hasFixedFee } from '#catalog/price.ts'
import { type ErrorCode, type Refusal, refuse } from '#core/errors.ts'
import { formatUsd } from '#core/money.ts'
import type { AskedCall, ClientFormat } from '#dialects/dialect.ts'
import type { PreparedCall } from './prepared-call.ts'

/** What a call says in chat completions without asking for more than an answer. */
const harmlessFields: ReadonlySet<string> = new Set([
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'max_completion_tokens',
  'max_tokens',
  'messages',
  'metadata',
  'modalities',
  'model',
  'n',
  'parallel_tool_calls',
  'presence_penalty',
  'prompt_cache_key',
  'response_format',
  'safety_identifier',
  'seed',
  'service_tier',
  'stop',
  'store',
  'stream',
  'stream_options',
  'temperature',
  'tool_choice',
  'tools',
  'top_logprobs',
  'top_p',
  'user',
])

const shownFieldCharactersMax = 60

/**
 * The refusal of what the fee is not the price of: a second answer, and a parameter of the provider's own, which passes untouched
 * to other models. What is written anew for another dialect's client has none.
 */
export function refuseBeyondFee(
  model: Model,
  { body, choices }: Pick<AskedCall, 'body' | 'choices'>,
  { id }: Pick<ClientFormat, 'id'>,
): Refusal | undefined {
  if (!hasFixedFee(model)) return undefined
  if (choices > 1) return beyond(model, 'More than one answer', 'n')
  if (id !== 'chat') return undefined
  const field = Object.keys(body).find((name) => !harmlessFields.has(name))
  if (field === undefined) return undefined
  const shown = field.slice(0, shownFieldCharactersMax)
  return beyond(model, `The parameter "${shown}"`, shown)
}

function beyond(model: Model, what: string, param: string): Refusal {
  return refuse('invalid_request', {
    message: `${what} may cost more than the fixed fee of "${model.id}", $${formatUsd(feeOf(model).costNanoUsd)} per call, and has no price here. Leave it out.`,
    param,
  })
}

/** Told before an accepted call's first byte: with them a client would believe that nothing was charged, or try again. */
const lostAnswers: ReadonlySet<ErrorCode> = new Set([
  'upstream_error',
  'upstream_timeout',
  'ledger_unavailable',
])

export function sinceAccepted(
  refusal: Refusal,
  { model, callId }: Pick<PreparedCall, 'model' | 'callId'>,
): Refusal {
  if (!lostAnswers.has(refusal.code)) return refusal
  const fee = formatUsd(feeOf(model).costNanoUsd)
  return refuse('accepted_and_lost', {
    message: `The model provider accepted this call and then did not answer it. "${model.id}" costs $${fee} per call at acceptance, which is charged. GET /v1/generation?id=${callId} explains the charge.`,
  })
}
