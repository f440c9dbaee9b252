// `npm run bench:rebuild`: how long the rebuild of a large account takes and what it needs, with logs of 10,000 and 100,000
// entries in a real Postgres and an object in workerd. The figures stand in docs/performance.md.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { dayMs } from '#core/clock.ts'
import { type AccountId, makeAccountId } from '#core/ids.ts'
import { addNanoUsd, nanoUsd } from '#core/money.ts'
import { admit } from '#ledger/admission.ts'
import { Simulator } from '#ledger/book.simulator.ts'
import { hashAfter } from '#ledger/chain.ts'
import { capture } from '#ledger/charges.ts'
import type { Entry } from '#ledger/entry.ts'
import { admitOf, callAt, captureOf } from '#ledger/example-commands.ts'
import { genesisHash } from '#ledger/state.ts'
import { cloneDir } from '../dev/clone.ts'
import { startWorld, type World } from '../dev/world.ts'

const sizes = [10_000, 100_000] as const
const costNanoUsd = 1_000
const grantDollars = 900
/** So that a tenth of the calls is young enough to be remembered by the object. */
const historyMs = 30 * dayMs
const rowsPerInsert = 1_000

type Line = Entry & { hash: string }

const world = await startWorld({
  bundleEntry: join(cloneDir, 'test', 'world', 'faulty-worker.ts'),
  onProgress: (line) => console.log(line),
})
try {
  console.log(
    '| entries | requests | time | CPU of workerd | its memory, peak before and after | a restart, then the first answer |',
  )
  console.log('|---|---|---|---|---|---|')
  for (const entries of sizes) console.log(await measure(entries))
} finally {
  await world.stop()
}

async function measure(entries: number): Promise<string> {
  const accountId = makeAccountId('w', (bytes) => crypto.getRandomValues(new Uint8Array(bytes)))
  const lines = await logOf(accountId, entries)
  await fill(world, accountId, lines)
  const before = processOf()
  const startedAt = performance.now()
  let requests = 0
  for (;;) {
    requests += 1
    const answer = await rebuild(accountId)
    if (answer.status === 200) break
    if (answer.status !== 202) throw new Error(`The rebuild answered ${answer.status}: ${answer.text}`)
  }
  const tookMs = performance.now() - startedAt
  const after = processOf()
  const shown = await world.operator('GET', `/accounts/${accountId}`)
  const expected = (grantDollars * 1e9 - (entries - 3) * costNanoUsd) / 1e9
  if (Number(shown['balance']) !== expected) throw new Error(`The balance is ${String(shown['balance'])}.`)
  await world.fault({ kind: 'restart', accountId })
  const restartedAt = performance.now()
  await world.operator('GET', `/accounts/${accountId}`)
  const firstMs = performance.now() - restartedAt
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  const megabytes = (kilobytes: number) => `${Math.round(kilobytes / 1_024)} MB`
  const memory = `${megabytes(before.peakKb)} → ${megabytes(after.peakKb)}`
  const cpu = seconds(after.cpuMs - before.cpuMs)
  return `| ${entries} | ${requests} | ${seconds(tookMs)} | ${cpu} | ${memory} | ${Math.round(firstMs)} ms |`
}

async function rebuild(accountId: AccountId): Promise<{ status: number; text: string }> {
  const response = await fetch(`${world.baseUrl}/operator/v1/accounts/${accountId}/rebuild`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'a measurement', idempotency_key: 'bench', confirm: true }),
  })
  return { status: response.status, text: await response.text() }
}

/** Opened, funded, and then one charge after the other, each as the book writes it. */
async function logOf(accountId: AccountId, count: number): Promise<Line[]> {
  const account = Simulator.opened(grantDollars)
  const startMs = Date.now() - historyMs
  const callId = account.newCall()
  account.ask((draft) => admit(draft, admitOf(callId)))
  account.ask((draft) => capture(draft, captureOf(callId, costNanoUsd)))
  const [create, ...first] = account.store.entries.slice(0, 3)
  const charge = account.store.entries.at(-1)
  if (create === undefined || charge === undefined) throw new Error('The account was not opened.')
  const entries: Entry[] = [{ ...create, reference: accountId }, ...first]
  let balance = nanoUsd(grantDollars * 1e9)
  while (entries.length < count) {
    const seq = entries.length + 1
    const createdAtMs = startMs + Math.floor((historyMs * seq) / count)
    balance = addNanoUsd(balance, charge.amountNanoUsd)
    const detail = { ...(charge.detail as object), admittedAtMs: createdAtMs - 10_000 }
    entries.push({
      ...charge,
      seq,
      createdAtMs,
      reference: callAt(createdAtMs, seq),
      balanceAfterNanoUsd: balance,
      detail,
    })
  }
  let hash = genesisHash
  const lines: Line[] = []
  for (const entry of entries) {
    const stamped = entry.seq <= 3 ? { ...entry, createdAtMs: startMs } : entry
    hash = await hashAfter(hash, stamped)
    lines.push({ ...stamped, hash })
  }
  return lines
}

async function fill(into: World, accountId: AccountId, lines: readonly Line[]): Promise<void> {
  const last = lines.at(-1)
  if (last === undefined) return
  const at = new Date().toISOString()
  await into.sql(
    'insert into accounts (id, name, region, created_at, last_entry_at) values ($1, $2, $3, $4, $4)',
    [accountId, 'Large', 'w', at],
  )
  for (let from = 0; from < lines.length; from += rowsPerInsert)
    await into.sql(
      `insert into ledger_entries (account_id, epoch, seq, kind, reference, amount_nano_usd, balance_after_nano_usd,
         key_number, detail, hash, created_at, received_at)
       select $1, epoch, seq, kind, reference, "amountNanoUsd", "balanceAfterNanoUsd", "keyNumber", detail, hash,
         to_timestamp("createdAtMs" / 1000.0), now()
       from jsonb_to_recordset($2::jsonb) as line(epoch integer, seq bigint, kind text, reference text,
         "amountNanoUsd" bigint, "balanceAfterNanoUsd" bigint, "keyNumber" bigint, detail jsonb, hash text, "createdAtMs" bigint)`,
      [accountId, JSON.stringify(lines.slice(from, from + rowsPerInsert))],
    )
  await into.sql(
    'insert into ledger_marks (account_id, epoch, seq, sum_nano_usd, hash, updated_at) values ($1, 1, $2, $3, $4, $5)',
    [accountId, last.seq, last.balanceAfterNanoUsd, last.hash, at],
  )
}

/** The one workerd that this process has started. */
function processOf(): { peakKb: number; cpuMs: number } {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const status = textOf(`/proc/${pid}/status`)
    if (!status.startsWith('Name:\tworkerd') || !isOurs(status)) continue
    const peakKb = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0)
    const fields = textOf(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? []
    // User and system time, in ticks of 10 ms.
    return { peakKb, cpuMs: (Number(fields[11]) + Number(fields[12])) * 10 }
  }
  throw new Error('No workerd of ours is running.')
}

/** The world may have put a process between. */
function isOurs(status: string): boolean {
  const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1] ?? '0'
  if (parent === String(process.pid)) return true
  return Number(parent) > 1 && isOurs(textOf(`/proc/${parent}/status`))
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
