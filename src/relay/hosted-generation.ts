// One generation of this object: its record, its row, and the running call behind it. What dies with the process is at most
// what came since the last heartbeat.

import type { Clock } from '#core/clock.ts'
import type { Log } from '#core/log.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { AccountId, CallId } from '#core/ids.ts'
import type { AnswerRecord, ClientEnd, Proven } from '#gateway/answer-record.ts'
import type { PreparedCall } from '#gateway/prepared-call.ts'
import type { EndCause } from '#gateway/settle.ts'
import type { GenerationRow, GenerationStore } from './generation-store.ts'
import { Recording } from './recording.ts'
import { readRecord } from './record-reader.ts'
import type { GenerationStatus } from './relay-port.ts'
import type { RelayLimits, RelayTimings } from './relay-timings.ts'

export type GenerationParts = {
  store: GenerationStore
  clock: Clock
  log: Log
  timings: RelayTimings
  limits: RelayLimits
  keepAliveMs: number
  /** Its row is there: whoever asks for it finds it from here on. */
  begun: (generation: HostedGeneration) => void
}

/** Ended politely, whatever the answer lacks: what is there was asked for and is charged. */
const completing: readonly EndCause[] = ['done', 'client_gone', 'hold_refused', 'key_revoked', 'cover_lost']

export class HostedGeneration implements AnswerRecord {
  readonly recording: Recording
  readonly #parts: GenerationParts
  readonly #number: number
  readonly #requestText: string
  #row: GenerationRow | undefined
  #proven: (() => Proven) | undefined
  #status: GenerationStatus = 'running'
  #isCancelled = false
  #tellFull: () => void = () => undefined
  #keeping: Promise<void> | undefined
  readonly #answered = Promise.withResolvers<void>()
  readonly #begun = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<void>()

  constructor(requestText: string, parts: GenerationParts) {
    this.#parts = parts
    this.#requestText = requestText
    this.#number = parts.store.nextNumber()
    this.recording = new Recording(parts.store.piecesOf(this.#number), parts.limits)
  }

  /** Undefined before it is admitted. */
  get row(): GenerationRow | undefined {
    return this.#row
  }

  get hasBegun(): Promise<void> {
    return this.#begun.promise
  }

  /** Resolves when it is known what kind of answer it is. */
  get hasAnswered(): Promise<void> {
    return this.#answered.promise
  }

  /** Resolves when its record is whole and its row says so. */
  get hasEnded(): Promise<void> {
    return this.#ended.promise
  }

  begin(call: PreparedCall, proven: () => Proven): void {
    const { asked, callId, caller, dialect, model, requestId } = call
    const { isStreamed, isBackground = false, isStored = false } = asked
    this.#proven = proven
    this.#row = {
      number: this.#number,
      callId,
      accountId: caller.accountId,
      status: 'running',
      facts: { requestId, route: dialect.route, model: model.id, isStreamed, isBackground, isStored },
      startedAtMs: call.startedAt,
      endedAtMs: null,
      deleteAtMs: null,
      bytes: 0,
      endingAt: null,
      httpStatus: 0,
      contentType: '',
      costNanoUsd: zeroNanoUsd,
      proven: proven(),
    }
    this.#parts.store.put(this.#row)
    const { requestBytesMax } = this.#parts.limits
    if (isStored && this.#requestText.length <= requestBytesMax)
      this.#parts.store.putRequest(this.#number, this.#requestText)
    this.#begun.resolve()
    this.#parts.begun(this)
  }

  accepted(): void {
    this.keep()
  }

  openStream(clock: Clock): ClientEnd {
    const { recording } = this
    const { keepAliveMs } = this.#parts
    return {
      readable: readRecord(recording, { from: 0, clock: this.#parts.clock, keepAliveMs }),
      // Whoever reads may leave; the record stays, and its readers hear for themselves that nothing comes.
      isGone: false,
      get lastWriteAt() {
        return clock.now()
      },
      stalledMs: () => 0,
      write: async (bytes) => {
        // A hole in the middle of an answer would be worse than its end.
        if (!recording.append(bytes)) this.#tellFull()
        return true
      },
      finish: async (bytes) => {
        recording.appendEnding(bytes)
        this.#end()
      },
      abort: () => this.#end(),
    }
  }

  answered(response: Response): void {
    if (this.#row === undefined) return
    const contentType = response.headers.get('content-type') ?? ''
    this.#change({ httpStatus: response.status, contentType })
    if (!/^text\/event-stream\b/i.test(contentType)) this.#keeping = this.#keepWhole(response.clone())
    this.#answered.resolve()
  }

  settled(cause: EndCause, proven: Proven): void {
    if (this.#row === undefined) return
    this.#status = completing.includes(cause) ? 'completed' : 'failed'
    if (cause === 'cancel' || this.#isCancelled) this.#status = 'cancelled'
    this.#proven = undefined
    this.#change({ proven, costNanoUsd: proven.costNanoUsd })
  }

  delivered(): void {
    this.#change({ proven: null })
    // Before its end that row is still to be written.
    if (this.#row?.endedAtMs !== null) this.#put()
  }

  /** The execution is over, however that came about: nothing may stay that runs for ever. */
  async over(): Promise<void> {
    await this.#keeping
    this.#end()
    this.#answered.resolve()
    this.#begun.resolve()
  }

  /** Called when no more of its stream can be kept. */
  onFull(listener: () => void): void {
    this.#tellFull = listener
  }

  cancelled(): void {
    this.#isCancelled = true
  }

  /** How far it is, in rows: what a restart finds. */
  keep(): void {
    const proven = this.#proven?.()
    if (this.#row === undefined || proven === undefined) return
    this.recording.keep()
    this.#change({ proven, bytes: this.recording.bytes, costNanoUsd: proven.costNanoUsd })
    this.#put()
  }

  async #keepWhole(response: Response): Promise<void> {
    try {
      this.recording.append(new Uint8Array(await response.arrayBuffer()))
    } catch (fault) {
      this.#parts.log.error('answer_not_kept', { call: this.#row?.callId }, fault)
    }
    this.#end()
  }

  #end(): void {
    if (this.recording.isEnded) return
    this.recording.end()
    const now = this.#parts.clock.now()
    const { keptForMs, storedForMs } = this.#parts.timings
    const forMs = this.#row?.facts.isStored === true ? storedForMs : keptForMs
    const status = this.#status === 'running' ? 'failed' : this.#status
    this.#change({ status, bytes: this.recording.bytes, endedAtMs: now, deleteAtMs: now + forMs })
    this.#put()
    this.#ended.resolve()
  }

  #change(changes: Partial<GenerationRow>): void {
    if (this.#row !== undefined) this.#row = { ...this.#row, ...changes }
  }

  #put(): void {
    if (this.#row !== undefined) this.#parts.store.put(this.#row)
  }
}

/** What names a generation. */
export type GenerationName = { accountId: AccountId; callId: CallId }
