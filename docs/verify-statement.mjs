// Verifies an account statement: node verify-statement.mjs page-1.json page-2.json … (the pages in order, none left out).
// Needs Node 20 or newer and nothing else. Ends with an error at the first number, sum or hash that is not what it must be.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const genesis = '0'.repeat(64)

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

function next(before, { hash, ...entry }) {
  const where = `entry ${entry.epoch}:${entry.seq}`
  const isOpening = entry.kind === 'opening'
  assert.equal(entry.epoch, before.epoch + (isOpening ? 1 : 0), `${where} is of another epoch`)
  if (entry.seq === 1) assert.equal(before.hash, genesis, `${where} does not begin the chain`)
  if (isOpening) assert.equal(entry.amountNanoUsd, before.balance, `${where} opens with another balance`)
  assert.equal(entry.seq, before.seq + 1, `${where} does not follow number ${before.seq}`)
  const balance = (isOpening ? 0 : before.balance) + entry.amountNanoUsd
  assert.equal(entry.balanceAfterNanoUsd, balance, `${where} has a wrong balance`)
  const own = createHash('sha256').update(before.hash + canonical(entry))
  assert.equal(own.digest('hex'), hash, `${where} was changed`)
  return { hash, balance, seq: entry.seq, epoch: entry.epoch }
}

let last
for (const file of process.argv.slice(2)) {
  const page = JSON.parse(readFileSync(file, 'utf8'))
  const start = { hash: page.previous_hash, balance: page.balance_before_nano_usd }
  if (last) assert.deepEqual(start, { hash: last.hash, balance: last.balance }, `${file} does not follow`)
  const [first] = page.entries
  const epoch = first?.kind === 'opening' ? first.epoch - 1 : (first?.epoch ?? 1)
  const before = last ?? { ...start, seq: first ? first.seq - 1 : 0, epoch }
  last = page.entries.reduce(next, before)
  const end = { hash: page.hash, balance: page.balance_after_nano_usd }
  assert.deepEqual(end, { hash: last.hash, balance: last.balance }, `${file} states another end`)
}
process.stdout.write(
  `valid up to entry ${last.epoch}:${last.seq}, ${last.balance} nano-dollars, ${last.hash}\n`,
)
