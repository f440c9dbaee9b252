// A long text in pieces that each fit one row: the platform refuses a row above 2 MB, and with it the whole transaction.

/** At most three bytes each: 1.5 MB. */
export const pieceCharactersMax = 500_000

/** The pieces in order; together they are the text, and none ends inside a character. */
export function piecesOf(text: string, charactersMax = pieceCharactersMax): readonly string[] {
  const pieces: string[] = []
  let start = 0
  do {
    let end = Math.min(text.length, start + charactersMax)
    // Half a character would be stored as another one.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1
    pieces.push(text.slice(start, end))
    start = end
  } while (start < text.length)
  return pieces
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}
