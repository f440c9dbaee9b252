// `npm run demo:race`: 100 calls at the same moment on a balance for 10. Shows that 10 are served, 90 are refused with their
// figures, and that the account, its entries and Postgres agree to the nano-dollar. Makes a world of its own and removes it.

import { formatUsd, timesNanoUsd } from '#core/money.ts'

import { booksOf, chat, say } from './demo-parts.ts'
import { exactCall } from './exact-call.ts'
import { startWorld } from './world.ts'

const calls = 100
const moneyFor = 10

const world = await startWorld({ onProgress: say })
try {
  const settings = { rpm: 10_000, in_flight: 1_000 }
  const { apiKey: rich } = await world.newAccount({ name: 'For the dry run', creditUsd: '1.00', settings })
  const dearest = { costsOneIn: 1, outputTokens: 100, gapMs: 5 } as const
  const { body, costNanoUsd: cost } = await exactCall(world.baseUrl, rich, dearest)
  const credit = timesNanoUsd(cost, moneyFor)
  const { accountId, apiKey } = await world.newAccount({
    name: 'Race',
    creditUsd: formatUsd(credit),
    settings,
  })
  say(
    `${calls} calls at once, each holds and costs $${formatUsd(cost)}; the balance is $${formatUsd(credit)}`,
  )

  const startedAt = performance.now()
  const answers = await Promise.all(Array.from({ length: calls }, () => chat(world.baseUrl, apiKey, body)))
  say(`all answered after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)

  const served = answers.filter(({ status }) => status === 200).length
  const refused = answers.filter(({ status }) => status === 402)
  say(`  200: ${served}`)
  say(`  402: ${refused.length}`)
  say(`       ${refused[0]?.text.slice(0, 300) ?? ''}`)

  const books = await booksOf(world, { accountId, apiKey }, moneyFor)
  say(
    `balance $${formatUsd(books.balance)}, held $${formatUsd(books.held)}, Σ entries in Postgres $${formatUsd(books.sum)}`,
  )
  const isProved =
    served === moneyFor && refused.length === calls - moneyFor && books.balance === 0 && books.sum === 0
  say(isProved ? `✓ exactly ${moneyFor} served, nothing overdrawn` : '✗ this is not what the promise says')
  process.exitCode = isProved ? 0 : 1
} finally {
  await world.stop()
}
