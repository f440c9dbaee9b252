// One of the threads that run seeds: says of each how it ended. Shrinks the first that break a promise, and goes on.

import { parentPort, workerData } from 'node:worker_threads'

import { installHooks } from './hooks.ts'
import { plants } from './plants.ts'

export type Assignment = {
  plant: string | null
  firstSeed: number
  seeds: number
  step: number
  isShrinking: boolean
  isStoppingAtFirst: boolean
}
export type Report =
  | { kind: 'seed'; seed: number; steps: number; faults: string[] }
  | { kind: 'broken'; seed: number; message: string; items: string[]; trace: string[] }

/** To shrink one takes some hundred schedules: where many break, the first of them say enough. */
const shrunkMax = 3

const { plant, firstSeed, seeds, step, isShrinking, isStoppingAtFirst }: Assignment = workerData
installHooks(plants.find(({ name }) => name === plant) ?? null)
const { planOf } = await import('./plan.ts')
const { runPlan } = await import('./run-seed.ts')
const { shrunk } = await import('./shrink.ts')

const say = (report: Report) => parentPort?.postMessage(report, [])
let shrunkSoFar = 0

for (let seed = firstSeed; seed < firstSeed + seeds; seed += step) {
  // Whoever waits with a time limit makes an error for each question: their stacks would be a thirtieth of the whole time.
  Error.stackTraceLimit = 0
  const { steps, faults, violation } = await runPlan(planOf(seed))
  if (violation === undefined) {
    say({ kind: 'seed', seed, steps, faults: [...faults.counts.keys()] })
    continue
  }
  Error.stackTraceLimit = 10
  shrunkSoFar += 1
  const isShrunk = isShrinking && shrunkSoFar <= shrunkMax
  const plan = isShrunk ? await shrunk(planOf(seed), violation.invariant) : planOf(seed)
  const { trace } = isShrunk ? await runPlan(plan, true) : { trace: [] }
  const items = isShrunk ? plan.items.map(({ name }) => name) : []
  say({ kind: 'broken', seed, message: violation.message, items, trace })
  if (isStoppingAtFirst) break
}
