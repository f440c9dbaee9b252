// The load generator of the bench, a process of its own: reads one job per line on stdin, answers with one line each. Plain
// sockets with ready-made requests, so that one core carries more load than a Worker can serve. Every answer is checked:
// a figure of wrong answers would be worth nothing.

import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { localHost } from '../dev/ports.ts'
import { nowMicros, readMarks } from './protocol.ts'
import { quantile } from './statistics.ts'

export type Job = {
  port: number
  /** One body for all; the requests take the keys in turn. */
  body: string
  keys: readonly string[]
  headers?: { readonly [name: string]: string }
  /** Chat completions where absent. */
  path?: string
  connections: number
  /** Each connection begins this long after the one before it: streams of strangers do not tick together. */
  staggerMs?: number
  /** The job ends after as many answers, or when the time is over and the running answers have come. */
  answersMax: number
  forMs: number
  /** What must be in every answer, e.g. the cost. */
  mustContain: string
}

export type JobResult = {
  answers: number
  failures: number
  firstFailure: string | null
  seconds: number
  parallel: number
  marks: number
  /** From the request's last byte to the whole answer. */
  latencyMs: { p50: number; p95: number }
  /** From the request's last byte to the first chunk with content; of streams alone. */
  firstTokenMs: { p50: number; p95: number }
  /** From the upstream's write of a chunk to its arrival here. */
  chunkDelayMs: { p50: number; p95: number }
  /** Between two chunks of one answer as they arrive. */
  chunkGapMs: { p50: number; p95: number }
  /** The share of gaps that a delayed acknowledgement would make: 35 ms and more. */
  longGaps: number
}

type Tally = {
  answers: number
  failures: number
  firstFailure: string | null
  parallel: number
  latencies: number[]
  firstTokens: number[]
  delays: number[]
  gaps: number[]
}

/** TCP waits 40 ms for company where Nagle's rule meets a delayed acknowledgement. */
const longGapMs = 35

export async function run(job: Job): Promise<JobResult> {
  const tally: Tally = {
    answers: 0,
    failures: 0,
    firstFailure: null,
    parallel: 0,
    latencies: [],
    firstTokens: [],
    delays: [],
    gaps: [],
  }
  const startedAt = performance.now()
  let begun = 0
  const requests = job.keys.map((key) => requestOf(job, key))
  const next = () => {
    if (begun >= job.answersMax || performance.now() - startedAt >= job.forMs) return undefined
    begun += 1
    return requests[begun % requests.length]
  }
  const lines = Array.from({ length: job.connections }, (_, index) => index)
  const { staggerMs = 0 } = job
  const conversation = (index: number) => ({ job, tally, next, startsAfterMs: index * staggerMs })
  await Promise.all(lines.map((index) => converse(conversation(index))))
  const seconds = (performance.now() - startedAt) / 1_000
  return {
    answers: tally.answers,
    failures: tally.failures,
    firstFailure: tally.firstFailure,
    seconds,
    parallel: tally.parallel,
    marks: tally.delays.length,
    latencyMs: quantiles(tally.latencies),
    firstTokenMs: quantiles(tally.firstTokens),
    chunkDelayMs: quantiles(tally.delays),
    chunkGapMs: quantiles(tally.gaps),
    longGaps: tally.gaps.filter((gap) => gap >= longGapMs).length / Math.max(1, tally.gaps.length),
  }
}

function requestOf(job: Job, key: string): Buffer {
  const { body, headers = {}, path = '/v1/chat/completions' } = job
  const extra = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: ${localHost}:${job.port}\r\nauthorization: Bearer ${key}\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${extra.join('')}\r\n${body}`,
  )
}

type Conversation = { job: Job; tally: Tally; next: () => Buffer | undefined; startsAfterMs: number }

/** One connection: asks, waits for the whole answer, asks again. */
function converse({ job, tally, next, startsAfterMs }: Conversation): Promise<void> {
  return new Promise((over) => {
    const socket: Socket = connect({ port: job.port, host: localHost, noDelay: true })
    let answer: Answer | undefined
    const ask = () => {
      const request = next()
      if (request === undefined) return socket.end()
      answer = new Answer(tally, job.mustContain)
      socket.write(request)
    }
    const broken = (why: string) => {
      answer?.fail(why)
      answer = undefined
    }
    socket.once('connect', () => setTimeout(ask, startsAfterMs))
    socket.on('data', (data) => {
      if (answer?.take(data) !== true) return
      answer = undefined
      ask()
    })
    socket.on('error', (error) => broken(error.message))
    socket.once('close', () => {
      broken('the connection closed within an answer')
      over()
    })
  })
}

const chunkedEnd = '\r\n0\r\n\r\n'

/** One answer as it comes in. */
class Answer {
  readonly #tally: Tally
  readonly #mustContain: string
  readonly #askedAt = nowMicros()
  #head: string | undefined
  #length: number | undefined
  #received = ''
  /** Where marks have been looked for already. */
  #unread = ''
  #marks = 0
  #markedAt: number | undefined

  constructor(tally: Tally, mustContain: string) {
    this.#tally = tally
    this.#mustContain = mustContain
  }

  /** True when it is whole. */
  take(data: Buffer): boolean {
    const now = nowMicros()
    const text = data.toString('latin1')
    this.#received += text
    this.#readMarks(text, now)
    if (this.#head === undefined && !this.#readHead()) return false
    const isWhole =
      this.#length === undefined ? this.#received.endsWith(chunkedEnd) : this.#received.length >= this.#length
    if (!isWhole) return false
    this.#tally.answers += 1
    this.#tally.latencies.push((now - this.#askedAt) / 1_000)
    this.#check()
    return true
  }

  fail(why: string): void {
    this.#tally.failures += 1
    this.#tally.firstFailure ??= why
  }

  #readMarks(text: string, now: number): void {
    const { micros, rest } = readMarks(this.#unread + text)
    this.#unread = rest
    for (const sentAt of micros) {
      this.#tally.delays.push((now - sentAt) / 1_000)
      if (this.#markedAt !== undefined) this.#tally.gaps.push((now - this.#markedAt) / 1_000)
      this.#markedAt = now
      if (this.#marks === 0) this.#tally.firstTokens.push((now - this.#askedAt) / 1_000)
      this.#marks += 1
    }
  }

  #readHead(): boolean {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return false
    this.#head = this.#received.slice(0, end).toLowerCase()
    const length = /content-length: *(\d+)/.exec(this.#head)?.[1]
    this.#length = length === undefined ? undefined : end + 4 + Number(length)
    return true
  }

  #check(): void {
    const head = this.#head ?? ''
    if (!head.startsWith('http/1.1 200')) this.fail(this.#received.slice(0, 800))
    else if (!this.#received.includes(this.#mustContain))
      this.fail(`no ${this.#mustContain} in: ${this.#received.slice(-800)}`)
    if (head.includes('x-balance-check: parallel')) this.#tally.parallel += 1
  }
}

function quantiles(values: number[]): { p50: number; p95: number } {
  return { p50: quantile(values, 0.5), p95: quantile(values, 0.95) }
}

const jobs = createInterface({ input: process.stdin })
// Written by bench/processes.ts alone.
jobs.on('line', (line) => {
  run(JSON.parse(line) as Job).then(
    (result) => console.log(JSON.stringify(result)),
    (error: unknown) => console.log(JSON.stringify({ error: String(error) })),
  )
})
jobs.on('close', () => process.exit(0))
console.log(JSON.stringify({ isReady: true }))
