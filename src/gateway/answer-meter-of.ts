// The meter that follows a call's answer: what it counts with, what it shows of the charge, and under which name.

import { countTokensByBytes } from '#calls/count-tokens.ts'
import type { AnswerMeter } from '#dialects/answer-meter.ts'
import { endingOf } from './ending.ts'
import type { PreparedCall } from './prepared-call.ts'

export function answerMeterOf(call: PreparedCall): AnswerMeter {
  const { model, quote, asked, format } = call
  return format.sameDialectMeter({
    countTokens: countTokensByBytes,
    expectedInputTokens: quote.expectedInputTokens,
    includeUsage: asked.includeUsage === true,
    costOf: (metered) => endingOf(call, 'done', 'after_usage', metered).charge,
    modelName: model.upstreamId === model.id ? undefined : model.id,
  })
}
