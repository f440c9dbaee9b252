// npm run simulate: `--seeds N` runs that many schedules (from `--seed S`, default 1), `--seed S` alone runs one and prints
// its trace, `--planted` shows that every planted bug is found (with `--plant NAME`, that one). Exits with 1 where a promise breaks.

import { parseArgs } from 'node:util'

import { readCorpus, remember } from './corpus.ts'
import { faultNames } from './faults.ts'
import { plants, waiting } from './plants.ts'
import { runThreads, type Outcome } from './threads.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    planted: { type: 'boolean' },
    threads: { type: 'string' },
    plant: { type: 'string' },
  },
})
const threads = Number(values.threads ?? 2)
const firstSeed = Number(values.seed ?? 1)
const isOne = values.seeds === undefined && values.seed !== undefined
const seeds = isOne ? 1 : Number(values.seeds ?? 3_000)

/** Below this share of the seeds a fault counts as not simulated. */
const faultPercentMin = 5
const stepsMin = 300
const plantedSeedsMax = 1_000

process.exitCode = (await (values.planted === true ? showPlanted() : simulate())) ? 0 : 1

async function simulate(): Promise<boolean> {
  for (const { seed, found } of isOne ? [] : readCorpus()) {
    const { broken } = await runThreads({
      plant: null,
      firstSeed: seed,
      seeds: 1,
      threads: 1,
      isShrinking: false,
    })
    if (broken !== undefined) {
      say(`The corpus is broken again: seed ${seed} (${found}): ${broken.message}`)
      return false
    }
  }
  const outcome = await runThreads({ plant: null, firstSeed, seeds, threads, isShrinking: true }, say)
  if (outcome.broken !== undefined) {
    const { seed, message, items, trace } = outcome.broken
    say(
      [...trace, '', `Seed ${seed} breaks a promise. ${message}`, `What it takes: ${items.join(', ')}`].join(
        '\n',
      ),
    )
    say(`Again: npm run simulate -- --seed ${seed}`)
    remember(seed, message)
    return false
  }
  return isOne ? sayOne(outcome) : sayFaults(outcome)
}

function sayOne({ steps, seconds }: Outcome): boolean {
  say(`Seed ${firstSeed} keeps every promise: ${steps} events in ${seconds} s.`)
  return true
}

/** Every fault strikes often enough, every schedule is long enough. */
function sayFaults({ done, steps, stepsLeast, seconds, faults }: Outcome): boolean {
  const rates = faultNames.map((name) => ({ name, percent: (100 * (faults.get(name) ?? 0)) / done }))
  for (const { name, percent } of rates) say(`${String(Math.round(percent)).padStart(4)} %  ${name}`)
  const hourly = Math.round((done / Math.max(1, seconds)) * 3_600)
  say(
    `${done} seeds, ${steps} events (at least ${stepsLeast} a seed), ${seconds} s: ${hourly} schedules an hour.`,
  )
  const rare =
    done < 200 ? [] : rates.filter(({ percent }) => percent < faultPercentMin).map(({ name }) => name)
  if (rare.length > 0) say(`Too rare to count as simulated: ${rare.join(', ')}.`)
  if (stepsLeast < stepsMin) say(`A schedule had fewer than ${stepsMin} events.`)
  return rare.length === 0 && stepsLeast >= stepsMin
}

async function showPlanted(): Promise<boolean> {
  let isAllFound = true
  for (const { name } of plants.filter(({ name }) => values.plant === undefined || name === values.plant)) {
    const task = { firstSeed, seeds: Number(values.seeds ?? plantedSeedsMax), threads, isShrinking: false }
    const { broken, done, seconds } = await runThreads({ ...task, plant: name })
    const isFound = broken !== undefined && (await isSound(broken.seed))
    isAllFound &&= isFound
    if (broken === undefined) say(`NOT FOUND in ${done} seeds: ${name}`)
    else if (isFound) say(`found: ${name} (seed ${broken.seed}, ${seconds} s) ${broken.message}`)
    else say(`NOT FOUND: ${name}: seed ${broken.seed} breaks without it as well: ${broken.message}`)
  }
  for (const { name, for: part } of waiting) say(`not planted before there is ${part}: ${name}`)
  return isAllFound
}

/** A plant is found only where the same seed keeps every promise without it: an oracle that errs would find them all. */
async function isSound(seed: number): Promise<boolean> {
  const task = { plant: null, firstSeed: seed, seeds: 1, threads: 1, isShrinking: false }
  return (await runThreads(task)).broken === undefined
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
