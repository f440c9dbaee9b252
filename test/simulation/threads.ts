// Shares seeds among threads and gathers what they say.

import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'

import type { Assignment, Report } from './thread.ts'

export type Task = {
  plant: string | null
  firstSeed: number
  seeds: number
  threads: number
  isShrinking: boolean
  isStoppingAtFirst: boolean
}
export type Broken = Extract<Report, { kind: 'broken' }>
export type Outcome = {
  done: number
  steps: number
  stepsLeast: number
  seconds: number
  faults: Map<string, number>
  broken: Broken[]
}

const progressEverySeconds = 30

// For turn.ts in each of the threads: flags of V8 must not change while another thread compiles.
setFlagsFromString('--allow-natives-syntax')

export async function runThreads(
  task: Task,
  say: (line: string) => void = () => undefined,
): Promise<Outcome> {
  const startedAt = process.uptime()
  const secondsSoFar = () => Math.round(process.uptime() - startedAt)
  const outcome: Outcome = {
    done: 0,
    steps: 0,
    stepsLeast: Infinity,
    seconds: 0,
    faults: new Map(),
    broken: [],
  }
  const workers = Array.from({ length: task.threads }, (_, index) => {
    const { plant, firstSeed, seeds, threads, isShrinking, isStoppingAtFirst } = task
    const workerData: Assignment = {
      plant,
      firstSeed: firstSeed + index,
      seeds: Math.max(0, seeds - index),
      step: threads,
      isShrinking,
      isStoppingAtFirst,
    }
    return new Worker(join(import.meta.dirname, 'thread.ts'), {
      workerData,
      // Most of what a world makes is gone with it: a nursery that holds one is swept less often.
      resourceLimits: { maxYoungGenerationSizeMb: 64 },
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
  })
  let saidAtSecond = 0
  const gather = (report: Report) => {
    if (report.kind === 'broken') {
      outcome.done += 1
      outcome.broken.push(report)
      say(`Seed ${report.seed} breaks a promise. ${report.message}`)
      return
    }
    outcome.done += 1
    outcome.steps += report.steps
    outcome.stepsLeast = Math.min(outcome.stepsLeast, report.steps)
    for (const name of report.faults) outcome.faults.set(name, (outcome.faults.get(name) ?? 0) + 1)
    const seconds = secondsSoFar()
    if (seconds - saidAtSecond < progressEverySeconds) return
    saidAtSecond = seconds
    say(`${outcome.done} of ${task.seeds} seeds in ${seconds} s: ${hourly(outcome.done, seconds)} an hour`)
  }
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.on('message', (report: Report) => {
            gather(report)
            if (report.kind === 'broken' && task.isStoppingAtFirst)
              for (const other of workers) void other.terminate()
          })
          worker.on('error', reject)
          worker.on('exit', () => resolve())
        }),
    ),
  )
  return { ...outcome, seconds: secondsSoFar() }
}

export function hourly(done: number, seconds: number): number {
  return Math.round((done / Math.max(1, seconds)) * 3_600)
}
