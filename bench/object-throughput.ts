// What sharing a commit is worth: one account object with its storage on disk, 64 callers that each admit and capture, once
// with one command per commit and once as shipped. The same object class, the same SQL, taking turns.

import { type Product, startProduct } from './gateways.ts'
import { type Spread, spreadOf } from './statistics.ts'

export const objectCallers = 64
const repeats = 3
const warmUpMs = 1_000

/** Calls (an admission and a charge, two commands) per second, and the ratio within each turn. */
export type Throughput = { alone: Spread; together: Spread; ratio: Spread }

export async function objectThroughput(
  where: { dir: string; upstreamPort: number },
  forMs: number,
): Promise<Throughput> {
  const alone = await startProduct({ ...where, name: 'one-by-one', vars: oneByOne })
  try {
    const together = await startProduct({ ...where, name: 'grouped', vars: grouped })
    try {
      return await takeTurns(alone, together, forMs)
    } finally {
      await together.stop()
    }
  } finally {
    await alone.stop()
  }
}

/** The switch works outside production only; both sides are told so, and differ in nothing else. */
const grouped = { ENVIRONMENT: 'bench' }
const oneByOne = { ...grouped, COMMANDS_PER_COMMIT: '1' }

async function takeTurns(alone: Product, together: Product, forMs: number): Promise<Throughput> {
  const perSecond = async (product: Product, ms: number) => {
    const { accountId } = await product.newAccount(1_000_000)
    const { calls, tookMs } = await product.loadObject({ accountId, callers: objectCallers, forMs: ms })
    return (calls / tookMs) * 1_000
  }
  for (const product of [alone, together]) await perSecond(product, warmUpMs)
  const rounds: { alone: number; together: number }[] = []
  for (let round = 0; round < repeats; round += 1) {
    rounds.push({ alone: await perSecond(alone, forMs), together: await perSecond(together, forMs) })
  }
  return {
    alone: spreadOf(rounds.map((round) => round.alone)),
    together: spreadOf(rounds.map((round) => round.together)),
    ratio: spreadOf(rounds.map((round) => round.together / round.alone)),
  }
}
