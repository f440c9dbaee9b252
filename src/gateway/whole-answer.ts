// An answer in one piece: read, priced, its capture on its way, then given to the client with its cost.

import { utf8BytesOf } from '#calls/count-tokens.ts'
import { noUsage } from '#calls/usage.ts'
import { refuse } from '#core/errors.ts'
import { isObject } from '#core/readers.ts'
import { StopController } from '#core/stop.ts'
import { type StoredAnswer, storedAnswerBytesMax } from '#ledger/claim.ts'
import { readUpstreamJson } from '#dialects/upstream-json.ts'
import { answerHeaders } from './answer-headers.ts'
import { answerMeterOf } from './answer-meter-of.ts'
import type { Ending } from './ending.ts'
import { executedBy, hasRoomForMetadata, metadataOf } from './executed-by.ts'
import { OwnCount } from './own-count.ts'
import type { PreparedCall } from './prepared-call.ts'
import { type Halt, type Session, haltRefusal, refuseUnanswered } from './session.ts'

/** The text of 16 of the longest answers there are; all streams of the isolate live in the same 128 MB. */
export const answerBytesMax = 16 * 1024 * 1024

const jsonType = 'application/json'

/** Null where it is too long to be kept: its repeat gets the receipt. */
function keptAnswer(body: string): StoredAnswer | null {
  return utf8BytesOf(body) > storedAnswerBytesMax ? null : { contentType: jsonType, body }
}

export async function wholeAnswer(response: Response, session: Session): Promise<void> {
  const { call } = session
  if (call.dialect.passed !== undefined)
    return (await import('./passed-answer.ts')).passedAnswer(response, session, call.dialect.passed)
  const read = await readWhole(response, session)
  if (read.text === undefined) {
    session.end(read.cause, 'answered', { usage: noUsage, source: 'none' })
    const cut = read.cause === 'timeout' ? refuse('upstream_timeout') : refuse('upstream_error')
    return session.respondRefusal(read.loss === undefined ? cut : haltRefusal(read.loss))
  }
  const body = readUpstreamJson(read.text)
  const ownCount = new OwnCount(call.model, session.parts)
  const meter = answerMeterOf(call, ownCount.count)
  if (!isObject(body) || !meter.seeBody(body)) return refuseUnanswered(session, 'upstream_error')
  session.firstToken()
  if (meter.needsCount) await ownCount.ready()
  const metered = meter.usage()
  const untouched = isUntouched(call) ? read.text : undefined
  const executed = executedBy(call, meter.upstreamId)
  const textOf = ({ charge }: Ending) => {
    const priced = call.isCostOmitted ? undefined : charge
    if (untouched !== undefined) return untouched
    const shown = meter.wholeBody(body, { priced, metered })
    const isTold = priced !== undefined && hasRoomForMetadata(call.dialect.id)
    const metadata = isTold ? { metadata: metadataOf(executed, priced.costNanoUsd, shown['metadata']) } : {}
    return JSON.stringify({ ...shown, ...metadata })
  }
  const phase = meter.deliveredBytes > 0 ? 'delivering' : 'answered'
  const ending = session.end('done', phase, metered, {
    upstreamId: meter.upstreamId,
    answerOf: (ended) => keptAnswer(textOf(ended)),
  })
  const { requestId, callId, outputTokensLoweredTo } = call
  const { rate } = session.admitted
  const { costNanoUsd } = ending.charge
  const facts = {
    requestId,
    callId,
    rate,
    balanceCheck: session.balanceCheck,
    costNanoUsd,
    outputTokensLoweredTo,
    dropped: call.upstream.dropped,
    executed,
  }
  session.respond(
    new Response(textOf(ending), { headers: { ...answerHeaders(facts), 'content-type': jsonType } }),
  )
}

/** Nothing is added and nothing renamed: the client gets the very text that came. */
function isUntouched({ isCostOmitted, model, dialect, upstream }: PreparedCall): boolean {
  return isCostOmitted && upstream.dialect.id === dialect.id && model.upstreamId === model.id
}

type Whole =
  | { text: string; cause: 'done'; loss: undefined }
  | { text: undefined; cause: 'cut' | 'timeout' | Halt; loss: Halt | undefined }

/** The text, or why there is none: broken off, too slow, or our cover ended and nothing may be delivered. */
async function readWhole(response: Response, session: Session): Promise<Whole> {
  const { clock, upstreamTimings } = session.parts
  const done = new StopController()
  let loss: Halt | undefined
  let isTimedOut = false
  session.onHalt((why) => {
    loss = why
    session.hangUp.abort()
  })
  const timeout = clock.sleep(upstreamTimings.totalMs, done.signal).then(() => {
    if (done.signal.aborted) return
    isTimedOut = true
    session.hangUp.abort()
  })
  try {
    const text = await boundedText(response, session)
    return loss === undefined ? { text, cause: 'done', loss } : { text: undefined, cause: loss, loss }
  } catch {
    // The reading fails because the upstream broke off or because we hung up: which one is what the answer says.
    return { text: undefined, cause: loss ?? (isTimedOut ? 'timeout' : 'cut'), loss }
  } finally {
    done.abort()
    await timeout
  }
}

/** Throws where the answer is larger than it may be: it then counts as broken off. */
async function boundedText(response: Response, session: Session): Promise<string> {
  // The platform reads no further than a stated length; only of a compressed answer does it say nothing.
  const stated = response.headers.get('content-length')
  const isBounded = stated !== null && Number(stated) <= answerBytesMax
  if (isBounded && response.headers.get('content-encoding') === null) return response.text()
  if (response.body === null) return ''
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.length
    if (bytes > answerBytesMax) {
      const { requestId: request, model } = session.call
      session.parts.log.error('answer_too_large', { request, model: model.id, bytes })
      session.hangUp.abort()
      throw new Error(`The answer is larger than ${answerBytesMax} bytes.`)
    }
    text += decoder.decode(value, { stream: true })
  }
}
