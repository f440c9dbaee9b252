// One seed, run to its end. Loaded after the hooks (hooks.ts), since it brings the shipped files with it.

import { hash } from 'node:crypto'

import { type Plan, planOf } from './plan.ts'
import { type Run, World } from './world.ts'

// The platform's hash is computed on a thread of its own, at a time that no seed decides.
Object.assign(crypto.subtle, {
  digest: (_: string, bytes: Uint8Array) =>
    Promise.resolve(new Uint8Array(hash('sha256', bytes, 'buffer')).buffer),
})

export function runPlan(plan: Plan, isTraced = false): Promise<Run> {
  return new World(plan, isTraced).run()
}

export function runSeed(seed: number, isTraced = false): Promise<Run> {
  return runPlan(planOf(seed), isTraced)
}
