// The counter by o200k, loaded when it is first asked for: its table is a module of its own beside the Worker's script, so
// that a start neither reads nor evaluates it.

import type { CountTokens } from './count-tokens.ts'

/** Kept for the isolate as a value, never as a promise: no request may wait for what another one has begun. */
export function lazyO200k(): () => Promise<CountTokens> {
  let counter: CountTokens | undefined
  return async () => {
    if (counter !== undefined) return counter
    const [{ o200kCounter }, { default: table }] = await Promise.all([
      import('./o200k.ts'),
      import('gpt-tokenizer/data/o200k_base.tiktoken'),
    ])
    counter ??= o200kCounter(table)
    return counter
  }
}
