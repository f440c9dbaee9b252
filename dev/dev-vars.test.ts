// Which real services a start uses.

import { expect, test } from 'vitest'
import { parseDevVars, readDevVars } from './dev-vars.ts'

test('quotes, comments, spaces and empty values in .dev.vars are read as people mean them', () => {
  const text =
    '# a comment\nA_KEY = "with spaces"\nEMPTY=\nB_KEY=plain#not-a-comment\r\n C_KEY=\'x\'\nnot a line\n'
  expect(parseDevVars(text)).toEqual({ A_KEY: 'with spaces', B_KEY: 'plain#not-a-comment', C_KEY: 'x' })
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
