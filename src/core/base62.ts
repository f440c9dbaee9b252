// Bytes as base62 text of a fixed width and back: letters and digits only, so that a double click selects a whole key.

import { assert } from './assert.ts'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const base = BigInt(alphabet.length)
const digitOf = new Map(Array.from(alphabet, (character, index) => [character, BigInt(index)]))

/** The bytes as one big-endian number in `width` base62 digits. */
export function base62FromBytes(bytes: Uint8Array, width: number): string {
  let rest = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  let text = ''
  while (text.length < width) {
    text = (alphabet[Number(rest % base)] ?? '') + text
    rest /= base
  }
  assert(rest === 0n, 'the bytes fit into the digits')
  return text
}

/** The `length` bytes behind a text, or undefined if a character is foreign or the number does not fit. */
export function bytesFromBase62(text: string, length: number): Uint8Array | undefined {
  let value = 0n
  for (const character of text) {
    const digit = digitOf.get(character)
    if (digit === undefined) return undefined
    value = value * base + digit
  }
  const bytes = new Uint8Array(length)
  for (let index = length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(value % 256n)
    value /= 256n
  }
  return value === 0n ? bytes : undefined
}
