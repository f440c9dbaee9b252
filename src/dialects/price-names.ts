// What priced units are called on the wire: OpenRouter's names where it has one.

import type { PricedUnit } from '#calls/charge.ts'

export const priceNames: Readonly<Record<PricedUnit, string>> = {
  input: 'prompt',
  cacheRead: 'input_cache_read',
  cacheWrite5m: 'input_cache_write',
  cacheWrite1h: 'input_cache_write_1h',
  audioInput: 'audio_input',
  output: 'completion',
  reasoning: 'internal_reasoning',
  audioOutput: 'audio_output',
  request: 'request',
}
