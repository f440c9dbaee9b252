// One figure of a provider's usage object, in any dialect. A figure that cannot be true is none.

import { readWhole } from '#core/readers.ts'

/** A hundred times the largest context there is, for 128 answers: what is above is an error of the provider, not a usage. */
const usageTokensMax = 100_000_000

export function readTokens(value: unknown): number | undefined {
  const tokens = readWhole(value)
  return tokens !== undefined && tokens <= usageTokensMax ? tokens : undefined
}
