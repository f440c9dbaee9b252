// Resident memory of the process that runs the Worker, watched while a test does something large to it.

import { readFileSync } from 'node:fs'
import type { World } from '../../dev/world.ts'

const lookEveryMs = 100

/** `end` says by how many MB it grew at most. */
export function watchMemory(world: World): { end(): number } {
  const file = `/proc/${world.product().workerdPid}/status`
  const residentMb = () => {
    try {
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) / 1_024
    } catch {
      // Not a Linux: nothing is measured, and nothing is held against it.
      return 0
    }
  }
  const before = residentMb()
  let peak = before
  let timer: NodeJS.Timeout
  const look = () => {
    peak = Math.max(peak, residentMb())
    timer = setTimeout(look, lookEveryMs)
  }
  look()
  return {
    end: () => {
      clearTimeout(timer)
      return Math.round(peak - before)
    },
  }
}
