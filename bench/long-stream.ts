// Streams that outlive their first beat, once: what proof of life costs beside the chunks.

import { type Generator, measure } from './measure.ts'
import { type Plan, bodyOf, chunkGap, streams } from './plan.ts'
import type { Parties } from './sections.ts'

export async function longStream(plan: Plan, parties: Parties, generator: Generator): Promise<string> {
  const chunks = plan.longStreamMs / chunkGap
  const work = {
    body: bodyOf({ isStreamed: true, includesUsage: true, chunks, gapMs: chunkGap }),
    connections: streams,
    staggerMs: chunkGap / streams,
    answersMax: streams,
  }
  const bare = await measure(parties.bare, generator, work)
  const product = await measure(parties.product, generator, { ...work, keys: parties.manyKeys })
  const perThousand = (cpuMs: number, marks: number) => (cpuMs / marks) * 1_000
  const bareCpu = perThousand(bare.cpuMs, bare.marks)
  const productCpu = perThousand(product.cpuMs, product.marks)
  return (
    `${streams} streams of ${plan.longStreamMs / 1_000} s, so that each beats, once: CPU per 1,000 chunks ` +
    `bare ${bareCpu.toFixed(1)} ms, product ${productCpu.toFixed(1)} ms (× ${(productCpu / bareCpu).toFixed(2)}); ` +
    `chunk delay p95 ${bare.chunkDelayMs.p95.toFixed(2)} and ${product.chunkDelayMs.p95.toFixed(2)} ms.`
  )
}
