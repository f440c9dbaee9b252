// The hard bound of a text's tokens: one per byte of UTF-8, of the text as the model's tokenizer may rewrite it first.

import { utf8BytesOf } from './count-tokens.ts'

/**
 * Some tokenizers (Anthropic's published one) first write a text in Unicode's compatibility form, in which ﷺ is eighteen letters
 * and ㌀ four. Every sign that grows by it lies in these ranges; a test derives them from Unicode itself.
 */
const growing =
  /[\u0344\u00a8-\u00be\u013f-\u0149\u01c4-\u01c6\u02d8-\u02dd\u037a-\u0385\u0587\u0675-\u0678\u0958-\u095f\u09dc-\u09df\u0a33-\u0a5e\u0b5c-\u0b5d\u0e33\u0eb3-\u0edd\u0f43-\u0fb9\u1fc1-\u1fee\u2033-\u2057\u2150-\u2189\u222c-\u2230\u247d-\u2487\u2a0c\u2adc\u309b-\u309f\u30ff\u3200-\u3243\u327c-\u327d\u32c0-\u32cb\u32ff-\u33fe\ufa6c\ufacf-\ufad7\ufb13-\ufb4f\ufbdd-\ufdfc\ufe71-\ufe7f\ufef5-\ufefc\u{1d15e}-\u{1d164}\u{1d1bb}-\u{1d1c0}\u{1f12a}\u{1f200}-\u{1f201}\u{1f240}-\u{1f248}]/gu

export function boundBytesOf(text: string): number {
  const bytes = utf8BytesOf(text)
  // All of it is ASCII, as most texts are.
  if (bytes === text.length) return bytes
  let more = 0
  for (const [sign] of text.matchAll(growing))
    more += Math.max(0, utf8BytesOf(sign.normalize('NFKC')) - utf8BytesOf(sign))
  return bytes + more
}
