// POST /v1/messages/count_tokens: how many input tokens the same message is expected to have. Free: nothing is held, charged or
// sent, and the account's object is not asked.

import { countTokensAnswer, readCountTokensCall } from '#dialects/anthropic-messages-request.ts'
import { dialects } from '#dialects/dialects.ts'
import { messageTexts } from '#dialects/message-texts.ts'
import { findModel } from '#catalog/catalog.ts'
import { quote } from '#catalog/quote.ts'
import type { Refusal } from '#core/errors.ts'
import type { RequestId } from '#core/ids.ts'
import { answerHeaders } from './answer-headers.ts'
import { authenticate } from './authenticate.ts'
import { readBody } from './body.ts'
import { countedBytesMax, countedText } from './counted-try.ts'
import type { GatewayParts } from './parts.ts'
import { refusalResponse } from './refusal-response.ts'

const dialect = dialects.messages

export async function countInputTokens(
  request: Request,
  requestId: RequestId,
  parts: GatewayParts,
): Promise<Response> {
  const counted = await count(request, parts)
  if (!counted.ok) return refusalResponse(counted, { requestId }, (refusal, id) => dialect.error(refusal, id))
  return Response.json(countTokensAnswer(counted), { headers: answerHeaders({ requestId }) })
}

async function count(
  request: Request,
  parts: GatewayParts,
): Promise<{ ok: true; expectedInputTokens: number } | Refusal> {
  const authenticated = await authenticate(request, parts)
  if (!authenticated.ok) return authenticated
  const body = await readBody(request)
  if (!body.ok) return body
  const read = readCountTokensCall(body.bytes)
  if (!read.ok) return read
  const { call: asked } = read
  const found = findModel(parts.catalog, asked.model)
  if (!found.ok) return found
  const { model } = found
  const isCounted = asked.textBytes <= countedBytesMax
  const how = { countTokens: await parts.countO200k(), tokenizerFactor: model.tokenizerFactor ?? 1 }
  const texts = isCounted ? messageTexts(asked) : []
  const { expectedInputTokens } = quote(model, {
    ...asked,
    counted: countedText(asked.textBytes, texts, how),
  })
  // What a provider adds at most is for holds; without tools it adds next to nothing, and nobody wants phantom tokens.
  const added = asked.tools === 0 ? model.inputOverhead.baseTokens : 0
  return { ok: true, expectedInputTokens: Math.max(1, expectedInputTokens - added) }
}
