// What stands on an invoice: whole cents per model, and together exactly what was cut.

import fc from 'fast-check'
import { expect, test } from 'vitest'

import { invoiceLines, modelLinesMax } from './invoice-lines.ts'

const cent = 10_000_000n
const sum = (lines: readonly { cents: number }[]) => lines.reduce((total, { cents }) => total + cents, 0)

test('each model has its line, the dearest first', () => {
  const sums = [
    { model: 'small', nanoUsd: 30n * cent, calls: 1 },
    { model: 'large', nanoUsd: 900n * cent, calls: 12 },
  ]
  expect(invoiceLines(sums, 930)).toEqual([
    { text: 'large: 12 charges', cents: 900 },
    { text: 'small: 1 charge', cents: 30 },
  ])
})

test('parts of cents go to the models that are nearest to the next one', () => {
  const part = (model: string, tenths: bigint) => ({ model, nanoUsd: (tenths * cent) / 10n, calls: 1 })
  const lines = invoiceLines([part('a', 14n), part('b', 19n), part('c', 17n)], 5)
  expect(lines.map(({ text, cents }) => [text.slice(0, 1), cents])).toEqual([
    ['b', 2],
    ['c', 2],
    ['a', 1],
  ])
})

test('what credit has paid, or what was carried, is a line of its own', () => {
  const sums = [{ model: 'm', nanoUsd: 900n * cent, calls: 1 }]
  expect(invoiceLines(sums, 700).at(-1)).toEqual({ text: 'Paid by credit', cents: -200 })
  expect(invoiceLines(sums, 931).at(-1)).toEqual({ text: 'Carried from before', cents: 31 })
})

// Cases: payments 44
test('whatever was used, the lines are exactly what was cut', () => {
  const models = fc.uniqueArray(
    fc.record({
      model: fc.string({ minLength: 1, maxLength: 5 }),
      nanoUsd: fc.bigInt({ min: -5n * cent, max: 5_000n * cent }),
      calls: fc.nat(),
    }),
    { selector: ({ model }) => model, maxLength: 150 },
  )
  fc.assert(
    fc.property(models, fc.nat({ max: 1_000_000 }), (sums, amount) => {
      const lines = invoiceLines(sums, amount)
      expect(sum(lines)).toBe(amount)
      expect(lines.length).toBeLessThanOrEqual(modelLinesMax + 2)
      expect(lines.every(({ cents }) => cents !== 0)).toBe(true)
    }),
  )
})
