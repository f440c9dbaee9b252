// `npm run demo:kill`: SIGKILL to the product under 50 running streams, at a random moment, then a start on the same disk.
// Shows that no hold stays open, no call is charged twice, and account, entries and Postgres agree. `--rounds 5` repeats it.

import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { formatUsd, nanoUsd, subtractNanoUsd } from '#core/money.ts'

import { booksOf, chat, say } from './demo-parts.ts'
import { directiveText } from './upstream-directive.ts'
import { startWorld } from './world.ts'

const streams = 50
const credit = nanoUsd(10_000_000_000)
/** Holds expire 60 s after their last sign of life; here time runs ten times as fast. */
const timeScale = 10
const killWithinMs = 4_000

const { values: flags } = parseArgs({ options: { rounds: { type: 'string', default: '1' } } })
const world = await startWorld({ vars: { TIME_SCALE: String(timeScale) }, onProgress: say })
let isProved = true
try {
  for (let round = 1; round <= Number(flags.rounds); round += 1)
    isProved = (await killOnce(round)) && isProved
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
  const content = directiveText({ tokens: 100, gapMs: 40 })
  const body = {
    model: 'mistral-medium-3-5',
    stream: true,
    max_tokens: 200,
    messages: [{ role: 'user', content }],
  }
  const running = Promise.all(Array.from({ length: streams }, () => chat(world.baseUrl, apiKey, body)))
  const killAfterMs = Math.floor(Math.random() * killWithinMs)
  await setTimeout(killAfterMs)
  await world.restartProduct({ sigkill: true })
  const answers = await running
  const served = answers.filter(({ status }) => status === 200)
  const whole = served.filter(({ isWhole, text }) => isWhole && text.includes('[DONE]')).length
  say(
    `round ${round}: SIGKILL after ${killAfterMs} ms: ${served.length} streams had begun, ${whole} had ended`,
  )

  const books = await booksOf(world, { accountId, apiKey }, undefined)
  const charged = subtractNanoUsd(credit, books.balance)
  say(
    `  ${books.charges} charged $${formatUsd(charged)} in all, ${books.doubles} twice, held $${formatUsd(books.held)}`,
  )
  say(`  balance $${formatUsd(books.balance)} = Σ entries in Postgres $${formatUsd(books.sum)}`)
  const isEqual = books.balance === books.sum && books.held === 0 && books.doubles === 0
  return isEqual && books.charges <= streams && books.charges >= whole
}
