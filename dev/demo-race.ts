// `npm run demo:race`: 100 calls at the same moment on a balance for 10. Shows that 10 are served, 90 are refused with their
// figures, and that the account, its entries and Postgres agree to the nano-dollar. Makes a world of its own and removes it.

import { type NanoUsd, formatUsd, timesNanoUsd } from '#core/money.ts'

import { booksOf, chat, readUsd, say } from './demo-parts.ts'
import { directiveText } from './upstream-directive.ts'
import { startWorld } from './world.ts'

const calls = 100
const moneyFor = 10
/** States its usage in streams, and writes no cache at a price of its own. */
const model = 'gpt-4.1-mini'
const outputTokens = 100

const world = await startWorld({ onProgress: say })
try {
  const settings = { rpm: 10_000, in_flight: 1_000 }
  const { apiKey: rich } = await world.newAccount({ name: 'For the dry run', creditUsd: '1.00', settings })
  const { body, cost } = await dearestCall(rich)
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

/** A call whose cost is its hold: the upstream is told to use every token that was held for. */
async function dearestCall(apiKey: string): Promise<{ body: object; cost: NanoUsd }> {
  const bodyFor = (inputTokens: number) => ({
    model,
    stream: true,
    max_tokens: outputTokens,
    messages: [{ role: 'user', content: directiveText({ tokens: outputTokens, inputTokens, gapMs: 5 }) }],
  })
  // The figure's digits are part of the text that is counted: the guess must have as many as the result.
  for (const guess of [10, 100, 1_000]) {
    const { text } = await chat(world.baseUrl, apiKey, bodyFor(guess), '?dryRun=true')
    const quoted: { cost_max: string } = JSON.parse(text)
    const cost = readUsd(quoted.cost_max)
    const inputTokens = await inputTokensFor(cost)
    if (String(inputTokens).length === String(guess).length) return { body: bodyFor(inputTokens), cost }
  }
  throw new Error('no figure is as long as the text that it makes')
}

async function inputTokensFor(cost: NanoUsd): Promise<number> {
  const response = await fetch(`${world.baseUrl}/v1/models/${model}`)
  const { pricing }: { pricing: { prompt: string; completion: string } } = JSON.parse(await response.text())
  const pico = (usd: string) => BigInt((usd.split('.')[1] ?? '').padEnd(12, '0'))
  return Number(
    (BigInt(cost) * 1_000n - pico(pricing.completion) * BigInt(outputTokens)) / pico(pricing.prompt),
  )
}
