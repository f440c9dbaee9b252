// A model provider: produces what the plan says, whether or not somebody listens, and keeps its own record of it.

import type { CallPlan } from './plan.ts'
import type { Faults } from './faults.ts'
import type { Process, Scheduler } from './scheduler.ts'

export type UpstreamEvent =
  | { readonly kind: 'chunk'; readonly tokens: number }
  /** Cumulative, all tokens so far. */
  | { readonly kind: 'usage'; readonly tokens: number }
  | { readonly kind: 'end' | 'cut' | 'refused' }

const overbilledTimes = 3

export class Upstream {
  /** Tokens that it has really produced. */
  producedTokens = 0
  isStarted = false
  readonly #plan: CallPlan
  readonly #scheduler: Scheduler
  readonly #outside: Process
  readonly #faults: Faults
  readonly #tell: (event: UpstreamEvent) => void
  #isHungUp = false
  #outputTokensMax = 0

  constructor(
    plan: CallPlan,
    world: { scheduler: Scheduler; outside: Process; faults: Faults },
    tell: (event: UpstreamEvent) => void,
  ) {
    this.#plan = plan
    this.#scheduler = world.scheduler
    this.#outside = world.outside
    this.#faults = world.faults
    this.#tell = tell
  }

  start(outputTokensMax: number): void {
    this.isStarted = true
    this.#outputTokensMax = outputTokensMax
    this.#scheduler.after(40, this.#outside, () => this.#next(0))
  }

  /** The owner learns its limit only with the admission. */
  limit(outputTokensMax: number): void {
    this.#outputTokensMax = Math.min(this.#outputTokensMax, outputTokensMax)
  }

  hangUp(): void {
    if (this.#isHungUp || !this.isStarted) return
    this.#isHungUp = true
    if (this.#plan.upstream === 'bills_on') this.#faults.fired('upstream_billed_on')
  }

  #next(index: number): void {
    const { upstream, chunks, inputTokens } = this.#plan
    if (upstream === 'refuses') return this.#strike('upstream_refused', { kind: 'refused' })
    if (index === 0) this.producedTokens = inputTokens
    const half = Math.ceil(chunks.length / 2)
    if (index === half && upstream === 'cut') return this.#strike('upstream_cut', { kind: 'cut' })
    if (index === half && upstream === 'hangs') return this.#faults.fired('upstream_hung')
    const chunk = chunks[index]
    const roomTokens = inputTokens + this.#outputTokensMax - this.producedTokens
    if (chunk === undefined || roomTokens <= 0) return this.#finish()
    this.#scheduler.after(chunk.gapMs, this.#outside, () => {
      if (this.#isHungUp && upstream !== 'bills_on') return
      const tokens = Math.min(chunk.tokens, roomTokens)
      this.producedTokens += tokens
      this.#tell({ kind: 'chunk', tokens })
      if (upstream === 'repeated_usage') {
        this.#faults.fired('upstream_repeated_usage')
        this.#tell({ kind: 'usage', tokens: this.producedTokens })
      }
      this.#next(index + 1)
    })
  }

  #finish(): void {
    const { upstream } = this.#plan
    if (upstream === 'no_usage') this.#faults.fired('upstream_without_usage')
    else if (upstream === 'zero_usage') {
      this.#faults.fired('upstream_zero_usage')
      this.#tell({ kind: 'usage', tokens: 0 })
    } else {
      const times = upstream === 'overbills' ? overbilledTimes : 1
      this.#tell({ kind: 'usage', tokens: this.producedTokens * times })
    }
    this.#tell({ kind: 'end' })
  }

  #strike(fault: 'upstream_refused' | 'upstream_cut', event: UpstreamEvent): void {
    this.#faults.fired(fault)
    this.#tell(event)
  }
}
