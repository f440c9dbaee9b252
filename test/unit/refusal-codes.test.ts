// Every refusal that the product can give is provoked by a journey. What the journeys have really received is compared at the
// end of their run (test/world/received-codes.ts); this is the early warning, which reads their sources without comments.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorKinds } from '#core/errors.ts'
import { cloneDir } from '../../dev/clone.ts'
import { missingCodes, unprovoked } from '../world/received-codes.ts'

/** The closed list itself: a code that stands there alone is given by nobody. */
const listFile = 'src/core/errors.ts'

const journeys = textsBelow('test/journeys').concat(textsBelow('test/sdk'))
const sources = textsBelow('src').filter(({ file }) => !file.endsWith('.test.ts') && file !== listFile)

function textsBelow(folder: string): { file: string; text: string }[] {
  const names = readdirSync(join(cloneDir, folder), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)
    .map((file) => ({ file, text: withoutComments(readFileSync(join(cloneDir, file), 'utf8')) }))
}

/** Whole lines: nothing here has a comment behind its code. */
function withoutComments(text: string): string {
  return text.replaceAll(/^\s*(\/\/|\/?\*).*$/gm, '')
}

const isNamedIn = (texts: readonly { text: string }[], code: string) =>
  texts.some(({ text }) => text.includes(`'${code}'`))

test.each(Object.keys(errorKinds).filter((code) => unprovoked[code] === undefined))(
  'the refusal %s is provoked by a journey',
  (code) => {
    expect(isNamedIn(journeys, code)).toBe(true)
  },
)

test('a code that only a comment names counts for nothing', () => {
  const text = "/** Not 'key_disabled'. */\nconst a = 'not_found'\n  // 'internal'"
  expect(
    ['key_disabled', 'not_found', 'internal'].map((code) =>
      isNamedIn([{ text: withoutComments(text) }], code),
    ),
  ).toEqual([false, true, false])
})

test('a run of the journeys that lacks a refusal is told which', () => {
  const received = Object.keys(errorKinds).filter(
    (code) => code !== 'key_disabled' && unprovoked[code] === undefined,
  )
  expect(missingCodes(received.join('\n'))).toEqual(['key_disabled'])
})

test('a refusal that no journey provokes is one that nothing gives', () => {
  const given = Object.keys(unprovoked).filter((code) => isNamedIn(sources, code))
  expect(given).toEqual(['model_not_available', 'internal'])
})
