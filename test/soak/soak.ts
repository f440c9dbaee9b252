// `npm run soak`: twenty minutes of traffic with clients that leave, upstreams that fail and a SIGKILL every two minutes; then
// every charge is held against what the upstream's own records say was produced, to the nano-dollar, and Postgres against
// the object. What the provider bills and nobody is charged for is told per cause. Everything is on this machine.

import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

import { cloneDir } from '../../dev/clone.ts'
import { booksOf } from '../../dev/demo-parts.ts'
import { readCommandLine } from '../../dev/command-line.ts'
import type { RecordedRequest } from '../../dev/upstream.ts'
import { startWorld } from '../../dev/world.ts'
import { openLimits, range } from '../world/storm.ts'
import { type Comparison, compare, readPrices } from './comparison.ts'
import { Traffic } from './traffic.ts'

const help = `npm run soak -- --minutes 20 --rate 10 --seed 1

Traffic at --rate calls a second for --minutes, a SIGKILL every two minutes. docs/soak.md is written anew by a run of at
least twenty minutes whose books agree.`

const { values: flags } = readCommandLine(help, {
  options: {
    minutes: { type: 'string', default: '20' },
    rate: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const minutes = Number(flags.minutes)
const recordedMinutesLeast = 20
const restartEveryMs = 120_000
const accounts = 4
const creditNanoUsd = 1_000_000_000_000

const child = fork(join(import.meta.dirname, 'upstream-process.ts'), {
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
})
const upstreamUrl = await new Promise<string>((resolve) => {
  child.once('message', (said: { url: string }) => resolve(said.url))
})
const world = await startWorld({
  onProgress: say,
  vars: { OPENAI_BASE_URL: upstreamUrl, DEEPSEEK_BASE_URL: upstreamUrl, MISTRAL_BASE_URL: upstreamUrl },
})
try {
  process.exitCode = (await soak()) ? 0 : 1
} finally {
  await world.stop()
  child.disconnect()
}

async function soak(): Promise<boolean> {
  const opened = await Promise.all(
    range(accounts, () => world.newAccount({ creditUsd: '1000.00', settings: openLimits })),
  )
  const prices = await readPrices(world.baseUrl)
  const endpoints = () => opened.map(({ apiKey }) => ({ baseUrl: world.baseUrl, apiKey }))
  const traffic = new Traffic(endpoints, Number(flags.rate), Number(flags.seed))
  const startedAt = Date.now()
  let kills = 0
  while (Date.now() - startedAt < minutes * 60_000) {
    await wait(Math.min(restartEveryMs, startedAt + minutes * 60_000 - Date.now()))
    if (Date.now() - startedAt >= minutes * 60_000) break
    traffic.pause(true)
    await world.restartProduct({ sigkill: true })
    traffic.pause(false)
    kills += 1
    say(
      `${Math.round((Date.now() - startedAt) / 60_000)} min: ${kills} kills, ${JSON.stringify(traffic.counts)}`,
    )
  }
  await traffic.stop()
  say('the traffic is over; waiting until nothing is held and everything is in Postgres')
  // What a killed queue has lost comes again by itself after ten minutes without a confirmation; nobody waits for that here.
  for (const { accountId } of opened) await world.operator('POST', `/accounts/${accountId}/resend`)
  const books = await Promise.all(opened.map((account) => booksOf(world, account, undefined)))
  const isQuiet = books.every(
    ({ held, balance, sum, doubles }) => held === 0 && balance === sum && doubles === 0,
  )
  const produced = (await (
    await fetch(`${new URL(upstreamUrl).origin}/__requests`)
  ).json()) as RecordedRequest[]
  const charges = await world.sql('select call_id, upstream_id, cost_nano_usd, rule, model from charges')
  const booked = books.reduce((sum, { balance }) => sum + creditNanoUsd - balance, 0)
  const comparison = compare({ produced, charges, prices })
  const agree = isQuiet && booked === comparison.chargedNanoUsd && comparison.unexplained.length === 0
  const lines = reportOf(comparison, { kills, counts: traffic.counts, booked })
  console.log(lines.join('\n'))
  if (agree && minutes >= recordedMinutesLeast)
    writeFileSync(join(cloneDir, 'docs', 'soak.md'), `${lines.join('\n')}\n`)
  say(agree ? '✓ the books agree to the nano-dollar' : '✗ the books do not agree')
  return agree
}

type Run = { kills: number; counts: { readonly [name: string]: number }; booked: number }

function reportOf(comparison: Comparison, { kills, counts, booked }: Run): readonly string[] {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}`
  const usd = (nano: number) => (nano / 1e9).toFixed(9)
  return [
    '# Soak',
    '',
    `Written by \`npm run soak\` on ${new Date().toISOString().slice(0, 10)}: ${minutes} minutes at ${flags.rate} calls a second, seed ${flags.seed}, SIGKILL every two minutes (${kills}), no graceful stop. The upstream is a process of its own; what it wrote down is the other side of every figure. Machine: ${machine}.`,
    '',
    '| figure | value |',
    '|---|---|',
    ...Object.entries(counts)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, count]) => `| ${name} | ${count} |`),
    `| Σ charges, by the objects' entries in Postgres, USD | ${usd(booked)} |`,
    `| Σ charges, by the rows of the calls, USD | ${usd(comparison.chargedNanoUsd)} |`,
    `| Σ produced by the upstream's own records, USD | ${usd(comparison.producedNanoUsd)} |`,
    `| Σ that the provider bills (it writes on where it does not stop on abort), USD | ${usd(comparison.billedNanoUsd)} |`,
    `| calls whose charge is exactly what was produced | ${comparison.exact} |`,
    `| calls without explanation | ${comparison.unexplained.length} |`,
    '',
    '## What the provider bills and nobody is charged for',
    '',
    '| cause | calls | charged, USD | billed, USD | the operator bears, USD |',
    '|---|---|---|---|---|',
    ...Object.entries(comparison.causes).map(
      ([cause, { calls, charged, billed }]) =>
        `| ${cause} | ${calls} | ${usd(charged)} | ${usd(billed)} | ${usd(billed - charged)} |`,
    ),
    ...comparison.unexplained.map((what) => `\nUnexplained: ${what}`),
  ]
}

function say(line: string): void {
  console.log(`soak: ${line}`)
}
