// One of the threads that run seeds: says of each how it ended. Stops at the first broken promise and shrinks it.

import { parentPort, workerData } from 'node:worker_threads'

import { installHooks } from './hooks.ts'
import { plants } from './plants.ts'

export type Assignment = {
  plant: string | null
  firstSeed: number
  seeds: number
  step: number
  isShrinking: boolean
}
export type Report =
  | { kind: 'seed'; seed: number; steps: number; faults: string[] }
  | { kind: 'broken'; seed: number; message: string; items: string[]; trace: string[] }

const { plant, firstSeed, seeds, step, isShrinking }: Assignment = workerData
installHooks(plants.find(({ name }) => name === plant) ?? null)
const { planOf } = await import('./plan.ts')
const { runPlan } = await import('./run-seed.ts')
const { shrunk } = await import('./shrink.ts')

// Whoever waits with a time limit makes an error for each question: their stacks would be a thirtieth of the whole time.
Error.stackTraceLimit = 0

const say = (report: Report) => parentPort?.postMessage(report, [])

for (let seed = firstSeed; seed < firstSeed + seeds; seed += step) {
  const { steps, faults, violation } = await runPlan(planOf(seed))
  if (violation === undefined) {
    say({ kind: 'seed', seed, steps, faults: [...faults.counts.keys()] })
    continue
  }
  Error.stackTraceLimit = 10
  const plan = isShrinking ? await shrunk(planOf(seed), violation.invariant) : planOf(seed)
  const { trace } = isShrinking ? await runPlan(plan, true) : { trace: [] }
  say({ kind: 'broken', seed, message: violation.message, items: plan.items.map(({ name }) => name), trace })
  break
}
