// Every refusal that the product can give is provoked by a journey or an SDK test; what nothing gives yet is listed here.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorKinds } from '#core/errors.ts'
import { cloneDir } from '../../dev/clone.ts'

/** Codes of the closed list that no request can be answered with today, each with its reason. */
const unprovoked: { readonly [code: string]: string } = {
  unpriced_model: 'the catalog refuses models without a price when it loads',
  model_not_available: 'every listed model can be called; catalog.test.ts has one that cannot',
  internal: 'a fault of ours by definition; the gateway tests in workerd plant one',
}

/** The closed list itself: a code that stands there alone is given by nobody. */
const listFile = 'src/core/errors.ts'

const journeys = textsBelow('test/journeys').concat(textsBelow('test/sdk'))
const sources = textsBelow('src').filter(({ file }) => !file.endsWith('.test.ts') && file !== listFile)

function textsBelow(folder: string): { file: string; text: string }[] {
  const names = readdirSync(join(cloneDir, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)
    .map((file) => ({ file, text: readFileSync(join(cloneDir, file), 'utf8') }))
}

const isNamedIn = (texts: readonly { text: string }[], code: string) =>
  texts.some(({ text }) => text.includes(`'${code}'`))

test.each(Object.keys(errorKinds).filter((code) => unprovoked[code] === undefined))(
  'the refusal %s is provoked by a journey',
  (code) => {
    expect(isNamedIn(journeys, code)).toBe(true)
  },
)

test('a refusal that no journey provokes is one that nothing gives', () => {
  const given = Object.keys(unprovoked).filter((code) => isNamedIn(sources, code))
  expect(given).toEqual(['model_not_available', 'internal'])
})
