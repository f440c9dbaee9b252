// The traffic of a soak: calls of random length at a steady rate, of which some clients leave and some upstreams fail.

import type { DirectiveChange } from '../../dev/upstream-directive.ts'
import { randomFrom } from '../world/storm.ts'
import { type Running, startStream } from '../world/storm-client.ts'

export const finishModel = 'gpt-4.1-mini'
export const stopModel = 'ministral-8b-2512'

const wordsMax = 80
const gapMs = 40
const leaveShare = 0.1
const faultShare = 0.02
const stopModelShare = 0.3

/** What an upstream does wrong: named, so that the report can count them. */
const faults: { readonly [name: string]: DirectiveChange } = {
  'answers 500': { status: 500 },
  'answers 429': { status: 429 },
  'breaks off': { cutAfter: 5 },
  'sends an error': { errorAfter: 5 },
  'goes silent': { stallAfter: 5 },
  'drops the connection': { dropsBeforeHeaders: true },
}

export type Endpoint = { baseUrl: string; apiKey: string }
export type Counts = { [name: string]: number }

/** Starts `perSecond` calls a second until it is stopped; `ended` waits for the last of them. */
export class Traffic {
  readonly counts: Counts = {}
  readonly #random: () => number
  readonly #running = new Set<Promise<unknown>>()
  readonly #timer: NodeJS.Timeout
  #isPaused = false

  constructor(endpoints: () => readonly Endpoint[], perSecond: number, seed: number) {
    this.#random = randomFrom(seed)
    this.#timer = setInterval(() => {
      if (!this.#isPaused) this.#start(endpoints())
    }, 1_000 / perSecond)
  }

  /** While the product starts again there is nobody to ask. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  #start(endpoints: readonly Endpoint[]): void {
    const random = this.#random
    const endpoint = endpoints[Math.floor(random() * endpoints.length)]
    if (endpoint === undefined) return
    const words = 2 + Math.floor(random() * wordsMax)
    const names = Object.keys(faults)
    const fault = random() < faultShare ? names[Math.floor(random() * names.length)] : undefined
    const upstream: DirectiveChange = { tokens: words, gapMs, ...(fault === undefined ? {} : faults[fault]) }
    const model = random() < stopModelShare ? stopModel : finishModel
    const call = startStream(endpoint, { upstream, outputTokens: words, model })
    if (fault !== undefined) this.#count(`upstream ${fault}`)
    if (random() < leaveShare) this.#leaveLater(call, random() * words * gapMs)
    const ended = call.ended.then(({ status, isDone }) =>
      this.#count(`answer ${status}${isDone ? ' whole' : ''}`),
    )
    this.#running.add(ended)
    void ended.finally(() => this.#running.delete(ended))
  }

  #leaveLater(call: Running, afterMs: number): void {
    const timer = setTimeout(() => {
      this.#count('clients that left')
      call.leave()
    }, afterMs)
    void call.ended.finally(() => clearTimeout(timer))
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1
  }
}
