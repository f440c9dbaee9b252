// The judges of the wire formats themselves: made from the vendors' types of today, whole, and strict.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { isObject } from '#core/readers.ts'
import { cloneDir } from '../../dev/clone.ts'
import { knownKeywords } from '../conform/schema-check.ts'
import { stripeSchemas } from '../conform/stripe-requests.ts'
import { schemaFile, vendors, wireDifferences } from '../conform/wire-schemas.ts'

const packages = { openai: 'openai', anthropic: '@anthropic-ai/sdk' } as const

describe.each(vendors)('the schemas of %s', (vendor) => {
  const file = schemaFile(vendor)

  test('are made from the version that is installed; `npm run schemas` makes them anew', () => {
    const manifest = join(cloneDir, 'node_modules', packages[vendor], 'package.json')
    const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'))
    expect(file.from).toBe(`${packages[vendor]} ${version}`)
  })

  test('have a definition of every type that is named for them', () => {
    const types = readFileSync(join(cloneDir, `test/conform/schemas/${vendor}-types.ts`), 'utf8')
    const named = [...types.matchAll(/^export type (\w+)/gm)].map((match) => match[1] ?? '')
    expect(named.length).toBeGreaterThan(5)
    expect(named.filter((name) => !(name in file.definitions))).toEqual([])
  })

  test('say nothing that the checker does not understand', () => {
    expect([...keywordsOf({ properties: file.definitions })].filter((word) => !isKnown(word))).toEqual([])
  })
})

test('the schemas of requests to Stripe say nothing that the checker does not understand', () => {
  expect([...keywordsOf({ properties: stripeSchemas.definitions })].filter((word) => !isKnown(word))).toEqual(
    [],
  )
})

const isKnown = (word: string) => knownKeywords.includes(word)

/** The words of a schema and of the schemas in it; names of fields are no words. */
function keywordsOf(schema: unknown, words = new Set<string>()): Set<string> {
  if (Array.isArray(schema)) for (const one of schema) keywordsOf(one, words)
  if (!isObject(schema)) return words
  for (const [word, value] of Object.entries(schema)) {
    words.add(word)
    if (word === 'properties' && isObject(value))
      for (const one of Object.values(value)) keywordsOf(one, words)
    else if (word === 'items' || word === 'anyOf' || word === 'additionalProperties') keywordsOf(value, words)
  }
  return words
}

const question = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] }
const answer = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'm',
  content: [],
  container: null,
  diagnostics: null,
  stop_details: null,
  stop_reason: 'end_turn',
  stop_sequence: null,
}

describe('a value differs from its type', () => {
  test.each([
    ['not at all', question, []],
    ['by a field more', { ...question, cost: 1 }, ['ChatRequest.cost is no field there']],
    ['by a field less', { model: 'm' }, ['ChatRequest.messages is missing']],
    ['by a word more', { ...question, reasoning_effort: 'huge' }, [expect.stringContaining('"huge"')]],
    ['by its type', { ...question, n: '1' }, [expect.stringMatching(/ChatRequest\.n is "1"/)]],
    [
      'deep inside, and the alternative that was meant is named',
      { ...question, messages: [{ role: 'tool', content: 'rain' }] },
      ['ChatRequest.messages[0].tool_call_id is missing'],
    ],
    [
      'by a kind that there is not',
      { ...question, messages: [{ role: 'robot', content: 'rain' }] },
      [expect.stringContaining('none of')],
    ],
  ])('%s', (_, value, expected) => {
    expect(wireDifferences(value, 'ChatRequest', 'upstream')).toEqual(expected)
  })

  test('where we meant it only on the wire to clients', () => {
    const usage = { input_tokens: 1, output_tokens: 1, cost: 0.1 }
    const found = (wire: 'client' | 'upstream') =>
      wireDifferences({ ...answer, usage }, 'MessagesAnswer', wire).filter((one) => one.includes('cost'))
    expect(found('client')).toEqual([])
    expect(found('upstream')).toEqual(['MessagesAnswer.usage.cost is no field there'])
  })
})
