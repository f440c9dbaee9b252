// A streamed answer in which nothing has to be edited: the platform moves the upstream's own bytes to the client, without any
// code of ours in between, and the meter follows on a branch. Charged as the edited stream would be; one comment comes behind.

import type { PricedUsage } from '#calls/charge.ts'
import { type Millis, minuteMs } from '#core/clock.ts'
import { StopController } from '#core/stop.ts'
import type { AnswerMeter } from '#dialects/answer-meter.ts'
import { FrameReader, FrameTooLarge } from '#sse/frames.ts'
import { answerMeterOf } from './answer-meter-of.ts'
import { AnswerProgress } from './answer-progress.ts'
import { costComment } from './cost-header.ts'
import { LazyBranch } from './lazy-branch.ts'
import type { Metered } from './ending.ts'
import { OwnCount } from './own-count.ts'
import { RawClient } from './raw-client.ts'
import { hasWordsBehind, stopped } from './raw-ending.ts'
import { type Halt, type Session, haltRefusal, refuseUnanswered } from './session.ts'
import type { EndCause } from './settle.ts'
import { errorInFirst, errorOf, messageOf, streamHeaders } from './stream-opening.ts'

/** `falls_back`: nothing of it was given to the client, and another host is asked. */
export async function rawAnswer(
  body: ReadableStream<Uint8Array>,
  session: Session,
): Promise<void | 'falls_back'> {
  const answer = new RawAnswer(body, session)
  const first = await answer.firstChunk()
  if (first === 'ended') {
    answer.discard()
    return refuseUnanswered(session, 'cut')
  }
  const error = first === 'silent' ? undefined : errorInFirst(first)
  if (error !== undefined) {
    answer.discard()
    if (session.fallsBack({ kind: 'error_event', data: error })) return 'falls_back'
    return refuseUnanswered(session, 'upstream_error', messageOf(error))
  }
  const { loss } = answer
  if (loss !== undefined) return answer.refuse(loss)
  session.respond(new Response(answer.open(), { headers: streamHeaders(session) }))
  const cause = await answer.run()
  await answer.finish(cause)
}

const pulsesPerKeepAlive = 2
/** The pipe and the meter's branch hear of a broken upstream together; a client that left breaks the pipe alone. */
const brokenWithinMs = 100
class RawAnswer {
  readonly #session: Session
  readonly #client: RawClient
  readonly #branch: LazyBranch
  readonly #meter: AnswerMeter
  readonly #ownCount: OwnCount
  readonly #progress: AnswerProgress
  readonly #frames = new FrameReader()
  readonly #startedAt: Millis
  readonly #over = new StopController()
  #wake = new StopController()
  #next: Promise<Uint8Array | undefined>
  #loss: Halt | undefined
  #cause: EndCause | undefined
  #leftAt: Millis | undefined
  /** The upstream has sent its last byte; where that is no whole event, a line end has to come before our words. */
  #isRead = false
  #isWhole = true
  /** It has sent its terminator and does not close. */
  #isLingering = false

  constructor(body: ReadableStream<Uint8Array>, session: Session) {
    const { call, parts } = session
    this.#session = session
    this.#startedAt = parts.clock.now()
    const [forClient, forMeter] = body.tee()
    this.#client = new RawClient(forClient, parts.clock)
    this.#branch = new LazyBranch(forMeter, {
      clock: parts.clock,
      stallMs: parts.upstreamTimings.clientStallMs,
    })
    this.#ownCount = new OwnCount(call.model, parts)
    this.#meter = answerMeterOf(call, this.#ownCount.count)
    this.#progress = new AnswerProgress(call, this.#meter, () => {
      this.#branch.relax()
      session.firstToken()
    })
    session.checkpoint(() => this.#meter.runningUsage())
    this.#next = this.#branch.next()
    // Looked at in `run`; it may fail before anybody waits for it.
    this.#next.catch(() => undefined)
    session.onHalt((loss) => {
      this.#loss = loss
      this.#end(loss)
    })
  }

  /** Why the cover ended before anything was delivered. */
  get loss(): Halt | undefined {
    return this.#loss
  }

  async firstChunk(): Promise<Uint8Array | 'silent' | 'ended'> {
    const { clock, upstreamTimings } = this.#session.parts
    const arrived = new StopController()
    const silence = clock.sleep(upstreamTimings.firstChunkMs, arrived.signal).then(() => 'silent' as const)
    const chunk = this.#next.then(
      (bytes) => bytes ?? ('ended' as const),
      () => 'ended' as const,
    )
    const first = await Promise.race([chunk, silence])
    arrived.abort()
    return first
  }

  /** Instead of `open`. */
  discard(): void {
    this.#client.discard()
    this.#branch.cancel()
  }

  /** Nothing has gone to the client, so the loss is still a status. */
  refuse(loss: Halt): void {
    this.discard()
    this.#session.end(loss, this.#progress.phase, this.#meter.usage())
    this.#session.respondRefusal(haltRefusal(loss))
  }

  open(): ReadableStream<Uint8Array> {
    const session = this.#session
    const readable = this.#client.open()
    void this.#client.settled.then((how) => {
      // All that the client gets has been drawn by it: what is left is read at once.
      this.#branch.hurry()
      // An upstream that broke breaks the meter's branch as well, and at once.
      const { clock } = session.parts
      if (how === 'broken') void clock.sleep(brokenWithinMs, this.#over.signal).then(() => this.#clientLeft())
    })
    return readable
  }

  /** Follows to the end and says why it ended. */
  async run(): Promise<EndCause> {
    const pulse = this.#pulse()
    try {
      while (this.#cause === undefined) await this.#step()
      if (stopped.has(this.#cause)) await this.#readRest()
    } catch (fault) {
      if (!(fault instanceof FrameTooLarge))
        this.#session.parts.log.error('relay_fault', { request: this.#session.call.requestId }, fault)
      this.#end('cut')
    }
    this.#over.abort()
    this.#wake.abort()
    await pulse
    if (this.#cause === 'done' && this.#leftAt !== undefined) return 'client_gone'
    return this.#cause ?? 'cut'
  }

  /** Settled first: a client that leaves before the comment must not escape the charge. */
  async finish(cause: EndCause): Promise<void> {
    const session = this.#session
    const { clock, upstreamTimings, timings } = session.parts
    if (this.#meter.needsCount) await this.#ownCount.ready(cause)
    const metered = this.#meter.usage()
    const phase = this.#progress.phase
    const { charge } = session.end(cause, phase, metered, { upstreamId: this.#meter.upstreamId })
    const words = this.#leftAt === undefined ? this.#lastWords(cause, charge, metered) : undefined
    if (!this.#isRead) this.#branch.cancel()
    if (words === undefined) {
      session.hangUp.abort()
      return this.#client.cut('The stream was cut.')
    }
    // A client may take its time for what is on its way; not longer than its cover.
    const endAt = clock.now() + Math.min(upstreamTimings.clientStallMs, session.coveredForMs())
    const restMs = this.#isRead ? endAt - clock.now() : timings.politeEndMs
    await this.#client.rest(restMs, this.#isRead)
    if (!this.#isRead) session.hangUp.abort()
    await this.#client.finish(words, endAt - clock.now())
  }

  /** Undefined where the client has to see a broken connection: what came last may be half an event. */
  #lastWords(cause: EndCause, charge: PricedUsage, metered: Metered): string | undefined {
    if (!hasWordsBehind(cause, { isRead: this.#isRead, isWhole: this.#isWhole })) return undefined
    const comment = costComment(charge.costNanoUsd, this.#session.call.callId)
    if (cause !== 'cut') return this.#isWhole ? comment : `\n\n${comment}`
    const refusal = errorOf(cause, this.#progress.upstreamError)
    return new TextDecoder().decode(this.#meter.errorBytes(refusal, { priced: undefined, metered })) + comment
  }

  async #step(): Promise<void> {
    // A read fails where the upstream broke, or where we hung up; in the latter case the cause is already known.
    const chunk = await this.#next.catch(() => null)
    if (chunk === null || chunk === undefined) {
      this.#isRead = !this.#isLingering
      this.#isWhole = this.#frames.isBetweenFrames
    }
    const isDone = () => this.#progress.isTerminated || (chunk === undefined && this.#progress.isComplete)
    if (chunk === null) return this.#end(isDone() ? 'done' : 'cut')
    this.#see(chunk)
    if (chunk === undefined) return this.#end(isDone() ? 'done' : 'cut')
    this.#next = this.#branch.next()
    this.#next.catch(() => undefined)
  }

  /** What the client has got is charged, also what has not been read here when the stream was stopped. */
  async #readRest(): Promise<void> {
    const { clock, timings } = this.#session.parts
    void clock.sleep(timings.politeEndMs, this.#over.signal).then(() => this.#branch.cancel())
    while (!this.#isRead) await this.#step()
  }

  #see(chunk: Uint8Array | undefined): void {
    const frames = chunk === undefined ? this.#frames.end() : this.#frames.push(chunk)
    for (const frame of frames) {
      if (this.#progress.isTerminated) return
      const { seen, isPastCeiling } = this.#progress.see(frame)
      if (isPastCeiling) return this.#end('hold_refused')
      if (seen.isError) {
        if (!this.#isRead) this.#isWhole = this.#frames.isBetweenFrames
        return this.#end('upstream_error')
      }
      if (seen.isDone) this.#endSoon()
    }
  }

  /** After the terminator the upstream closes; one that does not is not waited for. */
  #endSoon(): void {
    const { clock, timings } = this.#session.parts
    this.#branch.hurry()
    void clock.sleep(timings.politeEndMs, this.#over.signal).then(() => {
      if (this.#cause !== undefined) return
      this.#isLingering = true
      this.#end('done')
      // Ends the read that still waits.
      this.#branch.cancel()
    })
  }

  /** The first cause stands. What is ours to stop stops the client's stream at once; the rest has ended by itself. */
  #end(cause: EndCause): void {
    if (this.#cause !== undefined) return
    this.#cause = cause
    this.#branch.hurry()
    this.#wake.abort()
    if (cause !== 'hold_refused' && !stopped.has(cause)) return
    this.#client.stop()
    this.#session.hangUp.abort()
  }

  #clientLeft(): void {
    if (this.#leftAt !== undefined || this.#cause !== undefined) return
    this.#leftAt = this.#session.parts.clock.now()
    this.#client.stop()
    this.#branch.hurry()
    this.#session.clientLeft()
    if (this.#session.call.policy === 'stop') this.#end('client_gone')
    this.#wake.abort()
  }

  async #pulse(): Promise<void> {
    const { clock, upstreamTimings } = this.#session.parts
    const everyMs = Math.ceil(upstreamTimings.keepAliveMs / pulsesPerKeepAlive)
    while (this.#cause === undefined) {
      await clock.sleep(Math.min(everyMs, this.#drainLeftMs()), this.#wake.signal)
      if (this.#wake.signal.aborted) this.#wake = new StopController()
      if (this.#cause === undefined) this.#checkTimes(clock.now())
    }
  }

  #checkTimes(now: Millis): void {
    const { upstreamTimings } = this.#session.parts
    if (now - this.#startedAt >= upstreamTimings.totalMs) return this.#end('timeout')
    if (this.#drainLeftMs() <= 0) return this.#end('drain_limit')
    if (this.#branch.silentMs(now) >= upstreamTimings.idleMs) return this.#end('timeout')
    if (this.#leftAt === undefined && this.#branch.isStalled) this.#clientLeft()
  }

  #drainLeftMs(): number {
    if (this.#leftAt === undefined) return minuteMs
    const { clock, timings } = this.#session.parts
    return Math.max(0, this.#leftAt + timings.drainMs - clock.now())
  }
}
