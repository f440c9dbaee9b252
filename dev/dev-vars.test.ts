// Which real services a start uses.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cloneDir } from './clone.ts'
import { checkDevVars, parseDevVars, readDevVars } from './dev-vars.ts'

test('quotes, comments, spaces and empty values in .dev.vars are read as people mean them', () => {
  const text =
    '\uFEFF# a comment\nA_KEY = "with spaces"\nEMPTY=\n\nB_KEY=plain#not-a-comment\r\n C_KEY=\'x\'\nexport D_KEY=y\n'
  expect(parseDevVars(text)).toEqual({
    A_KEY: 'with spaces',
    B_KEY: 'plain#not-a-comment',
    C_KEY: 'x',
    D_KEY: 'y',
  })
})

test.each(['OPENAI_API_KEY sk-secret', 'openai_api_key=sk-secret', '=sk-secret', 'OPENAI-API-KEY=sk-secret'])(
  'a line of .dev.vars that is not understood is named by its number, and its secret is not shown: %s',
  (line) => {
    const read = () => parseDevVars(`# first\n${line}\n`)
    expect(read).toThrow(/^\.dev\.vars, line 2: /)
    expect(read).not.toThrow(/sk-secret/)
  },
)

test('a misspelt name and a secret that is too short are refused before anything starts', () => {
  const example = readFileSync(join(cloneDir, '.dev.vars.example'), 'utf8')
  expect(() => checkDevVars({ OPENAI_APIKEY: 'sk-secret' }, example)).toThrow('no setting OPENAI_APIKEY')
  expect(() => checkDevVars({ KEY_SECRET: 'short' }, example)).toThrow('KEY_SECRET must have at least 32')
  expect(() => checkDevVars({ OPENAI_API_KEY: 'x', KEY_SECRET: 'x'.repeat(32) }, example)).not.toThrow()
})

test("a provider's key in the environment replaces the stand-in by the provider itself", () => {
  const vars = readDevVars({ OPENAI_API_KEY: 'sk-real', DATABASE_URL: 'postgresql://of/another-project' })
  expect(vars['OPENAI_API_KEY']).toBe('sk-real')
  expect('OPENAI_BASE_URL' in vars && vars['OPENAI_BASE_URL'] === undefined).toBe(true)
  expect('DATABASE_URL' in vars).toBe(false)
  expect('MISTRAL_BASE_URL' in vars).toBe(false)
})

test('a provider may be pointed elsewhere with a key and an address', () => {
  const vars = readDevVars({ MISTRAL_API_KEY: 'key', MISTRAL_BASE_URL: 'https://proxy.example/v1' })
  expect(vars['MISTRAL_BASE_URL']).toBe('https://proxy.example/v1')
})
