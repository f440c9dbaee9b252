// npm run simulate: `--seeds N` runs that many schedules (from `--seed S`, default 1), goes on after one that breaks a promise
// (not with `--stop-at-first`) and exits with 1 then; `--seed S` alone runs one; `--planted` shows that every planted bug is
// found (with `--plant NAME`, that one).

import { parseArgs } from 'node:util'

import { readCorpus, remember } from './corpus.ts'
import { faultNames } from './faults.ts'
import { type Plant, plants, waiting } from './plants.ts'
import { type Broken, type Outcome, type Task, hourly, runThreads } from './threads.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    planted: { type: 'boolean' },
    threads: { type: 'string' },
    plant: { type: 'string' },
    near: { type: 'boolean' },
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
const nearSeeds = 10

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

/** Several at once, each in a thread of its own; said in their order. */
async function showPlanted(): Promise<boolean> {
  const asked = plants.filter(({ name }) => values.plant === undefined || name === values.plant)
  const found = new Map<string, boolean>()
  const waitingPlants = [...asked]
  const searchOn = async (): Promise<void> => {
    for (let plant = waitingPlants.shift(); plant !== undefined; plant = waitingPlants.shift())
      found.set(plant.name, await isFound(plant))
  }
  await Promise.all(Array.from({ length: threads }, searchOn))
  for (const { name, for: part } of waiting) say(`not planted before there is ${part}: ${name}`)
  return asked.length > 0 && asked.every(({ name }) => found.get(name) === true)
}

async function isFound({ name, near = firstSeed }: Plant): Promise<boolean> {
  const first = Number(values.seeds ?? plantedSeedsMax)
  const { done, seconds, broken } = await searchFor(name, near, first)
  const [one] = broken
  if (one === undefined) say(`NOT FOUND in ${done} seeds: ${name}`)
  // An oracle that errs would find them all.
  else if (!(await isSound(one.seed)))
    say(`NOT FOUND: ${name}: seed ${one.seed} breaks without it as well: ${one.message}`)
  else {
    say(`found: ${name} (seed ${one.seed}, ${seconds} s) ${one.message}`)
    return true
  }
  return false
}

/** With `--near` first where it was found last: a search that is only shorter. */
async function searchFor(name: string, near: number, seedsMax: number): Promise<Outcome> {
  const task = { plant: name, threads: 1, isShrinking: false, isStoppingAtFirst: true }
  if (values.near === true) {
    const outcome = await runThreads({ ...task, firstSeed: near, seeds: nearSeeds })
    if (outcome.broken.length > 0) return outcome
  }
  return runThreads({ ...task, firstSeed, seeds: seedsMax })
}

/** A plant is found only where the same seed keeps every promise without it. */
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
