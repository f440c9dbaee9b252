// An answer in one piece: read, priced, its capture on its way, then given to the client with its cost.

import { countTokensByBytes } from '#calls/count-tokens.ts'
import { noUsage } from '#calls/usage.ts'
import { refuse } from '#core/errors.ts'
import { isObject, readJson, readString } from '#core/readers.ts'
import { StopController } from '#core/stop.ts'
import { ChatMeter } from '#dialects/openai-chat-meter.ts'
import { withCost } from '#dialects/openai-cost.ts'
import { answerHeaders } from './answer-headers.ts'
import type { CoverLoss } from './cover.ts'
import { type Session, lostRefusal } from './session.ts'

export async function wholeAnswer(response: Response, session: Session): Promise<void> {
  const { call } = session
  const read = await readWhole(response, session)
  if (read.text === undefined) {
    session.end(read.cause, 'answered', { usage: noUsage, source: 'none' })
    const cut = read.cause === 'timeout' ? refuse('upstream_timeout') : refuse('upstream_error')
    return session.respondRefusal(read.loss === undefined ? cut : lostRefusal(read.loss))
  }
  const body = readJson(read.text)
  if (!isObject(body) || body['error'] !== undefined) {
    session.end('upstream_error', 'answered', { usage: noUsage, source: 'none' })
    return session.respondRefusal(refuse('upstream_error'))
  }
  const meter = new ChatMeter({
    countTokens: countTokensByBytes,
    expectedInputTokens: call.quote.expectedInputTokens,
    includeUsage: true,
    costOf: undefined,
    modelName: undefined,
  })
  meter.seeBody(body)
  session.firstToken()
  const metered = meter.usage()
  const ending = session.end(
    'done',
    meter.deliveredBytes > 0 ? 'delivering' : 'answered',
    metered,
    readString(body['id']),
  )
  const { requestId, callId } = call
  const { rate } = session.admitted
  const { costNanoUsd } = ending.charge
  const facts = { requestId, callId, rate, balanceCheck: session.balanceCheck, costNanoUsd }
  session.respond(
    Response.json(withCost(body, { priced: ending.charge, metered }, call.model.id), {
      headers: answerHeaders(facts),
    }),
  )
}

type Whole =
  | { text: string; cause: 'done'; loss: undefined }
  | { text: undefined; cause: 'cut' | 'timeout' | CoverLoss; loss: CoverLoss | undefined }

/** The text, or why there is none: broken off, too slow, or our cover ended and nothing may be delivered. */
async function readWhole(response: Response, session: Session): Promise<Whole> {
  const { clock, upstreamTimings } = session.parts
  const done = new StopController()
  let loss: CoverLoss | undefined
  let isTimedOut = false
  session.onCoverLost((why) => {
    loss = why
    session.hangUp.abort()
  })
  const timeout = clock.sleep(upstreamTimings.totalMs, done.signal).then(() => {
    if (done.signal.aborted) return
    isTimedOut = true
    session.hangUp.abort()
  })
  try {
    const text = await response.text()
    return loss === undefined ? { text, cause: 'done', loss } : { text: undefined, cause: loss, loss }
  } catch {
    // The reading fails because the upstream broke off or because we hung up: which one is what the answer says.
    return { text: undefined, cause: loss ?? (isTimedOut ? 'timeout' : 'cut'), loss }
  } finally {
    done.abort()
    await timeout
  }
}
