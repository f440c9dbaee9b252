// Parts of the journeys that take about as long as each other: vitest alone would deal the files out by their names' hashes, and
// `npm test` would wait for the part with most of the slow ones.

import { basename } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Seconds on two busy cores, of the files that take longer than the others; a wrong figure costs time and nothing else. */
const slowFiles: { readonly [name: string]: number } = {
  'hostile-upstreams.test.ts': 97,
  'settlement.test.ts': 66,
  'top-ups-kill.test.ts': 66,
  'rebuild.test.ts': 58,
  'operator-books.test.ts': 55,
  'start.test.ts': 53,
  'money-in-time.test.ts': 50,
  'welcome-credit.test.ts': 50,
  'matrix.test.ts': 46,
  'routing.test.ts': 40,
  'auto-top-up.test.ts': 36,
  'raw-streams.test.ts': 34,
  'disconnect.test.ts': 32,
  'attempts.test.ts': 30,
  'silence.test.ts': 29,
  'invoices.test.ts': 29,
  'rolling-holds.test.ts': 27,
  'sealing-key.test.ts': 26,
  'bad-amounts.test.ts': 26,
  'statement.test.ts': 25,
  'strange-requests.test.ts': 25,
  'top-ups.test.ts': 24,
  'auto-top-up-kill.test.ts': 22,
  'openai-embeddings.test.ts': 22,
  'generations-restart.test.ts': 21,
  'usage.test.ts': 18,
  'mirror.test.ts': 17,
  'fixed-fee.test.ts': 16,
  'notice-rows.test.ts': 15,
  'kept-responses.test.ts': 15,
  'payment-facts.test.ts': 15,
}
const usualSeconds = 5

export class BalancedShards extends BaseSequencer {
  /** The slowest first, each to the part that has least; every part computes the same. */
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { index, count } = this.ctx.config.shard ?? { index: 1, count: 1 }
    return sharesOf(files, secondsOf, count)[index - 1] ?? []
  }
}

function secondsOf({ moduleId }: TestSpecification): number {
  return slowFiles[basename(moduleId)] ?? usualSeconds
}

export function sharesOf<File extends { moduleId: string }>(
  files: readonly File[],
  seconds: (file: File) => number,
  count: number,
): File[][] {
  const shares = Array.from({ length: count }, () => ({ files: [] as File[], seconds: 0 }))
  const slowestFirst = files.toSorted((a, b) => seconds(b) - seconds(a) || (a.moduleId < b.moduleId ? -1 : 1))
  for (const file of slowestFirst) {
    const least = shares.reduce((best, share) => (share.seconds < best.seconds ? share : best))
    least.files.push(file)
    least.seconds += seconds(file)
  }
  return shares.map((share) => share.files)
}
