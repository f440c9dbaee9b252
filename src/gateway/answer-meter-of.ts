// The meter that follows a call's answer: what it counts with, what it shows of the charge, and under which name.

import type { CountTokens } from '#calls/count-tokens.ts'
import type { MeteredUsage } from '#calls/usage-meter.ts'
import { assert } from '#core/assert.ts'
import { secondMs } from '#core/clock.ts'
import type { AnswerMeter } from '#dialects/answer-meter.ts'
import { TranslatedAnswer } from '#dialects/translated-answer.ts'
import { endingOf } from './ending.ts'
import type { PreparedCall } from './prepared-call.ts'

export function answerMeterOf(call: PreparedCall, countTokens: CountTokens): AnswerMeter {
  const { model, quote, asked, dialect, upstream, ownFields } = call
  const { expectedInputTokens } = quote
  const includeUsage = asked.includeUsage === true
  const costOf = call.isCostOmitted
    ? undefined
    : (metered: MeteredUsage) => endingOf(call, 'done', 'after_usage', metered).charge
  if (upstream.dialect.id === dialect.id) {
    assert(dialect.sameDialectMeter !== undefined, 'answers of this format are followed')
    const modelName = model.upstreamId === model.id ? undefined : model.id
    const shown = { includeUsage, costOf, modelName, ownFields }
    return dialect.sameDialectMeter({ countTokens, expectedInputTokens, ...shown })
  }
  assert(
    dialect.encoder !== undefined && upstream.dialect.decoder !== undefined,
    'a translated call has both sides',
  )
  const encoder = dialect.encoder({
    answerId: call.callId,
    model: model.id,
    createdAtSeconds: Math.floor(call.startedAt / secondMs),
    expectedInputTokens,
    includeUsage,
    origin: model.provider,
    echo: asked.echo ?? {},
    ownFields,
  })
  const decoder = upstream.dialect.decoder(model.provider)
  const toolNames = upstream.toolNames()
  return new TranslatedAnswer({ decoder, encoder, toolNames, countTokens, expectedInputTokens, costOf })
}
