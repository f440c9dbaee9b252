// Verifies an account statement: node verify-statement.mjs page-1.json page-2.json … (the pages in order, none left out).
// Needs Node 20 or newer and nothing else. Ends with an error at the first number, sum or hash that is not what it must be.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const nothing = { hash: '0'.repeat(64), balance: 0, seq: 0, epoch: 1 }

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}

function next(before, { hash, ...entry }) {
  let at = before
  if (entry.epoch > before.epoch) {
    assert.equal(entry.kind, 'opening', `epoch ${entry.epoch} does not begin with its opening`)
    const { closedHash, closedSeq } = entry.detail
    const opened = { hash: closedHash, seq: closedSeq, balance: entry.amountNanoUsd, epoch: before.epoch }
    assert.deepEqual(opened, before, `epoch ${entry.epoch} does not follow the one before`)
    at = nothing
  }
  const where = `entry ${entry.epoch}:${entry.seq}`
  if (entry.seq === 1) assert.equal(at.hash, nothing.hash, `${where} does not begin the chain`)
  assert.equal(entry.seq, at.seq + 1, `${where} does not follow number ${at.seq}`)
  assert.equal(entry.balanceAfterNanoUsd, at.balance + entry.amountNanoUsd, `${where} has a wrong balance`)
  const own = createHash('sha256').update(at.hash + canonical(entry))
  assert.equal(own.digest('hex'), hash, `${where} was changed`)
  return { hash, balance: entry.balanceAfterNanoUsd, seq: entry.seq, epoch: entry.epoch }
}

let last
for (const file of process.argv.slice(2)) {
  const page = JSON.parse(readFileSync(file, 'utf8'))
  const { epoch, seq } = page.entries[0] ?? last ?? nothing
  const start = { hash: page.previous_hash, balance: page.balance_before_nano_usd }
  const follows = last === undefined || (epoch > last.epoch && seq === 1)
  if (!follows) assert.deepEqual(start, { hash: last.hash, balance: last.balance }, `${file} does not follow`)
  const before = last ?? { ...start, seq: page.entries.length === 0 ? seq : seq - 1, epoch }
  last = page.entries.reduce(next, before)
  const end = { hash: page.hash, balance: page.balance_after_nano_usd }
  assert.deepEqual(end, { hash: last.hash, balance: last.balance }, `${file} states another end`)
}
process.stdout.write(
  `valid up to entry ${last.epoch}:${last.seq}, ${last.balance} nano-dollars, ${last.hash}\n`,
)
