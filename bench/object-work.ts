// What the account object is asked and writes for a call, by the platform's own count: a lone stream, eight at once on one
// account, a whole answer. Measured last, because counting slows the object down.

import type { Product } from './gateways.ts'
import { type Generator, type Work, measure } from './measure.ts'
import { type Plan, bodyOf, countedGroup } from './plan.ts'

export type ObjectWork = {
  name: string
  goal: string
  /** Per call, the alarms that were set included: the platform bills both as rows. */
  rows: number
  rowsOfConfirmation: number
  /** Admissions, beats, captures. */
  calls: number
}

/** Lone calls run beside each other, each on an account of its own. */
const loneCalls = 8
const creditUsd = 100

export async function objectWork(
  plan: Plan,
  { product, generator }: { product: Product; generator: Generator },
): Promise<readonly ObjectWork[]> {
  const gapMs = plan.countedStreamMs / 100
  const streamed = bodyOf({ isStreamed: true, includesUsage: true, chunks: 100, gapMs })
  const seconds = plan.countedStreamMs / 1_000
  const kinds = [
    { name: `lone stream of ${seconds} s`, goal: '≤ 4', accounts: loneCalls, body: streamed },
    {
      name: `${countedGroup} streams of ${seconds} s at once on one account`,
      goal: '≤ 3',
      accounts: 1,
      body: streamed,
    },
    { name: 'lone whole answer', goal: '≤ 4', accounts: loneCalls, body: bodyOf({ isStreamed: false }) },
  ]
  await product.count()
  const all: ObjectWork[] = []
  for (const { name, goal, accounts, body } of kinds) {
    const made = await Promise.all(Array.from({ length: accounts }, () => product.newAccount(creditUsd)))
    const work: Work = {
      body,
      keys: made.map(({ apiKey }) => apiKey),
      connections: countedGroup,
      answersMax: countedGroup,
    }
    // Making an account writes as well; its entries must have left before the count begins.
    await product.quiet()
    await product.count()
    product.holdConfirmations()
    const { answers } = await measure(product, generator, work)
    const { rowsWritten, alarmsSet, calls } = await product.count()
    await product.confirmHeld()
    const confirmed = await product.count()
    const asked = ['admit', 'extend', 'beat', 'capture', 'release'].map((method) => calls[method] ?? 0)
    all.push({
      name,
      goal,
      rows: (rowsWritten + alarmsSet) / answers,
      rowsOfConfirmation: (confirmed.rowsWritten + confirmed.alarmsSet) / answers,
      calls: asked.reduce((sum, count) => sum + count, 0) / answers,
    })
  }
  return all
}
