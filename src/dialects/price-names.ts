// What priced units are called on the wire: OpenRouter's names where it has one.

import type { ListedUnit } from '#calls/charge.ts'

export const priceNames: Readonly<Record<ListedUnit, string>> = {
  input: 'prompt',
  cacheRead: 'input_cache_read',
  cacheWrite5m: 'input_cache_write',
  cacheWrite1h: 'input_cache_write_1h',
  audioInput: 'audio_input',
  output: 'completion',
  reasoning: 'internal_reasoning',
  audioOutput: 'audio_output',
  request: 'request',
  imageInput: 'image_input',
  imageOutput: 'image_output',
  image: 'image',
  audioSecond: 'audio_second',
  videoSecond: 'video_second',
  character: 'character',
}
