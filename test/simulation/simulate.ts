// npm run simulate: `--seeds N` runs that many schedules (from `--seed S`, default 1), goes on after one that breaks a promise
// (not with `--stop-at-first`) and exits with 1 then; `--seed S` alone runs one; `--planted` shows that every planted bug is
// found (with `--plant NAME`, that one).

import { parseArgs } from 'node:util'

import { readCorpus, remember } from './corpus.ts'
import { faultNames } from './faults.ts'
import { plants, waiting } from './plants.ts'
import { type Broken, type Outcome, type Task, hourly, runThreads } from './threads.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    planted: { type: 'boolean' },
    threads: { type: 'string' },
    plant: { type: 'string' },
    'stop-at-first': { type: 'boolean' },
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
  const corpus = isOne ? [] : readCorpus()
  for (const { seed, found } of corpus) {
    const [broken] = (await runThreads(alone(seed))).broken
    if (broken !== undefined) say(`The corpus is broken again: seed ${seed} (${found}): ${broken.message}`)
    if (broken !== undefined) return false
  }
  const isStoppingAtFirst = values['stop-at-first'] === true
  const task = { plant: null, firstSeed, seeds, threads, isShrinking: true, isStoppingAtFirst }
  const outcome = await runThreads(task, say)
  for (const broken of outcome.broken) sayBroken(broken)
  const isFair = isOne || sayFaults(outcome)
  const { done, steps, stepsLeast, seconds, broken } = outcome
  say(
    `${done} seeds from ${firstSeed}, ${steps} events (at least ${stepsLeast} a seed), ${seconds} s, ` +
      `${hourly(done, seconds)} an hour, ${broken.length} failures.`,
  )
  return broken.length === 0 && isFair
}

function sayBroken({ seed, message, items, trace }: Broken): void {
  say(`\nSeed ${seed} breaks a promise. ${message}`)
  // Of many that break only the first are shrunk.
  if (items.length === 0) return
  say([...trace, `What it takes: ${items.join(', ')}`, ''].join('\n'))
  say(`Again: npm run simulate -- --seed ${seed}`)
  remember(seed, message)
}

/** Every fault strikes often enough, every schedule is long enough. */
function sayFaults({ done, stepsLeast, faults }: Outcome): boolean {
  const rates = faultNames.map((name) => ({ name, percent: (100 * (faults.get(name) ?? 0)) / done }))
  for (const { name, percent } of rates) say(`${String(Math.round(percent)).padStart(4)} %  ${name}`)
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
    const outcome = await runThreads({ ...task, plant: name, isStoppingAtFirst: true })
    const { done, seconds } = outcome
    const [broken] = outcome.broken
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
  return (await runThreads(alone(seed))).broken.length === 0
}

function alone(seed: number): Task {
  return {
    plant: null,
    firstSeed: seed,
    seeds: 1,
    threads: 1,
    isShrinking: false,
    isStoppingAtFirst: true,
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
