// Makes a failing plan as small as it gets: leaves out one thing after the other for as long as the same promise breaks.

import { type Plan } from './plan.ts'
import { runPlan } from './run-seed.ts'

/** A schedule of sixty things needs about twice as many tries. */
const triesMax = 400

export async function shrunk(plan: Plan, invariant: string): Promise<Plan> {
  let smallest = plan
  let tries = 0
  let isSmaller = true
  while (isSmaller && tries < triesMax) {
    isSmaller = false
    for (const item of smallest.items) {
      const without = { ...smallest, items: smallest.items.filter(({ name }) => name !== item.name) }
      tries += 1
      const { violation } = await runPlan(without)
      if (violation?.invariant !== invariant) continue
      smallest = without
      isSmaller = true
    }
  }
  return smallest
}
