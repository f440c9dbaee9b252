// One measurement: a job for the load generator, and the processor time that the gateway spent on it until everything it
// owes is done, which for the product includes the outbox.

import type { Gateway, Product } from './gateways.ts'
import type { Job, JobResult } from './load.ts'
import { cpuSeconds } from './processes.ts'

export type Generator = { ask(job: object): Promise<unknown> }

export type Measured = JobResult & { cpuMs: number }

export type Work = Pick<Job, 'body' | 'connections'> &
  Partial<Pick<Job, 'keys' | 'staggerMs' | 'answersMax' | 'forMs' | 'mustContain' | 'path' | 'headers'>> & {
    /** Does not wait for the outbox: for warming up, and where processor time is no figure. */
    leavesDebts?: boolean
  }

/** No job is longer than this, whatever goes wrong. */
const jobMsMax = 60_000

export async function measure(
  gateway: Gateway | Product,
  generator: Generator,
  work: Work,
): Promise<Measured> {
  const job: Job = {
    keys: ['none'],
    answersMax: Number.MAX_SAFE_INTEGER,
    forMs: jobMsMax,
    mustContain: gateway.mustContain,
    ...work,
    port: gateway.port,
    headers: { ...gateway.headers, ...work.headers },
  }
  const cpuBefore = cpuSeconds(gateway.pid)
  // Written by bench/load.ts.
  const result = (await generator.ask(job)) as JobResult
  if (result.failures > 0 || result.answers === 0) {
    throw new Error(`${gateway.name}: ${result.failures} of ${result.answers} failed. ${result.firstFailure}`)
  }
  if ('drained' in gateway) await gateway.drained(result.answers, work.leavesDebts === true)
  return { ...result, cpuMs: (cpuSeconds(gateway.pid) - cpuBefore) * 1_000 }
}
