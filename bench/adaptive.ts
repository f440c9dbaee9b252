// `npm run bench:adaptive`: how often a call waits for its admission and what that adds to its first token, for a rich, a
// normal and a nearly empty account, with the account object 1, 30 and 150 ms away. Writes docs/adaptive-admission.md.

import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'

import { formatUsd, nanoUsd, parseUsd, timesNanoUsd } from '#core/money.ts'

import { cloneDir } from '../dev/clone.ts'
import { chat } from '../dev/demo-parts.ts'
import { directiveText } from '../dev/upstream-directive.ts'
import { startWorld } from '../dev/world.ts'
import { median, quantile } from './statistics.ts'

const roundTripsMs = [1, 30, 150] as const
/** In holds of one call: what "≥ 20 holds" is measured against. */
const balances = { rich: 1_000, normal: 30, 'nearly empty': 3 } as const
const callsPerCell = 60
/** A quick model's first token; a call that is checked beside it hides the check's time behind it. */
const upstreamFirstMs = 300
const farForMs = 600_000

const body = {
  model: 'gpt-4.1-mini',
  stream: true,
  max_tokens: 10_000,
  messages: [
    { role: 'user', content: directiveText({ tokens: 4, inputTokens: 10, firstMs: upstreamFirstMs }) },
  ],
}

type Call = { firstTokenMs: number; balanceCheck: string | null }
type Cell = { balance: string; roundTripMs: number; waited: number; p50: number; p95: number }

const world = await startWorld({
  bundleEntry: join(cloneDir, 'test', 'world', 'faulty-worker.ts'),
  onProgress: (line) => console.log(line),
})
try {
  const { apiKey } = await world.newAccount()
  const quoted: { cost_max: string } = JSON.parse(
    (await chat(world.baseUrl, apiKey, body, '?dryRun=true')).text,
  )
  const holdNanoUsd = parseUsd(quoted.cost_max) ?? nanoUsd(0)
  const cells: Cell[] = []
  for (const roundTripMs of roundTripsMs) {
    for (const [balance, holds] of Object.entries(balances)) {
      const cell = await measureCell({
        balance,
        roundTripMs,
        creditUsd: formatUsd(timesNanoUsd(holdNanoUsd, holds)),
      })
      console.log(rowOf(cell))
      cells.push(cell)
    }
  }
  writeFileSync(join(cloneDir, 'docs', 'adaptive-admission.md'), page(cells))
} finally {
  await world.stop()
}

async function measureCell({
  balance,
  roundTripMs,
  creditUsd,
}: {
  balance: string
  roundTripMs: number
  creditUsd: string
}): Promise<Cell> {
  const settings = { rpm: 100_000, tpm: 1_000_000_000, in_flight: 1_000 }
  const { accountId, apiKey } = await world.newAccount({ creditUsd, settings })
  await world.fault({ kind: 'far', accountId, ms: farForMs, roundTripMs })
  // A new account has proved nothing: its first charge makes it known, as a customer's first call does.
  for (let call = 0; call < 2; call += 1) await callThrough(`${world.baseUrl}/v1`, apiKey)
  const bare: number[] = []
  const calls: Call[] = []
  for (let call = 0; call < callsPerCell; call += 1) {
    calls.push(await callThrough(`${world.baseUrl}/v1`, apiKey))
    bare.push((await callThrough(world.upstream.url, apiKey)).firstTokenMs)
  }
  const added = calls.map(({ firstTokenMs }) => firstTokenMs - median(bare))
  const waited = calls.filter(({ balanceCheck }) => balanceCheck === 'first').length / calls.length
  return { balance, roundTripMs, waited, p50: quantile(added, 0.5), p95: quantile(added, 0.95) }
}

async function callThrough(baseUrl: string, apiKey: string): Promise<Call> {
  const startedAt = performance.now()
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  let firstTokenMs = 0
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += new TextDecoder().decode(chunk)
    if (firstTokenMs === 0 && text.includes('"content":" word')) firstTokenMs = performance.now() - startedAt
  }
  return { firstTokenMs, balanceCheck: response.headers.get('x-balance-check') }
}

function rowOf({ balance, roundTripMs, waited, p50, p95 }: Cell): string {
  return `| ${balance} | ${roundTripMs} | ${(waited * 100).toFixed(0)} % | ${p50.toFixed(1)} | ${p95.toFixed(1)} |`
}

function page(cells: readonly Cell[]): string {
  const holds = Object.entries(balances).map(([name, count]) => `${name} ${count}`)
  return [
    '# Adaptive admission, measured',
    '',
    `Written by \`npm run bench:adaptive\` on ${new Date().toISOString().slice(0, 10)}: ${callsPerCell} streamed calls per cell, one after the other, each followed by the same call straight to the upstream, whose first token comes after ${upstreamFirstMs} ms. "Added" is a call's time to its first token less the median of the calls without us. ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, load average ${(loadavg()[0] ?? 0).toFixed(1)} at the end.`,
    '',
    `Balances in holds of one call: ${holds.join(', ')}. A key is sent upstream beside its admission where its account has at least 20 holds and a minute of its recent spending left (src/gateway/standing.ts); what is left of the round trip behind the upstream's own time is all that such a call can lose. A nearly empty account asks first, every time.`,
    '',
    '| account | round trip to its object, ms | calls that waited | added p50, ms | added p95, ms |',
    '|---|---|---|---|---|',
    ...cells.map(rowOf),
    '',
  ].join('\n')
}
