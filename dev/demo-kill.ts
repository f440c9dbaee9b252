// `npm run demo:kill`: SIGKILL to the product under 50 running streams, at a random moment, then a start on the same disk.
// Shows that no hold stays open, no call is charged twice, and account, entries and Postgres agree. `--rounds 5` repeats it.

import { setTimeout } from 'node:timers/promises'

import { formatUsd, nanoUsd, subtractNanoUsd } from '#core/money.ts'

import { readCommandLine, readCount } from './command-line.ts'
import { booksOf, chat, say } from './demo-parts.ts'
import { directiveText } from './upstream-directive.ts'
import { startWorld } from './world.ts'

const streams = 50
const credit = nanoUsd(10_000_000_000)
/** Holds expire 60 s after their last sign of life; here time runs twenty times as fast. */
const timeScale = 20
const killFromMs = 1_000
const killWithinMs = 8_000
const model = 'gpt-4.1-mini'

const help =
  'npm run demo:kill -- --rounds 5\n\nKills the product under 50 streams, as often as said, and compares the books.'
const { values: flags } = readCommandLine(help, { options: { rounds: { type: 'string', default: '1' } } })
const rounds = readCount(flags.rounds)
// No round proves nothing, and must not end in a tick.
if (rounds === undefined) {
  say(`✗ --rounds must be a whole number from 1, not "${flags.rounds}".`)
  process.exit(1)
}

const world = await startWorld({ vars: { TIME_SCALE: String(timeScale) }, onProgress: say })
let isProved = true
try {
  for (let round = 1; round <= rounds; round += 1) isProved = (await killOnce(round)) && isProved
} finally {
  await world.stop()
}
say(isProved ? '✓ books equal' : '✗ the books differ')
process.exitCode = isProved ? 0 : 1

async function killOnce(round: number): Promise<boolean> {
  const settings = { rpm: 10_000, in_flight: 1_000 }
  const { accountId, apiKey } = await world.newAccount({
    name: `Kill ${round}`,
    creditUsd: formatUsd(credit),
    settings,
  })
  const running = Promise.all(
    Array.from({ length: streams }, (_, index) => chat(world.baseUrl, apiKey, streamOf(index))),
  )
  const killAfterMs = killFromMs + Math.floor(Math.random() * (killWithinMs - killFromMs))
  await setTimeout(killAfterMs)
  await world.restartProduct({ sigkill: true })
  const answers = await running
  const begun = answers.filter(({ status }) => status === 200)
  const whole = begun.filter(({ isWhole, text }) => isWhole && text.includes('[DONE]'))
  say(
    `round ${round}: SIGKILL after ${killAfterMs} ms: ${begun.length} streams had begun, ${whole.length} had ended`,
  )

  const books = await booksOf(world, { accountId, apiKey }, undefined)
  const lost = await unchargedOf(whole.map(({ callId }) => callId))
  const expired = await expiredOf(accountId)
  const charged = formatUsd(subtractNanoUsd(credit, books.balance))
  say(
    `  charged: ${books.charges} calls, $${charged}, ${expired} of them by the last checkpoint of their hold; twice: ${books.doubles}; ended and not charged: ${lost}`,
  )
  say(
    `  balance $${formatUsd(books.balance)} = Σ entries in Postgres $${formatUsd(books.sum)}; held $${formatUsd(books.held)}`,
  )
  return books.balance === books.sum && books.held === 0 && books.doubles === 0 && lost === 0
}

/** Streams of 0.2 to 10 s: whenever the kill comes, some have ended and some are under way. */
function streamOf(index: number): object {
  const tokens = 10 * (index + 1)
  const content = directiveText({ tokens, gapMs: 20 })
  return { model, stream: true, max_tokens: tokens, messages: [{ role: 'user', content }] }
}

async function unchargedOf(callIds: readonly string[]): Promise<number> {
  const charged = await world.sql('select call_id from charges where call_id = any($1)', [callIds])
  return callIds.length - charged.length
}

/** Calls that the kill cut: nobody could say any more what they used. */
async function expiredOf(accountId: string): Promise<number> {
  const rows = await world.sql(
    "select seq from ledger_entries where account_id = $1 and detail->>'rule' = 'hold_expired'",
    [accountId],
  )
  return rows.length
}
