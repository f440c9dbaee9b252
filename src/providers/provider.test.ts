// The upstreams that a deployment may send to: from the operator's configuration, from nothing else.
import { describe, expect, test } from 'vitest'

import { models } from '#catalog/models.ts'
import { providerVariables } from '#catalog/provider-table.ts'
import {
  type ProviderEnv,
  headersOf,
  neededSettingOf,
  credentialsOf,
  providerOf,
  providerSettings,
} from './provider.ts'

test('a provider without a key cannot be called', () => {
  expect(providerOf('openai', {})).toBeUndefined()
  expect(providerOf('openai', { OPENAI_API_KEY: '' })).toBeUndefined()
  expect(providerOf('openai', { MISTRAL_API_KEY: 'key', OPENAI_BASE_URL: 'https://x' })).toBeUndefined()
})

test('a provider has its own key and its usual address', () => {
  const env: ProviderEnv = { OPENAI_API_KEY: 'a', DEEPSEEK_API_KEY: 'b', MISTRAL_API_KEY: 'c' }
  expect([providerOf('openai', env), providerOf('deepseek', env), providerOf('mistral', env)]).toEqual([
    { id: 'openai', apiKey: 'a', baseUrl: 'https://api.openai.com/v1' },
    { id: 'deepseek', apiKey: 'b', baseUrl: 'https://api.deepseek.com/v1' },
    { id: 'mistral', apiKey: 'c', baseUrl: 'https://api.mistral.ai/v1' },
  ])
})

test('an operator may point a provider elsewhere, with or without a slash at the end, and empty means the usual', () => {
  const at = (url: string) => providerOf('mistral', { MISTRAL_API_KEY: 'c', MISTRAL_BASE_URL: url })?.baseUrl
  expect([at('http://localhost:1/v1'), at('http://localhost:1/v1//'), at('')]).toEqual([
    'http://localhost:1/v1',
    'http://localhost:1/v1',
    'https://api.mistral.ai/v1',
  ])
})

test("the operator's own server needs an address and no key", () => {
  expect(providerOf('local', {})).toBeUndefined()
  expect(providerOf('local', { LOCAL_API_KEY: 'key' })).toBeUndefined()
  const own = providerOf('local', { LOCAL_BASE_URL: 'http://localhost:11434/v1/' })
  expect(own).toEqual({ id: 'local', apiKey: '', baseUrl: 'http://localhost:11434/v1' })
  expect(own && headersOf(own)).toEqual({})
  expect(neededSettingOf('local')).toBe('LOCAL_BASE_URL')
})

test('each provider gets its key in the header that it reads, and Anthropic a version', () => {
  const at = { baseUrl: 'https://x', apiKey: 'k' }
  expect(headersOf({ ...at, id: 'groq' })).toEqual({ authorization: 'Bearer k' })
  expect(headersOf({ ...at, id: 'anthropic' })).toEqual({
    'x-api-key': 'k',
    'anthropic-version': '2023-06-01',
  })
  expect(neededSettingOf('groq')).toBe('GROQ_API_KEY')
})

test('every model of the catalog has a provider with settings of its own, and an encrypted address unless it is ours', () => {
  const settings = Object.values(providerSettings)
  expect(models.filter(({ provider }) => providerSettings[provider] === undefined)).toEqual([])
  expect(new Set(providerVariables).size).toBe(3 * settings.length)
  expect(new Set(settings.map(({ usualBaseUrl }) => usualBaseUrl)).size).toBe(settings.length)
  const { local, ...companies } = providerSettings
  expect(local.usualBaseUrl).toBe('')
  expect(Object.values(companies).every(({ usualBaseUrl }) => usualBaseUrl.startsWith('https://'))).toBe(true)
})

describe('several keys of one provider', () => {
  const env = { OPENAI_API_KEY: ' sk-a, sk-b ,,sk-a', ANTHROPIC_API_KEY: 'sk-only' }

  test('stand in one setting with commas between them, each once', () => {
    const [first, second, ...others] = credentialsOf('openai', env)
    expect([first?.apiKey, first?.credential]).toEqual(['sk-a', 1])
    expect([second?.apiKey, second?.credential]).toEqual(['sk-b', 2])
    expect(others).toEqual([])
    expect(providerOf('openai', env)).toEqual(first)
  })

  test('are one where there is one, and none where nothing is set', () => {
    expect(credentialsOf('anthropic', env)).toEqual([providerOf('anthropic', env)])
    expect(credentialsOf('anthropic', env)[0]).not.toHaveProperty('credential')
    expect(credentialsOf('openai', { OPENAI_API_KEY: 'sk-a,' })).toEqual([
      providerOf('openai', { OPENAI_API_KEY: 'sk-a' }),
    ])
    expect(credentialsOf('zai', env)).toEqual([])
    expect(credentialsOf('openai', { OPENAI_API_KEY: ' , ' })).toEqual([])
    expect(
      credentialsOf('openai', { OPENAI_API_KEY: Array.from({ length: 50 }, (_, at) => `k${at}`).join(',') }),
    ).toHaveLength(20)
  })
})
