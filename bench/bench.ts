// `npm run bench`: what the product costs above a bare pass-through, both in workerd itself and in the same run. Prints as
// it goes and writes bench/RESULTS.md. `--quick` takes about a minute and only prints; `--portkey DIR` measures Portkey's gateway as well.

import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cloneDir, makeTemporaryDir } from '../dev/clone.ts'
import { type Gateway, type Product, startBare, startFloor, startPortkey, startProduct } from './gateways.ts'
import { longStream } from './long-stream.ts'
import { objectWork } from './object-work.ts'
import { type Throughput, objectCallers, objectThroughput } from './object-throughput.ts'
import { fullPlan, manyAccounts, quickPlan } from './plan.ts'
import { residentMegabytes, startScript } from './processes.ts'
import { lineOf, resultsPage } from './results.ts'
import { type Row, runSection } from './rounds.ts'
import { type Section, sectionsOf } from './sections.ts'
import type { Spread } from './statistics.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    portkey: { type: 'string' },
    /** The product's inspector listens at this port, for a profile; its figures are then worth less. */
    inspect: { type: 'string' },
    /** Only the throughput of one account object. */
    object: { type: 'boolean', default: false },
    /** Part of a section's title: the others are left out, and nothing is written. */
    only: { type: 'string' },
  },
})
const plan = options.quick ? quickPlan : fullPlan
const startedAt = performance.now()
const creditUsd = 1_000
const [loadBefore = Number.NaN] = loadavg()

const say = (line: string) => {
  console.log(`${((performance.now() - startedAt) / 1_000).toFixed(0).padStart(4)} s  ${line}`)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
const ends: (() => Promise<void> | void)[] = []
try {
  await run()
} finally {
  for (const end of ends.toReversed()) await end()
}

async function run(): Promise<void> {
  const folder = makeTemporaryDir()
  ends.push(() => folder.remove())
  say('starting the upstream, the load generator, the bare Worker and the product')
  const upstream = await startScript('upstream.ts')
  ends.push(() => upstream.stop())
  const generator = await startScript('load.ts')
  ends.push(() => generator.stop())
  const where = {
    dir: folder.path,
    upstreamPort: portOf(upstream.first),
    inspectorPort: options.inspect === undefined ? undefined : Number(options.inspect),
  }
  if (options.object) return sayThroughput(await objectThroughput(where, plan.objectMs))
  const started = <Started extends Gateway>(gateway: Started): Started => {
    ends.push(() => gateway.stop())
    return gateway
  }
  const bare = started(await startBare(where))
  const floor = started(await startFloor(where))
  const product = started(await startProduct(where))
  const portkey =
    options.portkey === undefined
      ? undefined
      : started(await startPortkey(options.portkey, where.upstreamPort))
  const gateways = [bare, product, ...(portkey === undefined ? [] : [portkey])]
  const before = gateways.map(({ pid }) => residentMegabytes(pid))

  say(`making ${manyAccounts} accounts`)
  const manyKeys = await newKeys(product, manyAccounts)
  const parties = { bare, floor, product, portkey, oneKey: await newKeys(product, 1), manyKeys }
  const { only } = options
  const measured: { section: Section; rows: readonly Row[] }[] = []
  for (const section of sectionsOf(plan, parties)) {
    if (only !== undefined && !section.title.includes(only)) continue
    const rows = await runSection(section, { plan, generator, say })
    for (const row of rows) console.log(lineOf(row))
    measured.push({ section, rows })
  }
  if (only !== undefined) return

  const long = plan.longStreamMs === 0 ? undefined : await longStream(plan, parties, generator)
  if (long !== undefined) say(long)
  const memory = gateways.map(({ name, pid }, index) => ({
    name,
    beforeMb: before[index] ?? Number.NaN,
    afterMb: residentMegabytes(pid),
  }))
  say(`memory in MB: ${memory.map(({ name, afterMb }) => `${name} ${afterMb}`).join(', ')}`)
  say('counting rows and object calls')
  const work = await objectWork(plan, { product, generator })
  for (const { name, rows, calls } of work) {
    console.log(`  ${name}: ${rows.toFixed(2)} rows, ${calls.toFixed(2)} object calls`)
  }
  const throughput = await objectThroughput(where, plan.objectMs)
  sayThroughput(throughput)
  if (options.quick) return say('a quick run is no result: bench/RESULTS.md stays as it is')
  const page = resultsPage({
    planName: plan.name,
    repeats: plan.repeats,
    date: new Date().toISOString().slice(0, 10),
    sections: measured,
    objectWork: work,
    throughput,
    memory,
    longStream: long,
    load: { before: loadBefore, after: loadavg()[0] ?? Number.NaN },
  })
  writeFileSync(join(cloneDir, 'bench', 'RESULTS.md'), page)
  say('written: bench/RESULTS.md')
}

function sayThroughput({ alone, together, ratio }: Throughput): void {
  const rate = ({ median, min, max }: Spread) => `${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)})`
  say(
    `one object, ${objectCallers} callers: ${rate(alone)} calls/s one commit each, ${rate(together)} grouped, × ${ratio.median.toFixed(2)}`,
  )
}

async function newKeys(product: Product, count: number): Promise<readonly string[]> {
  const accounts = await Promise.all(Array.from({ length: count }, () => product.newAccount(creditUsd)))
  return accounts.map(({ apiKey }) => apiKey)
}

function portOf(line: unknown): number {
  if (typeof line === 'object' && line !== null && 'port' in line && typeof line.port === 'number')
    return line.port
  throw new Error('The upstream named no port')
}
