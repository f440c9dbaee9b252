// Long texts cut for rows.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { piecesOf } from './pieces.ts'

test('the pieces of a text are whole characters, short enough, and together the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 9 }), (text, charactersMax) => {
      const pieces = piecesOf(text, charactersMax)
      expect(pieces.join('')).toBe(text)
      for (const piece of pieces) {
        expect(piece.length).toBeLessThanOrEqual(charactersMax)
        expect(piece.isWellFormed()).toBe(true)
      }
    }),
  )
})

test('a short text is one piece, the empty one as well', () => {
  expect(piecesOf('short')).toEqual(['short'])
  expect(piecesOf('')).toEqual([''])
})

test.each([
  ['the first of the high halves', '\u{10000}'],
  ['the last of them', '\u{10ffff}'],
])('a character that begins with %s is not cut', (_, character) => {
  expect(piecesOf(`ab${character}c`, 3)).toEqual(['ab', `${character}c`])
})

test.each([
  ['ends below the halves', '\ud7ff'],
  ['ends above the high halves', '\ue000'],
])('a piece that %s is filled to its last place', (_, character) => {
  expect(piecesOf(`ab${character}c`, 3)).toEqual([`ab${character}`, 'c'])
})
