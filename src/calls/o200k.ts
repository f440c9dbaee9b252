// Counts text as OpenAI's o200k tokenizer cuts it: exactly, or too high, and in bounded time. The table of its 200,000 tokens
// comes from outside, because reading it is nothing for the usual path of a call.

import { BytePairEncodingCore } from 'gpt-tokenizer/BytePairEncodingCore'
import { O200K_TOKEN_SPLIT_REGEX } from 'gpt-tokenizer/encodingParams/constants'

import { assert } from '#core/assert.ts'
import { type CountTokens, utf8BytesOf } from './count-tokens.ts'

/**
 * Merging takes the square of a piece's length, so a longer one counts as its bytes, which no tokenizer exceeds. Words are
 * shorter; what is longer is base64, a run of one letter, or a paragraph of a script that writes no spaces.
 */
const pieceCharactersMax = 64
/** The library decodes a piece without its byte-order mark and would count the mark as nothing. */
const byteOrderMark = '\uFEFF'
/** A table that is cut short would count too low. */
const ranksMin = 199_000

// The other bytes of a token are no text by themselves and stand as numbers.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** `table`: a line per token, its bytes in base64 and its rank. Takes some 0.3 s and 16 MB. */
export function o200kCounter(table: string): CountTokens {
  const bytePairRankDecoder = ranksOf(table)
  assert(bytePairRankDecoder.length >= ranksMin, 'the table of o200k is whole')
  const core = new BytePairEncodingCore({
    bytePairRankDecoder,
    tokenSplitRegex: O200K_TOKEN_SPLIT_REGEX,
    // None: it would remember pieces of customers' text, in memory that all calls of the isolate share.
    mergeCacheSize: 0,
  })
  return (text) => {
    let tokens = 0
    let from = 0
    for (const { 0: piece, index } of text.matchAll(O200K_TOKEN_SPLIT_REGEX)) {
      if (piece.length <= pieceCharactersMax && !piece.includes(byteOrderMark)) continue
      tokens += core.countNative(text.slice(from, index)) + utf8BytesOf(piece)
      from = index + piece.length
    }
    return tokens + core.countNative(text.slice(from))
  }
}

function ranksOf(table: string): (string | readonly number[])[] {
  const ranks: (string | readonly number[])[] = []
  for (const line of table.split('\n')) {
    const [base64, rank] = line.split(' ')
    if (base64 !== undefined && rank !== undefined) ranks[Number(rank)] = tokenOf(atob(base64))
  }
  return ranks
}

/** A character per byte in; the text that they are in UTF-8 out, or the bytes where they are none. */
function tokenOf(binary: string): string | readonly number[] {
  // As many bytes in UTF-8 as characters: all of it is ASCII, as two tokens of three are.
  if (utf8BytesOf(binary) === binary.length) return binary
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at)
  try {
    return decoder.decode(bytes)
  } catch {
    // Not a swallowed fault: "no text" is the answer.
    return [...bytes]
  }
}
