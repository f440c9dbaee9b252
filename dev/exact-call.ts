// A call whose cost is known to the nano-dollar before it is made: all of its hold, or half of it. The upstream is told
// which usage to state. For demos and storms that count how often a balance is enough.

import { type NanoUsd, nanoUsd } from '#core/money.ts'

import { chat, readUsd } from './demo-parts.ts'
import { directiveText } from './upstream-directive.ts'

/** States its usage in streams, and writes no cache at a price of its own. */
export const exactModel = 'gpt-4.1-mini'

export type ExactCall = { body: object; holdNanoUsd: NanoUsd; costNanoUsd: NanoUsd }

type Asked = {
  costsOneIn: 1 | 2
  /** Written by the upstream. */
  outputTokens: number
  gapMs: number
  /** Leaves its limit open, so that it may be lowered to what is covered. */
  isOpenEnded?: boolean
}

/** Asks the product itself what the call would hold; `apiKey` is of any account that could pay for it. */
export async function exactCall(baseUrl: string, apiKey: string, asked: Asked): Promise<ExactCall> {
  const prices = await readPrices(baseUrl)
  // The figure's digits are part of the text that is counted: the guess must have as many as the result.
  for (const guess of [10, 100, 1_000, 10_000, 100_000]) {
    for (let padding = 0; padding < 8; padding += 1) {
      const { text } = await chat(baseUrl, apiKey, bodyOf(asked, guess, padding), '?dryRun=true')
      const quoted: { cost_max: string } = JSON.parse(text)
      const holdNanoUsd = readUsd(quoted.cost_max)
      const forInput =
        (BigInt(holdNanoUsd) * 1_000n) / BigInt(asked.costsOneIn) - prices.output * BigInt(asked.outputTokens)
      const inputTokens = Number(forInput / prices.input)
      const isExact = holdNanoUsd % asked.costsOneIn === 0 && forInput % prices.input === 0n
      if (!isExact || String(inputTokens).length !== String(guess).length) continue
      const costNanoUsd = nanoUsd(holdNanoUsd / asked.costsOneIn)
      return { body: bodyOf(asked, inputTokens, padding), holdNanoUsd, costNanoUsd }
    }
  }
  throw new Error('no figure is as long as the text that it makes')
}

function bodyOf(asked: Asked, inputTokens: number, padding: number): object {
  const { outputTokens, gapMs, isOpenEnded } = asked
  const text = directiveText({ tokens: outputTokens, inputTokens, gapMs }) + '.'.repeat(padding)
  return {
    model: exactModel,
    stream: true,
    ...(isOpenEnded === true ? {} : { max_tokens: outputTokens }),
    messages: [{ role: 'user', content: text }],
  }
}

/** In pico-dollars per token. */
async function readPrices(baseUrl: string): Promise<{ input: bigint; output: bigint }> {
  const response = await fetch(`${baseUrl}/v1/models/${exactModel}`)
  const { pricing }: { pricing: { prompt: string; completion: string } } = JSON.parse(await response.text())
  const pico = (usd: string) => BigInt((usd.split('.')[1] ?? '').padEnd(12, '0'))
  return { input: pico(pricing.prompt), output: pico(pricing.completion) }
}
