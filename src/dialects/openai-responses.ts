// OpenAI's responses as a client speaks them and as an upstream does, without what has to be kept between two of them.

import type { Dialect } from './dialect.ts'
import { openAiError } from './openai-errors.ts'
import { ResponsesDecoder } from './openai-responses-decoder.ts'
import { ResponsesEncoder } from './openai-responses-encoder.ts'
import { responsesFromNeutral } from './openai-responses-from-neutral.ts'
import { ResponsesMeter } from './openai-responses-meter.ts'
import { ownFieldsOf } from './openai-responses-object.ts'
import { forwardResponses, leftOutOfResponses, readResponsesCall } from './openai-responses-request.ts'
import { responsesToNeutral } from './openai-responses-to-neutral.ts'

export const responsesDialect: Dialect = {
  id: 'responses',
  route: '/v1/responses',
  upstreamPath: '/responses',
  read: readResponsesCall,
  error: openAiError,
  leftOut: leftOutOfResponses,
  forward: forwardResponses,
  ownFields: ownFieldsOf,
  sameDialectMeter: (options) => new ResponsesMeter(options),
  toNeutral: responsesToNeutral,
  fromNeutral: responsesFromNeutral,
  decoder: (origin) => new ResponsesDecoder(origin),
  encoder: (facts) => new ResponsesEncoder(facts),
}
