// The clients and the isolates that serve them: starts calls, kills Workers under them, tries again.

import { Standing } from '#gateway/standing.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import { timings } from '#ledger/timings.ts'
import { OwnedCall, type Outcome } from './owner.ts'
import { type CallPlan, isolatesMax } from './plan.ts'
import { Process } from './scheduler.ts'
import type { Setting } from './setting.ts'
import { inWordsOf } from './versions.ts'

type Isolate = { number: number; process: Process; standing: Standing }

export class Clients {
  readonly #world: Setting
  readonly #isolates: Isolate[]
  #born = 0
  #version = 0
  running = 0

  constructor(world: Setting) {
    this.#world = world
    this.#isolates = Array.from({ length: isolatesMax }, (_, index) => this.#newIsolate(index))
  }

  call(plan: CallPlan, attempt = 1): void {
    const { scheduler, outside, faults } = this.#world
    const isolate = this.#isolates[plan.isolate]
    if (isolate === undefined) return
    const process = new Process(`${plan.name}.${attempt}`, isolate.process, isolate.process.skewMs)
    let isOver = false
    const over = (outcome: Outcome) => {
      if (isOver) return
      isOver = true
      this.#world.say(`${plan.name}.${attempt} ${outcome}`)
      if (outcome !== 'answered') this.#again(plan, attempt)
    }
    this.running += 1
    scheduler.after(0, process, () => {
      const owned = this.#owned(plan, attempt, { ...isolate, process })
      this.#world.say(`${plan.name}.${attempt} is ${owned.callId}`)
      void owned.run().then((outcome) => scheduler.after(1, outside, () => over(outcome)))
    })
    if (plan.killedAfterMs !== null && attempt === 1) {
      scheduler.after(plan.killedAfterMs, outside, () => {
        if (isOver) return
        faults.fired('worker_killed')
        process.kill()
        over('failed')
      })
    }
    // A client does not wait for ever, not even for a Worker that died without a word.
    scheduler.after(200_000, outside, () => over('failed'))
  }

  #owned(plan: CallPlan, attempt: number, { number, process, standing }: Isolate): OwnedCall {
    const { scheduler, outside, faults, accountId, network, host, captures, log, oracle, books } = this.#world
    const guard = (check: () => void) => this.#world.guard(check)
    return new OwnedCall(plan, attempt, {
      scheduler,
      outside,
      process,
      faults,
      standing,
      accountId,
      port: network.portOf(host, process),
      captures: {
        park: (message) => captures.send(inWordsOf(process.version, message) as ParkedCapture),
      },
      log,
      watch: {
        dispatched: (exposure) => guard(() => oracle.dispatched(number, exposure)),
        answered: (exposure) => oracle.answeredDispatch(number, exposure),
        asked: (callId, of, total) => void oracle.callOf(callId, of).askedNanoUsd.add(total),
        sentUpstream: (callId) => guard(() => oracle.claims.sentUpstream(callId, plan.claim !== null)),
        delivered: (callId, cost) => guard(() => oracle.delivered(callId, cost, books.heldBy(callId))),
        said: (callId, end) => oracle.said(callId, end),
      },
    })
  }

  #again(plan: CallPlan, attempt: number): void {
    if (attempt > plan.retries) return
    const { scheduler, outside, faults } = this.#world
    faults.fired(plan.claim === null ? 'client_retried' : 'client_retried_with_key')
    scheduler.after(plan.retryAfterMs * attempt, outside, () => this.call(plan, attempt + 1))
  }

  killIsolate(index: number): void {
    const isolate = this.#isolates[index % isolatesMax]
    if (isolate === undefined) return
    isolate.process.kill()
    this.#isolates[index % isolatesMax] = this.#newIsolate(index % isolatesMax)
    this.#world.oracle.isolateGone(isolate.number)
  }

  /** What comes from now on is served by a new version; what runs goes on with the one that it has begun with. */
  rollOut(): void {
    this.#version += 1
    for (const index of this.#isolates.keys()) this.#isolates[index] = this.#newIsolate(index)
  }

  #newIsolate(index: number): Isolate {
    this.#born += 1
    // Machines keep time within seconds of each other.
    const skewMs = ((this.#born * 7_919) % 6_001) - 3_000
    return {
      number: this.#born,
      process: new Process(`isolate ${index}`, null, skewMs, this.#version),
      standing: new Standing(timings.goodStandingMs),
    }
  }
}
