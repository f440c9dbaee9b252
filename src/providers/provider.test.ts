// The upstreams that a deployment may send to: from the operator's configuration, from nothing else.
import { expect, test } from 'vitest'

import { models } from '#catalog/models.ts'
import { type ProviderEnv, providerOf, providerSettings } from './provider.ts'

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

test('every model of the catalog has a provider with settings, each with names and an encrypted address of its own', () => {
  const settings = Object.values(providerSettings)
  expect(models.filter(({ provider }) => providerSettings[provider] === undefined)).toEqual([])
  for (const field of ['apiKey', 'baseUrl', 'usualBaseUrl'] as const)
    expect(new Set(settings.map((one) => one[field])).size).toBe(settings.length)
  expect(settings.every(({ usualBaseUrl }) => usualBaseUrl.startsWith('https://'))).toBe(true)
})
