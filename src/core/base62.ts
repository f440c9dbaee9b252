// Bytes as base62 text of a fixed width and back: letters and digits only, so that a double click selects a whole key.
// Big numbers are slow and every call id comes by here, so digits and bytes are taken in pieces that a plain number holds.

import { assert } from './assert.ts'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const base = alphabet.length
const valueOf = new Map(Array.from(alphabet, (character, index) => [character, index]))

/** As many as stay below 2^53. */
const digitsPerPiece = 8
const bytesPerPiece = 6

/** The bytes as one big-endian number in `width` base62 digits. */
export function base62FromBytes(bytes: Uint8Array, width: number): string {
  let rest = 0n
  for (let at = 0; at < bytes.length; at += bytesPerPiece) {
    const piece = bytes.subarray(at, at + bytesPerPiece)
    rest = rest * BigInt(256 ** piece.length) + BigInt(piece.reduce((sum, byte) => sum * 256 + byte, 0))
  }
  let text = ''
  while (text.length < width) {
    const digits = Math.min(digitsPerPiece, width - text.length)
    const size = BigInt(base ** digits)
    text = digitsOf(Number(rest % size), digits) + text
    rest /= size
  }
  assert(rest === 0n, 'the bytes fit into the digits')
  return text
}

/** The `length` bytes behind a text, or undefined if a character is foreign or the number does not fit. */
export function bytesFromBase62(text: string, length: number): Uint8Array | undefined {
  let rest = 0n
  for (let at = 0; at < text.length; at += digitsPerPiece) {
    const piece = text.slice(at, at + digitsPerPiece)
    const number = numberOf(piece)
    if (number === undefined) return undefined
    rest = rest * BigInt(base ** piece.length) + BigInt(number)
  }
  const bytes = new Uint8Array(length)
  for (let end = length; end > 0; end -= bytesPerPiece) {
    const start = Math.max(0, end - bytesPerPiece)
    const size = BigInt(256 ** (end - start))
    let piece = Number(rest % size)
    rest /= size
    for (let index = end - 1; index >= start; index -= 1) {
      bytes[index] = piece % 256
      piece = Math.floor(piece / 256)
    }
  }
  return rest === 0n ? bytes : undefined
}

function digitsOf(number: number, width: number): string {
  let text = ''
  for (let rest = number; text.length < width; rest = Math.floor(rest / base))
    text = (alphabet[rest % base] ?? '') + text
  return text
}

function numberOf(digits: string): number | undefined {
  let number = 0
  for (const digit of digits) {
    const value = valueOf.get(digit)
    if (value === undefined) return undefined
    number = number * base + value
  }
  return number
}
