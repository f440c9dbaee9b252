// The upstream companies that this deployment may send to: the only hosts that any request can ever leave for.

import type { ProviderId } from '#catalog/model.ts'

export type Provider = { id: ProviderId; baseUrl: string; apiKey: string }

export type ProviderEnv = {
  OPENAI_API_KEY?: string
  OPENAI_BASE_URL?: string
  DEEPSEEK_API_KEY?: string
  DEEPSEEK_BASE_URL?: string
  MISTRAL_API_KEY?: string
  MISTRAL_BASE_URL?: string
  /** Requests per minute over all accounts; no cap where absent. */
  OPENAI_RPM?: string
  DEEPSEEK_RPM?: string
  MISTRAL_RPM?: string
}

type ProviderSettings = {
  apiKey: keyof ProviderEnv
  baseUrl: keyof ProviderEnv
  requestsPerMinute: keyof ProviderEnv
  usualBaseUrl: string
}

export const providerSettings: { readonly [id in ProviderId]: ProviderSettings } = {
  openai: {
    apiKey: 'OPENAI_API_KEY',
    baseUrl: 'OPENAI_BASE_URL',
    requestsPerMinute: 'OPENAI_RPM',
    usualBaseUrl: 'https://api.openai.com/v1',
  },
  deepseek: {
    apiKey: 'DEEPSEEK_API_KEY',
    baseUrl: 'DEEPSEEK_BASE_URL',
    requestsPerMinute: 'DEEPSEEK_RPM',
    usualBaseUrl: 'https://api.deepseek.com/v1',
  },
  mistral: {
    apiKey: 'MISTRAL_API_KEY',
    baseUrl: 'MISTRAL_BASE_URL',
    requestsPerMinute: 'MISTRAL_RPM',
    usualBaseUrl: 'https://api.mistral.ai/v1',
  },
}

/** The operator's configuration of one provider, or undefined while its key is not set. Never reads a request. */
export function providerOf(id: ProviderId, env: ProviderEnv): Provider | undefined {
  const settings = providerSettings[id]
  const apiKey = env[settings.apiKey]
  if (apiKey === undefined || apiKey === '') return undefined
  const baseUrl = (env[settings.baseUrl] || settings.usualBaseUrl).replace(/\/+$/, '')
  return { id, baseUrl, apiKey }
}
