// A streamed answer: opened when its first chunk is no error, relayed to its end, settled before its last bytes leave.

import type { AnswerMeter, ShownCost } from '#dialects/answer-meter.ts'
import type { Frame } from '#sse/frames.ts'
import type { StoredAnswer } from '#ledger/claim.ts'
import { answerMeterOf } from './answer-meter-of.ts'
import { AnswerProgress } from './answer-progress.ts'
import { type ClientEnd, shownOf } from './answer-record.ts'
import { ClientStream } from './client-stream.ts'
import { costComment } from './cost-header.ts'
import { type Ending, type Metered, endingOf } from './ending.ts'
import { goesRaw } from './goes-raw.ts'
import { KeptStream } from './kept-answer.ts'
import { OwnCount } from './own-count.ts'
import { Pacing } from './pacing.ts'
import { rawAnswer } from './raw-answer.ts'
import { type Session, refuseUnanswered } from './session.ts'
import { Relay, type RelayedFrame } from './relay.ts'
import type { EndCause } from './settle.ts'
import { errorInFirst, errorOf, messageOf, streamHeaders, streamType } from './stream-opening.ts'

const encoder = new TextEncoder()

/** `falls_back`: nothing of it was given to the client, and another host is asked. */
export async function streamAnswer(response: Response, session: Session): Promise<void | 'falls_back'> {
  if (response.body === null) return refuseUnanswered(session, 'cut')
  if (goesRaw(session)) return rawAnswer(response.body, session)
  const answer = new StreamedAnswer(session)
  const relay = answer.relayOf(response.body)
  const first = await relay.firstChunk()
  if (first === 'ended') return refuseUnanswered(session, 'cut')
  if (first !== 'silent') {
    const error = errorInFirst(first)
    if (error !== undefined) {
      if (session.fallsBack({ kind: 'error_event', data: error })) return 'falls_back'
      return refuseUnanswered(session, 'upstream_error', messageOf(error))
    }
  }
  session.respond(new Response(answer.client.readable, { headers: streamHeaders(session) }))
  const cause = await relay.run()
  await answer.finish(cause)
}

class StreamedAnswer {
  readonly client: ClientEnd
  readonly #session: Session
  readonly #meter: AnswerMeter
  readonly #ownCount: OwnCount
  readonly #pacing: Pacing
  readonly #progress: AnswerProgress
  #relay: Relay | undefined
  /** Of a call under an Idempotency-Key only: nobody else asks for the same answer again. */
  readonly #kept: KeptStream | undefined

  constructor(session: Session) {
    const { call, parts } = session
    this.#session = session
    this.#kept = call.claim === null ? undefined : new KeptStream()
    this.client =
      parts.record?.openStream(parts.clock) ?? new ClientStream(parts.clock, () => this.#relay?.clientLeft())
    this.#ownCount = new OwnCount(call.model, parts)
    this.#meter = answerMeterOf(call, this.#ownCount.count)
    this.#progress = new AnswerProgress(call, this.#meter, () => session.firstToken())
    const { accountId } = call.caller
    this.#pacing = new Pacing({
      call,
      heldNanoUsd: session.admitted.heldNanoUsd,
      account: () => parts.accounts(accountId),
      clock: parts.clock,
      timings: parts.timings,
    })
    session.checkpoint(
      () => this.#meter.runningUsage(),
      () => ({
        phase: this.#progress.phase,
        metered: this.#meter.usage(),
        upstreamId: this.#meter.upstreamId,
      }),
      () => this.#pacing.heldNanoUsd,
    )
  }

  relayOf(body: ReadableStream<Uint8Array>): Relay {
    const session = this.#session
    const { call, parts } = session
    const relay = new Relay(body, {
      client: this.client,
      clock: parts.clock,
      upstreamTimings: parts.upstreamTimings,
      timings: parts.timings,
      policy: call.policy,
      pace: (frame) => this.#pacing.passes(this.#meter.deliveredBytes + frame.bytes.length),
      edit: (frame) => this.#keep(this.#edit(frame)),
      isComplete: () => this.#progress.isComplete,
      isCovered: () => session.isCovered(),
      hangUp: () => session.hangUp.abort(),
      onClientLeft: () => session.clientLeft(),
      onFault: (fault) => parts.log.error('relay_fault', { request: call.requestId }, fault),
    })
    this.#relay = relay
    session.onHalt((why) => relay.end(why))
    return relay
  }

  /** What goes to the client, or would go if it had not left: its repeat gets the whole answer. */
  #keep(relayed: RelayedFrame): RelayedFrame {
    this.#kept?.add(relayed.bytes)
    return relayed
  }

  #edit(frame: Frame): RelayedFrame {
    const { seen, statedNanoUsd, isPastCeiling } = this.#progress.see(frame)
    if (seen.isError) return { ends: 'upstream_error' }
    if (isPastCeiling) return { ends: 'hold_refused' }
    const pace = statedNanoUsd === undefined ? true : this.#pacing.passesCost(statedNanoUsd)
    const waits = pace === true ? {} : { waits: pace }
    const ends: Pick<RelayedFrame, 'ends'> = seen.isDone ? { ends: 'done' } : {}
    return { ...(seen.action === 'drop' ? {} : { bytes: seen.bytes }), ...waits, ...ends }
  }

  /** Captured before the stream is closed to the client: one that hangs up after the last byte must not escape the charge. */
  async finish(cause: EndCause): Promise<void> {
    const session = this.#session
    if (this.#meter.needsCount) await this.#ownCount.ready(cause)
    // Before the ending is made: making it tells the meter that the answer is over.
    const metered = this.#meter.usage()
    const ending = this.#ending(cause, metered)
    const ended = session.end(cause, this.#progress.phase, metered, {
      upstreamId: this.#meter.upstreamId,
      answerOf: (settled) => this.#answerToKeep(cause, this.#withCost(ending, settled)),
    })
    if (this.client.isGone) return
    if (session.coveredForMs() <= 0) {
      this.client.abort('The stream was cut because its cover ended.')
      return
    }
    // What the client has not taken by the fence it must not get any more.
    const withinMs = Math.min(session.parts.upstreamTimings.clientStallMs, session.coveredForMs())
    await this.client.finish(this.#withCost(ending, ended), withinMs)
  }

  /** Behind everything else, where the answer itself may not say it. */
  #withCost(ending: Uint8Array, { charge }: Ending): Uint8Array {
    const { callId, isCostOmitted } = this.#session.call
    if (!isCostOmitted) return ending
    const comment = encoder.encode(costComment(charge.costNanoUsd, callId))
    const both = new Uint8Array(ending.length + comment.length)
    both.set(ending)
    both.set(comment, ending.length)
    return both
  }

  /** Only an answer that came to its end, or was ended politely: what broke off is told by its receipt. */
  #answerToKeep(cause: EndCause, ending: Uint8Array): StoredAnswer | null {
    const isWhole =
      cause === 'done' || cause === 'hold_refused' || (cause === 'client_gone' && this.#progress.isComplete)
    if (!isWhole || this.#kept === undefined) return null
    this.#kept.add(ending)
    return this.#kept.answer(streamType)
  }

  #ending(cause: EndCause, metered: Metered): Uint8Array {
    switch (cause) {
      case 'done':
      case 'client_gone':
        // An upstream may end a complete answer without its terminator; the dialect's clients are owed one.
        return this.#meter.closingBytes()
      case 'hold_refused':
      case 'key_revoked':
      case 'cover_lost':
        return this.#meter.lengthEndingBytes()
      case 'provider_cap':
      case 'upstream_error':
      case 'cut':
      case 'timeout':
      case 'drain_limit':
      case 'cancel':
      case 'relay_lost':
        return this.#meter.errorBytes(
          errorOf(cause, this.#progress.upstreamError),
          this.#chargedFor(cause, metered),
        )
    }
  }

  /** What `session.end` will settle: the table is pure, and the client is told with the answer's end. */
  #chargedFor(cause: EndCause, metered: Metered): ShownCost {
    const { call } = this.#session
    return shownOf(endingOf(call, cause, this.#progress.phase, metered), call)
  }
}
