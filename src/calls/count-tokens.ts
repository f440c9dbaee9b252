// Our own count of text, for calls whose provider says nothing about usage. A first cut by bytes: a real tokenizer with the
// model's measured factor takes its place as another `CountTokens`.

export type CountTokens = (text: string) => number

/** English prose in today's tokenizers has 4 to 5 bytes per token, so this counts a little high there and low for rare scripts. */
const bytesPerToken = 4

/** ⌈UTF-8 bytes / 4⌉. */
export const countTokensByBytes: CountTokens = (text) => Math.ceil(utf8BytesOf(text) / bytesPerToken)

/** The length of a text in UTF-8, without encoding it. */
export function utf8BytesOf(text: string): number {
  let bytes = text.length
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code < 0x80) continue
    // A pair of surrogates is two UTF-16 units and four bytes: two more for the pair, and its second half is skipped.
    const isPair = code >= 0xd800 && code <= 0xdbff && isLowSurrogate(text.charCodeAt(index + 1))
    bytes += code < 0x800 ? 1 : 2
    if (isPair) index += 1
  }
  return bytes
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}
