// What a Relay object does: runs calls with the Worker's own code, keeps their answers, gives them to whoever comes back, and
// after a restart ends what nobody runs any more. relay-object.ts is the platform's class around it.

import type { Clock } from '#core/clock.ts'
import { refuse } from '#core/errors.ts'
import { type AccountId, type CallId, readRequestId } from '#core/ids.ts'
import type { ClientFormat } from '#dialects/dialect.ts'
import { StopController } from '#core/stop.ts'
import { dialects } from '#dialects/dialects.ts'
import { agedEnd, deliverEnd } from '#gateway/capture.ts'
import { refusedRequest } from '#gateway/charged-call.ts'
import { type Execution, execute } from '#gateway/execution.ts'
import { formatsOnDemand } from '#gateway/model-formats.ts'
import type { GatewayParts } from '#gateway/parts.ts'
import { prepareCall } from '#gateway/prepare.ts'
import { refusalResponse } from '#gateway/refusal-response.ts'
import { Standing } from '#gateway/standing.ts'
import { collectedAnswer, runningAnswer, stateOf } from './collected-answer.ts'
import { type GenerationRow, GenerationStore } from './generation-store.ts'
import { HostedGeneration } from './hosted-generation.ts'
import { itemsNamed } from './kept-items.ts'
import { endLost } from './lost-generation.ts'
import { Recording, wholeOf } from './recording.ts'
import { fullHeader, previousHeader, requestIdHeader } from './relay-headers.ts'
import type { CollectHow, GenerationState } from './relay-port.ts'
import type { RelayLimits, RelayTimings } from './relay-timings.ts'

export type HostParts = {
  gateway: GatewayParts
  storage: DurableObjectStorage
  waitUntil: (work: Promise<unknown>) => void
  timings: RelayTimings
  limits: RelayLimits
}

type Running = { generation: HostedGeneration; execution: Execution }

const decoder = new TextDecoder()

async function formatAt(pathname: string): Promise<ClientFormat | undefined> {
  const dialect = Object.values(dialects).find(({ route }) => route === pathname)
  return dialect ?? formatsOnDemand.find(([route]) => route === pathname)?.[1]()
}

export class RelayHost {
  readonly #parts: HostParts
  readonly #gateway: GatewayParts
  readonly #clock: Clock
  readonly #store: GenerationStore
  readonly #running = new Map<CallId, Running>()
  /** What is over, by call id, oldest first. */
  readonly #kept = new Map<CallId, GenerationRow>()
  readonly #readers = new Map<CallId, number>()
  #preparing = 0
  #armedAtMs: number | undefined

  constructor(parts: HostParts) {
    this.#parts = parts
    const { totalMs } = parts.gateway.upstreamTimings
    const hostedMs = Math.min(totalMs, parts.timings.hostedForMs)
    this.#gateway = {
      ...parts.gateway,
      // An answer in one piece has no headers until it is whole.
      upstreamTimings: { ...parts.gateway.upstreamTimings, totalMs: hostedMs, firstByteMs: hostedMs },
      // Sixteen objects would each use what one isolate is granted; a long answer can wait for its admission.
      standing: new Standing(0),
    }
    this.#clock = parts.gateway.clock
    this.#store = new GenerationStore(parts.storage.sql)
    this.#takeOver()
  }

  /** Undefined where this object has no place for one more. */
  async run(request: Request): Promise<Response> {
    const { limits, waitUntil } = this.#parts
    if (this.#running.size + this.#preparing >= limits.runningMax)
      return new Response(null, { status: 503, headers: { [fullHeader]: '1' } })
    const dialect = await formatAt(new URL(request.url).pathname)
    const requestId = readRequestId(request.headers.get(requestIdHeader))
    if (dialect === undefined || requestId === undefined) throw new Error('This is no call of the Worker.')
    const body = await request.arrayBuffer()
    const previousResponseId = request.headers.get(previousHeader)
    const hosted = previousResponseId === null ? {} : { previousResponseId }
    const by = { requestId, dialect, hosted }
    this.#preparing += 1
    const again = new Request(request.url, { method: 'POST', headers: request.headers, body })
    const prepared = await prepareCall(again, by, this.#gateway).finally(() => (this.#preparing -= 1))
    if (!prepared.ok) return refusedRequest(prepared, by, this.#gateway)
    const { call } = prepared
    const generation = this.#generationOf(call.asked.isStored === true ? decoder.decode(body) : '')
    const execution = execute(call, { ...this.#gateway, record: generation })
    this.#running.set(call.callId, { generation, execution })
    generation.onFull(() => execution.halt('drain_limit'))
    waitUntil(this.#untilOver(call.callId, { generation, execution }))
    if (call.asked.isAcknowledged !== true) return execution.response
    // Whichever comes first: it is admitted, or it is refused and never begins.
    const first = await Promise.race([execution.response, generation.hasBegun])
    const { row } = generation
    return row === undefined || row.httpStatus >= 400 ? (first ?? execution.response) : runningAnswer(row)
  }

  async collect(accountId: AccountId, callId: CallId, how: CollectHow): Promise<Response | null> {
    const running = this.#running.get(callId)
    if (running !== undefined) await this.#untilAnswered(running)
    const found = this.#find(accountId, callId)
    if (found === undefined) return null
    const { keepAliveMs } = this.#gateway.upstreamTimings
    const readers = this.#readers.get(callId) ?? 0
    const { readersPerAnswerMax } = this.#parts.limits
    if (readers >= readersPerAnswerMax)
      return refusalResponse(
        refuse('rate_limit_exceeded', {
          message: `This answer is being read ${readers} times already.`,
          retryAfterSeconds: 5,
        }),
        { requestId: found.row.facts.requestId },
      )
    const onOpened = () => this.#readers.set(callId, readers + 1)
    const onLeft = () => this.#readers.set(callId, Math.max(0, (this.#readers.get(callId) ?? 1) - 1))
    return collectedAnswer(found, how, { clock: this.#clock, keepAliveMs, onOpened, onLeft })
  }

  state(accountId: AccountId, callId: CallId): GenerationState | null {
    const found = this.#find(accountId, callId)
    return found === undefined ? null : stateOf(found, this.#store.request(found.row.number))
  }

  /** Of stored responses that are whole, the newest first. */
  items(accountId: AccountId, ids: readonly string[]): { [id: string]: string } {
    const stored = [...this.#kept.values()].filter(
      ({ accountId: owner, facts, status }) =>
        owner === accountId &&
        facts.isStored &&
        facts.route === dialects.responses.route &&
        status === 'completed',
    )
    return itemsNamed(
      ids,
      stored.toReversed().map((row) => ({
        row,
        request: this.#store.request(row.number),
        answer: () => wholeOf(this.#store.piecesOf(row.number), row.bytes, this.#parts.limits),
      })),
    )
  }

  /** Its end is written by the time of the answer; the ledger hears of it in its own time. */
  async cancel(accountId: AccountId, callId: CallId): Promise<GenerationState | null> {
    const running = this.#running.get(callId)
    if (running !== undefined && this.#find(accountId, callId)?.row.status === 'running') {
      running.generation.cancelled()
      running.execution.halt('cancel')
      await Promise.race([running.generation.hasEnded, running.execution.ended])
    }
    return this.state(accountId, callId)
  }

  forget(accountId: AccountId, callId: CallId): boolean {
    const found = this.#find(accountId, callId)
    if (found === undefined || this.#running.has(callId)) return false
    // What the ledger is yet to be told stays until it knows.
    if (found.row.proven !== null) return false
    this.#delete(found.row)
    return true
  }

  /** The alarm: never throws, because the platform gives up on one that does. */
  async wake(): Promise<void> {
    this.#armedAtMs = undefined
    try {
      for (const { generation } of this.#running.values()) generation.keep()
      await Promise.all(
        [...this.#kept.values()].filter(({ proven }) => proven !== null).map((row) => this.#tell(row)),
      )
      this.#deleteDue()
    } catch (cause) {
      this.#gateway.log.error('relay_alarm_failed', {}, cause)
    }
    this.#arm()
  }

  /** At the start: whatever the rows call running was run by a process that is gone. */
  #takeOver(): void {
    const { storage, limits, timings } = this.#parts
    const { keptForMs, storedForMs } = timings
    storage.transactionSync(() => {
      for (const row of this.#store.all()) {
        const pieces = this.#store.piecesOf(row.number)
        const lost = {
          now: this.#clock.now(),
          keptForMs: row.facts.isStored ? storedForMs : keptForMs,
          bounds: limits,
        }
        const ended = row.status === 'running' ? endLost(row, pieces, lost) : row
        if (ended !== row) this.#store.put(ended)
        this.#kept.set(row.callId, ended)
      }
    })
    const isOwing = [...this.#kept.values()].some(({ proven }) => proven !== null)
    if (isOwing) this.#armAt(this.#clock.now())
    else this.#arm()
  }

  #generationOf(requestText: string): HostedGeneration {
    const { limits, timings } = this.#parts
    const { clock, log, upstreamTimings } = this.#gateway
    const { keepAliveMs } = upstreamTimings
    const begun = () => this.#arm()
    return new HostedGeneration(requestText, {
      store: this.#store,
      clock,
      log,
      timings,
      limits,
      keepAliveMs,
      begun,
    })
  }

  async #untilOver(callId: CallId, { generation, execution }: Running): Promise<void> {
    await execution.ended
    await generation.over()
    this.#running.delete(callId)
    const { row } = generation
    if (row === undefined) return
    this.#kept.set(callId, row)
    this.#makeRoom()
    this.#arm()
  }

  async #untilAnswered({ generation, execution }: Running): Promise<void> {
    if (generation.row?.facts.isStreamed !== true) return
    const over = new StopController()
    const waited = this.#clock.sleep(this.#parts.timings.collectWaitMs, over.signal)
    await Promise.race([generation.hasAnswered, execution.ended, waited])
    over.abort()
  }

  #find(accountId: AccountId, callId: CallId): { row: GenerationRow; recording: Recording } | undefined {
    const running = this.#running.get(callId)?.generation
    const row = running?.row ?? this.#kept.get(callId)
    if (row === undefined || row.accountId !== accountId) return undefined
    if (running !== undefined) return { row, recording: running.recording }
    const recording = Recording.restored(this.#store.piecesOf(row.number), row.bytes, this.#parts.limits)
    recording.end()
    return { row, recording }
  }

  /** Once more, or for a process that could not: the ledger knows each call by its id, and takes no end twice. */
  async #tell(row: GenerationRow): Promise<void> {
    const { proven } = row
    if (proven === null) return
    const end = agedEnd(proven.end, proven.statedAt, this.#clock.now())
    const outcome = await deliverEnd(row.accountId, end, this.#gateway)
    if (row.status === 'lost') {
      const { callId: call, accountId: account } = row
      this.#gateway.log.error('relay_lost', { account, call, outcome })
    }
    if (outcome === 'lost') return
    const told = { ...row, proven: null }
    this.#store.put(told)
    this.#kept.set(row.callId, told)
  }

  #makeRoom(): void {
    const over = this.#kept.size + this.#running.size - this.#parts.limits.keptMax
    const oldest = [...this.#kept.values()].filter(({ proven }) => proven === null)
    for (const row of oldest.slice(0, Math.max(0, over))) this.#delete(row)
  }

  #deleteDue(): void {
    const now = this.#clock.now()
    for (const row of this.#kept.values())
      if (row.proven === null && row.deleteAtMs !== null && row.deleteAtMs <= now) this.#delete(row)
  }

  #delete(row: GenerationRow): void {
    this.#store.delete(row.number)
    this.#kept.delete(row.callId)
    this.#readers.delete(row.callId)
  }

  /** One alarm: the next heartbeat, also for what the ledger is yet to be told, else the next deletion. */
  #arm(): void {
    const beatAt = this.#clock.now() + this.#parts.timings.heartbeatMs
    const due = [...this.#kept.values()].map(({ proven, deleteAtMs }) =>
      proven === null ? (deleteAtMs ?? beatAt) : beatAt,
    )
    if (this.#running.size > 0) due.push(beatAt)
    const next = due.reduce((earliest, at) => Math.min(earliest, at), Infinity)
    if (Number.isFinite(next)) this.#armAt(next)
  }

  #armAt(at: number): void {
    if (this.#armedAtMs !== undefined && this.#armedAtMs <= at) return
    this.#armedAtMs = at
    void this.#parts.storage.setAlarm(at)
  }
}
