// An answer in one piece that is passed on unparsed: two thousand vectors are a hundred megabytes, and an isolate has 128. A short one
// is settled before anything goes out, like any other whole answer; a longer one goes out as it comes, its usage and cost last.

import type { PricedUsage } from '#calls/charge.ts'
import { noUsage, type UsageSource, usageUnits } from '#calls/usage.ts'
import { quote } from '#catalog/quote.ts'
import type { Millis } from '#core/clock.ts'
import { refuse } from '#core/errors.ts'
import { usdNumber } from '#core/money.ts'
import { isObject, readString } from '#core/readers.ts'
import { StopController } from '#core/stop.ts'
import type { PassedFormat } from '#dialects/dialect.ts'
import { usageWithCost } from '#dialects/openai-cost.ts'
import { PassedBody } from '#dialects/passed-body.ts'
import { upstreamErrorMessage } from '#providers/upstream-refusal.ts'
import { answerHeaders } from './answer-headers.ts'
import { type ExecutedBy, executedBy, metadataOf } from './executed-by.ts'
import { ClientStream } from './client-stream.ts'
import type { Ending, Metered } from './ending.ts'
import { countedText } from './counted-try.ts'
import { KeptStream } from './kept-answer.ts'
import { OwnCount } from './own-count.ts'
import type { EndCause } from './settle.ts'
import type { GatewayParts } from './parts.ts'
import { type Session, haltRefusal } from './session.ts'

/** Up to here nothing has gone out when the upstream fails, and the client gets a status for it. */
const heldBytesMax = 262_144
/** The vectors of 2,048 texts with 4,096 figures each, written out in digits. */
const passedBytesMax = 256 * 1024 * 1024
/** How often it is looked after the times that an answer may take. */
const pulseMs = 1_000

const jsonType = 'application/json'

/** What it needs of its call. */
export type PassingSession = Pick<
  Session,
  | 'call'
  | 'admitted'
  | 'balanceCheck'
  | 'hangUp'
  | 'respond'
  | 'respondRefusal'
  | 'isCovered'
  | 'coveredForMs'
  | 'onHalt'
  | 'clientLeft'
  | 'firstToken'
  | 'end'
> & { readonly parts: Pick<GatewayParts, 'clock' | 'countO200k' | 'log' | 'timings' | 'upstreamTimings'> }

export async function passedAnswer(
  response: Response,
  session: PassingSession,
  format: PassedFormat,
): Promise<void> {
  const body = response.body ?? new Blob([]).stream()
  const answer = new PassedAnswer(body.getReader(), { session, format })
  await answer.finish(await answer.pass())
}

class PassedAnswer {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #session: PassingSession
  readonly #format: PassedFormat
  readonly #body: PassedBody
  readonly #kept: KeptStream | undefined
  /** What waits while the answer is short. */
  #held: Uint8Array[] = []
  #heldBytes = 0
  /** Of an answer that has begun to go out. */
  #client: ClientStream | undefined
  #cause: EndCause | undefined
  #startedAt: Millis
  #lastChunkAt: Millis
  #leftAt: Millis | undefined

  constructor(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    { session, format }: { session: PassingSession; format: PassedFormat },
  ) {
    this.#reader = reader
    const { call, parts } = session
    const { id, upstreamId } = call.model
    const shown = ['usage', 'cost', 'metadata']
    this.#session = session
    this.#format = format
    this.#kept = call.claim === null ? undefined : new KeptStream()
    this.#startedAt = parts.clock.now()
    this.#lastChunkAt = this.#startedAt
    this.#body = new PassedBody({
      noted: new Set(['error', 'id', ...(call.isCostOmitted ? shown : [])]),
      withheld: new Set(call.isCostOmitted ? [] : shown),
      replaced: new Map(id === upstreamId ? [] : [['model', JSON.stringify(id)]]),
    })
    session.onHalt((loss) => this.#end(loss))
  }

  /** Reads to the end, passing on as it goes, and says how it ended. */
  async pass(): Promise<EndCause> {
    const over = new StopController()
    const pulse = this.#pulse(over)
    let bytes = 0
    while (this.#cause === undefined) {
      const read = await this.#reader.read().catch(() => undefined)
      if (this.#cause !== undefined) break
      if (read === undefined) this.#end('cut')
      else if (read.done) this.#end(this.#body.isWhole ? 'done' : 'cut')
      else {
        this.#lastChunkAt = this.#session.parts.clock.now()
        bytes += read.value.length
        await this.#take(read.value)
        if (this.#body.isBroken) this.#end('upstream_error')
        if (bytes > passedBytesMax) this.#tooLarge(bytes)
      }
    }
    over.abort()
    await pulse
    return this.#cause
  }

  async finish(cause: EndCause): Promise<void> {
    if (cause !== 'done') return this.#fail(cause)
    const error = this.#body.value('error')
    if (isObject(error) || typeof error === 'string' || !this.#body.has(this.#format.content))
      return this.#fail('upstream_error', upstreamErrorMessage(JSON.stringify({ error })))
    const metered = await this.#metered()
    if (!this.#session.isCovered() && this.#leftAt === undefined) return this.#fail('cover_lost')
    await this.#succeed(metered)
  }

  /** Captured before the last bytes go out: a client that hangs up after them must not escape the charge. */
  async #succeed(metered: Metered): Promise<void> {
    const session = this.#session
    const { call, parts } = session
    const end = this.#leftAt === undefined ? 'done' : 'client_gone'
    const closingOf = ({ charge }: Ending) => this.#closing({ priced: charge, metered })
    session.firstToken()
    const ending = session.end(end, 'delivering', metered, {
      upstreamId: readString(this.#body.value('id')),
      answerOf: (ended) => {
        this.#kept?.add(closingOf(ended))
        return this.#kept?.answer(jsonType) ?? null
      },
    })
    const closing = closingOf(ending)
    if (this.#client !== undefined) {
      if (this.#leftAt !== undefined) return
      return this.#client.finish(
        closing,
        Math.min(parts.upstreamTimings.clientStallMs, session.coveredForMs()),
      )
    }
    const { costNanoUsd } = ending.charge
    const headers = { ...this.#headers(), ...answerHeaders({ requestId: call.requestId, costNanoUsd }) }
    session.respond(new Response(new Blob([...this.#held, closing]), { headers }))
  }

  /** What broke off is no JSON, and nobody can use it: it is not charged. */
  #fail(cause: EndCause, message?: string): void {
    const session = this.#session
    session.hangUp.abort()
    session.end(cause, 'answered', { usage: noUsage, source: 'none' })
    if (this.#client !== undefined) return this.#client.abort('The answer broke off.')
    if (cause === 'cover_lost' || cause === 'key_revoked') return session.respondRefusal(haltRefusal(cause))
    if (cause === 'timeout') return session.respondRefusal(refuse('upstream_timeout'))
    session.respondRefusal(refuse('upstream_error', message === undefined ? {} : { message }))
  }

  async #metered(): Promise<Metered> {
    const stated = this.#format.readUsage(this.#body.value('usage'))
    if (stated === undefined) {
      return { usage: { ...noUsage, input: await this.#ownCount() }, source: 'counted' }
    }
    const source: UsageSource = usageUnits.every((unit) => stated[unit] === 0) ? 'zero' : 'final'
    return { usage: stated, source }
  }

  /** The texts by the tokenizer, and what the quote expects of all else; of too long or free ones the quote's own estimate. */
  async #ownCount(): Promise<number> {
    const { call, parts } = this.#session
    const texts = call.model.free === true ? [] : call.request.plainTexts()
    if (texts.length === 0) return call.quote.expectedInputTokens
    const ownCount = new OwnCount(call.model, parts)
    await ownCount.ready()
    const how = { countTokens: ownCount.count, tokenizerFactor: 1 }
    const counted = countedText(call.asked.textBytes, texts, how)
    return quote(call.model, { ...call.asked, counted }).expectedInputTokens
  }

  #closing(shown: { priced: PricedUsage; metered: Metered }): Uint8Array {
    if (this.#session.call.isCostOmitted) return this.#body.closing(new Map())
    const stated = this.#body.value('usage')
    const isStated = shown.metered.source !== 'counted' && isObject(stated)
    const usage = isStated ? stated : this.#format.usageOf(shown.metered.usage)
    const { costNanoUsd } = shown.priced
    const members = new Map([
      ['usage', JSON.stringify(usageWithCost(usage, shown))],
      ['cost', JSON.stringify(usdNumber(costNanoUsd))],
      ['metadata', JSON.stringify(metadataOf(this.#executed(), costNanoUsd, this.#body.value('metadata')))],
    ])
    return this.#body.closing(members)
  }

  #executed(): ExecutedBy {
    return executedBy(this.#session.call, readString(this.#body.value('id')))
  }

  async #take(chunk: Uint8Array): Promise<void> {
    for (const bytes of this.#body.push(chunk)) {
      this.#kept?.add(bytes)
      if (this.#client === undefined) this.#hold(bytes)
      else await this.#write(bytes)
    }
    if (this.#client === undefined && this.#heldBytes > heldBytesMax) await this.#open()
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
  }

  async #open(): Promise<void> {
    if (this.#cause !== undefined) return
    const { parts } = this.#session
    this.#client = new ClientStream(parts.clock, () => this.#left())
    this.#session.firstToken()
    this.#session.respond(new Response(this.#client.readable, { headers: this.#headers() }))
    const held = this.#held
    this.#held = []
    for (const bytes of held) await this.#write(bytes)
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#leftAt !== undefined || this.#cause !== undefined) return
    if (!this.#session.isCovered()) return this.#end('cover_lost')
    if ((await this.#client?.write(bytes)) !== true) this.#left()
  }

  /** The work is done by now and billed: it is read to its end, where its price stands. */
  #left(): void {
    if (this.#leftAt !== undefined || this.#cause !== undefined) return
    this.#leftAt = this.#session.parts.clock.now()
    this.#session.clientLeft()
    if (this.#session.call.policy === 'stop') this.#end('client_gone')
  }

  #end(cause: EndCause): void {
    if (this.#cause !== undefined) return
    this.#cause = cause
    if (cause === 'done') return
    this.#session.hangUp.abort()
    // Wakes a read that still waits, whether or not hanging up does.
    this.#reader.cancel().catch(() => undefined)
    // A write that still waits would be taken whenever the client likes.
    this.#client?.abort('The answer broke off.')
  }

  async #pulse(over: StopController): Promise<void> {
    const { clock } = this.#session.parts
    while (!over.signal.aborted && this.#cause === undefined) {
      await clock.sleep(pulseMs, over.signal)
      if (!over.signal.aborted) this.#checkTimes(clock.now())
    }
  }

  #checkTimes(now: Millis): void {
    const { upstreamTimings, timings } = this.#session.parts
    const stalledMs = this.#client?.stalledMs(now) ?? 0
    const isLate = now - this.#startedAt >= upstreamTimings.totalMs
    if (this.#leftAt !== undefined) {
      if (now - this.#leftAt >= timings.drainMs) this.#end('drain_limit')
    } else if (this.#client !== undefined && (isLate || stalledMs >= upstreamTimings.clientStallMs)) {
      // Whoever reads slowly does not escape the charge: the rest is read without it.
      this.#client.abort('The client took the answer too slowly.')
      this.#left()
    } else if (isLate || (stalledMs === 0 && now - this.#lastChunkAt >= upstreamTimings.idleMs))
      this.#end('timeout')
  }

  #tooLarge(bytes: number): void {
    const { requestId: request, model } = this.#session.call
    this.#session.parts.log.error('answer_too_large', { request, model: model.id, bytes })
    this.#end('cut')
  }

  #headers(): Record<string, string> {
    const { requestId, callId } = this.#session.call
    const { rate } = this.#session.admitted
    const { balanceCheck } = this.#session
    const executed = this.#executed()
    return { ...answerHeaders({ requestId, callId, rate, balanceCheck, executed }), 'content-type': jsonType }
  }
}
